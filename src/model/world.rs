//! Questions about the chat that change nothing, for the dialects that answer them in their own form.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ConnId, MaskKind, MetadataTarget, Nick, RoomName, UserId};

/// What may be asked of the chat without changing it.
pub trait World: fmt::Debug {
    /// The server itself.
    fn server(&self) -> &ServerFacts;

    /// The user of a connection.
    fn user_at(&self, who: ConnId) -> Option<UserId>;

    /// The name that the user of a connection goes by.
    fn nick_at(&self, who: ConnId) -> Option<Nick>;

    /// Who goes by a name, as typed.
    fn find(&self, name: &str) -> Option<UserId>;

    /// What is known of a user.
    fn person(&self, user: UserId) -> Option<Person>;

    /// What is known of who goes by that name, or was of who went by it last.
    fn known_as(&self, nick: &Nick) -> Option<Person>;

    /// Appends `nick!user@host` of who goes by that name, or went by it last.
    fn write_source(&self, nick: &Nick, out: &mut Vec<u8>);

    /// Who went by names that match, the last first; so many at most.
    fn former(&self, name: &str, count: usize) -> Vec<Former>;

    /// A room.
    fn room(&self, name: &RoomName) -> Option<RoomFacts>;

    /// So many of a room's members, from one on, in the order of their coming.
    fn members(
        &self,
        room: &RoomName,
        start: usize,
        count: usize,
    ) -> Vec<(UserId, Nick, MemberRank)>;

    /// What a user is in a room; `None` where it is not in it.
    fn rank(&self, user: UserId, room: &RoomName) -> Option<MemberRank>;

    /// The rooms of a user, in the order of entering.
    fn rooms_of(&self, user: UserId) -> Vec<RoomName>;

    /// With whom a user has spoken alone, as far as that is in memory, and when last, in milliseconds since
    /// 1970.
    fn talks_of(&self, user: UserId) -> Vec<(Nick, u64)>;

    /// So many rooms, the largest first, from one on.
    fn rooms(&self, start: usize, count: usize) -> Vec<RoomFacts>;

    /// So many users, from one on, in the order of their coming.
    fn users(&self, start: usize, count: usize) -> Vec<UserId>;

    /// Do they share a room?
    fn share_room(&self, one: UserId, other: UserId) -> bool;

    /// May a connection know who is in a room?
    fn sees(&self, who: ConnId, room: &RoomName) -> bool;

    /// A room's list of masks.
    fn masks(&self, room: &RoomName, kind: MaskKind) -> Vec<MaskFacts>;

    /// Rooms that a user may enter because it was invited.
    fn invitations(&self, user: UserId) -> Vec<RoomName>;

    /// What a user or a room says of itself, by keys.
    fn metadata(&self, target: &MetadataTarget) -> Vec<(String, String)>;

    /// How many there are.
    fn census(&self) -> Census;

    /// Names that a connection waits for.
    fn watched(&self, who: ConnId) -> Vec<Nick>;
}

/// What is said of the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerFacts {
    /// Its name, without blanks.
    pub name: String,
    /// The name of all servers together.
    pub network: String,
    /// What one must say to come in by IRC.
    pub password: Option<super::Secret>,
    /// When it was started, in milliseconds since 1970.
    pub started_ms: u64,
    /// Are there accounts?
    pub has_accounts: bool,
    /// May one be made before one comes in?
    pub has_early_accounts: bool,
    /// Who may make one?
    pub registration: RegistrationMode,
    /// Is nobody in, and told a word, who has not logged in?
    pub requires_account: bool,
    /// What is said to everybody who comes in, in lines.
    pub motd: Vec<String>,
    /// How long a message may be, in bytes.
    pub message_bytes: usize,
    /// Are files shared here?
    pub has_files: bool,
    /// Are IRC clients to come by TLS?
    pub strict_transport: Option<StrictTransport>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistrationMode {
    /// Everybody.
    #[default]
    Open,
    /// Who has a code of an operator's.
    Invite,
    /// Nobody but whoever runs the server.
    Closed,
}

/// Where clients are to come by TLS from now on (IRCv3 strict transport security).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrictTransport {
    /// The port.
    pub port: u16,
    /// How long they are to, in seconds.
    pub duration_s: u64,
}

/// With what a connection came, for those who are shown a name of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CameBy {
    /// Lines, or what is like them.
    Line,
    /// A browser, or what is like one.
    Web,
    /// Objects.
    Json,
}

impl CameBy {
    /// What stands for the name of a user's account at its own machine.
    pub fn username(self) -> &'static str {
        match self {
            CameBy::Line => "nc",
            CameBy::Web => "web",
            CameBy::Json => "json",
        }
    }
}

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its name.
    pub nick: Nick,
    /// As what it came: its account's name at its own machine, or what stands for it.
    pub username: String,
    /// Where it is, or what stands for that.
    pub host: String,
    /// Its name in real life, as it says.
    pub realname: String,
    /// The account that it is logged in to.
    pub account: Option<Nick>,
    /// What it says about being away.
    pub away: Option<String>,
    /// Is it an operator?
    pub is_operator: bool,
    /// Is it shown only to who shares a room with it?
    pub is_invisible: bool,
    /// Does it hear what operators say?
    pub hears_wallops: bool,
    /// Is it a program?
    pub is_bot: bool,
}

