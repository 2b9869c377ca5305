//! How values of options are written.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::dialect::Dialect;
use crate::limits::{ConnectRate, Rate, options};
use crate::model::{Durability, RegistrationMode};
use crate::reactor::{DoorAddress, Place};

/// A number of bytes, as [`size`] reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) usize);

/// A number of bytes of a disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct LargeSize(pub(super) u64);

/// A time in milliseconds, as [`time`] reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) u64);

/// A time in milliseconds, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOrOff(pub(super) Option<u64>);

/// A number, or no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountOrOff(pub(super) Option<usize>);

/// A rate, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateOrOff(pub(super) Option<Rate>);

/// A rate of connects, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectRateOrOff(pub(super) Option<ConnectRate>);

const DAY_MS: u64 = 24 * 3_600_000;

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Reads a value as `read` does, and refuses what is not within `bounds`, which it says.
fn within<N: PartialOrd + Copy + 'static, T: 'static>(
    read: fn(&str) -> Result<T, String>,
    number: fn(&T) -> Option<N>,
    shown: fn(N) -> String,
    bounds: RangeInclusive<N>,
    behind: &'static str,
) -> impl Parse<T>
where
    RangeInclusive<N>: Clone + Send + Sync,
{
    move |text: &str| {
        let value = read(text)?;
        match number(&value) {
            Some(number) if !bounds.contains(&number) => {
                let (least, most) = (shown(*bounds.start()), shown(*bounds.end()));
                Err(format!("it is {least} to {most}{behind}"))
            }
            _ => Ok(value),
        }
    }
}

/// What clap takes for a parser of values.
pub(super) trait Parse<T>:
    Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
{
}

impl<T, F: Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static> Parse<T> for F {}

/// Behind the bounds of what can also be turned off.
const OR_OFF: &str = ", or off";

fn shown_size(bytes: usize) -> String {
    Size(bytes).to_string()
}

fn shown_time(ms: u64) -> String {
    Time(ms).to_string()
}

/// A number of bytes within bounds; here and below.
pub(super) fn size_in(bounds: RangeInclusive<usize>) -> impl Parse<Size> {
    within(Size::from_str, |it| Some(it.0), shown_size, bounds, "")
}

pub(super) fn bytes_in(bounds: RangeInclusive<usize>) -> impl Parse<usize> {
    within(size, |&it| Some(it), shown_size, bounds, "")
}

pub(super) fn size_or_off_in(bounds: RangeInclusive<usize>) -> impl Parse<CountOrOff> {
    within(size_or_off, |it| it.0, shown_size, bounds, OR_OFF)
}

pub(super) fn time_in(bounds: RangeInclusive<u64>) -> impl Parse<Time> {
    within(Time::from_str, |it| Some(it.0), shown_time, bounds, "")
}

pub(super) fn time_or_off_in(bounds: RangeInclusive<u64>) -> impl Parse<TimeOrOff> {
    within(TimeOrOff::from_str, |it| it.0, shown_time, bounds, OR_OFF)
}

pub(super) fn count_in(bounds: RangeInclusive<usize>) -> impl Parse<usize> {
    within(count, |&it| Some(it), |it| it.to_string(), bounds, "")
}

pub(super) fn count_or_off_in(bounds: RangeInclusive<usize>) -> impl Parse<CountOrOff> {
    within(count_or_off, |it| it.0, |it| it.to_string(), bounds, OR_OFF)
}

/// A number of bytes of a disk: as [`size`], and `1TiB`.
pub(super) fn large_size_in(bounds: RangeInclusive<u64>) -> impl Parse<LargeSize> {
    within(
        large_size,
        |it| Some(it.0),
        |it| LargeSize(it).to_string(),
        bounds,
        "",
    )
}

fn large_size(text: &str) -> Result<LargeSize, String> {
    let tib = text.to_ascii_lowercase();
    let tib = tib.strip_suffix("tib").or_else(|| tib.strip_suffix('t'));
    let of_tib = |digits: &str| digits.trim().parse::<u64>().ok()?.checked_mul(1 << 40);
    let of_gib = || {
        let gib = text.to_ascii_lowercase();
        let digits = gib.strip_suffix("gib").or_else(|| gib.strip_suffix('g'))?;
        digits.trim().parse::<u64>().ok()?.checked_mul(1 << 30)
    };
    match tib.map_or_else(of_gib, of_tib) {
        Some(bytes) => Ok(LargeSize(bytes)),
        None => size(text).map(|bytes| LargeSize(bytes as u64)),
    }
}

impl fmt::Display for LargeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes.is_multiple_of(1 << 30) => write!(f, "{}GiB", bytes >> 30),
            bytes if bytes.is_multiple_of(1 << 20) => write!(f, "{}MiB", bytes >> 20),
            bytes => bytes.fmt(f),
        }
    }
}

