//! What was said last in a room, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Amendment, Manner, Message, MessageId, Window};

/// What a message takes beside its text, in bytes: its other fields, and its place in a scrollback.
const MESSAGE_BYTES: usize = 128;

/// The last messages of a room.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Scrollback {
    /// Invariant: in the order of ids, and all that was said in the room after `after`.
    messages: VecDeque<Arc<Message>>,
    /// What happened there. Invariant: in the order of ids, and all of it after `after`.
    events: VecDeque<Arc<Message>>,
    after: MessageId,
    /// Invariant: what the messages and events take.
    #[serde(skip)]
    bytes: usize,
}

impl Scrollback {
    /// Of a room in which nothing was said after `after`; what was before is not known here.
    pub(crate) fn new(after: MessageId) -> Scrollback {
        Scrollback {
            after,
            ..Scrollback::default()
        }
    }

    /// Of all that was ever said in a room.
    pub(crate) fn of_all(messages: Vec<Arc<Message>>) -> Scrollback {
        Scrollback {
            bytes: messages.iter().map(bytes_of).sum(),
            messages: messages.into(),
            ..Scrollback::default()
        }
    }

    /// Of the last messages of a room, in which nothing was said after `last`.
    pub(crate) fn of_last(messages: Vec<Arc<Message>>, last: MessageId) -> Scrollback {
        let first = messages.first();
        Scrollback {
            bytes: messages.iter().map(bytes_of).sum(),
            after: first.map_or(last, |first| MessageId(first.id.0 - 1)),
            messages: messages.into(),
            ..Scrollback::default()
        }
    }

    /// Counts what it takes. To be called once, after it was read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn index(&mut self) -> Result<(), &'static str> {
        self.bytes = self.queues().into_iter().flatten().map(bytes_of).sum();
        let mut last = self.after;
        let mut ids = self.messages.iter().map(|message| message.id);
        match ids.all(|id| std::mem::replace(&mut last, id) < id) {
            true => Ok(()),
            false => Err("messages that are not in order"),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// The last message; of none, the one after which there is none.
    pub(crate) fn last(&self) -> MessageId {
        self.messages.back().map_or(self.after, |last| last.id)
    }

    /// When the last message was said, in milliseconds since 1970.
    pub(crate) fn last_ms(&self) -> Option<u64> {
        self.messages.back().map(|last| last.unix_ms)
    }

    /// The message after which all are here.
    pub(crate) fn begins_after(&self) -> MessageId {
        self.after
    }

    /// Are all messages after that one here?
    pub(crate) fn covers(&self, after: MessageId) -> bool {
        self.after <= after
    }

    /// The messages after that one which are here.
    pub(crate) fn after(&self, after: MessageId) -> impl Iterator<Item = &Arc<Message>> {
        let begin = self.messages.partition_point(|message| message.id <= after);
        self.messages.range(begin..)
    }

    /// What of a window is here and after a message.
    pub(crate) fn within(&self, window: &Window, after: MessageId) -> Vec<Arc<Message>> {
        let is_meant = |message: &&Arc<Message>| window.has(message);
        let mut found: Vec<_> = self.after(after).filter(is_meant).cloned().collect();
        if window.has_events {
            let begin = self.events.partition_point(|event| event.id <= after);
            let events = self.events.range(begin..).filter(is_meant);
            found.extend(events.cloned());
            found.sort_unstable_by_key(|message| message.id);
        }
        found
    }

    /// The messages before that one which are here, the last first.
    pub(crate) fn before(&self, before: MessageId) -> impl Iterator<Item = &Arc<Message>> {
        let end = self.messages.partition_point(|message| message.id < before);
        self.messages.range(..end).rev()
    }

    /// Takes in the newest message or event. Returns the bytes that it takes.
    pub(crate) fn push(&mut self, message: Arc<Message>) -> usize {
        let bytes = bytes_of(&message);
        self.bytes += bytes;
        let queue = match message.manner {
            Manner::Happened(_) => &mut self.events,
            Manner::Said | Manner::Acted | Manner::Noticed | Manner::File => &mut self.messages,
        };
        debug_assert!(queue.back().is_none_or(|last| last.id < message.id));
        queue.push_back(message);
        bytes
    }

    /// Forgets the oldest, down to `count` messages and as many events, but none after `kept`. Returns the bytes
    /// that they took.
    pub(crate) fn trim(&mut self, count: usize, kept: MessageId) -> usize {
        let mut bytes = 0;
        while self.messages.len() > count
            && let Some(first) = self.messages.front()
            && first.id <= kept
        {
            self.after = first.id;
            bytes += bytes_of(first);
            self.messages.pop_front();
        }
        while let Some(first) = self.events.front()
            && first.id <= kept
            && (first.id <= self.after || self.events.len() > count)
        {
            bytes += bytes_of(first);
            self.events.pop_front();
        }
        self.bytes -= bytes;
        bytes
    }

    fn queues(&self) -> [&VecDeque<Arc<Message>>; 2] {
        [&self.messages, &self.events]
    }

    /// A message, if it is here.
    pub(crate) fn find(&self, id: MessageId) -> Option<&Arc<Message>> {
        self.queues().into_iter().find_map(|queue| {
            let at = queue.binary_search_by_key(&id, |it| it.id).ok()?;
            queue.get(at)
        })
    }

    /// Forgets a message, if it is here. Returns the bytes that it took.
    pub(crate) fn forget(&mut self, id: MessageId) -> usize {
        let queues = [&mut self.messages, &mut self.events];
        let message = queues.into_iter().find_map(|queue| {
            let at = queue.binary_search_by_key(&id, |it| it.id).ok()?;
            queue.remove(at)
        });
        let bytes = message.as_ref().map_or(0, bytes_of);
        self.bytes -= bytes;
        bytes
    }

    /// Amends a message, if it is here.
    pub(crate) fn amend(&mut self, id: MessageId, amendment: &Amendment) {
        if let Ok(at) = self.messages.binary_search_by_key(&id, |it| it.id)
            && let Some(message) = self.messages.get_mut(at)
        {
            let amended = Arc::new(message.amended(amendment));
            self.bytes = self.bytes + bytes_of(&amended) - bytes_of(message);
            *message = amended;
        }
    }

    /// The bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn bytes_of(message: &Arc<Message>) -> usize {
    let marks = message.marks.as_ref().map_or(0, |marks| marks.bytes());
    MESSAGE_BYTES + message.text.len() + marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Happening, Nick, SaidBy};

