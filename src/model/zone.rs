//! The local time zone as a value: what local clocks show at an instant, and when they show something.

/// Seconds of a day on a local clock.
const DAY_S: i64 = 86_400;

/// How long two changes of a zone are apart at the least, in seconds: in the tz database it is a minute
/// less than a week (Brazil in 2000, Gaza in Ramadans to come).
const STEP_S: i64 = 6 * DAY_S;

/// Up to when the changes of a zone are known: the beginning of 2100, in seconds since 1970.
const KNOWN_TO_S: i64 = 4_102_444_800;

/// The offsets from UTC that local clocks have had and will have.
#[derive(Debug, PartialEq, Eq)]
pub struct Zone {
    /// The offset before the first change, in seconds.
    first: i32,
    /// When it changed, in seconds since 1970, and the offset from then on. Invariant: in that order.
    changes: Vec<(i64, i32)>,
}

/// Clocks that show UTC.
pub(super) static UTC: Zone = Zone {
    first: 0,
    changes: Vec::new(),
};

impl Default for &'static Zone {
    fn default() -> &'static Zone {
        &UTC
    }
}

impl Zone {
    /// The zone with these offsets, in seconds, at instants in seconds since 1970, from then to 2100.
    pub fn of(offset_at: impl Fn(i64) -> i32) -> Zone {
        let first = offset_at(0);
        let mut changes = Vec::new();
        let (mut at, mut offset) = (0, first);
        while at < KNOWN_TO_S {
            let (mut low, mut high) = (at, at + STEP_S);
            at = high;
            let next = offset_at(high);
            if next == offset {
                continue;
            }
            // Invariant: the old offset at `low`, another at `high`.
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                match offset_at(middle) == offset {
                    true => low = middle,
                    false => high = middle,
                }
            }
            changes.push((high, next));
            offset = next;
        }
        changes.shrink_to_fit();
        Zone { first, changes }
    }

    /// How much local clocks are ahead of UTC at an instant, in seconds.
    fn offset_at(&self, unix_s: i64) -> i64 {
        let at = self.changes.partition_point(|&(from, _)| from <= unix_s);
        let offset = at
            .checked_sub(1)
            .map_or(self.first, |at| self.changes[at].1);
        i64::from(offset)
    }

    /// What local clocks show at an instant, as seconds since they showed the beginning of 1970.
    pub fn local_of(&self, unix_s: i64) -> i64 {
        unix_s.saturating_add(self.offset_at(unix_s))
    }

    /// The first instant at which local clocks show that time or a later one. What they skip when they
    /// are put forward begins with what they show next; what they show twice begins with the first time.
    pub fn first_at(&self, local_s: i64) -> i64 {
        let mut offset = i64::from(self.first);
        for &(from, next) in &self.changes {
            if from.saturating_add(offset) > local_s {
                break;
            }
            // It is shown after the change: not before it, when clocks are put forward over it.
            offset = i64::from(next);
            if from.saturating_add(offset) > local_s {
                return from;
            }
        }
        local_s.saturating_sub(offset)
    }

    /// The last instant up to `unix_s` at which clocks began to show a second of the day.
    pub(super) fn last_at(&self, second: u32, unix_s: i64) -> i64 {
        let local_s = self.local_of(unix_s);
        let today = local_s - local_s.rem_euclid(DAY_S) + i64::from(second);
        match self.first_at(today) {
            at if at <= unix_s => at,
            _ => self.first_at(today - DAY_S),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-29 01:00 and 2026-10-25 01:00, UTC.
    const BERLIN: [(i64, i32); 2] = [(1_774_746_000, 7_200), (1_792_890_000, 3_600)];

    fn berlin() -> Zone {
        Zone::of(|at| match at {
            1_774_746_000..1_792_890_000 => 7_200,
            _ => 3_600,
        })
    }

    #[test]
    fn changes_are_found_to_the_second() {
        let zone = berlin();
        assert_eq!((zone.first, &zone.changes[..]), (3_600, &BERLIN[..]));
        assert_eq!(Zone::of(|_| 0), UTC);
        assert_eq!(zone.local_of(BERLIN[0].0 - 1), BERLIN[0].0 - 1 + 3_600);
        assert_eq!(zone.local_of(BERLIN[0].0), BERLIN[0].0 + 7_200);
        assert_eq!(zone.local_of(i64::MAX), i64::MAX);
    }

    #[test]
    fn what_is_skipped_or_shown_twice_has_one_beginning() {
        let zone = berlin();
        let (spring, autumn) = (BERLIN[0].0, BERLIN[1].0);
        // In spring clocks go from 02:00 to 03:00.
        let two = spring + 3_600;
        for (local, instant) in [
            (two - 1, spring - 1),
            (two, spring),
            (two + 1_800, spring),
            (two + 3_600, spring),
            (two + 3_601, spring + 1),
        ] {
            assert_eq!(zone.first_at(local), instant, "{local}");
        }
        // In autumn they go from 03:00 to 02:00.
        let three = autumn + 7_200;
        for (local, instant) in [
            (three - 3_600, autumn - 3_600),
            (three - 1, autumn - 1),
            (three, autumn + 3_600),
            (three + 1, autumn + 3_601),
        ] {
            assert_eq!(zone.first_at(local), instant, "{local}");
        }
        assert_eq!(zone.first_at(i64::MIN), i64::MIN);
        assert_eq!(zone.first_at(i64::MAX), i64::MAX - 3_600);
    }

    #[test]
    fn the_last_time_of_day_may_be_of_yesterday() {
        let zone = berlin();
        let (autumn, hour) = (BERLIN[1].0, 3_600);
        // It is 02:10 for the second time, and was 02:30 once.
        let now = autumn + 600;
        assert_eq!(zone.last_at(2 * 3_600 + 1_800, now), autumn - 1_800);
        assert_eq!(zone.last_at(2 * 3_600 + 300, now), autumn - hour + 300);
        // 14:00 of the day before, in summer time.
        assert_eq!(zone.last_at(14 * 3_600, now), autumn - 13 * hour);
        assert_eq!(zone.last_at(0, now), autumn - 3 * hour);
        // In spring, 02:30 of a day that has none begins with 03:00.
        let spring = BERLIN[0].0;
        assert_eq!(zone.last_at(2 * 3_600 + 1_800, spring + hour), spring);
        assert_eq!(zone.last_at(14 * 3_600, spring), spring - 12 * hour);
    }
}
