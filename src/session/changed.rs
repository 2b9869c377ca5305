//! Messages that were deleted or amended, remembered as long as an answer of the disk's may have them as they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Amendment, Found, KeptMessage, Message, MessageId};

/// Which, how, and until when.
#[derive(Debug, Default)]
pub(crate) struct ChangedMessages(BTreeMap<MessageId, Vec<(FoundUntil, Changed)>>);

#[derive(Debug, Clone, Copy)]
enum FoundUntil {
    /// The change, by its own place in the order of what was said, is on disk.
    Kept(MessageId),
    /// It is, and questions up to this one were answered.
    Answered(u64),
}

#[derive(Debug)]
enum Changed {
    Deleted,
    Amended(Amendment),
}

impl ChangedMessages {
    /// A message was deleted by what has the place `by`.
    pub(crate) fn delete(&mut self, message: MessageId, by: MessageId) {
        let change = (FoundUntil::Kept(by), Changed::Deleted);
        self.0.insert(message, vec![change]);
    }

    /// A message was amended by what has the place `by`.
    pub(crate) fn amend(&mut self, message: MessageId, by: MessageId, amendment: Amendment) {
        let change = (FoundUntil::Kept(by), Changed::Amended(amendment));
        self.0.entry(message).or_default().push(change);
    }

    /// Was it deleted?
    pub(crate) fn is_deleted(&self, message: MessageId) -> bool {
        let changes = self.0.get(&message);
        changes.is_some_and(|it| it.iter().any(|it| matches!(it.1, Changed::Deleted)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything up to `kept` is on disk, `last` is the question asked last, and `oldest` the first of those that
    /// wait.
    pub(crate) fn note_kept(&mut self, kept: MessageId, last: u64, oldest: Option<u64>) {
        self.0.retain(|_, changes| {
            changes.retain_mut(|(until, _)| {
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
            !changes.is_empty()
        });
    }

    fn amendments(&self, message: MessageId) -> impl Iterator<Item = &Amendment> {
        let changes = self.0.get(&message).into_iter().flatten();
        changes.filter_map(|(_, change)| match change {
            Changed::Amended(amendment) => Some(amendment),
            Changed::Deleted => None,
        })
    }

    /// `false`: it was deleted.
    fn bring_forward(&self, message: &mut Arc<Message>) -> bool {
        for amendment in self.amendments(message.id) {
            *message = Arc::new(message.amended(amendment));
        }
        !self.is_deleted(message.id)
    }

    /// Makes of what was found what it is now.
    pub(crate) fn apply_to(&self, found: &mut Found) {
        if self.0.is_empty() {
            return;
        }
        match found {
            Found::Messages { messages, .. } => messages.retain_mut(|it| self.bring_forward(it)),
            Found::InRooms { messages, .. } => {
                messages.retain_mut(|(_, it)| self.bring_forward(it));
            }
            Found::Message(found) => {
                found.take_if(|it| self.is_deleted(it.id));
                if let Some(message) = found {
                    let message: &mut KeptMessage = message;
                    self.amendments(message.id).for_each(|it| message.amend(it));
                }
            }
            Found::Exported { .. } | Found::Failed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Manner, Nick, SaidBy};

    #[test]
    fn one_is_known_until_no_answer_can_have_it() {
        let mut changed = ChangedMessages::default();
        changed.delete(MessageId(3), MessageId(9));
        changed.note_kept(MessageId(8), 5, None);
        assert!(changed.is_deleted(MessageId(3)), "it is not on disk");
        changed.note_kept(MessageId(9), 5, Some(4));
        assert!(changed.is_deleted(MessageId(3)), "somebody asked before");
        changed.note_kept(MessageId(9), 7, Some(5));
        assert!(changed.is_deleted(MessageId(3)));
        changed.note_kept(MessageId(9), 7, Some(6));
        assert!(changed.is_empty());
    }

    #[test]
    fn what_was_found_is_as_it_is_now() {
        let mut changed = ChangedMessages::default();
        let edit = |text: &str| Amendment::Edited(text.into());
        changed.amend(MessageId(3), MessageId(8), edit("b"));
        changed.amend(MessageId(3), MessageId(9), edit("c"));
        let found = || Found::Messages {
            messages: vec![Arc::new(Message {
                id: MessageId(3),
                unix_ms: 0,
                nick: Nick::parse("alice").expect("a nick"),
                origin: SaidBy::Unknown,
                manner: Manner::Said,
                text: "a".into(),
                tags: None,
                marks: None,
            })],
            through: MessageId(9),
            has_more: false,
        };
        let text = |changed: &ChangedMessages| {
            let mut found = found();
            changed.apply_to(&mut found);
            let Found::Messages { messages, .. } = found else {
                panic!("messages")
            };
            messages.first().map(|it| it.text.clone())
        };
        assert_eq!(text(&changed).as_deref(), Some("c"));
        changed.delete(MessageId(3), MessageId(10));
        assert_eq!(text(&changed), None);
    }
}
