//! Numbers for people: thousands apart, three digits that count, and the unit that fits. What is not
//! finite is a dash.

use std::time::Duration;

/// What stands where there is nothing to tell.
pub(super) const NOTHING: &str = "–";

/// A count, with its thousands apart: `1,234,567`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with the word for what is counted, in its plural unless it is one: `2 rooms`.
pub(super) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A rate or another mean: `312,045` or `3.14`.
pub(super) fn mean(value: f64) -> String {
    match value {
        _ if !value.is_finite() => NOTHING.into(),
        _ if value.abs() < 999.5 => digits(value),
        _ => count(value.max(0.0).round() as u64),
    }
}

/// A time of so many microseconds: `2.35 ms`.
pub(super) fn micros(us: f64) -> String {
    fitting(us, &[(1.0, "µs"), (1e3, "ms"), (1e6, "s")])
}

/// A time: `12.0 s`.
pub(super) fn time(time: Duration) -> String {
    micros(time.as_secs_f64() * 1e6)
}

/// So many bytes: `3.10 MiB`.
pub(super) fn bytes(bytes: f64) -> String {
    const UNITS: [(f64, &str); 4] = [
        (1.0, "bytes"),
        (1024.0, "KiB"),
        (1_048_576.0, "MiB"),
        (1_073_741_824.0, "GiB"),
    ];
    fitting(bytes, &UNITS)
}

/// In the largest of `units` of which there is one at least, rounding included.
fn fitting(value: f64, units: &[(f64, &str)]) -> String {
    if !value.is_finite() {
        return NOTHING.into();
    }
    let fits = |&&(size, _): &&(f64, &str)| value.abs() >= size * 0.9995;
    let (size, unit) = units.iter().rfind(fits).unwrap_or(&units[0]);
    format!("{} {unit}", digits(value / size))
}

/// Three digits that count, and all that stand before the point.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (20_100, "20,100")] {
            assert_eq!(count(n), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "room", "rooms"), "1 room");
        assert_eq!(counted(0, "room", "rooms"), "0 rooms");
    }

    #[test]
    fn the_unit_fits() {
        for (us, text) in [
            (0.0, "0 µs"),
            (0.25, "0.25 µs"),
            (999.0, "999 µs"),
            (999.7, "1.00 ms"),
            (99_960.0, "100 ms"),
            (2_000_000.0, "2.00 s"),
            (7.2e9, "7200 s"),
        ] {
            assert_eq!(micros(us), text);
        }
        assert_eq!(bytes(384.0), "384 bytes");
        assert_eq!(bytes(3.1 * 1024.0 * 1024.0), "3.10 MiB");
        assert_eq!(mean(312_045.4), "312,045");
        assert_eq!(mean(999.7), "1,000");
    }

    #[test]
    fn what_is_not_finite_is_a_dash() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                [mean(value), micros(value), bytes(value)],
                [NOTHING, NOTHING, NOTHING]
            );
        }
    }
}
