//! What has come of an entry, in the order of its happening: from it follows who is told what.

use std::sync::Arc;

use crate::model::{
    AccountChange, AccountId, Amendment, Credential, Departure, ErrorCode, KeptMessage, Key, Kick,
    Mask, Message, MessageId, ModeChange, Nick, NodeId, Note, Notice, Peer, ProfileChange,
    RoomName, UserId,
};

use super::entry::{MetadataOf, TagTo, Words};
use super::{Actor, RoomId, User};

/// Why a user goes by another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It asked for that.
    Own,
    /// An operator did.
    Operator,
    /// The name is an account's, which it is told.
    Aside(Notice),
    /// It has logged in to the account of that name.
    LoggedIn,
}

/// Why a user is in a room no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It left, with last words or without.
    Own(Option<String>),
    /// It was put out, which is kept.
    Kicked(Kick, Arc<Message>),
    /// The room was closed.
    Closed,
}

/// What has become true.
#[derive(Debug, PartialEq)]
pub(crate) enum Fact {
    /// Somebody has come in, into the lobby.
    Joined { user: UserId },
    /// A user has one more session.
    Attached { user: UserId, node: NodeId },
    /// A user's first session is one too many, and has ended.
    Replaced { user: UserId, node: NodeId },
    /// Others may know of a user who has come in.
    Shown { user: UserId, nick: Nick },
    /// A user has left. Its other sessions, where it had any, are over.
    Gone {
        id: UserId,
        /// As it was.
        user: User,
        /// How many were in each of its rooms.
        members: Vec<usize>,
        why: Departure,
    },
    /// A user has become another, who is here. Its sessions are that one's from now on, the last one first, each
    /// of which is told with [`Fact::Attached`].
    Merged {
        id: UserId,
        /// As it was.
        user: User,
        into: UserId,
        /// Where it was.
        rooms: Vec<RoomName>,
        /// How many were in each of its rooms.
        members: Vec<usize>,
    },
    /// A user goes by another name; where the names are the same, it asked for the one that it has.
    Renamed {
        user: UserId,
        from: Nick,
        to: Nick,
        cause: Cause,
    },
    /// A user is logged in.
    LoggedIn { user: UserId, account: AccountId },
    /// A user is logged in no more.
    LoggedOut { user: UserId, nick: Nick },
    /// The name that a user goes by has become an account's.
    NameTaken { user: UserId },
    /// The name that a user goes by is no account's any more.
    NameFreed { user: UserId },
    /// A user ignores a name, or no more.
    Ignores { user: UserId, key: Key, is_on: bool },

    /// There is a room.
    RoomMade { room: RoomId },
    /// A room has ended.
    RoomEnded { room: RoomId },
    /// A user has entered a room, or was in it already and has only asked.
    Entered {
        user: UserId,
        room: RoomId,
        is_made: bool,
        was_in: bool,
    },
    /// A user has left a room.
    Left {
        user: UserId,
        room: RoomId,
        name: RoomName,
        /// How many were there.
        members: usize,
        /// Is it in the lobby again, because it was in no other?
        is_back: bool,
        leaving: Leaving,
    },
    /// An owned room is another than before, or has come to be owned.
    Owned { room: RoomId, is_new: bool },
    /// A room is not owned, as too many are.
    NotOwned { room: RoomId },
    /// A room is owned no more.
    Disowned { room: RoomId, name: RoomName },
    /// A room is about something else.
    TopicSet {
        user: UserId,
        room: RoomId,
        /// What is kept of it.
        event: Arc<Message>,
    },
    /// A room has other modes.
    ModesSet {
        by: Actor,
        room: RoomId,
        /// Those that are others than before.
        changes: Vec<ModeChange>,
        /// Why one was not set.
        refusal: Option<ErrorCode>,
        /// What is kept of it, where it is somebody's doing.
        event: Option<Arc<Message>>,
    },
    /// Somebody may come into a room.
    Invited {
        by: UserId,
        room: RoomId,
        guest: UserId,
    },
    /// An account moderates a room, or no more.
    Appointed {
        by: Actor,
        room: RoomId,
        account: AccountId,
        moderates: bool,
    },
    /// A room was closed: those who are in it are to be taken out.
    Closed {
        by: Actor,
        room: RoomId,
        name: RoomName,
    },

    /// A user has become an operator.
    Operator,
    /// A user is away, or back.
    Away { user: UserId, text: Option<String> },
    /// A user says something else of itself.
    Described { user: UserId, change: ProfileChange },
    /// A user or a room says something else of itself by a key.
    MetadataSet {
        by: UserId,
        of: MetadataOf,
        key: String,
        value: Option<String>,
    },
    /// A user has something told that people do not read.
    Tagged {
        user: UserId,
        to: TagTo,
        words: Words,
        id: MessageId,
    },
    /// Somebody says nothing anywhere or in a room, or speaks again, who may not be here.
    Muted {
        by: Actor,
        user: Option<UserId>,
        name: String,
        room: Option<RoomName>,
        is_muted: bool,
    },
    /// Names or addresses are kept out.
    Banned {
        by: Actor,
        mask: Mask,
        reason: Option<String>,
    },
    /// Nobody new enters a room, or they do again; it may be as it was.
    Locked {
        room: RoomName,
        is_locked: bool,
        is_new: bool,
    },
    /// Bans, mutes or locks have changed, which are to be kept.
    SettingsChanged,

    /// Somebody spoke in a room.
    Said {
        room: RoomId,
        /// Where it was said, as others may see it.
        shown: Peer,
        message: Arc<Message>,
    },
    /// A user spoke to another.
    Private {
        to: UserId,
        message: Arc<Message>,
        from_account: Option<AccountId>,
        to_account: Option<AccountId>,
    },
    /// A user spoke to an account that is not here.
    Mailed {
        to: AccountId,
        message: Arc<Message>,
        from_account: Option<AccountId>,
    },
    /// Something that was said is to be forgotten.
    Deleted {
        by: Actor,
        message: Box<KeptMessage>,
        reason: Option<String>,
        /// Does its author want that?
        is_own: bool,
        /// Its own place in the order of what was said.
        id: MessageId,
    },
    /// Something that was said is another.
    Amended {
        user: UserId,
        message: Box<KeptMessage>,
        amendment: Amendment,
        /// Its own place in the order of what was said, and its time.
        id: MessageId,
        unix_ms: u64,
    },
    /// Something is to be remembered for an account.
    Noted { account: AccountId, note: Note },
    /// An account is no more.
    AccountGone { account: AccountId, nick: Nick },
    /// All servers of a cluster have changed something about accounts.
    AccountChanged {
        change: Box<AccountChange>,
        /// The account and its password, as they are from now on.
        of: Credential,
        at_ms: u64,
    },
    /// What waited for an account was told to it, up to a message.
    MailTold { to: AccountId, through: MessageId },
    /// There is an account that was not there.
    AccountMade { account: AccountId },
}
