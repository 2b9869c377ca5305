//! What goes on, as the operator at the terminal is shown it: who comes and goes, and what is said.

use crate::dialect::{Stage, View};
use crate::limits::SHOWN_BYTES_MAX;
use crate::model::{Author, ConnId, Departure, Event, Nick, Notice, Peer};
use crate::sys::System;

use super::Reactor;

/// To whom it is shown.
#[derive(Debug, Default)]
pub(super) struct Show {
    /// The console at the terminal, where it is to be shown there.
    pub(super) watcher: Option<ConnId>,
    /// Events that were not shown because the terminal took nothing.
    missed: u64,
}

impl<S: System> Reactor<S> {
    /// Shows an event, unless the terminal is too far behind.
    pub(super) fn show_event(&mut self, event: &Event) {
        let Some(id) = self.show.watcher else { return };
        let Some(connection) = self.connections.touch(id) else {
            self.show.watcher = None;
            return;
        };
        if connection.sendq() > SHOWN_BYTES_MAX {
            self.show.missed += 1;
            return;
        }
        let view = View {
            stage: Stage::Joined,
            own: false,
            here: true,
            id: None,
            now: self.clock.moment,
            world: &self.hub,
            source: None,
            links: None,
            form: 0,
        };
        let ledger = &self.pages.ledger;
        match std::mem::take(&mut self.show.missed) {
            0 => {}
            missed => {
                let notice = Event::Notice(Notice::NotShown(missed));
                connection.render(&notice, &view, ledger);
            }
        }
        connection.render(event, &view, ledger);
        self.budget.charge(1);
    }

    pub(super) fn show_coming(&mut self, nick: &Nick, peer: Peer) {
        if self.show.watcher.is_some() {
            let nick = nick.clone();
            let author = Author { nick, peer };
            self.show_event(&Event::Joined { author });
        }
    }

    pub(super) fn show_going(&mut self, nick: Nick) {
        let why = Departure::Quit(None);
        self.show_event(&Event::Left { nick, why });
    }
}
