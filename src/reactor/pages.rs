//! From events to bytes: rendered once for each kind of reader, onto pages that they share.

use std::collections::HashMap;
use std::rc::Rc;

use crate::buffer::{Chunk, Ledger, Page};
use crate::dialect::{Dialect, View};
use crate::hub::RoomId;
use crate::limits::PAGE_BYTES;
use crate::model::Event;

/// Entries of the table of pages that are kept between turns.
const IDLE_PAGES: usize = 64;

/// What the readers of a page have in common.
type Readers = (RoomId, Dialect, bool);

/// The pages that rooms' texts are rendered onto.
///
/// A page belongs to one room, dialect and place of speaking, so that a reader that is slow holds
/// what it has yet to read, and not what others were told.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) ledger: Ledger,
    open: HashMap<Readers, Rc<Page>>,
    rendered: Vec<u8>,
    ends: Vec<usize>,
}

impl Pages {
    /// Renders events of a room, or of none, for the readers that `view` and `dialect` describe: a
    /// chunk each at the end of `chunks`, neighbours on one page.
    pub(super) fn render(
        &mut self,
        room: Option<RoomId>,
        dialect: Dialect,
        events: &[Event],
        view: &View<'_>,
        chunks: &mut Vec<Chunk>,
    ) {
        self.rendered.clear();
        self.ends.clear();
        for event in events {
            dialect.render(event, view, &mut self.rendered);
            self.ends.push(self.rendered.len());
        }
        let page = match room {
            Some(room) => {
                let ledger = &self.ledger;
                let open = self
                    .open
                    .entry((room, dialect, view.here))
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

    /// Lets go of the pages that nobody has yet to read, at the end of a turn.
    pub(super) fn retire(&mut self) {
        self.open.retain(|_, page| Rc::strong_count(page) > 1);
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
        for count in 1..3 {
            let events = vec![said("hi"); count];
            let mut chunks = Vec::new();
            let room = Some(crate::hub::LOBBY);
            pages.render(room, Dialect::Text, &events, &view(), &mut chunks);
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
