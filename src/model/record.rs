//! What is kept, and what is asked of it: the words between the chat and the store.
//! Values only, that may go to another thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    AccountChange, AccountId, Amendment, HashSeed, InviteCode, Key, Message, MessageId, Nick,
    RoomMask, RoomName,
};

/// A place in the log, which the engine gives: a time in milliseconds since 1970, and a number within that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The time.
    pub ms: u64,
    /// The number.
    pub seq: u64,
}

/// What is promised of a message that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Something that was said is to be forgotten.
    Deleted {
        /// Its own place in the order of what was said.
        id: MessageId,
        /// Which message.
        message: MessageId,
    },
    /// Something that was said is another than before.
    Amended {
        /// Its own place in the order of what was said.
        id: MessageId,
        /// Which message.
        message: MessageId,
        /// What of it.
        amendment: Amendment,
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
    /// Something is to be remembered for an account.
    Note {
        /// The account.
        account: AccountId,
        /// What.
        note: Note,
    },
    /// An account is gone that was not used, with its bots.
    AccountGone(AccountId),
    /// All that comes of the log of a cluster up to a place is among the records before.
    Applied {
        /// Which cluster.
        cluster: u64,
        /// The place.
        at: Position,
        /// The last message that was said up to there.
        last: MessageId,
    },
    /// All servers of a cluster have changed something about accounts.
    Account {
        /// What.
        change: Box<AccountChange>,
        /// The account and its password, as they are then.
        of: Credential,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// An owned room is as this now.
    Room(RoomRecord),
    /// A room is owned no more. What was said in it stays.
    RoomGone(RoomName),
}

impl Record {
    /// Its place in the order of what was said, if it has one.
    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Record::Said { message, .. } | Record::Private { message, .. } => Some(message.id),
            Record::Deleted { id, .. } | Record::Amended { id, .. } => Some(*id),
            Record::Delivered { .. }
            | Record::Used { .. }
            | Record::Note { .. }
            | Record::AccountGone(_)
            | Record::Account { .. }
            | Record::Applied { .. }
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
    /// What else is set of it.
    pub rest: Box<RoomRest>,
}

/// What is set of an owned room beside what most have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoomRest {
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    /// Who set its topic, and when, in milliseconds since 1970.
    pub topic_set: Option<(String, u64)>,
    /// Do only moderators and those with a voice speak?
    pub is_moderated: bool,
    /// Is it told of to members only?
    pub is_secret: bool,
    /// May who is outside speak in it?
    pub is_open: bool,
    /// Does what programs ask each other (CTCP) not pass?
    pub has_no_ctcp: bool,
    /// How many may be in it.
    pub limit: Option<u32>,
    /// Who is kept out, is not, or is always invited.
    pub masks: Vec<RoomMask>,
    /// What it says of itself by keys.
    pub metadata: BTreeMap<String, String>,
}

/// Something that is remembered for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It has read what was said by or in something, up to a time in milliseconds since 1970.
    ReadTo {
        /// In or by what.
        key: Key,
        /// Up to when.
        to_ms: u64,
    },
    /// It says something of itself by a key, or nothing any more.
    Metadata {
        /// The key.
        key: String,
        /// What.
        value: Option<String>,
    },
}

/// What is known of an account to everybody's benefit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// What everything that is its own goes by.
    pub id: AccountId,
    /// Its name as it was registered.
    pub nick: Nick,
    /// Does it become an operator by logging in?
    pub is_operator: bool,
    /// Whose bot it is, if it is one: it has a token and no password.
    pub owner: Option<AccountId>,
    /// How often it was given another password or token.
    #[serde(default)]
    pub generation: u64,
}

impl AccountRecord {
    /// What who has told its password, or token, has proven.
    pub fn credential(&self) -> Credential {
        Credential {
            account: self.id,
            generation: self.generation,
        }
    }
}

/// An account, and which of its passwords or tokens somebody knows: with another it is void.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// The account.
    pub account: AccountId,
    /// [`AccountRecord::generation`].
    pub generation: u64,
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
    /// What is remembered for accounts.
    pub notes: Vec<(AccountId, Note)>,
    /// What ends when it is not used, and how long the server had run when it was used last.
    pub uses: Vec<(Used, u64)>,
    /// Up to where the log of a cluster is in what is kept.
    pub applied: Option<Position>,
    /// The invitations.
    pub codes: Vec<InviteCode>,
    /// No account has had a higher id.
    pub last_account: AccountId,
}
