//! Time, read once a turn.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, Offset as _, TimeZone as _};

use crate::model::{Moment, Zone};

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
                unix_ms: 0,
                zone: zone(),
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

    pub(super) fn read(&mut self) {
        let elapsed = self.started.elapsed();
        self.now = Tick::try_from(elapsed.as_millis()).unwrap_or(Tick::MAX);
        self.moment.uptime_ms = self.now;
        self.now_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.moment.unix_ms = unix_ms();
    }
}

/// The time of day, for who has no turns.
pub fn now() -> Moment {
    Moment {
        uptime_ms: 0,
        unix_ms: unix_ms(),
        zone: zone(),
    }
}

fn unix_ms() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

/// The system's zone, or that of the variable TZ, as it is when it is first asked for.
fn zone() -> &'static Zone {
    static ZONE: OnceLock<Zone> = OnceLock::new();
    ZONE.get_or_init(|| {
        Zone::of(|unix_s| {
            let at = DateTime::from_timestamp(unix_s, 0).unwrap_or_default();
            let offset = Local.offset_from_utc_datetime(&at.naive_utc());
            offset.fix().local_minus_utc()
        })
    })
}
