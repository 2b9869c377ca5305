//! From events to bytes: each is rendered once per dialect, onto pages that its readers share.

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
}

impl Pages {
    /// Renders an event of a room, or of none, for the readers that `view` and `dialect` describe.
    pub(super) fn render(
        &mut self,
        room: Option<RoomId>,
        dialect: Dialect,
        event: &Event,
        view: &View<'_>,
    ) -> Chunk {
        self.rendered.clear();
        dialect.render(event, view, &mut self.rendered);
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
        page.append(|out| out.extend_from_slice(&self.rendered))
    }

    /// Lets go of the pages that nobody has yet to read, at the end of a turn.
    pub(super) fn retire(&mut self) {
        self.open.retain(|_, page| Rc::strong_count(page) > 1);
        self.open.shrink_to(IDLE_PAGES);
        self.rendered.shrink_to(PAGE_BYTES);
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
        for _ in 0..3 {
            let chunk = pages.render(Some(crate::hub::LOBBY), Dialect::Text, &said("hi"), &view());
            outbox.push(&chunk);
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
