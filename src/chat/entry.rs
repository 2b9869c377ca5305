//! What changes the chat: an entry of its log.

use serde::{Deserialize, Serialize};

use crate::model::{
    AccountChange, AccountId, AccountRecord, Amendment, Ban, CameBy, Credential, Departure,
    EnterMode, KeptMessage, Key, Manner, MessageId, ModeChange, Nick, NodeId, Peer, Profile,
    ProfileChange, PutOut, ReplyTo, RoomName, Settings, UserId,
};

use super::RoomId;

/// Whose doing a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Actor {
    /// A user's.
    User(UserId),
    /// The operator's at the console.
    Console,
    /// An account's that needs no session for it.
    Account(AccountId),
    /// That of a program which has one of the operator's tokens.
    Program,
}

impl Actor {
    /// The user, where it is one.
    pub(crate) fn user(self) -> Option<UserId> {
        match self {
            Actor::User(user) => Some(user),
            Actor::Console | Actor::Account(_) | Actor::Program => None,
        }
    }
}

/// What is said, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) manner: Manner,
    pub(crate) text: String,
    /// What programs say to each other beside the text, in its form on the wire; `None` where it is not by IRC.
    pub(crate) tags: Option<String>,
    /// The message that it is about.
    pub(crate) reply_to: Option<ReplyTo>,
}

impl Words {
    /// Something that is said or done, and no more.
    pub(crate) fn of(manner: Manner, text: String) -> Words {
        Words {
            manner,
            text,
            tags: None,
            reply_to: None,
        }
    }

    /// Something that is said, and no more.
    pub(crate) fn said(text: String) -> Words {
        Words::of(Manner::Said, text)
    }
}

/// Who says something of itself by keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MetadataOf {
    User(UserId),
    Room(RoomId),
}

/// For how long somebody says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Muting {
    /// Until a time in milliseconds since 1970.
    Until(u64),
    /// Until that is undone.
    ForGood,
    /// No more.
    Over,
}

/// Whom something is for that people do not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TagTo {
    Room(RoomId),
    /// Those who moderate a room that one is in.
    Moderators(RoomId),
    User(UserId),
}

