//! Names that somebody waits for: who asks to be told, and is.

use crate::model::{Change, ConnId, ErrorCode, Event, Nick, WatchChange};

use super::decision::Decision;
use super::state::Hub;

impl Hub {
    pub(super) fn watch(
        &mut self,
        who: ConnId,
        change: WatchChange,
    ) -> Result<Decision, ErrorCode> {
        self.own(who)?;
        match change {
            WatchChange::Add(names) => {
                for name in names {
                    self.watches.add(who, name)?;
                }
            }
            WatchChange::Remove(names) => {
                for name in names {
                    self.watches.remove(who, &name.key());
                }
            }
            WatchChange::Clear => self.watches.forget(who),
        }
        Ok(Decision::Answer(Event::Done { what: None }))
    }

    /// Somebody goes by a name from now on, or nobody does.
    pub(super) fn tell_watchers_of_name(&mut self, nick: &Nick, is_online: bool) {
        for who in self.watches.readers_of(nick) {
            let nick = nick.clone();
            let change = match is_online {
                true => Change::Online { nick },
                false => Change::Offline { nick },
            };
            let is_watched = true;
            self.tell(who, Event::Changed { change, is_watched });
        }
    }
}
