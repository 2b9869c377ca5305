//! Messages that were deleted, remembered as long as an answer of the disk's may still have them.

use std::collections::BTreeMap;

use crate::model::{Found, MessageId};

/// Which, and until when.
#[derive(Debug, Default)]
pub(crate) struct Deleted(BTreeMap<MessageId, FoundUntil>);

#[derive(Debug, Clone, Copy)]
enum FoundUntil {
    /// The deletion, by its own place in the order of what was said, is on disk.
    Kept(MessageId),
    /// It is, and questions up to this one were answered.
    Answered(u64),
}

impl Deleted {
    /// A message was deleted by what has the place `by`.
    pub(crate) fn insert(&mut self, message: MessageId, by: MessageId) {
        self.0.insert(message, FoundUntil::Kept(by));
    }

    pub(crate) fn contains(&self, message: MessageId) -> bool {
        self.0.contains_key(&message)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything up to `kept` is on disk, `last` is the question asked last, and `oldest` the first of those that
    /// wait.
    pub(crate) fn note_kept(&mut self, kept: MessageId, last: u64, oldest: Option<u64>) {
        self.0.retain(|_, until| {
            if let FoundUntil::Kept(by) = *until
                && by <= kept
            {
                *until = FoundUntil::Answered(last);
            }
            match *until {
                FoundUntil::Kept(_) => true,
                FoundUntil::Answered(ticket) => oldest.is_some_and(|oldest| oldest <= ticket),
            }
        });
    }

    /// Takes them out of what was found.
    pub(crate) fn strip(&self, found: &mut Found) {
        if self.0.is_empty() {
            return;
        }
        match found {
            Found::Messages { messages, .. } => messages.retain(|it| !self.contains(it.id)),
            Found::InRooms { messages, .. } => messages.retain(|(_, it)| !self.contains(it.id)),
            Found::Message(message) => {
                message.take_if(|it| self.contains(it.id));
            }
            Found::Exported { .. } | Found::Failed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_known_until_no_answer_can_have_it() {
        let mut deleted = Deleted::default();
        deleted.insert(MessageId(3), MessageId(9));
        deleted.note_kept(MessageId(8), 5, None);
        assert!(deleted.contains(MessageId(3)), "it is not on disk");
        deleted.note_kept(MessageId(9), 5, Some(4));
        assert!(deleted.contains(MessageId(3)), "somebody asked before");
        deleted.note_kept(MessageId(9), 7, Some(5));
        assert!(deleted.contains(MessageId(3)));
        deleted.note_kept(MessageId(9), 7, Some(6));
        assert!(deleted.is_empty());
    }
}
