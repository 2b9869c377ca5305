//! What is asked of what is kept, and what is found.

use std::sync::Arc;

use super::{AccountId, KeptMessage, Key, Manner, Message, MessageId, RoomName, SearchWords};

/// Which messages are meant, of those that may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Later than this.
    pub after: MessageId,
    /// Earlier than this.
    pub before: MessageId,
    /// Not said before, in milliseconds since 1970.
    pub since_ms: u64,
    /// Said before this, in milliseconds since 1970.
    pub until_ms: u64,
    /// So many at most.
    pub limit: usize,
    /// Where there are more: the last of them, rather than the first?
    pub newest: bool,
    /// Is what happened beside what was said meant, too?
    pub has_events: bool,
    /// Are only files meant that were shared?
    pub only_files: bool,
}

impl Window {
    /// The first of all messages.
    pub const fn first(limit: usize) -> Window {
        Window {
            after: MessageId(0),
            before: MessageId::MAX,
            since_ms: 0,
            until_ms: u64::MAX,
            limit,
            newest: false,
            has_events: false,
            only_files: false,
        }
    }

    /// The last of all messages.
    pub const fn last(limit: usize) -> Window {
        Window {
            newest: true,
            ..Window::first(limit)
        }
    }

    /// Is it one of those meant, but for the limit?
    pub fn has(&self, message: &Message) -> bool {
        self.after < message.id
            && message.id < self.before
            && (self.since_ms..self.until_ms).contains(&message.unix_ms)
            && (!self.only_files || message.manner == Manner::File)
    }

    /// Cuts those meant, in the order of their ids, down to the limit. Returns whether there were more.
    pub fn cut<T>(&self, messages: &mut Vec<T>) -> bool {
        let surplus = messages.len().saturating_sub(self.limit);
        match self.newest {
            true => drop(messages.drain(..surplus)),
            false => messages.truncate(self.limit),
        }
        surplus > 0
    }
}

/// A question about what is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// What was said in a room.
    History {
        /// Where.
        room: RoomName,
        /// Of what was said while the room was guarded, what came before this is not shown.
        guarded_from: MessageId,
        /// What was said up to this is to be on disk before it is looked at: what came later is known to
        /// who asks.
        through: MessageId,
        /// Which of it.
        window: Window,
    },
    /// What two users said to each other.
    Private {
        /// Whose question it is.
        own: Key,
        /// The other.
        with: Key,
        /// The account that asks: it sees what was said by and to it. Anybody else sees what came since it
        /// goes by that name, which the window says, and was said by and to no account.
        account: Option<AccountId>,
        /// Which of it.
        window: Window,
    },
    /// What was said in rooms with all of these words in it.
    Search {
        /// Where, and from when on of what was said while it was guarded.
        rooms: Vec<(RoomName, MessageId)>,
        /// The words. There are some.
        words: SearchWords,
        /// Which of it.
        window: Window,
    },
    /// One message, wherever it was said. It is to be on disk before it is looked for.
    Message {
        /// Which.
        id: MessageId,
    },
    /// What waits for an account.
    Mail {
        /// The account.
        to: AccountId,
    },
    /// Write all that was said in a room to a file.
    Export {
        /// Where.
        room: RoomName,
    },
}

impl Query {
    /// May it take long, however little is found? Those that do not are not to wait for it.
    pub fn is_long(&self) -> bool {
        match self {
            Query::Search { .. } | Query::Export { .. } => true,
            Query::History { .. }
            | Query::Private { .. }
            | Query::Message { .. }
            | Query::Mail { .. } => false,
        }
    }
}

/// What was found. Messages are in the order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// In a room, or between two.
    Messages {
        /// What was found.
        messages: Vec<Arc<Message>>,
        /// Everything up to this was looked at: what came later may be on its way to the disk.
        through: MessageId,
        /// Was there more than the limit?
        has_more: bool,
    },
    /// In several rooms.
    InRooms {
        /// Where, and what.
        messages: Vec<(RoomName, Arc<Message>)>,
        /// Was there more than the limit?
        has_more: bool,
    },
    /// One message; `None` where there is none such.
    Message(Option<Box<KeptMessage>>),
    /// A room was written to a file.
    Exported {
        /// Where the file is.
        path: String,
        /// How many messages it has.
        count: u64,
    },
    /// It could not be found out; the log says why.
    Failed,
}
