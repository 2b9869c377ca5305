//! Searches of what is in memory: each message is looked through once, a few in each turn, in turn for
//! those who search.

use std::sync::Arc;

use crate::chat::{RoomId, Rooms};
use crate::limits::{SEARCH_FOLD_FACTOR, SEARCH_MESSAGE_BYTES, SEARCH_SLICE_BYTES};
use crate::model::{
    Amendment, ConnId, Event, Message, MessageId, RequestId, RoomName, SearchWords, Window, terms,
};
use crate::session::{LocalRooms, cut_found};

use super::state::Hub;

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
    /// What was looked through, in bytes of ASCII text that take as long.
    bytes: usize,
}

/// A search has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Searched {
    /// Whose it was.
    pub who: ConnId,
    /// What was looked through, in bytes of ASCII text that take as long.
    pub bytes: usize,
}

impl Hub {
    /// Puts off the answer of a request until the scrollbacks of these rooms were looked through.
    pub(super) fn begin_scan(
        &mut self,
        (who, request_id): (ConnId, Option<RequestId>),
        rooms: Vec<RoomId>,
        words: SearchWords,
        window: Window,
    ) {
        let before = window.before.min(self.chat.last_id().next());
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
    pub fn handle_searches(&mut self, bytes: usize) -> Vec<Searched> {
        let mut searched = Vec::new();
        let mut left = bytes;
        while left > 0
            && let Some(mut scan) = self.history.scans.pop_front()
        {
            let before = scan.bytes;
            let is_done = scan.go_on(self.chat.rooms(), &self.local, left.min(SEARCH_SLICE_BYTES));
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

    /// A message is to be forgotten.
    pub(super) fn forget_in_scans(&mut self, id: MessageId) {
        for scan in &mut self.history.scans {
            scan.found.retain(|(_, message)| message.id != id);
        }
    }

    /// A message is another.
    pub(super) fn amend_in_scans(&mut self, id: MessageId, amendment: &Amendment) {
        let found = self.history.scans.iter_mut().flat_map(|it| &mut it.found);
        for (_, message) in found.filter(|(_, message)| message.id == id) {
            *message = Arc::new(message.amended(amendment));
        }
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
        self.answer(who, request_id, Event::Found { messages, has_more });
        Searched { who, bytes }
    }
}

impl Scan {
    /// Looks through so many bytes, or a message more. `true`: that was all.
    fn go_on(&mut self, rooms: &Rooms, local: &LocalRooms, bytes: usize) -> bool {
        let until = self.bytes + bytes;
        while let Some(&id) = self.rooms.last() {
            // A room that was made since then has nothing that was said before.
            if let Some(room) = rooms.try_get(id) {
                for message in local.get(id).scrollback.before(self.before) {
                    if self.bytes >= until {
                        return false;
                    }
                    if message.id <= self.window.after {
                        break;
                    }
                    self.before = message.id;
                    if self.looks_at(message) {
                        self.found.push((room.name.clone(), Arc::clone(message)));
                    }
                }
            }
            self.rooms.pop();
            self.before = self.window.before;
        }
        true
    }

    /// Is it what is looked for?
    fn looks_at(&mut self, message: &Message) -> bool {
        self.bytes += SEARCH_MESSAGE_BYTES;
        if !self.window.has(message) {
            return false;
        }
        let terms = terms(&message.text);
        // Some characters are terms much longer than themselves.
        self.bytes += match message.text.is_ascii() {
            true => message.text.len(),
            false => SEARCH_FOLD_FACTOR * message.text.len().max(terms.len()),
        };
        self.words.are_in(&terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::{Effect, Rules};
    use crate::model::{EnterMode, Moment, Peer, Range, Request, Settings};

    fn id(slot: u32) -> ConnId {
        ConnId {
            slot,
            generation: 0,
        }
    }

    struct SearchWorld(Hub);

    impl SearchWorld {
        fn ask(&mut self, who: u32, request: Request) {
            let (peer, now) = (Peer::Unix(who), Moment::default());
            self.0.handle_request(id(who), peer, request, None, now);
        }

        fn search(&mut self, who: u32, words: &str, before: Option<u64>) {
            let range = Range {
                before: before.map(MessageId),
                limit: Some(1_000),
                ..Range::default()
            };
            let words = words.to_owned();
            self.ask(
                who,
                Request::Search {
                    room: None,
                    words,
                    range,
                },
            );
        }

        /// Whom searches were answered, and how many messages each was told.
        fn told(&mut self) -> Vec<(u32, usize, bool)> {
            let mut told = Vec::new();
            while let Some(effect) = self.0.poll_effect() {
                if let Effect::Answer {
                    to,
                    event: Event::Found { messages, has_more },
                    ..
                } = effect
                {
                    told.push((to.slot, messages.len(), has_more));
                }
            }
            told
        }

        fn go_on(&mut self, bytes: usize) -> Vec<(u32, usize)> {
            let searched = self.0.handle_searches(bytes);
            searched.iter().map(|it| (it.who.slot, it.bytes)).collect()
        }
    }

    /// Three users in two rooms, each room with 50 texts of 1,000 bytes and one that is `alone`.
    fn chat() -> SearchWorld {
        let mut chat = SearchWorld(Hub::new(Rules::default(), Settings::default()));
        for who in 0..3 {
            let nick = crate::model::Nick::parse(&format!("user{who}")).expect("a nick");
            chat.ask(who, Request::join(nick, false));
            chat.ask(
                who,
                Request::Enter {
                    room: RoomName::parse("den").expect("a room"),
                    entry: EnterMode::Focus,
                    key: None,
                    resume: None,
                    replay: None,
                },
            );
        }
        for name in ["lobby", "den"] {
            for n in 0..51 {
                let text = match n {
                    25 => "alone".to_owned(),
                    _ => "text ".repeat(200),
                };
                let room = RoomName::parse(name);
                chat.ask(0, Request::Say { room, text });
            }
        }
        chat.told();
        chat
    }

    const ALL_BYTES: usize = 2 * (50 * (1_000 + SEARCH_MESSAGE_BYTES) + 5 + SEARCH_MESSAGE_BYTES);

    #[test]
    fn those_who_search_take_turns_and_each_text_is_looked_through_once() {
        let mut chat = chat();
        chat.search(0, "alone", None);
        chat.search(1, "nothing", None);
        assert!(chat.0.is_searching(id(0)) && chat.0.is_searching(id(1)) && chat.0.has_searches());
        let mut turns = 0;
        loop {
            turns += 1;
            let done = chat.go_on(SEARCH_SLICE_BYTES);
            if let [(who, bytes)] = done[..] {
                assert_eq!(bytes, ALL_BYTES);
                let expected = if who == 0 {
                    (0, 2, false)
                } else {
                    (1, 0, false)
                };
                assert_eq!(chat.told(), [expected]);
            }
            if !chat.0.has_searches() {
                break;
            }
        }
        assert!(
            turns >= 2 * ALL_BYTES / (SEARCH_SLICE_BYTES + 2_000),
            "{turns}"
        );
    }

    #[test]
    fn what_is_said_or_done_meanwhile_is_no_part_of_it() {
        let mut chat = chat();
        chat.search(1, "alone", None);
        chat.search(2, "alone", None);
        assert_eq!(chat.go_on(1), []);
        let (room, text) = (None, "alone again".to_owned());
        chat.ask(0, Request::Say { room, text });
        chat.0.handle_leave(id(2), Moment::default());
        assert!(!chat.0.is_searching(id(2)));
        assert_eq!(chat.go_on(usize::MAX), [(1, ALL_BYTES)]);
        assert_eq!(chat.told(), [(1, 2, false)]);
        // All that may be told at once, and the rest is asked for with `before`.
        chat.search(1, "text", None);
        assert_eq!(chat.go_on(usize::MAX).len(), 1);
        assert_eq!(chat.told(), [(1, 100, false)]);
        chat.search(1, "alone", Some(30));
        assert_eq!(chat.go_on(usize::MAX).len(), 1);
        assert_eq!(chat.told(), [(1, 1, false)]);
        // With no words left there is nothing to look for.
        chat.search(1, "a b !?", None);
        assert!(!chat.0.has_searches());
        assert_eq!(chat.told(), [(1, 0, false)]);
    }
}
