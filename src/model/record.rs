//! What is kept, and what is asked of it: the words between the chat and the store.
//! Values only, that may go to another thread.

use std::sync::Arc;

use super::{AccountId, HashSeed, Key, Message, MessageId, Nick, RoomName, SearchWords};

/// What is promised of a message that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It is told at once, and on disk soon after.
    Soon,
    /// It is told when it is on disk.
    Seen,
}

/// Something to be kept, in the order of its happening.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// Somebody spoke in a room.
    Said {
        /// Where.
        room: RoomName,
        /// What.
        message: Arc<Message>,
        /// Was the room closed to some (by a key, by invitations)? Whoever makes a room of that name
        /// anew is not shown it.
        is_guarded: bool,
    },
    /// Somebody spoke to one user.
    Private {
        /// What.
        message: Arc<Message>,
        /// To whom.
        to: Nick,
        /// The account that the sender was logged in to.
        from_account: Option<AccountId>,
        /// The account that it is to.
        to_account: Option<AccountId>,
        /// Was it told to somebody? If not, it waits for the account.
        is_delivered: bool,
    },
    /// What waited for an account was told to it, up to that message.
    Delivered {
        /// The account.
        to: AccountId,
        /// The last message.
        through: MessageId,
    },
    /// Something was used that ends when it is not.
    Used {
        /// What.
        used: Used,
        /// How long the server had run then, in milliseconds.
        ran_ms: u64,
    },
    /// An account is gone that was not used, with its bots.
    AccountGone(AccountId),
    /// An owned room is as this now.
    Room(RoomRecord),
    /// A room is owned no more. What was said in it stays.
    RoomGone(RoomName),
}

impl Record {
    /// The message that is to be kept, if it is one.
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Record::Said { message, .. } | Record::Private { message, .. } => Some(message.id),
            Record::Delivered { .. }
            | Record::Used { .. }
            | Record::AccountGone(_)
            | Record::Room(_)
            | Record::RoomGone(_) => None,
        }
    }
}

/// What ends when it is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// An account.
    Account(AccountId),
    /// An owned room.
    Room(RoomName),
}

/// An owned room, which lasts without members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its name.
    pub name: RoomName,
    /// The account that made it.
    pub owner: AccountId,
    /// What it is about.
    pub topic: Option<String>,
    /// The word that opens it.
    pub key: Option<String>,
    /// Do only moderators set the topic?
    pub is_topic_locked: bool,
    /// Do only the invited enter?
    pub is_invite_only: bool,
    /// The accounts that moderate it beside the owner.
    pub moderators: Vec<AccountId>,
}

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
            Query::History { .. } | Query::Private { .. } | Query::Mail { .. } => false,
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

/// What is known of an account to everybody's benefit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// What everything that is its own goes by.
    pub id: AccountId,
    /// Its name as it was registered.
    pub nick: Nick,
    /// Does it become an operator by logging in?
    pub is_operator: bool,
    /// Whose bot it is, if it is one: it has a token and no password.
    pub owner: Option<AccountId>,
}

/// What was said last in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptScrollback {
    /// Where.
    pub room: RoomName,
    /// What, in the order of ids.
    pub messages: Vec<Arc<Message>>,
    /// Was there more before?
    pub has_more: bool,
}

/// What was kept, as it is at the start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kept {
    /// No message up to this id can be said any more: it was used, or may have been.
    pub last_id: MessageId,
    /// When the last message that is kept was said, in milliseconds since 1970; 0 where none is.
    pub last_ms: u64,
    /// Every account, bots included.
    pub accounts: Vec<AccountRecord>,
    /// Every owned room.
    pub rooms: Vec<RoomRecord>,
    /// The last messages of the lobby and of each owned room, as many as are replayed.
    pub scrollbacks: Vec<KeptScrollback>,
    /// The SHA-256 of each bot's token, and the bot.
    pub tokens: Vec<([u8; 32], AccountId)>,
    /// How long the server has run, in milliseconds.
    pub ran_ms: u64,
    /// What stands for addresses is hashed with this; it is as old as what is kept.
    pub cloak_key: HashSeed,
    /// What ends when it is not used, and how long the server had run when it was used last.
    pub uses: Vec<(Used, u64)>,
}
