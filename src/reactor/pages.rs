//! From events to bytes: rendered once for each kind of reader, onto pages that they share.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::rc::Rc;

use crate::buffer::{Chunk, Ledger, Page};
use crate::dialect::{Dialect, View};
use crate::frame::websocket::{self, Opcode};
use crate::hub::RoomId;
use crate::limits::PAGE_BYTES;
use crate::model::Event;

use super::delivery::Happened;

/// Entries of the table of pages that are kept between turns.
const IDLE_PAGES: usize = 64;

/// As which messages of a WebSocket a connection is told lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Messages {
    /// It is no WebSocket.
    None,
    Text,
    Binary,
}

/// What readers who see the same bytes have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// What they speak.
    pub(super) dialect: Dialect,
    /// What else makes a difference to the bytes: [`Kind::IN_MESSAGES`], [`Kind::HERE`] and [`Kind::BINARY`];
    /// the bits above are what readers of a dialect have asked for.
    form: u32,
}

impl Kind {
    /// Each event comes to them as a WebSocket message.
    const IN_MESSAGES: u32 = 1;
    /// They speak in the room of the events.
    const HERE: u32 = 1 << 1;
    /// The messages are binary ones.
    const BINARY: u32 = 1 << 2;
    /// What the dialect says stands above that.
    const OF_DIALECT: u32 = 3;

    pub(super) fn new(dialect: Dialect, messages: Messages, here: bool, form: u32) -> Kind {
        let bit = |is_set, bit| if is_set { bit } else { 0 };
        Kind {
            dialect,
            form: bit(messages != Messages::None, Kind::IN_MESSAGES)
                | bit(messages == Messages::Binary, Kind::BINARY)
                | bit(here, Kind::HERE)
                | form << Kind::OF_DIALECT,
        }
    }

    /// Do they speak in the room of the events?
    pub(super) fn here(self) -> bool {
        self.form & Kind::HERE != 0
    }

    /// What readers of the dialect have asked for.
    pub(super) fn form(self) -> u32 {
        self.form >> Kind::OF_DIALECT
    }

    /// Appends an event as they see it, in frames of their framing.
    pub(super) fn render(self, event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
        self.frame(out, |out| self.dialect.render(event, view, out));
    }

    /// Appends what `write` writes, a message a line where they have messages.
    pub(super) fn frame(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        write(out);
        if self.form & Kind::IN_MESSAGES != 0 {
            let opcode = match self.form & Kind::BINARY != 0 {
                true => Opcode::Binary,
                false => Opcode::Text,
            };
            websocket::wrap_lines(opcode, out, start);
        }
    }
}

/// The pages that rooms' texts are rendered onto.
///
/// A page belongs to one room and kind of readers, so that a reader that is slow holds
/// what it has yet to read, and not what others were told.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) ledger: Ledger,
    open: HashMap<(RoomId, Kind), Rc<Page>>,
    /// Files of the web page that somebody has yet to read, by where the program has them.
    assets: HashMap<*const u8, Chunk>,
    rendered: Vec<u8>,
    ends: Vec<usize>,
}

impl Pages {
    /// Renders events of a room, or of none, for one kind of readers as `view` has them: a chunk each
    /// at the end of `chunks`, neighbours on one page.
    pub(super) fn render(
        &mut self,
        room: Option<RoomId>,
        kind: Kind,
        events: &[Happened],
        view: &View<'_>,
        chunks: &mut Vec<Chunk>,
    ) {
        self.rendered.clear();
        self.ends.clear();
        for Happened { event, source } in events {
            let source = source.as_deref();
            let view = View { source, ..*view };
            kind.render(event, &view, &mut self.rendered);
            self.ends.push(self.rendered.len());
        }
        let page = match room {
            Some(room) => {
                let ledger = &self.ledger;
                let open = self
                    .open
                    .entry((room, kind))
                    .or_insert_with(|| Page::new(ledger));
                if !open.has_room(self.rendered.len()) {
                    *open = Page::new(ledger);
                }
                Rc::clone(open)
            }
            None => Page::new(&self.ledger),
        };
        let mut rest = page.append(|out| out.extend_from_slice(&self.rendered));
        let mut begin = 0;
        for &end in &self.ends {
            chunks.push(rest.split_to(end - begin));
            begin = end;
        }
    }

    /// A file of the web page, shared by all that have yet to read it.
    pub(super) fn asset(&mut self, bytes: &'static [u8]) -> Chunk {
        let ledger = &self.ledger;
        let asset = self.assets.entry(bytes.as_ptr()).or_insert_with(|| {
            let page = Page::new(ledger);
            page.append(|out| out.extend_from_slice(bytes))
        });
        asset.clone()
    }

    /// Lets go of the pages that nobody has yet to read, at the end of a turn.
    pub(super) fn retire(&mut self) {
        self.open.retain(|_, page| Rc::strong_count(page) > 1);
        self.assets.retain(|_, asset| asset.is_shared());
        self.open.shrink_to(IDLE_PAGES);
        self.rendered.shrink_to(PAGE_BYTES);
        self.ends.shrink_to(IDLE_PAGES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Outbox;
    use crate::dialect::oracle::{said, view};

    #[test]
    fn a_page_lives_as_long_as_somebody_has_yet_to_read_it() {
        let mut pages = Pages::default();
        let mut outbox = Outbox::default();
        let kind = Kind::new(Dialect::Text, Messages::None, true, 0);
        for count in 1..3 {
            let hi = || Happened {
                event: said("hi"),
                source: None,
            };
            let events: Vec<_> = std::iter::repeat_with(hi).take(count).collect();
            let mut chunks = Vec::new();
            let room = Some(crate::chat::LOBBY);
            pages.render(room, kind, &events, &view(), &mut chunks);
            assert_eq!(chunks.len(), count);
            chunks.iter().for_each(|chunk| outbox.push(chunk));
        }
        pages.retire();
        assert_eq!(pages.open.len(), 1);
        let mut sent = Vec::new();
        outbox.flush(&mut sent).expect("a Vec takes everything");
        assert_eq!(sent, b"[Alice] hi\n".repeat(3));
        pages.retire();
        assert_eq!((pages.open.len(), pages.ledger.held()), (0, 0));
    }
}
