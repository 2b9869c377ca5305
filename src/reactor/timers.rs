//! Deadlines of connections, one entry each at most. Nothing ticks: the earliest deadline is the
//! next poll's timeout.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;
use std::num::NonZeroU64;

use crate::model::ConnId;

/// Milliseconds since the reactor's start.
pub type Tick = u64;

/// When a connection's entry in the timers fires, if it has one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alarm {
    /// One more than the tick, so that none takes no room of its own.
    after: Option<NonZeroU64>,
}

impl Alarm {
    fn at(tick: Tick) -> Alarm {
        Alarm {
            after: NonZeroU64::new(tick.saturating_add(1)),
        }
    }

    /// Unsets it if it is set to `tick`, and tells whether it was.
    pub(super) fn unset(&mut self, tick: Tick) -> bool {
        let was_set = self.tick() == Some(tick);
        if was_set {
            *self = Alarm::default();
        }
        was_set
    }

    fn tick(self) -> Option<Tick> {
        self.after.map(|after| after.get() - 1)
    }
}

/// The deadlines that are waited for.
///
/// They stand in one heap, which takes no memory for each. An entry that is forgotten stays in it
/// until it is the earliest, or until half of the heap is forgotten.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BinaryHeap<Reverse<(Tick, ConnId)>>,
    /// Invariant: how many entries are forgotten, so that their connections' alarms are not set to
    /// them.
    forgotten: usize,
}

/// Entries that the heap keeps its memory for.
const IDLE_ENTRIES: usize = 64;

impl Timers {
    /// Wants `id` to fire at `wanted`, or not at all. `set` is when it is set to fire now, and is kept
    /// true. An entry that is too early stays: it fires, finds nothing due and is set again, which is
    /// cheaper than moving it at each byte that comes. Nobody is woken who waits for nothing.
    pub(super) fn want(&mut self, id: ConnId, wanted: Option<Tick>, set: &mut Alarm) {
        let Some(wanted) = wanted else {
            return self.forget(set);
        };
        if set.tick().is_none_or(|set| wanted < set) {
            self.forget(set);
            self.due.push(Reverse((wanted, id)));
            *set = Alarm::at(wanted);
        }
    }

    /// Unsets an alarm.
    pub(super) fn forget(&mut self, set: &mut Alarm) {
        if mem::take(set).tick().is_some() {
            self.forgotten += 1;
        }
    }

    /// Who is next, if its time has come. `unset` unsets a connection's alarm, if it is set to a tick,
    /// and tells whether it was.
    pub(super) fn pop_due(
        &mut self,
        now: Tick,
        mut unset: impl FnMut(ConnId, Tick) -> bool,
    ) -> Option<ConnId> {
        while self.next().is_some_and(|tick| tick <= now) {
            let Reverse((tick, id)) = self.due.pop()?;
            if unset(id, tick) {
                return Some(id);
            }
            self.forgotten -= 1;
        }
        None
    }

    /// Takes out what is forgotten, where it stands first or is much.
    pub(super) fn tidy(&mut self, mut alarm_of: impl FnMut(ConnId) -> Option<Alarm>) {
        let mut is_set = |tick, id| alarm_of(id).is_some_and(|alarm| alarm.tick() == Some(tick));
        while self.forgotten > 0
            && let Some(&Reverse((tick, id))) = self.due.peek()
            && !is_set(tick, id)
        {
            self.due.pop();
            self.forgotten -= 1;
        }
        if self.forgotten > IDLE_ENTRIES.max(self.due.len() / 2) {
            let mut due = mem::take(&mut self.due).into_vec();
            due.retain(|&Reverse((tick, id))| is_set(tick, id));
            // Of who is set to a time that it was set to before, only one entry is not forgotten.
            due.sort_unstable();
            due.dedup();
            self.due = due.into();
            self.forgotten = 0;
        }
        if self.due.len() < self.due.capacity() / 4 {
            self.due.shrink_to(IDLE_ENTRIES.max(2 * self.due.len()));
        }
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Tick> {
        self.due.peek().map(|&Reverse((tick, _))| tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32) -> ConnId {
        ConnId {
            slot,
            generation: 1,
        }
    }

    #[test]
    fn an_entry_moves_forward_only_and_fires_once() {
        let mut timers = Timers::default();
        let mut set = Alarm::default();
        timers.want(id(1), Some(50), &mut set);
        timers.want(id(1), Some(90), &mut set);
        assert_eq!((timers.next(), set.tick()), (Some(50), Some(50)));
        timers.want(id(1), Some(20), &mut set);
        assert_eq!((timers.next(), set.tick()), (Some(20), Some(20)));
        assert_eq!(timers.pop_due(19, |_, tick| set.unset(tick)), None);
        assert_eq!(timers.pop_due(1000, |_, tick| set.unset(tick)), Some(id(1)));
        assert_eq!(timers.pop_due(1000, |_, tick| set.unset(tick)), None);
        assert_eq!((timers.next(), timers.forgotten), (None, 0));
    }

    #[test]
    fn nobody_is_woken_for_what_is_forgotten() {
        let mut timers = Timers::default();
        let mut set = Alarm::default();
        timers.want(id(1), Some(0), &mut set);
        assert_eq!(set.tick(), Some(0));
        timers.want(id(1), None, &mut set);
        timers.tidy(|_| Some(set));
        assert_eq!((timers.next(), set.tick()), (None, None));
    }

    #[test]
    fn who_is_set_to_the_same_time_again_and_again_fires_once() {
        let mut timers = Timers::default();
        let mut set = Alarm::default();
        for _ in 0..2 * IDLE_ENTRIES {
            timers.want(id(1), Some(50), &mut set);
            timers.forget(&mut set);
        }
        timers.want(id(1), Some(50), &mut set);
        timers.tidy(|_| Some(set));
        assert_eq!(timers.pop_due(50, |_, tick| set.unset(tick)), Some(id(1)));
        assert_eq!(timers.pop_due(50, |_, tick| set.unset(tick)), None);
        assert_eq!((timers.next(), timers.forgotten), (None, 0));
    }

    #[test]
    fn a_crowd_leaves_nothing_behind() {
        let mut timers = Timers::default();
        let mut alarms = vec![Alarm::default(); 10_000];
        for (slot, alarm) in alarms.iter_mut().enumerate() {
            timers.want(id(slot as u32), Some(30_000 + slot as u64), alarm);
        }
        let (last, others) = alarms.split_last_mut().expect("a crowd");
        others.iter_mut().for_each(|alarm| timers.forget(alarm));
        let alarm_of = |id: ConnId| (id.slot == 9_999).then_some(*last);
        timers.tidy(alarm_of);
        assert_eq!(timers.next(), Some(39_999));
        assert!(timers.due.capacity() <= IDLE_ENTRIES);
    }
}
