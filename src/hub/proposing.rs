//! Entries on their way through the log of a cluster: they are proposed, and applied when they are read back, with
//! those of the other servers. Who asked for one is kept here until then.

use std::collections::{BTreeMap, VecDeque};

use crate::chat::{Entry, LOBBY, User};
use crate::log::{Batch, SharedLog, WireError, read_entries};
use crate::model::{
    Author, ConnId, Departure, ErrorCode, Event, Moment, Nick, NodeId, Peer, UserId,
};

use super::decision::{Asker, Wants};
use super::effect::Effect;
use super::state::Hub;

/// What is on its way.
#[derive(Debug, Default)]
pub(super) struct Proposed {
    /// In the order of their numbers, with none twice.
    queue: VecDeque<OnItsWay>,
    /// How many of them each connection waits for. Invariant: none that waits for none.
    connections: BTreeMap<ConnId, usize>,
    /// How long one waits before who asked for it is told that it may not come, in milliseconds.
    wait_ms: u64,
}

#[derive(Debug)]
struct OnItsWay {
    number: u64,
    /// Who is told what comes of it, unless it is gone.
    asker: Option<Asker>,
    /// When it was proposed, in milliseconds since the start.
    since_ms: u64,
}

impl Proposed {
    /// Does a connection wait for any of it?
    pub(super) fn has(&self, who: ConnId) -> bool {
        self.connections.contains_key(&who)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// When the first of them has waited for too long, in milliseconds since the start.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let first = self.queue.iter().find(|it| it.is_impatient())?;
        Some(first.since_ms + self.wait_ms)
    }

    fn push(&mut self, entry: OnItsWay) {
        if let Some(asker) = &entry.asker {
            *self.connections.entry(asker.who).or_default() += 1;
        }
        self.queue.push_back(entry);
    }

    /// Takes out the one of a number.
    fn take(&mut self, number: u64) -> Option<OnItsWay> {
        let at = self.queue.binary_search_by_key(&number, |it| it.number);
        self.queue.remove(at.ok()?)
    }

    /// A connection waits for one less. `true`: that was the last.
    fn end(&mut self, who: ConnId) -> bool {
        let Some(count) = self.connections.get_mut(&who) else {
            return false;
        };
        *count -= 1;
        let is_last = *count == 0;
        if is_last {
            self.connections.remove(&who);
        }
        is_last
    }
}

impl OnItsWay {
    /// Is somebody to be told that it may not come? Who comes back waits as long as that takes.
    fn is_impatient(&self) -> bool {
        let asker = self.asker.as_ref();
        asker.is_some_and(|asker| !matches!(asker.wants, Wants::Return(_)))
    }
}

/// Is it something said, which more may follow before it is read back?
fn is_said(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::Say { .. } | Entry::Private { .. } | Entry::Mail { .. } | Entry::Tag { .. }
    )
}

impl Hub {
    /// From now on, entries go through the log of a cluster, in which this server has that number and membership.
    /// Who asks for a change is told so when the cluster has not taken it for `wait_ms` milliseconds.
    pub fn share(&mut self, node: NodeId, generation: u64, wait_ms: u64) {
        self.proposed.wait_ms = wait_ms;
        self.log.shared = Some(Box::new(SharedLog::new(node, generation)));
    }

    /// Has an entry proposed. Whoever asks is told what comes of it, and asks for nothing else before, but for saying
    /// more after something said.
    pub(super) fn propose(&mut self, asker: Option<Asker>, entry: Entry, now: Moment) {
        let Some(shared) = &mut self.log.shared else {
            return;
        };
        let number = shared.propose(&entry);
        if let Some(asker) = &asker
            && !is_said(&entry)
        {
            self.effects.push_back(Effect::Hold { who: asker.who });
        }
        self.proposed.push(OnItsWay {
            number,
            asker,
            since_ms: now.uptime_ms,
        });
    }

    /// What is to be sent to the cluster.
    pub fn take_proposals(&mut self) -> Option<Batch> {
        self.log.shared.as_mut()?.take()
    }

    /// Does a connection wait for changes that it has asked for?
    pub fn awaits_entries(&self, who: ConnId) -> bool {
        self.proposed.has(who)
    }

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
            if ends && is_own {
                self.come_back(batch.generation, now);
            }
        }
        Ok(())
    }

    /// The number of the last entry that has waited for too long.
    pub fn overdue(&self, now: Moment) -> Option<u64> {
        let is_late = |it: &&OnItsWay| it.since_ms + self.proposed.wait_ms <= now.uptime_ms;
        let late = self.proposed.queue.iter().take_while(is_late);
        let late = late.filter(|it| it.is_impatient());
        late.last().map(|it| it.number)
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
    pub(super) fn refuse_all_proposed(&mut self, now: Moment) {
        for it in std::mem::take(&mut self.proposed.queue) {
            if let Some(asker) = it.asker {
                self.end_proposed(asker, Err(ErrorCode::ClusterAway), now);
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

    /// A connection is gone: nobody is told what comes of what it asked for.
    pub(super) fn forget_proposed(&mut self, who: ConnId) {
        if self.proposed.connections.remove(&who).is_some() {
            for it in &mut self.proposed.queue {
                it.asker.take_if(|asker| asker.who == who);
            }
        }
    }

    /// A user has one session more than there are connections of it here, as that which asked for it is gone: it ends.
    pub(super) fn end_orphan(&mut self, user: UserId, now: Moment) {
        if self.log.is_shared() && self.log.is_own() {
            let (at, why) = (self.sessions.of(user).count(), Departure::Quit(None));
            self.propose(None, Entry::End { user, at, why }, now);
        }
    }

    /// Somebody has come in at another server, or here and is gone.
    pub(super) fn hear_joined_elsewhere(&mut self, user: UserId, now: Moment) {
        self.end_orphan(user, now);
        self.watches.users_max = self.watches.users_max.max(self.chat.users().len());
        let Some(own) = self.chat.users().get(user) else {
            return;
        };
        self.watches.has_profiles |= own.profile().is_some();
        let (nick, is_in_lobby, is_untold) =
            (own.nick().clone(), own.is_in(LOBBY), own.is_untold());
        if is_untold {
            self.tell_later(user, now);
        } else if is_in_lobby {
            let author = self.author_elsewhere(user, nick.clone());
            self.tell_of_entering(user, LOBBY, Event::Joined { author }, now);
        }
        self.tell_watchers_of_name(&nick, true);
    }

    /// Name and address of who has no session here, as events carry them.
    pub(super) fn author_elsewhere(&self, user: UserId, nick: Nick) -> Author {
        let peer = self.chat.users().get(user).map(User::peer);
        let peer = self.shown_of(peer.unwrap_or(Peer::NOWHERE), user);
        Author { nick, peer }
    }
}

#[cfg(test)]
mod tests;
