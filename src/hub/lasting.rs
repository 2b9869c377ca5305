//! Accounts and owned rooms that were not used for as long as they last end.

use crate::chat::Entry;
use crate::limits::EXPIRY_STEP;
use crate::model::{AccountChange, AccountId, Deed, Incident, Moment, Record};
use crate::session::{Lasting, interval};

use super::effect::Effect;
use super::state::Hub;

impl Hub {
    /// Ends some of what was not used for as long as it lasts.
    pub(super) fn end_unused(&mut self, now: Moment) {
        let now_ms = self.ran_ms(now);
        for _ in 0..EXPIRY_STEP {
            let Some(&(due_ms, what)) = self.expiry.due.first() else {
                return;
            };
            if due_ms > now_ms {
                return;
            }
            if self.is_in_use(what) {
                self.use_lasting(what, now);
            }
            let Some(&entry) = self.expiry.uses.get(&what) else {
                return;
            };
            let end_ms = entry.used_ms.saturating_add(entry.life_ms);
            if end_ms > now_ms {
                // What is in use is looked at again soon, so that what is kept of its use stays near.
                let soon_ms = match entry.used_ms == now_ms {
                    true => now_ms + interval(entry.life_ms),
                    false => end_ms,
                };
                self.expiry.put_off(what, soon_ms.min(end_ms));
                continue;
            }
            self.end_lasting(what, now);
        }
    }

    pub(super) fn is_in_use(&self, what: Lasting) -> bool {
        match what {
            Lasting::Account(id) => {
                let is_online = |id: AccountId| {
                    let nick = self.chat.directory().get(id).map(|it| &it.record.nick);
                    let user = nick.and_then(|nick| self.chat.users().find(nick.as_str()));
                    user.is_some_and(|user| self.chat.users()[user].account() == Some(id))
                };
                // Its bots note their use with their owner's.
                is_online(id)
            }
            Lasting::Room(id) => !self.chat.rooms().get(id).members().is_empty(),
        }
    }

    pub(super) fn end_lasting(&mut self, what: Lasting, now: Moment) {
        self.expiry.forget(what);
        self.note_steps(self.chat.directory().len() + self.chat.rooms().len());
        let (entry, room, name) = match what {
            Lasting::Account(account) if self.log.is_shared() => {
                let known = self.chat.directory().get(account);
                let nick = known.map(|account| account.record.nick.clone());
                let change = AccountChange::Unregister {
                    account,
                    seen: None,
                };
                let change = Box::new(change);
                (Entry::Account { change, by: None }, None, nick)
            }
            Lasting::Account(id) => {
                let account = self.chat.directory().get(id);
                let nick = account.map(|account| account.record.nick.clone());
                let bots = self.chat.directory().iter();
                let bots = bots.filter(|bot| bot.record.owner == Some(id));
                let bots = bots.map(|bot| bot.record.id);
                let accounts = bots.chain([id]).collect();
                self.effects
                    .push_back(Effect::Keep(Record::AccountGone(id)));
                (Entry::AccountsGone { accounts }, None, nick)
            }
            Lasting::Room(room) => {
                let name = self.chat.rooms().get(room).name.clone();
                (Entry::Disown { room }, Some(name), None)
            }
        };
        self.commit_certain(entry, now);
        self.effects.push_back(Effect::Log(Incident {
            deed: Deed::Expiry { room },
            name,
            peer: None,
        }));
    }
}
