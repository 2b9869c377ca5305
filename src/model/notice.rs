//! What a client is told without more to it than one sentence, as values: each dialect words them.

use serde::{Deserialize, Serialize};

use super::{MessageId, ModeChange, Nick, RoomName};

/// To who asked for it: it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// One is away now.
    Away,
    /// One is not away any more.
    Back,
    /// One hears nothing from somebody any more.
    Ignored(Nick),
    /// One hears from somebody again, whose name is as it was typed.
    Unignored(String),
    /// One is an operator now.
    Operator,
    /// An invitation is void.
    CodeGone,
    /// There is an account of that name.
    Registered {
        /// Its name.
        nick: Nick,
        /// Is one logged in to it?
        is_logged_in: bool,
    },
    /// There is no account of that name any more.
    Unregistered(Nick),
    /// One is logged in.
    LoggedIn(Nick),
    /// One's account has another password.
    PasswordChanged,
    /// These are one's bots.
    Bots(Vec<Nick>),
    /// There is no such bot any more.
    BotGone(Nick),
    /// A token that stood for one's password is void.
    TokenVoid,
    /// An account moderates a room, or no more.
    Appointed {
        /// The account.
        nick: Nick,
        /// The room.
        room: RoomName,
        /// Does it moderate?
        moderates: bool,
    },
    /// One of a room's modes is set.
    ModeSet {
        /// The room.
        room: RoomName,
        /// Which, and to what.
        change: ModeChange,
    },
    /// Somebody may enter a room.
    Invited {
        /// Who.
        nick: Nick,
        /// Which.
        room: RoomName,
    },
    /// Somebody is put out of a room.
    PutOut {
        /// Who.
        nick: Nick,
        /// Of which.
        room: RoomName,
    },
    /// Somebody may say nothing, or may again.
    Muted {
        /// Who; as typed, where it is not here.
        name: String,
        /// In this room only.
        room: Option<RoomName>,
        /// Is it muted?
        is_muted: bool,
    },
    /// Names or addresses are kept out.
    Banned {
        /// Which.
        mask: String,
        /// How many connections were put out for it.
        count: usize,
    },
    /// They are not any more.
    Unbanned {
        /// Which.
        mask: String,
    },
    /// The users of a server of the cluster are to go elsewhere.
    Drains {
        /// Its name.
        node: String,
    },
    /// A room has ended.
    Closed(RoomName),
    /// Nobody new enters a room, or may again.
    Locked {
        /// Which.
        room: RoomName,
        /// Is it locked?
        is_locked: bool,
    },
    /// A room that was to be opened was not locked.
    NotLocked(RoomName),
    /// What is kept of a room is written to a file.
    Exported {
        /// The room.
        room: RoomName,
        /// Where to.
        path: String,
        /// Messages in it.
        count: u64,
    },
    /// The server stops.
    Stops {
        /// After how long.
        seconds: u64,
    },
}

/// To whom it concerns, unasked. Who did it is `by`: nobody, where that is the operator at the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// What was asked about an account takes long.
    DiskIsSlow,
    /// Not all that was said before could be read.
    PastUnreadable,
    /// One's lines are read no faster than one may send them.
    TooFast,
    /// To the operator at the terminal: so many events were not shown.
    NotShown(u64),
    /// One goes by the name of an account, and must log in.
    MustLogIn {
        /// The name.
        nick: Nick,
        /// Within this time.
        seconds: u64,
    },
    /// One went by the name of an account, and did not log in: one gets another.
    NotLoggedIn(Nick),
    /// Whose account one's name is has come: one gets another.
    OwnerCame(Nick),
    /// One is not logged in to that account any more.
    LoggedOut(Nick),
    /// A room that one made is not owned: too many are.
    NotOwned(RoomName),
    /// One moderates a room by one's account, or no more.
    Appointed {
        /// By whom.
        by: Option<Nick>,
        /// The room.
        room: RoomName,
        /// Does one moderate?
        moderates: bool,
    },
    /// One may enter a room.
    Invited {
        /// By whom.
        by: Nick,
        /// Which.
        room: RoomName,
    },
    /// One is put out of a room.
    PutOut {
        /// Of which.
        room: RoomName,
        /// By whom, and why.
        kick: Kick,
    },
    /// One may say nothing, or may again.
    Muted {
        /// By whom.
        by: Option<Nick>,
        /// In this room only.
        room: Option<RoomName>,
        /// Is one muted?
        is_muted: bool,
    },
    /// A room that one is in has ended.
    Closed {
        /// By whom.
        by: Option<Nick>,
        /// Which.
        room: RoomName,
    },
}

/// Why somebody was put out of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kick {
    /// By whom.
    pub by: Nick,
    /// In its words.
    pub reason: Option<String>,
    /// Its place in the order of what was said.
    pub id: MessageId,
}

/// Why a connection is put out of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutOut {
    /// An operator did.
    Kicked {
        /// Who; nobody, where it is the one at the console.
        by: Option<Nick>,
        /// In its words.
        reason: Option<String>,
    },
    /// An operator keeps its name or address out.
    Banned {
        /// Who; nobody, where it is the one at the console.
        by: Option<Nick>,
        /// In its words.
        reason: Option<String>,
    },
    /// The bot's token that it came in with is void.
    TokenVoid,
    /// Its account came in by another connection.
    LoggedInElsewhere,
    /// It is logged in no more, where only who is stays in.
    LoggedOut,
}

/// How somebody left the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// By itself, with last words or without.
    Quit(Option<String>),
    /// It was put out.
    PutOut(PutOut),
}

/// Why somebody that one speaks to may not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// It is away, and says this.
    Away(String),
    /// It is not here, and will be told at its next login.
    NotHere,
}
