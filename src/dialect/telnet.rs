//! telnet's commands in the lines of its users (RFC 854).

use std::borrow::Cow;

/// What telnet's Ctrl-C ends with: IAC DO TIMING-MARK (RFC 860). The client shows nothing more until
/// it is answered; every other negotiation can go unanswered.
pub(crate) const TIMING_MARK: &[u8] = b"\xff\xfd\x06";

/// The answer: IAC WONT TIMING-MARK.
pub(crate) const NO_TIMING_MARK: &[u8] = b"\xff\xfc\x06";

/// How often a line asks for a timing mark.
pub(crate) fn timing_marks(line: &[u8]) -> usize {
    memchr::memmem::find_iter(line, TIMING_MARK).count()
}

/// Removes the telnet commands of a line (RFC 854): two bytes, three for an option (WILL, WONT, DO,
/// DONT), or a subnegotiation up to IAC SE. A 0xFF that begins none of them stays, and is not UTF-8.
pub(super) fn without_commands(line: &[u8]) -> Cow<'_, [u8]> {
    const IAC: u8 = 255;
    if memchr::memchr(IAC, line).is_none() {
        return Cow::Borrowed(line);
    }
    let mut kept = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(IAC, rest) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let skipped = match rest {
            [_, 251..=254, _, ..] => 3,
            [_, 250, body @ ..] => {
                memchr::memmem::find(body, &[IAC, 240]).map_or(0, |end| 2 + end + 2)
            }
            [_, 240..=249, ..] => 2,
            _ => 0,
        };
        if skipped == 0 {
            kept.push(IAC);
        }
        rest = &rest[skipped.max(1)..];
    }
    kept.extend_from_slice(rest);
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_removed_and_nothing_else() {
        for (line, kept) in [
            (&b"\xff\xf4\xff\xfd\x06hi"[..], &b"hi"[..]),
            (b"h\xff\xfb\x1fi\xff\xfa\x1f\0\x50\0\x18\xff\xf0", b"hi"),
            (b"\xff\xfd\x06", b""),
            (b"h\xffi", b"h\xffi"),
            (b"hi\xff", b"hi\xff"),
            (b"hi\xff\xfd", b"hi\xff\xfd"),
            (b"hi\xff\xfa\x18", b"hi\xff\xfa\x18"),
            (b"\xff\xff", b"\xff\xff"),
        ] {
            assert_eq!(without_commands(line), kept, "{line:?}");
        }
    }

    #[test]
    fn each_timing_mark_is_counted() {
        assert_eq!(timing_marks(b"\xff\xf4\xff\xfd\x06a\xff\xfd\x06"), 2);
        assert_eq!(timing_marks(b"\xff\xf4\xff\xfd"), 0);
    }
}
