//! What changes about users and rooms, as it is told to who asked to hear of it: values, which the dialects
//! that have no form for them leave out.

use super::{MessageId, ModeChange, Nick, RoomName, Target};

/// Something about a user or a room is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A room's modes.
    Modes {
        /// The room.
        room: RoomName,
        /// By whom; nobody, where that is the operator at the console or the server.
        by: Option<Nick>,
        /// What, in order.
        changes: Vec<ModeChange>,
        /// Its place in the order of what was said; `None` where nothing is different.
        id: Option<MessageId>,
    },
    /// Somebody is away, or back.
    Away {
        /// Who.
        nick: Nick,
        /// What it says of that; `None` is back.
        text: Option<String>,
    },
    /// Somebody is logged in, or not any more.
    Account {
        /// Who.
        nick: Nick,
        /// To which account.
        account: Option<Nick>,
    },
    /// Somebody has another name in real life.
    Realname {
        /// Who.
        nick: Nick,
        /// Which.
        text: String,
    },
    /// Somebody was invited to a room.
    Invited {
        /// By whom.
        by: Nick,
        /// Who.
        nick: Nick,
        /// Where.
        room: RoomName,
    },
    /// Somebody marks something, or has a program say something to others: nothing that people read.
    Tagged {
        /// Who.
        by: Nick,
        /// Where.
        to: Target,
        /// To the moderators of the room only?
        is_for_moderators: bool,
        /// With which tags, in their form on the wire.
        tags: String,
        /// The program's words, and how they are meant; empty where there are only tags.
        text: String,
        /// Does it want no answer?
        is_notice: bool,
        /// Its place in the order of what was said.
        id: MessageId,
    },
    /// An operator speaks to those who want to hear that.
    Wallops {
        /// Who.
        by: Nick,
        /// What.
        text: String,
    },
    /// The reader has read what was said up to some time.
    ReadTo {
        /// To or by whom it was said, as typed.
        target: String,
        /// Until when, in milliseconds since 1970; `None` where that is not known.
        to_ms: Option<u64>,
    },
    /// Somebody set what a user or a room says of itself by a key.
    Metadata {
        /// Which user or room.
        target: MetadataTarget,
        /// The key.
        key: String,
        /// What it says; `None` is nothing any more.
        value: Option<String>,
        /// Who set it.
        by: Nick,
    },
    /// Somebody whom the reader waits for has come.
    Online {
        /// Who.
        nick: Nick,
    },
    /// Somebody whom the reader waits for is gone.
    Offline {
        /// The name it had.
        nick: Nick,
    },
}

impl Change {
    /// Whose doing it is, where it is somebody's of whom more is told than the name.
    pub fn actor(&self) -> Option<&Nick> {
        match self {
            Change::Modes { by, .. } => by.as_ref(),
            Change::Away { nick, .. }
            | Change::Account { nick, .. }
            | Change::Realname { nick, .. }
            | Change::Online { nick } => Some(nick),
            Change::Invited { by, .. }
            | Change::Tagged { by, .. }
            | Change::Wallops { by, .. }
            | Change::Metadata { by, .. } => Some(by),
            Change::ReadTo { .. } | Change::Offline { .. } => None,
        }
    }
}

/// What says something of itself by keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataTarget {
    /// A user.
    User(Nick),
    /// A room.
    Room(RoomName),
}

/// Words to a room or a user, with more to them than text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utterance {
    /// To whom.
    pub to: Addressee,
    /// How they are meant.
    pub manner: super::Manner,
    /// Empty where there are tags only.
    pub text: String,
    /// What programs say to each other beside the text, in its form on the wire; empty for none.
    pub tags: String,
    /// The message that they are about, where there is one such.
    pub reply_to: Option<MessageId>,
}

/// Whom words are for, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressee {
    /// The members of a room; one need not be in it where its modes say so.
    Room(RoomName),
    /// The moderators of a room that one is in.
    Moderators(RoomName),
    /// A user.
    User(String),
}

/// Which names somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchChange {
    /// These, too.
    Add(Vec<Nick>),
    /// These no more.
    Remove(Vec<Nick>),
    /// None.
    Clear,
}
