//! Time, read once a turn.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Moment;

use super::timers::Tick;

/// The time of the turn, both since the start and of day.
pub(super) struct Clock {
    started: Instant,
    /// Milliseconds since the start.
    pub(super) now: Tick,
    now_us: u64,
    pub(super) moment: Moment,
}

impl Clock {
    pub(super) fn new() -> Clock {
        let mut clock = Clock {
            started: Instant::now(),
            now: 0,
            now_us: 0,
            moment: Moment {
                uptime_ms: 0,
                unix_ms: u64::MAX,
                offset_s: 0,
            },
        };
        clock.read();
        clock
    }

    /// Microseconds since the time was read.
    pub(super) fn turn_us(&self) -> u64 {
        let us = self.started.elapsed().as_micros();
        u64::try_from(us)
            .unwrap_or(u64::MAX)
            .saturating_sub(self.now_us)
    }

    pub(super) fn tick(&self) -> Tick {
        Tick::try_from(self.started.elapsed().as_millis()).unwrap_or(Tick::MAX)
    }

    /// The zone's offset changes at full minutes only, and costs a look at a file.
    pub(super) fn read(&mut self) {
        let elapsed = self.started.elapsed();
        self.now = Tick::try_from(elapsed.as_millis()).unwrap_or(Tick::MAX);
        self.moment.uptime_ms = self.now;
        self.now_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let since_1970 = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let unix_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        if unix_ms / 60_000 != self.moment.unix_ms / 60_000 {
            self.moment.offset_s = chrono::Local::now().offset().local_minus_utc();
        }
        self.moment.unix_ms = unix_ms;
    }
}
