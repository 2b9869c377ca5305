//! How values of options are written.

use std::time::Duration;

use crate::dialect::Dialect;
use crate::limits::{ConnectRate, HISTORY_LIMIT_MAX, Rate};
use crate::model::Durability;
use crate::reactor::{DoorAddress, Place};

/// A time, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOrOff(pub(super) Option<Duration>);

/// A number, or no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountOrOff(pub(super) Option<usize>);

/// A rate, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateOrOff(pub(super) Option<Rate>);

/// A rate of connects, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectRateOrOff(pub(super) Option<ConnectRate>);

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A number of bytes: `4096`, `8KiB`, `1MiB`, `2GiB`.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return Err("a size is a number of bytes, as in 4096, 256KiB or 1MiB".into()),
    };
    let number = digits
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    number
        .filter(|&bytes| (1..=1 << 30).contains(&bytes))
        .ok_or("a size is 1 byte to 1 GiB".into())
}

/// A time: `30` or `30s`, `500ms`, `5m`, `1h`, `7d`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit_ms = match text[digits.len()..].trim() {
        "ms" => 1,
        "" | "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return Err("a time is a number of seconds, or as in 500ms, 30s, 5m, 1h or 7d".into()),
    };
    let ms = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit_ms));
    ms.filter(|ms| (1..=3650 * 24 * 3_600_000).contains(ms))
        .map(Duration::from_millis)
        .ok_or("a time is 1 ms to ten years".into())
}

pub(super) fn time_or_off(text: &str) -> Result<TimeOrOff, String> {
    match text {
        "off" => Ok(TimeOrOff(None)),
        text => time(text).map(|time| TimeOrOff(Some(time))),
    }
}

pub(super) fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "seen" => Ok(Durability::Seen),
        "soon" => Ok(Durability::Soon),
        _ => Err("it is seen or soon".into()),
    }
}

pub(super) fn replay(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&n| n <= HISTORY_LIMIT_MAX);
    number.ok_or(format!("a number up to {HISTORY_LIMIT_MAX} is wanted"))
}

pub(super) fn count_or_off(text: &str) -> Result<CountOrOff, String> {
    match text {
        "off" => Ok(CountOrOff(None)),
        text => count(text).map(|count| CountOrOff(Some(count))),
    }
}

pub(super) fn size_or_off(text: &str) -> Result<CountOrOff, String> {
    match text {
        "off" => Ok(CountOrOff(None)),
        text => size(text).map(|bytes| CountOrOff(Some(bytes))),
    }
}

pub(super) fn rate_or_off(text: &str) -> Result<RateOrOff, String> {
    if text == "off" {
        return Ok(RateOrOff(None));
    }
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|&number| number > 0);
    text.split_once(',')
        .and_then(|(per_s, burst)| {
            Some(Rate {
                per_s: number(per_s)?,
                burst: number(burst)?,
            })
        })
        .map(|rate| RateOrOff(Some(rate)))
        .ok_or("a rate is two numbers from 1 up, as in 10,30, or off".into())
}

pub(super) fn connect_rate_or_off(text: &str) -> Result<ConnectRateOrOff, String> {
    if text == "off" {
        return Ok(ConnectRateOrOff(None));
    }
    let wrong = "a rate of connects is a number and a time, as in 30,10s, or off";
    let (count, window) = text.split_once(',').ok_or(wrong)?;
    let count = count
        .trim()
        .parse()
        .ok()
        .filter(|&count| count > 0)
        .ok_or(wrong)?;
    let window_ms = millis(time(window.trim())?);
    Ok(ConnectRateOrOff(Some(ConnectRate { count, window_ms })))
}

pub(super) fn status_door(text: &str) -> Result<DoorAddress, String> {
    let address: DoorAddress = text.parse()?;
    match address {
        DoorAddress {
            dialect: None,
            is_status: false,
            is_tls: false,
            place: Place::Tcp(_),
        } => Ok(DoorAddress {
            dialect: Some(Dialect::Http),
            is_status: true,
            ..address
        }),
        _ => Err("an address is HOST:PORT, as in 127.0.0.1:9090".into()),
    }
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or("a number from 1 up is wanted".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        for (text, bytes) in [("1", 1), ("8k", 8192), ("8KiB", 8192), ("1 MiB", 1 << 20)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for (text, ms) in [
            ("1", 1000),
            ("250ms", 250),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }
}