    fn message(id: u64) -> Arc<Message> {
        Arc::new(Message {
            id: MessageId(id),
            unix_ms: 0,
            nick: Nick::parse("alice").expect("a nick"),
            origin: SaidBy::Unknown,
            manner: Manner::Said,
            text: "hi".into(),
            tags: None,
            marks: None,
        })
    }

    fn ids<'a>(messages: impl Iterator<Item = &'a Arc<Message>>) -> Vec<u64> {
        messages.map(|message| message.id.0).collect()
    }

    #[test]
    fn it_knows_what_it_has_forgotten() {
        let mut scrollback = Scrollback::new(MessageId(3));
        for id in [5, 6, 9, 12] {
            scrollback.push(message(id));
        }
        assert!(scrollback.covers(MessageId(3)) && !scrollback.covers(MessageId(2)));
        assert_eq!(ids(scrollback.after(MessageId(6))), [9, 12]);
        assert_eq!(ids(scrollback.after(MessageId(0))), [5, 6, 9, 12]);
        assert_eq!(ids(scrollback.before(MessageId(9))), [6, 5]);
        let before = scrollback.bytes();
        assert_eq!(
            before - scrollback.trim(1, MessageId(6)),
            scrollback.bytes()
        );
        assert_eq!(
            scrollback.bytes(),
            scrollback.messages.iter().map(bytes_of).sum::<usize>()
        );
        assert_eq!(
            ids(scrollback.after(MessageId(0))),
            [9, 12],
            "nothing that is not kept yet"
        );
        assert!(scrollback.covers(MessageId(6)) && !scrollback.covers(MessageId(5)));
    }

    #[test]
    fn what_happened_stands_between_what_was_said() {
        let mut scrollback = Scrollback::new(MessageId(0));
        for id in 1..=6 {
            scrollback.push(match id % 2 {
                0 => message(id),
                _ => Arc::new(Message {
                    manner: Manner::Happened(Happening::Topic),
                    ..(*message(id)).clone()
                }),
            });
        }
        let window = Window {
            has_events: true,
            only_files: false,
            ..Window::last(9)
        };
        let within = |scrollback: &Scrollback, window: &Window| {
            ids(scrollback.within(window, MessageId(1)).iter())
        };
        assert_eq!(within(&scrollback, &window), [2, 3, 4, 5, 6]);
        assert_eq!(within(&scrollback, &Window::last(9)), [2, 4, 6]);
        assert!(scrollback.find(MessageId(3)).is_some());
        scrollback.forget(MessageId(3));
        scrollback.trim(2, MessageId::MAX);
        assert_eq!(within(&scrollback, &window), [4, 5, 6]);
        scrollback.trim(0, MessageId::MAX);
        assert_eq!(scrollback.bytes(), 0);
    }

    #[test]
    fn one_that_was_kept_may_be_whole() {
        let kept = |ids: &[u64]| ids.iter().map(|&id| message(id)).collect();
        assert!(Scrollback::of_all(kept(&[])).covers(MessageId(0)));
        assert!(Scrollback::of_all(kept(&[8])).covers(MessageId(0)));
        let of_last = |ids| Scrollback::of_last(kept(ids), MessageId(9));
        assert!(!of_last(&[8, 9]).covers(MessageId(0)));
        assert!(of_last(&[8, 9]).covers(MessageId(7)));
        assert!(!of_last(&[]).covers(MessageId(8)));
        assert!(of_last(&[]).covers(MessageId(9)));
    }
}
