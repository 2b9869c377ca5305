//! What records hold in memory.

use std::mem::size_of;

use crate::model::{Amendment, Message, Record};

/// What a record holds in memory until it is on disk, in bytes; about.
pub(super) fn weight(record: &Record) -> usize {
    let texts = match record {
        Record::Said { message, .. } | Record::Private { message, .. } => {
            size_of::<Message>() + message.text.len()
        }
        Record::Room(room) => {
            let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            let rest = &room.rest;
            let masks: usize = rest.masks.iter().map(|it| 64 + it.mask.len()).sum();
            let keyed: usize = rest.metadata.iter().map(|it| it.0.len() + it.1.len()).sum();
            text(&room.topic) + text(&room.key) + 64 * room.moderators.len() + masks + keyed
        }
        Record::Amended { amendment, .. } => match amendment {
            Amendment::Edited(text) => text.len(),
            Amendment::Reacted { .. } => 128,
        },
        Record::Deleted { .. }
        | Record::Delivered { .. }
        | Record::Used { .. }
        | Record::Note { .. }
        | Record::AccountGone(_)
        | Record::Applied { .. }
        | Record::RoomGone(_) => 64,
        Record::Account { .. } => 512,
    };
    size_of::<Record>() + texts
}
