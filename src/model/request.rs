//! What a client asks.

use serde::{Deserialize, Serialize};

use super::account::{CodeChange, Login, TokenChange};
use super::change::MetadataTarget;
use super::mode::ModeChange;
use super::page::{MembersPage, Range, RoomsFrom};
use super::{
    AboutMessage, AccountId, MessageId, Nick, Profile, ProfileChange, RoomName, ScramProof, Secret,
    Target, TicketClaim, Utterance, WatchChange,
};

/// Whether an entered room must be new, must be there, or may be either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnterMode {
    /// Make the room; it must not exist. One goes on speaking where one spoke.
    Create,
    /// Enter the room; it must exist. One goes on speaking where one spoke, and is not told who is there.
    Existing,
    /// Make or enter the room, and speak in it from now on.
    Focus,
}

/// What a client asks. Text is as it was sent; each dialect cleans what it shows. A name of
/// somebody else is as it was typed: it need not be anybody's, nor a good one. A room left out is the
/// one that is spoken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Come in under a name.
    Join {
        /// The name asked for.
        nick: Nick,
        /// Does its dialect show who is there already? Where it does not, nobody is counted up.
        wants_users: bool,
        /// What proves that the name is one's own.
        login: Option<Login>,
        /// Rooms, the lobby or others that are entered too, and the last message that one has of each.
        resume: Vec<(RoomName, MessageId)>,
        /// How many of the last messages one is shown of a room that is not resumed; `None`: as many as the
        /// server shows.
        replay: Option<usize>,
    },
    /// Be told of each who comes and goes where there are many, too, or no more.
    HearEach {
        /// Is that wanted?
        is_on: bool,
    },
    /// Say the word that the server wants of who comes in, where it wants one.
    Unlock {
        /// The word.
        password: Secret,
        /// What is asked with it.
        then: Option<Box<Request>>,
    },
    /// Come in under a name, in no room.
    ComeIn {
        /// The name asked for.
        nick: Nick,
        /// What one says of oneself.
        profile: Box<Profile>,
        /// The account that one has proven to be.
        account: Option<AccountId>,
    },
    /// Prove to be an account, whatever name one goes by, before the join or after it.
    Prove {
        /// Its name.
        name: Nick,
        /// What proves it.
        login: Login,
    },
    /// With what is one to prove by SCRAM-SHA-256 to be an account?
    Challenge {
        /// Its name.
        name: Nick,
    },
    /// Prove that.
    ProveBy {
        /// Its name.
        name: Nick,
        /// What proves it.
        proof: Box<ScramProof>,
    },
    /// Speak in a room, or to one user, with more to it than text.
    Utter(Box<Utterance>),
    /// Set several of a room's modes at once.
    Modes {
        /// The room.
        room: RoomName,
        /// What to set, in order.
        changes: Vec<ModeChange>,
    },
    /// Leave a room with last words, even one's last.
    Part {
        /// The room.
        room: RoomName,
        /// Last words.
        words: Option<String>,
    },
    /// Say something else of oneself.
    Describe {
        /// What.
        change: ProfileChange,
    },
    /// Have oneself, or a room, say something by a key.
    SetMetadata {
        /// Which.
        target: MetadataTarget,
        /// The key.
        key: String,
        /// What; `None` is nothing any more.
        value: Option<String>,
    },
    /// Wait for names, or no more.
    Watch {
        /// Which.
        change: WatchChange,
    },
    /// How far has one read, or: that far.
    MarkRead {
        /// To or by whom it was said, as typed.
        target: String,
        /// Until when, in milliseconds since 1970; `None` asks.
        to_ms: Option<u64>,
    },
    /// Read the server's files again, as an operator.
    Rehash,
    /// Speak, as an operator, to those who hear that.
    Wallops {
        /// What.
        text: String,
    },
    /// Come in under a free name made of the address (the anon dialect).
    JoinUnnamed,
    /// Go by another name.
    Nick {
        /// The name asked for.
        nick: Nick,
    },
    /// Speak in a room that one is in.
    Say {
        /// The room.
        room: Option<RoomName>,
        /// 1 byte up to the message limit.
        text: String,
    },
    /// Do something, told in the third person (`/me`).
    Act {
        /// The room.
        room: Option<RoomName>,
        /// 1 byte up to the message limit.
        text: String,
    },
    /// Speak to one user alone.
    Private {
        /// To whom.
        to: String,
        /// 1 byte up to the message limit.
        text: String,
    },
    /// Have everybody forget what was said.
    Delete {
        /// Where; `None` is wherever one may.
        within: Option<Target>,
        /// Which message; `None` is one's own last one in the room.
        id: Option<MessageId>,
        /// Why.
        reason: Option<String>,
    },
    /// Edit, react to or answer something that was said.
    About(Box<AboutMessage>),
    /// Who is in the room one speaks in.
    List,
    /// Who is in a room; one need not be in it.
    Members {
        /// The room asked about.
        room: Option<RoomName>,
        /// Which of them.
        page: MembersPage,
    },
    /// Which rooms there are.
    Rooms {
        /// From where on.
        from: RoomsFrom,
    },
    /// Enter a room.
    Enter {
        /// The room to enter.
        room: RoomName,
        /// New, existing, or either.
        entry: EnterMode,
        /// The word that opens it, if it needs one.
        key: Option<String>,
        /// The last message that one has of it.
        resume: Option<MessageId>,
        /// How many of the last messages one is shown where nothing is resumed; `None`: as at the join.
        replay: Option<usize>,
    },
    /// Leave a room; leaving the last one puts one back in the lobby.
    Leave {
        /// The room to leave.
        room: Option<RoomName>,
    },
    /// What is the room about?
    Topic {
        /// The room.
        room: Option<RoomName>,
        /// The new topic; `None` asks for the present one, an empty one takes it away.
        text: Option<String>,
    },
    /// Hear nothing from somebody any more.
    Ignore {
        /// Whom.
        name: String,
    },
    /// Hear from somebody again.
    Unignore {
        /// Whom.
        name: String,
    },
    /// Be away, or be back.
    Away {
        /// What to tell those who write; `None` is back.
        text: Option<String>,
    },
    /// Who is that?
    Whois {
        /// Whom.
        name: String,
    },
    /// Are you there?
    Ping,
    /// What can be asked?
    Help {
        /// One command only.
        command: Option<String>,
    },
    /// Go.
    Quit {
        /// Last words.
        words: Option<String>,
    },
    /// Become an operator.
    Oper {
        /// The word that makes one.
        password: Secret,
    },
    /// Likewise, by that or by the password of an operator's account.
    OperAs {
        /// The account; where there is none, any name.
        name: String,
        /// The word.
        password: Secret,
    },
    /// Make an account of the name one goes by.
    Register {
        /// Its password, 1 to 640 bytes.
        password: Secret,
        /// The invitation to do so.
        code: Option<Secret>,
    },
    /// Make an account before one comes in, which one has proven to be then.
    RegisterEarly {
        /// Its name.
        name: Nick,
        /// Its password, 1 to 640 bytes.
        password: Secret,
        /// The invitation to do so.
        code: Option<Secret>,
        /// The [`Request::Join`] that it comes in by then, where it does at once.
        then: Option<Box<Request>>,
    },
    /// The password that was asked for behind a name: come in as that account.
    Answer(Secret),
    /// Something about the codes that let people make accounts, as an operator.
    InviteCode(CodeChange),
    /// Come in, or go on, as an account.
    Login {
        /// Its name.
        name: Nick,
        /// What proves it.
        login: Login,
    },
    /// Go on without an account, under another name.
    Logout,
    /// Give one's account another password.
    Passwd {
        /// The old one.
        old: Option<Secret>,
        /// The new one, 1 to 640 bytes.
        new: Secret,
    },
    /// Have one's account forgotten.
    Unregister {
        /// Its password.
        password: Option<Secret>,
    },
    /// Something about the tokens of one's bots.
    Token {
        /// What.
        change: TokenChange,
    },
    /// Let an account moderate a room that one owns, or no more.
    Appoint {
        /// The room.
        room: Option<RoomName>,
        /// The account.
        name: String,
        /// Is it to moderate?
        moderates: bool,
    },
    /// What was said in a room, or between somebody and oneself.
    History {
        /// The room, where `with` is nobody.
        room: Option<RoomName>,
        /// With whom.
        with: Option<Nick>,
        /// Which of it.
        range: Range,
    },
    /// What was said with all of these words in it, in rooms that one is in.
    Search {
        /// In this room only.
        room: Option<RoomName>,
        /// The words.
        words: String,
        /// Which of it.
        range: Range,
    },
    /// Let one send a file over HTTP, to be shared.
    Upload(TicketClaim),
    /// Write all that is kept of a room to a file, as an operator.
    Export {
        /// The room.
        room: RoomName,
    },
    /// Put somebody out: of the server as an operator, of a room as its moderator or where one is named.
    Kick {
        /// The room.
        room: Option<RoomName>,
        /// Whom.
        name: String,
        /// Why.
        reason: Option<String>,
    },
    /// Let somebody say nothing: on the server as an operator, in a room likewise.
    Mute {
        /// The room.
        room: Option<RoomName>,
        /// Whom.
        name: String,
        /// For how long; `None` is until it is undone.
        seconds: Option<u64>,
    },
    /// Let somebody speak again.
    Unmute {
        /// The room.
        room: Option<RoomName>,
        /// Whom.
        name: String,
    },
    /// Set one of a room's modes, as its moderator.
    Mode {
        /// The room.
        room: Option<RoomName>,
        /// What to set.
        change: ModeChange,
    },
    /// Let somebody into an invite-only room, as its moderator.
    Invite {
        /// The room.
        room: Option<RoomName>,
        /// Whom.
        name: String,
    },
    /// Keep names or addresses out.
    Ban {
        /// A nick with `*` and `?`, an address, or a network as `10.0.0.0/8`.
        mask: String,
        /// For how long; `None` is until it is undone.
        seconds: Option<u64>,
        /// Why.
        reason: Option<String>,
    },
    /// Let them in again.
    Unban {
        /// The mask as it was banned.
        mask: String,
    },
    /// Who is kept out?
    Bans,
    /// Give somebody else another name.
    Rename {
        /// Who.
        from: String,
        /// The new name as typed.
        to: String,
    },
    /// Speak to all as the server.
    Announce {
        /// What.
        text: String,
    },
    /// Put everyone out of a room, which ends it.
    CloseRoom {
        /// The room.
        room: RoomName,
    },
    /// Let nobody new into a room, or let them in again.
    LockRoom {
        /// The room; it need not exist.
        room: RoomName,
        /// Locked or open.
        locked: bool,
    },
    /// Who is connected, with addresses.
    Clients,
    /// How does the server do?
    Stats,
    /// Which servers are in the cluster, and how they are.
    Nodes,
    /// Tell the users of a server of the cluster where else to go, as it is to be stopped.
    Drain {
        /// Its name.
        node: String,
    },
    /// Stop the server.
    Shutdown {
        /// After how long.
        seconds: u64,
    },
}

#[cfg(any(test, feature = "testing"))]
impl Request {
    /// Come in under a name, prove nothing, and be shown as much of the past as the server shows.
    pub fn join(nick: Nick, wants_users: bool) -> Request {
        Request::Join {
            nick,
            wants_users,
            login: None,
            resume: Vec::new(),
            replay: None,
        }
    }
}
