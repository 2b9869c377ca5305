//! Time, read once a turn.

use crate::model::Moment;
use crate::sys::System;

use super::timers::Tick;

/// The time of the turn, both since the start and of day.
pub(super) struct Clock {
    /// Milliseconds since the start.
    pub(super) now: Tick,
    /// Microseconds since the start.
    now_us: u64,
    pub(super) moment: Moment,
}

impl Clock {
    pub(super) fn new(system: &impl System) -> Clock {
        let mut clock = Clock {
            now: 0,
            now_us: 0,
            moment: Moment {
                uptime_ms: 0,
                unix_ms: 0,
                zone: system.zone(),
            },
        };
        clock.read(system);
        clock
    }

    pub(super) fn read(&mut self, system: &impl System) {
        let elapsed = system.elapsed();
        self.now = Tick::try_from(elapsed.as_millis()).unwrap_or(Tick::MAX);
        self.moment.uptime_ms = self.now;
        self.now_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.moment.unix_ms = system.unix_ms();
    }

    /// Milliseconds since the start, as it is now.
    pub(super) fn tick(&self, system: &impl System) -> Tick {
        Tick::try_from(system.elapsed().as_millis()).unwrap_or(Tick::MAX)
    }

    /// Microseconds since the time was read.
    pub(super) fn turn_us(&self, system: &impl System) -> u64 {
        let us = u64::try_from(system.elapsed().as_micros());
        us.unwrap_or(u64::MAX).saturating_sub(self.now_us)
    }
}
