//! Entries that come back through the log of a cluster are applied, with those of the other servers, and who asked for
//! one goes on. Some never come.

use crate::log::{Batch, WireError, read_entries};
use crate::model::{ErrorCode, Moment};

use super::decision::{Asker, Then};
use super::effect::Effect;
use super::state::Hub;

impl Hub {
    /// Applies what was read back, which was taken in at `at_ms`, in milliseconds since 1970.
    ///
    /// # Errors
    /// Not all of it is known here: nothing of it is applied, and nothing after it may be.
    pub fn handle_batch(
        &mut self,
        batch: &Batch,
        at_ms: u64,
        now: Moment,
    ) -> Result<(), WireError> {
        let entries = read_entries(&batch.bytes, batch.count)?;
        let now = Moment {
            unix_ms: at_ms,
            ..now
        };
        for (number, entry) in (batch.first..).zip(entries) {
            let shared = self.log.shared.as_mut();
            let is_own = shared.is_some_and(|shared| shared.begin(batch));
            let ends = self.is_own_end(&entry);
            if ends {
                self.exile_all(now);
            }
            let proposed = is_own.then(|| self.proposed.take(number)).flatten();
            match proposed.and_then(|it| it.asker) {
                Some(mut asker) => {
                    let done = self.commit_of(&mut asker, entry, batch.node, now);
                    self.end_proposed(asker, done, now);
                }
                None => {
                    // Whoever asked is gone, or asked elsewhere.
                    let _ = self.commit(None, entry, batch.node, now);
                }
            }
            if ends && is_own && self.begin_membership(batch.generation) {
                self.refuse_all_proposed(now);
                self.come_back(now);
            }
        }
        Ok(())
    }

    /// Entries up to a number have waited for too long. The cluster may have those up to `sent`: who asked is told that it
    /// is not known whether they come. The others never will.
    pub fn handle_overdue(&mut self, through: u64, sent: u64, now: Moment) {
        let mut told = Vec::new();
        self.proposed.queue.retain_mut(|it| {
            if it.number > through || !it.is_impatient() {
                return true;
            }
            let is_sent = it.number <= sent;
            told.extend(it.asker.take().map(|asker| (asker, is_sent)));
            is_sent
        });
        for (asker, is_sent) in told {
            let code = match is_sent {
                true => ErrorCode::Uncertain,
                false => ErrorCode::ClusterAway,
            };
            self.end_proposed(asker, Err(code), now);
        }
    }

    /// Nothing that is on its way will come.
    fn refuse_all_proposed(&mut self, now: Moment) {
        for it in std::mem::take(&mut self.proposed.queue) {
            let Some(mut asker) = it.asker else {
                continue;
            };
            // Who was to come back is to come back yet.
            match std::mem::take(&mut asker.then) {
                Then::Return(exile) => {
                    self.exiles.push_back(*exile);
                    self.proposed.end(asker.who);
                }
                then => {
                    asker.then = then;
                    self.end_proposed(asker, Err(ErrorCode::ClusterAway), now);
                }
            }
        }
    }

    /// An entry has come back, or never will.
    fn end_proposed(&mut self, asker: Asker, done: Result<(), ErrorCode>, now: Moment) {
        let who = asker.who;
        if let Some((asker, entry)) = self.after_entry(asker, done, now) {
            self.propose(Some(asker), entry, now);
        }
        if self.proposed.end(who) {
            self.effects.push_back(Effect::Release { who });
        }
    }
}

#[cfg(test)]
mod tests;