/// The beginning of a link: a scheme and a host, and maybe a path.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:[]/".contains(&byte);
    match rest {
        Some(rest) if !rest.is_empty() && rest.len() <= 200 && rest.bytes().all(is_good) => {
            Ok(text.trim_end_matches('/').into())
        }
        _ => Err("it is as in https://chat.example or https://example.org/chat".into()),
    }
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
        "d" => DAY_MS,
        _ => return Err("a time is a number of seconds, or as in 500ms, 30s, 5m, 1h or 7d".into()),
    };
    let ms = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit_ms));
    ms.filter(|ms| (1..=3650 * DAY_MS).contains(ms))
        .map(Duration::from_millis)
        .ok_or("a time is 1 ms to ten years".into())
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        size(text).map(Size)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes.is_multiple_of(1 << 20) => write!(f, "{}MiB", bytes >> 20),
            bytes if bytes.is_multiple_of(1 << 16) => write!(f, "{}KiB", bytes >> 10),
            bytes => bytes.fmt(f),
        }
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Time, String> {
        time(text).map(|time| Time(millis(time)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if ms.is_multiple_of(DAY_MS) => write!(f, "{}d", ms / DAY_MS),
            ms if ms.is_multiple_of(1000) => write!(f, "{}s", ms / 1000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

impl FromStr for TimeOrOff {
    type Err = String;

    fn from_str(text: &str) -> Result<TimeOrOff, String> {
        match text {
            "off" => Ok(TimeOrOff(None)),
            text => text.parse().map(|Time(ms)| TimeOrOff(Some(ms))),
        }
    }
}

impl fmt::Display for TimeOrOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ms) => Time(ms).fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl fmt::Display for ConnectRateOrOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => write!(f, "{},{}", rate.count, Time(rate.window_ms)),
            None => f.write_str("off"),
        }
    }
}

pub(super) fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "seen" => Ok(Durability::Seen),
        "soon" => Ok(Durability::Soon),
        _ => Err("it is seen or soon".into()),
    }
}

pub(super) fn registration(text: &str) -> Result<RegistrationMode, String> {
    match text {
        "open" => Ok(RegistrationMode::Open),
        "invite" => Ok(RegistrationMode::Invite),
        "closed" => Ok(RegistrationMode::Closed),
        _ => Err("it is open, invite or closed".into()),
    }
}

/// A name of a network: short, and shown as it is.
pub(super) fn network_name(text: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_graphic() || c == ' ';
    match (1..=63).contains(&text.len()) && text.chars().all(is_good) {
        true => Ok(text.into()),
        false => Err("a name is 1 to 63 characters of ASCII".into()),
    }
}

/// A name of a server: without blanks, and short.
pub(super) fn server_name(text: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match (1..=63).contains(&text.len()) && text.chars().all(is_good) {
        true => Ok(text.into()),
        false => Err("a name is 1 to 63 letters, digits, -, _ and .".into()),
    }
}

pub(super) fn replay(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| options::REPLAY.contains(n));
    number.ok_or(format!("it is 0 to {}", options::REPLAY.end()))
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
    let number = |text: &str| {
        let number = text.trim().parse::<u32>().ok();
        number.filter(|&number| options::RATE.contains(&(number as usize)))
    };
    text.split_once(',')
        .and_then(|(per_s, burst)| {
            Some(Rate {
                per_s: number(per_s)?,
                burst: number(burst)?,
            })
        })
        .map(|rate| RateOrOff(Some(rate)))
        .ok_or(format!(
            "a rate is two numbers of 1 to {}, as in 10,30, or off",
            options::RATE.end()
        ))
}

pub(super) fn connect_rate_or_off(text: &str) -> Result<ConnectRateOrOff, String> {
    if text == "off" {
        return Ok(ConnectRateOrOff(None));
    }
    let window = options::CONNECT_WINDOW_MS;
    let wrong = || {
        let (most, least_time) = (options::RATE.end(), shown_time(*window.start()));
        let most_time = shown_time(*window.end());
        format!(
            "a rate of connects is a number of 1 to {most} and a time of {least_time} to {most_time}, as in 30,10s, \
             or off"
        )
    };
    let (count, time_of) = text.split_once(',').ok_or_else(wrong)?;
    let count: Option<u32> = count.trim().parse().ok();
    let count = count.filter(|&count| options::RATE.contains(&(count as usize)));
    let count = count.ok_or_else(wrong)?;
    let window_ms = millis(time(time_of.trim())?);
    if !window.contains(&window_ms) {
        return Err(wrong());
    }
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

pub(super) fn backlog(text: &str) -> Result<i32, String> {
    let number = count_in(options::BACKLOG)(text)?;
    i32::try_from(number).map_err(|e| e.to_string())
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
        for text in ["1", "8192", "256KiB", "1MiB"] {
            assert_eq!(
                text.parse().map(|size: Size| size.to_string()),
                Ok(text.into())
            );
        }
        for text in ["150ms", "90s", "365d", "off"] {
            assert_eq!(
                text.parse().map(|time: TimeOrOff| time.to_string()),
                Ok(text.into())
            );
        }
    }
}
