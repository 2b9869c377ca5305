//! The time of day, and what local clocks show of it.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local, Offset as _, TimeZone as _};

use crate::model::{Moment, Zone};

/// The time of day, for who has no turns.
pub(crate) fn now() -> Moment {
    Moment {
        uptime_ms: 0,
        unix_ms: unix_ms(),
        zone: zone(),
    }
}

pub(super) fn unix_ms() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

/// The system's zone, or that of the variable TZ, as it is when it is first asked for.
pub(super) fn zone() -> &'static Zone {
    static ZONE: OnceLock<Zone> = OnceLock::new();
    ZONE.get_or_init(|| {
        Zone::of(|unix_s| {
            let at = DateTime::from_timestamp(unix_s, 0).unwrap_or_default();
            let offset = Local.offset_from_utc_datetime(&at.naive_utc());
            offset.fix().local_minus_utc()
        })
    })
}
