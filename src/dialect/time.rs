//! Times as people write them.

use crate::model::{ErrorCode, Moment, Since};

use super::words::seconds;

const DAY_S: u32 = 86_400;

/// A time as `30s`, `10m`, `2h` or `7d` ago, as `14:05` or `14:05:30`, or as `2026-11-21`, which may go on
/// as in `2026-11-21T14:05`.
///
/// # Errors
/// [`ErrorCode::BadTime`].
pub(crate) fn since(word: &str) -> Result<Since, ErrorCode> {
    let local = || match word.split_once(['T', 't']) {
        Some((date, clock)) => Some(date_s(date)? + i64::from(clock_s(clock)?)),
        None => date_s(word),
    };
    seconds(word)
        .map(Since::Ago)
        .or_else(|| clock_s(word).map(Since::Clock))
        .or_else(|| local().map(Since::Local))
        .ok_or(ErrorCode::BadTime)
}

/// A day since 1970 as `2026-11-21`.
pub(crate) fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time in milliseconds since 1970 as `2026-11-21 14:05 UTC`.
pub(super) fn date_and_time(unix_ms: u64) -> String {
    let minutes = i64::try_from(unix_ms / 60_000).unwrap_or(0);
    let (h, m) = (minutes / 60 % 24, minutes % 60);
    format!("{} {h:02}:{m:02} UTC", date(minutes / 1440))
}

/// A time as `2026-11-21T14:05:30.123Z`, in milliseconds since 1970.
pub(super) fn unix_ms_of(word: &str) -> Option<u64> {
    let (date, clock) = word.strip_suffix('Z')?.split_once('T')?;
    let (clock, ms) = clock.split_once('.').unwrap_or((clock, "0"));
    let ms = u64::from(number(&format!("{ms:0<3}"), 3)?);
    let s = u64::try_from(date_s(date)?).ok()? + u64::from(clock_s(clock)?);
    Some(s * 1000 + ms)
}

/// `HH:MM` or `HH:MM:SS` as a second of the day.
fn clock_s(word: &str) -> Option<u32> {
    let mut parts = word.split(':');
    let h = number(parts.next()?, 2)?;
    let m = number(parts.next()?, 2)?;
    let s = parts.next().map_or(Some(0), |s| number(s, 2))?;
    let is_good = h < 24 && m < 60 && s < 60 && parts.next().is_none();
    is_good.then_some(h * 3600 + m * 60 + s)
}

/// `YYYY-MM-DD` as the second since 1970 with which that day begins.
fn date_s(word: &str) -> Option<i64> {
    let mut parts = word.split('-');
    let year = i64::from(number(parts.next().filter(|year| year.len() == 4)?, 4)?);
    let month = i64::from(number(parts.next()?, 2)?);
    let day = i64::from(number(parts.next()?, 2)?);
    // The days of each month from March on follow one line; the leap day is the last of the year then.
    let (march_year, march_month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leap_days =
        march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    let days = march_year * 365 + leap_days + (153 * march_month + 2) / 5 + day - 1 - TO_1970;
    // A day that there is comes back as itself.
    let is_good = parts.next().is_none() && civil(days) == (year, month, day);
    is_good.then_some(days * i64::from(DAY_S))
}

/// The date and time as HTTP's Date field has it (IMF-fixdate, RFC 9110 section 5.6.7).
pub(crate) fn imf_date(now: Moment) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let unix_s = i64::try_from(now.unix_ms / 1000).unwrap_or(0);
    let (days, second) = (unix_s / i64::from(DAY_S), unix_s % i64::from(DAY_S));
    let (year, month, day) = civil(days);
    let weekday = DAYS[days.rem_euclid(7) as usize];
    let month = MONTHS[(month - 1) as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Days from 1 March of the year 0 to 1 January 1970.
const TO_1970: i64 = 719_468;
/// Days of 400 years.
const ERA: i64 = 146_097;

/// Year, month and day of a day since 1970 (the inverse of the sum in [`date_s`]).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + TO_1970;
    let of_era = days.rem_euclid(ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let year = year_of_era + days.div_euclid(ERA) * 400;
    match march_month {
        0..10 => (year, march_month + 3, day),
        _ => (year + 1, march_month - 9, day),
    }
}

fn number(digits: &str, len_max: usize) -> Option<u32> {
    let is_good = digits.len() <= len_max && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_good)
}

#[cfg(test)]
mod tests {
    use super::super::oracle::shown;
    use super::*;

    #[test]
    fn dates_as_http_has_them() {
        for (unix_s, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_764_115_200, "Wed, 26 Nov 2025 00:00:00 GMT"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
        ] {
            let now = Moment {
                unix_ms: unix_s * 1000 + 999,
                ..Moment::default()
            };
            assert_eq!(imf_date(now), date);
        }
    }

    #[test]
    fn times_are_read_and_shown() {
        for (word, read, again) in [
            ("30s", Since::Ago(30), "30s"),
            ("7d", Since::Ago(604_800), "604800s"),
            ("14:05", Since::Clock(50_700), "14:05:00"),
            ("9:05:59", Since::Clock(32_759), "09:05:59"),
            ("1970-01-01", Since::Local(0), "1970-01-01T00:00:00"),
            ("1969-12-31t23:59", Since::Local(-60), "1969-12-31T23:59:00"),
            (
                "2000-02-29",
                Since::Local(951_782_400),
                "2000-02-29T00:00:00",
            ),
            (
                "2026-11-21T14:05",
                Since::Local(1_795_269_900),
                "2026-11-21T14:05:00",
            ),
            (
                "0000-03-01",
                Since::Local(-62_162_035_200),
                "0000-03-01T00:00:00",
            ),
            (
                "9999-12-31",
                Since::Local(253_402_214_400),
                "9999-12-31T00:00:00",
            ),
        ] {
            assert_eq!(since(word), Ok(read), "{word}");
            assert_eq!(shown(read).as_deref(), Some(again));
            assert_eq!(since(again), Ok(read));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for word in [
            "",
            ":",
            "T",
            "-",
            "5",
            "0m",
            "5 m",
            "24:00",
            "12:60",
            "12:00:60",
            "12",
            "12:",
            "+1:00",
            "1:2:3:4",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-4-0",
            "26-01-01",
            "2026-01-01T",
            "2026-01-01T25:00",
            "2026-01-01-01",
            "é",
            "20260-01-01",
            "99999999999999999999d",
        ] {
            assert_eq!(since(word), Err(ErrorCode::BadTime), "{word}");
        }
        assert_eq!(shown(Since::Clock(86_400)), None);
        assert_eq!(shown(Since::Local(i64::MAX)), None);
        assert_eq!(shown(Since::Local(i64::MIN)), None);
    }

    #[test]
    fn every_day_of_four_hundred_years_comes_back() {
        for days in -ERA / 2..ERA / 2 {
            let shown = shown(Since::Local(days * i64::from(DAY_S))).expect("a date");
            let date = shown.split('T').next().expect("a date");
            assert_eq!(date_s(date), Some(days * i64::from(DAY_S)), "{shown}");
        }
    }
}
