//! Deadlines of connections, one entry each at most. Nothing ticks: the earliest deadline is the
//! next poll's timeout.

use std::collections::BTreeSet;
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

    fn tick(self) -> Option<Tick> {
        self.after.map(|after| after.get() - 1)
    }
}

/// The deadlines that are waited for.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Tick, ConnId)>,
}

impl Timers {
    /// Wants `id` to fire at `wanted`, or not at all. `set` is when it is set to fire now, and is kept
    /// true. An entry that is too early stays: it fires, finds nothing due and is set again, which is
    /// cheaper than moving it at each byte that comes. Nobody is woken who waits for nothing.
    pub(super) fn want(&mut self, id: ConnId, wanted: Option<Tick>, set: &mut Alarm) {
        let Some(wanted) = wanted else {
            return self.forget(id, set);
        };
        if set.tick().is_none_or(|set| wanted < set) {
            self.forget(id, set);
            self.due.insert((wanted, id));
            *set = Alarm::at(wanted);
        }
    }

    /// Takes `id` out.
    pub(super) fn forget(&mut self, id: ConnId, set: &mut Alarm) {
        if let Some(tick) = std::mem::take(set).tick() {
            self.due.remove(&(tick, id));
        }
    }

    /// Who is next, if its time has come.
    pub(super) fn pop_due(&mut self, now: Tick) -> Option<ConnId> {
        let &(tick, id) = self.due.first()?;
        if tick > now {
            return None;
        }
        self.due.pop_first();
        Some(id)
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Tick> {
        self.due.first().map(|&(tick, _)| tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_moves_forward_only_and_fires_once() {
        let mut timers = Timers::default();
        let id = ConnId {
            slot: 1,
            generation: 1,
        };
        let mut set = Alarm::default();
        timers.want(id, Some(50), &mut set);
        timers.want(id, Some(90), &mut set);
        assert_eq!((timers.next(), set.tick()), (Some(50), Some(50)));
        timers.want(id, Some(20), &mut set);
        assert_eq!((timers.next(), timers.pop_due(19)), (Some(20), None));
        assert_eq!((timers.pop_due(20), timers.pop_due(1000)), (Some(id), None));
        let mut set = Alarm::default();
        timers.want(id, Some(0), &mut set);
        assert_eq!(set.tick(), Some(0));
        timers.want(id, None, &mut set);
        assert_eq!((timers.next(), set.tick()), (None, None));
    }
}