/// One change, which names users and rooms by their ids. What the asker alone decides was checked before
/// (the length of a text, say); all else is checked where it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// Somebody comes in under a name that nobody goes by.
    Join {
        nick: Nick,
        peer: Peer,
        /// Are the others told later ([`Entry::Show`])?
        is_untold: bool,
    },
    /// Somebody comes in as an account whose secret it knows, which frees its name for it.
    JoinAs {
        account: Credential,
        /// Its name, as it was typed.
        nick: Nick,
        peer: Peer,
        /// Beside other sessions of the account, rather than instead of them?
        is_multi: bool,
    },
    /// Somebody comes in who says more of itself than a name, in no room, as the account that it has proven to be.
    ComeIn {
        nick: Nick,
        peer: Peer,
        profile: Box<Profile>,
        account: Option<Credential>,
    },
    /// With what a user's first session came.
    NoteVia { user: UserId, via: CameBy },
    /// A user is logged in to an account whose secret it knows, whatever its name is.
    Prove { user: UserId, account: Credential },
    /// A user says something else of itself.
    Describe { user: UserId, change: ProfileChange },
    /// A user has read what was said by or in something, up to a time in milliseconds since 1970.
    MarkRead { user: UserId, key: Key, to_ms: u64 },
    /// A user or a room says something else of itself by a key, or nothing.
    SetMetadata {
        by: UserId,
        of: MetadataOf,
        key: String,
        value: Option<String>,
    },
    /// A user goes on as an account whose secret it knows.
    LogIn {
        user: UserId,
        account: Credential,
        is_multi: bool,
    },
    /// A user goes on as a guest, without its account.
    LogOut { user: UserId },
    /// The others are to know that a user has come.
    Show { user: UserId },
    /// A session has ended, by its place in the order of their coming: with the last one its user leaves.
    End {
        user: UserId,
        at: usize,
        why: Departure,
    },
    /// A user is put out of the server.
    PutOut {
        by: Actor,
        user: UserId,
        why: PutOut,
    },
    /// A user goes by another name, by itself or by an operator's order.
    Rename {
        by: Option<Actor>,
        user: UserId,
        to: Nick,
    },
    /// A guest did not log in who goes by an account's name.
    EndGrace { user: UserId },
    /// A user has become an operator: it knows their password.
    Oper { user: UserId },
    /// A user is away, or back.
    Away { user: UserId, text: Option<String> },
    /// A user hears nothing from a name.
    Ignore { user: UserId, key: Key },
    /// A user hears from a name again.
    Unignore { user: UserId, key: Key },

    /// Somebody speaks or does something in a room.
    Say {
        user: UserId,
        room: RoomId,
        words: Words,
        /// Need it not be in the room, where its modes say so?
        is_outside: bool,
        /// Where it is, as others may see it.
        shown: Peer,
    },
    /// Somebody without a session speaks in a room: as an account, or under a name that is nobody's.
    Post {
        nick: Nick,
        peer: Peer,
        as_account: bool,
        room: RoomId,
        words: Words,
        /// Where it is, as others may see it.
        shown: Peer,
    },
    /// A user speaks to another.
    Private {
        from: UserId,
        to: UserId,
        words: Words,
    },
    /// A user marks something, or has a program say something to others: nothing that people read, and nothing
    /// that is kept.
    Tag {
        user: UserId,
        to: TagTo,
        words: Words,
    },
    /// A user speaks to an account that is not here.
    Mail {
        from: UserId,
        to: AccountId,
        text: String,
        reply_to: Option<ReplyTo>,
    },
    /// Something that was said is to be another: who could say it there, or reads it, may have it so.
    Amend {
        user: UserId,
        /// What is known of it.
        message: Box<KeptMessage>,
        amendment: Amendment,
    },
    /// Something that was said is to be forgotten.
    Delete {
        by: Actor,
        /// What is known of it.
        message: Box<KeptMessage>,
        reason: Option<String>,
    },
    /// What waited for an account was told to it, up to a message.
    MailTold { to: AccountId, through: MessageId },

    /// A user enters a room, or makes it.
    Enter {
        user: UserId,
        room: RoomName,
        mode: EnterMode,
        key: Option<String>,
        /// May the room be its account's, if it is made?
        may_own: bool,
    },
    /// A user leaves a room.
    Leave {
        user: UserId,
        room: RoomId,
        /// Last words.
        words: Option<String>,
    },
    /// A member is put out of a room.
    Kick {
        by: UserId,
        room: RoomId,
        user: UserId,
        reason: Option<String>,
    },
    /// What a room is about.
    SetTopic {
        user: UserId,
        room: RoomId,
        topic: Option<String>,
    },
    /// A room's modes, in order.
    SetModes {
        by: Actor,
        room: RoomId,
        changes: Vec<ModeChange>,
    },
    /// Somebody may come into a room once, whatever stands in the way.
    Invite {
        by: UserId,
        room: RoomId,
        guest: UserId,
    },
    /// A member says nothing in a room, or speaks again (`None`).
    MuteIn {
        by: UserId,
        room: RoomId,
        user: UserId,
        muting: Muting,
    },
    /// An account moderates an owned room, or no more.
    Appoint {
        by: Actor,
        room: RoomId,
        account: AccountId,
        moderates: bool,
    },
    /// A room is closed: those who are in it are to be taken out ([`Entry::TakeOut`]).
    Close { by: Actor, room: RoomId },
    /// A user is taken out of a room that was closed.
    TakeOut { user: UserId, room: RoomId },
    /// An owned room was not used for long.
    Disown { room: RoomId },

    /// A user says nothing anywhere, for a time or until that is undone.
    Mute {
        by: Actor,
        user: UserId,
        until_ms: Option<u64>,
    },
    /// A name, which need not be here, speaks again.
    Unmute { by: Actor, name: String },
    /// Names or addresses are kept out.
    Ban { by: Actor, ban: Ban },
    /// They are let in again.
    Unban { by: Actor, mask: String },
    /// Nobody new enters a room, or they do again.
    Lock {
        by: Actor,
        room: RoomName,
        is_locked: bool,
    },
    /// A server of the cluster is gone: its sessions have ended, and with the last one of each its users.
    NodeGone { node: NodeId },
    /// The log goes on after some of it was lost, which somebody may have read: ids of before are not given again.
    NewEpoch,

    /// Bans, mutes and locks are others from now on.
    Set { settings: Settings },

    /// An account was made. The user who asked for it is logged in, where that is its name.
    Registered {
        record: AccountRecord,
        by: Option<UserId>,
    },
    /// A change of the accounts that a server of a cluster has prepared, for a user of its who has asked for it.
    Account {
        change: Box<AccountChange>,
        by: Option<UserId>,
    },
    /// There is an account: its secret was right.
    Known { record: AccountRecord },
    /// Accounts are gone.
    AccountsGone { accounts: Vec<AccountId> },
    /// A bot has a token, new or another.
    Token {
        bot: AccountRecord,
        digest: [u8; 32],
    },
}