impl Person {
    /// Appends `nick!user@host`.
    pub fn write_source(&self, out: &mut Vec<u8>) {
        for part in [self.nick.as_str(), "!", &self.username, "@", &self.host] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Somebody who is gone, or goes by another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// As what it was known, by the name that it had.
    pub person: Person,
    /// Until when, in milliseconds since 1970.
    pub until_ms: u64,
}

/// What somebody may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MemberRank {
    /// What anybody may.
    Member,
    /// Speak where only some may.
    Voice,
    /// Moderate it.
    Moderator,
    /// Likewise, and it has a voice where it does not moderate any more.
    VoicedModerator,
}

impl MemberRank {
    /// Does it moderate?
    pub fn moderates(self) -> bool {
        self >= MemberRank::Moderator
    }
}

/// What is known of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomFacts {
    /// Its name.
    pub name: RoomName,
    /// How many are in it.
    pub members: usize,
    /// Were there so many before the last left that who leaves was counted, and not told?
    pub was_crowded: bool,
    /// What it is about.
    pub topic: Option<String>,
    /// Who set that, and when, in milliseconds since 1970.
    pub topic_set: Option<(String, u64)>,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// When something was said in it last, as far as that is in memory, in milliseconds since 1970.
    pub last_said_ms: Option<u64>,
    /// Do only the invited enter?
    pub is_invite_only: bool,
    /// Do only some speak?
    pub is_moderated: bool,
    /// Does what programs ask each other (CTCP) not pass?
    pub has_no_ctcp: bool,
    /// May who is outside speak in it?
    pub is_open: bool,
    /// Is it told of to members only?
    pub is_secret: bool,
    /// Do only moderators set the topic?
    pub is_topic_locked: bool,
    /// The word that opens it.
    pub key: Option<String>,
    /// How many may be in it.
    pub limit: Option<u32>,
}

/// A mask of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskFacts {
    /// `nick!user@host` with `*` and `?`.
    pub mask: String,
    /// Who set it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Users.
    pub users: usize,
    /// Those of them who are invisible.
    pub invisible: usize,
    /// Those of them who are operators.
    pub operators: usize,
    /// Rooms with somebody in them.
    pub rooms: usize,
    /// Users at most so far.
    pub users_max: usize,
    /// Connections that have not come in.
    pub strangers: usize,
}

/// Where nothing is.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct Nowhere;

#[cfg(any(test, feature = "testing"))]
impl World for Nowhere {
    fn server(&self) -> &ServerFacts {
        static NOTHING: ServerFacts = ServerFacts {
            name: String::new(),
            network: String::new(),
            password: None,
            started_ms: 0,
            has_accounts: false,
            has_early_accounts: false,
            registration: RegistrationMode::Open,
            requires_account: false,
            motd: Vec::new(),
            has_files: false,
            strict_transport: None,
            message_bytes: 4096,
        };
        &NOTHING
    }

    fn user_at(&self, _: ConnId) -> Option<UserId> {
        None
    }

    fn nick_at(&self, _: ConnId) -> Option<Nick> {
        None
    }

    fn find(&self, _: &str) -> Option<UserId> {
        None
    }

    fn person(&self, _: UserId) -> Option<Person> {
        None
    }

    fn known_as(&self, _: &Nick) -> Option<Person> {
        None
    }

    fn write_source(&self, nick: &Nick, out: &mut Vec<u8>) {
        out.extend_from_slice(nick.as_str().as_bytes());
        out.extend_from_slice(b"!~u@hidden");
    }

    fn former(&self, _: &str, _: usize) -> Vec<Former> {
        Vec::new()
    }

    fn room(&self, _: &RoomName) -> Option<RoomFacts> {
        None
    }

    fn members(&self, _: &RoomName, _: usize, _: usize) -> Vec<(UserId, Nick, MemberRank)> {
        Vec::new()
    }

    fn rank(&self, _: UserId, _: &RoomName) -> Option<MemberRank> {
        None
    }

    fn rooms_of(&self, _: UserId) -> Vec<RoomName> {
        Vec::new()
    }

    fn talks_of(&self, _: UserId) -> Vec<(Nick, u64)> {
        Vec::new()
    }

    fn rooms(&self, _: usize, _: usize) -> Vec<RoomFacts> {
        Vec::new()
    }

    fn users(&self, _: usize, _: usize) -> Vec<UserId> {
        Vec::new()
    }

    fn share_room(&self, _: UserId, _: UserId) -> bool {
        false
    }

    fn sees(&self, _: ConnId, _: &RoomName) -> bool {
        false
    }

    fn masks(&self, _: &RoomName, _: MaskKind) -> Vec<MaskFacts> {
        Vec::new()
    }

    fn invitations(&self, _: UserId) -> Vec<RoomName> {
        Vec::new()
    }

    fn metadata(&self, _: &MetadataTarget) -> Vec<(String, String)> {
        Vec::new()
    }

    fn census(&self) -> Census {
        Census::default()
    }

    fn watched(&self, _: ConnId) -> Vec<Nick> {
        Vec::new()
    }
}
