//! The words of a command's line.

/// The first word.
pub(super) fn one(words: &str) -> Option<&str> {
    words.split_whitespace().next()
}

pub(super) fn second(words: &str) -> Option<&str> {
    words.split_whitespace().nth(1)
}

/// All of it as it was typed, if there is any.
pub(super) fn rest(words: &str) -> Option<&str> {
    let words = words.trim_start();
    (!words.is_empty()).then_some(words)
}

/// What follows the first word, as it was typed.
pub(super) fn after_first(words: &str) -> Option<&str> {
    two(words).map(|(_, rest)| rest)
}

/// The first word and the rest as it was typed.
pub(super) fn two(words: &str) -> Option<(&str, &str)> {
    let (first, rest) = words.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    (!rest.is_empty()).then_some((first, rest))
}

pub(super) fn on_or_off(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// A time as `90s`, `10m`, `2h` or `7d`, in seconds.
pub(super) fn seconds(word: &str) -> Option<u64> {
    let (digits, unit_s) = match word.char_indices().next_back()? {
        (at, 's') => (&word[..at], 1),
        (at, 'm') => (&word[..at], 60),
        (at, 'h') => (&word[..at], 3600),
        (at, 'd') => (&word[..at], 86_400),
        _ => return None,
    };
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(unit_s)
        .filter(|&seconds| seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (word, expected) in [
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("2h", Some(7200)),
            ("7d", Some(604_800)),
            ("0s", None),
            ("s", None),
            ("2é", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(seconds(word), expected, "{word}");
        }
    }
}
