//! Where a unit ends, for the tongues of servers that speak in lines and counted bytes.

use memchr::memchr;

use super::{Heard, Speaker};

/// No unit is longer, whatever length it claims: a server that sends one is not understood.
pub(super) const UNIT_MAX_BYTES: usize = 1 << 20;

/// Why there is no unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// More bytes are needed.
    Partial,
    /// No bytes that may follow make it one.
    Broken,
}

/// A unit's length and what it says; nothing of what follows one that cannot be understood can be
/// either, so that all of `bytes` goes with it.
pub(super) fn settle<'a>(
    read: Result<(usize, Heard<'a>), Stop>,
    bytes: &[u8],
    wrong: &'static [u8],
) -> Option<(usize, Heard<'a>)> {
    match read {
        Ok(unit) => Some(unit),
        Err(Stop::Partial) if bytes.len() <= UNIT_MAX_BYTES => None,
        Err(_) => Some((bytes.len(), Heard::Refused(wrong))),
    }
}

/// Splits the first line off: its bytes without its end, and how many there are with it.
pub(super) fn line(bytes: &[u8]) -> Result<(&[u8], usize), Stop> {
    let end = memchr(b'\n', bytes).ok_or(Stop::Partial)?;
    if end > UNIT_MAX_BYTES {
        return Err(Stop::Broken);
    }
    let line = &bytes[..end];
    Ok((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
}

/// Splits off `len` bytes and the line end behind them: the bytes, and how many there are with it.
pub(super) fn counted(bytes: &[u8], len: usize) -> Result<(&[u8], usize), Stop> {
    let end = bytes.get(len..len + 2).ok_or(Stop::Partial)?;
    match end {
        b"\r\n" => Ok((&bytes[..len], len + 2)),
        _ => Err(Stop::Broken),
    }
}

/// A number of bytes, or of parts, in decimal digits: at most [`UNIT_MAX_BYTES`].
pub(super) fn count(digits: &[u8]) -> Result<usize, Stop> {
    if digits.is_empty() || digits.len() > 7 {
        return Err(Stop::Broken);
    }
    let number = digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + usize::from(digit - b'0'))
    });
    number
        .filter(|&number| number <= UNIT_MAX_BYTES)
        .ok_or(Stop::Broken)
}

/// The name of a speaker's room.
pub(super) fn room_name(who: &Speaker) -> String {
    match who.room {
        Some(number) => format!("room{number}"),
        None => "lobby".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(line(b"a\r\nb"), Ok((&b"a"[..], 3)));
        assert_eq!(line(b"\nb"), Ok((&b""[..], 1)));
        assert_eq!(line(b"a\r"), Err(Stop::Partial));
        let mut long = vec![b'a'; UNIT_MAX_BYTES + 1];
        assert_eq!(line(&long), Err(Stop::Partial));
        long.push(b'\n');
        assert_eq!(line(&long), Err(Stop::Broken));
    }

    #[test]
    fn counts() {
        for (digits, expected) in [
            ("0", Ok(0)),
            ("0064", Ok(64)),
            ("1048576", Ok(UNIT_MAX_BYTES)),
            ("1048577", Err(Stop::Broken)),
            ("10485760", Err(Stop::Broken)),
            ("99999999999999999999", Err(Stop::Broken)),
            ("", Err(Stop::Broken)),
            ("-1", Err(Stop::Broken)),
            ("6 4", Err(Stop::Broken)),
        ] {
            assert_eq!(count(digits.as_bytes()), expected, "{digits}");
        }
    }

    #[test]
    fn what_stays_partial_too_long_is_broken() {
        let long = vec![b'a'; UNIT_MAX_BYTES + 1];
        let partial = |len| settle(Err(Stop::Partial), &long[..len], b"wrong");
        assert_eq!(partial(UNIT_MAX_BYTES), None);
        assert_eq!(
            partial(UNIT_MAX_BYTES + 1),
            Some((long.len(), Heard::Refused(b"wrong")))
        );
    }
}
