//! Searches of what is in memory: each message is looked through once, a few in each turn, in turn for
//! those who search.

use std::sync::Arc;

use crate::limits::{SEARCH_MESSAGE_BYTES, SEARCH_SLICE_BYTES};
use crate::model::{ConnId, Event, Message, MessageId, Moment, RequestId, RoomName, SearchWords};

use super::keep::{Window, cut_found};
use super::room::Rooms;
use super::{Hub, RoomId};

/// A search that is under way.
#[derive(Debug)]
pub(super) struct Scan {
    who: ConnId,
    request_id: Option<RequestId>,
    words: SearchWords,
    /// Invariant: it ends with what was said last when the search began.
    window: Window,
    /// Those that are not looked through; in the last, what was said before `before`.
    rooms: Vec<RoomId>,
    before: MessageId,
    found: Vec<(RoomName, Arc<Message>)>,
    /// What was looked through, in bytes.
    bytes: usize,
}

/// A search has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Searched {
    /// Whose it was.
    pub who: ConnId,
    /// What was looked through, in bytes.
    pub bytes: usize,
}

impl Hub {
    /// Puts off the answer of the request at hand until the tails of these rooms were looked through.
    pub(super) fn begin_scan(
        &mut self,
        who: ConnId,
        rooms: Vec<RoomId>,
        words: SearchWords,
        window: Window,
    ) {
        let before = window.before.min(self.history.last.next());
        let request_id = self.request_id.take();
        self.history.scans.push_back(Scan {
            who,
            request_id,
            words,
            window: Window { before, ..window },
            rooms,
            before,
            found: Vec::new(),
            bytes: 0,
        });
    }

    /// Does it wait for a search of what is in memory? Nothing else that it asks is to be handled then.
    pub fn is_searching(&self, who: ConnId) -> bool {
        self.history.scans.iter().any(|scan| scan.who == who)
    }

    /// Is a search of what is in memory under way ([`Hub::handle_searches`])?
    pub fn has_searches(&self) -> bool {
        !self.history.scans.is_empty()
    }

    /// Looks through some `bytes` of what is in memory, in turn for those who search. Returns whose
    /// searches were answered by that.
    pub fn handle_searches(&mut self, bytes: usize, now: Moment) -> Vec<Searched> {
        self.now = now;
        let mut searched = Vec::new();
        let mut left = bytes;
        while left > 0
            && let Some(mut scan) = self.history.scans.pop_front()
        {
            let before = scan.bytes;
            let is_done = scan.go_on(&self.rooms, left.min(SEARCH_SLICE_BYTES));
            left = left.saturating_sub(scan.bytes - before);
            match is_done {
                false => self.history.scans.push_back(scan),
                true => searched.push(self.end_scan(scan)),
            }
        }
        searched
    }

    /// Nobody waits for its search any more.
    pub(super) fn forget_scans(&mut self, who: ConnId) {
        self.history.scans.retain(|scan| scan.who != who);
    }

    fn end_scan(&mut self, scan: Scan) -> Searched {
        let Scan {
            who,
            request_id,
            window,
            found: mut messages,
            bytes,
            ..
        } = scan;
        messages.sort_by_key(|(_, message)| message.id);
        let has_more = window.cut(&mut messages) | cut_found(&mut messages);
        self.answer_with(who, request_id, Event::Found { messages, has_more });
        Searched { who, bytes }
    }
}

impl Scan {
    /// Looks through so many bytes, or a message more. `true`: that was all.
    fn go_on(&mut self, rooms: &Rooms, bytes: usize) -> bool {
        let until = self.bytes + bytes;
        while let Some(&id) = self.rooms.last() {
            // A room that was made since then has nothing that was said before.
            if let Some(room) = rooms.try_get(id) {
                for message in room.tail.before(self.before) {
                    if self.bytes >= until {
                        return false;
                    }
                    if message.id <= self.window.after {
                        break;
                    }
                    self.before = message.id;
                    self.bytes += SEARCH_MESSAGE_BYTES + message.text.len();
                    if self.window.has(message) && self.words.are_in(&message.text) {
                        self.found.push((room.name.clone(), Arc::clone(message)));
                    }
                }
            }
            self.rooms.pop();
            self.before = self.window.before;
        }
        true
    }
}
