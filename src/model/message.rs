//! What was said, and what is known of it for good.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AccountId, Amendment, Marks, Nick, RoomName, SharedFile, UserId, opening};

/// A message's place in the order in which things were said. It grows from message to message over the
/// whole server, and so in each room; it is never used twice, and 0 is before all.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct MessageId(pub u64);

impl MessageId {
    /// After all.
    pub const MAX: MessageId = MessageId(u64::MAX);

    /// The one after it.
    #[must_use]
    pub fn next(self) -> MessageId {
        MessageId(self.0.saturating_add(1))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where messages are said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To the members of a room.
    Room(RoomName),
    /// To one user, or by that user to the reader.
    User(Nick),
}

/// How a message is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Manner {
    /// Somebody said it.
    Said,
    /// Somebody did it, told in the third person (`/me`).
    Acted,
    /// Somebody said it, and wants no answer: programs do.
    Noticed,
    /// Somebody shares a file: the text says which, for [`super::SharedFile::of`] to read.
    File,
    /// Nobody said it: it happened there, and is told of the past only to who asks for that.
    Happened(Happening),
}

/// What happened in a room, of what is kept. Who comes, goes or goes by another name is not: in a crowd that is more
/// than what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// Its topic was set to the text, which may be empty.
    Topic,
    /// A member was put out: the text is its name, and behind a blank why.
    Kick,
    /// Its modes were set: the text has the letters of IRC, and what belongs to them, between blanks.
    Modes,
}

impl Manner {
    /// What it is called by where messages are objects.
    pub fn name(self) -> &'static str {
        match self {
            Manner::Said | Manner::Noticed | Manner::File => "chat",
            Manner::Acted => "me",
            Manner::Happened(Happening::Topic) => "topic",
            Manner::Happened(Happening::Kick) => "kick",
            Manner::Happened(Happening::Modes) => "modes",
        }
    }
}

/// Who said something, which a name does not tell for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SaidBy {
    /// That is not known any more.
    #[default]
    Unknown,
    /// A user without an account, since the server was started.
    User(UserId),
    /// An account.
    Account(AccountId),
    /// A program that has one of the operator's tokens.
    Program,
}

/// What somebody said, to a room or to one user: where stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its place in the order of all.
    pub id: MessageId,
    /// When, in milliseconds since 1970, by the server's clock.
    pub unix_ms: u64,
    /// Who, under the name of that time.
    pub nick: Nick,
    /// Whose it is to delete.
    pub origin: SaidBy,
    /// How it is told.
    pub manner: Manner,
    /// 1 byte up to the message limit.
    pub text: String,
    /// What programs say to each other beside the text, in its form on the wire. It is not kept. `None`: it was not said
    /// by IRC, and so there are no formatting codes in it, but markup as it is typed.
    pub tags: Option<Box<str>>,
    /// What there is of it beside that, where there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<Box<Marks>>,
}

/// One message, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMessage {
    /// Which.
    pub id: MessageId,
    /// Who said it, under the name of that time.
    pub nick: Nick,
    /// Whose it is to delete.
    pub origin: SaidBy,
    /// Where.
    pub place: SaidIn,
    /// What else. Snapshots of before do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Box<KeptMore>>,
}

/// What else is known of a message that may be amended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMore {
    /// When it was said, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Did it happen, rather than being said?
    pub is_event: bool,
    /// Does it share a file, whose text nobody typed?
    pub is_file: bool,
    /// How it begins.
    pub opening: String,
    /// What there is of it beside that.
    pub marks: Option<Box<Marks>>,
}

impl KeptMessage {
    /// What is known of a message that was said there.
    pub fn of(message: &Message, place: SaidIn) -> KeptMessage {
        KeptMessage {
            id: message.id,
            nick: message.nick.clone(),
            origin: message.origin,
            place,
            more: Some(Box::new(KeptMore {
                unix_ms: message.unix_ms,
                is_event: matches!(message.manner, Manner::Happened(_)),
                is_file: message.manner == Manner::File,
                opening: match SharedFile::of(message) {
                    Some(file) => opening(&file.to_string()),
                    None => opening(&message.text),
                },
                marks: message.marks.clone(),
            })),
        }
    }

    /// What there is of it beside what was said.
    pub fn marks(&self) -> Option<&Marks> {
        self.more.as_ref()?.marks.as_deref()
    }

    /// Takes an amendment in, which may have been taken in before.
    pub fn amend(&mut self, amendment: &Amendment) {
        let Some(more) = &mut self.more else {
            return;
        };
        more.marks.get_or_insert_default().amend(amendment);
        if let Amendment::Edited(text) = amendment {
            more.opening = opening(text);
        }
    }
}

/// Where a message was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaidIn {
    /// In a room.
    Room {
        /// Its name.
        name: RoomName,
        /// Was it closed to some?
        is_guarded: bool,
    },
    /// To one user.
    User {
        /// Its name.
        to: Nick,
        /// Its account.
        account: Option<AccountId>,
    },
}

/// What was said in a room: some of it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Where.
    pub room: RoomName,
    /// What.
    pub messages: Vec<Arc<Message>>,
    /// Is there more of it on the side where the limit cut?
    pub has_more: bool,
}
