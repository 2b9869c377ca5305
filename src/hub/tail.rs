//! What was said last in a room, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Message, MessageId};

/// What a message takes beside its text, in bytes: its other fields, and its place in a tail.
const MESSAGE_BYTES: usize = 128;

/// The last messages of a room.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Invariant: in the order of ids, and all that was said in the room after `after`.
    messages: VecDeque<Arc<Message>>,
    after: MessageId,
}

impl Tail {
    /// Of a room in which nothing was said after `after`; what was before is not known here.
    pub(super) fn new(after: MessageId) -> Tail {
        Tail {
            messages: VecDeque::new(),
            after,
        }
    }

    /// Of the last messages of a room. Where they are fewer than `limit` there were no others.
    pub(super) fn of(messages: Vec<Arc<Message>>, limit: usize) -> Tail {
        let after = match messages.first() {
            Some(first) if messages.len() >= limit => MessageId(first.id.0 - 1),
            _ => MessageId::default(),
        };
        Tail {
            messages: messages.into(),
            after,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Are all messages after that one here?
    pub(super) fn covers(&self, after: MessageId) -> bool {
        self.after <= after
    }

    /// The messages after that one which are here.
    pub(super) fn after(&self, after: MessageId) -> impl Iterator<Item = &Arc<Message>> {
        let begin = self.messages.partition_point(|message| message.id <= after);
        self.messages.range(begin..)
    }

    /// Takes in the newest message. Returns the bytes that it takes.
    pub(super) fn push(&mut self, message: Arc<Message>) -> usize {
        debug_assert!(self.messages.back().is_none_or(|last| last.id < message.id));
        let bytes = bytes_of(&message);
        self.messages.push_back(message);
        bytes
    }

    /// Forgets the oldest, down to `count`, but none after `kept`. Returns the bytes that they took.
    pub(super) fn trim(&mut self, count: usize, kept: MessageId) -> usize {
        let mut bytes = 0;
        while self.messages.len() > count
            && let Some(first) = self.messages.front()
            && first.id <= kept
        {
            self.after = first.id;
            bytes += bytes_of(first);
            self.messages.pop_front();
        }
        bytes
    }

    /// The bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.messages.iter().map(bytes_of).sum()
    }
}

fn bytes_of(message: &Arc<Message>) -> usize {
    MESSAGE_BYTES + message.text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Manner, Nick};

    fn message(id: u64) -> Arc<Message> {
        Arc::new(Message {
            id: MessageId(id),
            unix_ms: 0,
            nick: Nick::parse("alice").expect("a nick"),
            manner: Manner::Said,
            text: "hi".into(),
        })
    }

    fn ids<'a>(messages: impl Iterator<Item = &'a Arc<Message>>) -> Vec<u64> {
        messages.map(|message| message.id.0).collect()
    }

    #[test]
    fn it_knows_what_it_has_forgotten() {
        let mut tail = Tail::new(MessageId(3));
        for id in [5, 6, 9, 12] {
            tail.push(message(id));
        }
        assert!(tail.covers(MessageId(3)) && !tail.covers(MessageId(2)));
        assert_eq!(ids(tail.after(MessageId(6))), [9, 12]);
        assert_eq!(ids(tail.after(MessageId(0))), [5, 6, 9, 12]);
        let before = tail.bytes();
        assert_eq!(before - tail.trim(1, MessageId(6)), tail.bytes());
        assert_eq!(
            ids(tail.after(MessageId(0))),
            [9, 12],
            "nothing that is not kept yet"
        );
        assert!(tail.covers(MessageId(6)) && !tail.covers(MessageId(5)));
    }

    #[test]
    fn one_that_was_kept_is_whole_where_it_is_short() {
        let kept =
            |ids: &[u64], limit| Tail::of(ids.iter().map(|&id| message(id)).collect(), limit);
        assert!(kept(&[], 2).covers(MessageId(0)));
        assert!(kept(&[8], 2).covers(MessageId(0)));
        assert!(!kept(&[8, 9], 2).covers(MessageId(0)));
        assert!(kept(&[8, 9], 2).covers(MessageId(7)));
    }
}
