//! What the tests of every tongue share: the same bytes, whole, in pieces and with more behind them.

use super::{Heard, Speaker, Tongue};

/// What was heard, as its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// As [`Heard::Joined`].
    Joined,
    /// As [`Heard::Said`].
    Said(Vec<u8>),
    /// As [`Heard::Refused`].
    Refused(Vec<u8>),
    /// As [`Heard::Other`].
    Other,
}

/// bob.
pub(crate) fn speaker(room: Option<u32>) -> Speaker {
    Speaker {
        name: "bob".into(),
        room,
        listens: true,
    }
}

/// What `bytes` say and what is sent because of them; in whatever pieces they come it must be the
/// same, except for what is nothing.
pub(crate) fn check(tongue: &dyn Tongue, who: &Speaker, bytes: &[u8]) -> (Vec<Told>, Vec<u8>) {
    let whole = heard(tongue, who, bytes, bytes.len());
    let plain = |(told, sent): &(Vec<Told>, Vec<u8>)| {
        let told = told.iter().filter(|&told| *told != Told::Other).cloned();
        (told.collect::<Vec<_>>(), sent.clone())
    };
    for piece in [1, 2, 3, 7, 50] {
        let pieces = heard(tongue, who, bytes, piece);
        assert_eq!(plain(&pieces), plain(&whole), "in pieces of {piece}");
    }
    let longer = heard(tongue, who, &[bytes, b"\0"].concat(), usize::MAX);
    assert_eq!(longer.0[..whole.0.len()], whole.0, "with a byte behind");
    whole
}

/// Each of `wires` is refused as a whole, and at once.
pub(crate) fn refused(tongue: &dyn Tongue, wires: &[&[u8]]) {
    for wire in wires {
        let heard = tongue.read(&listener(), &mut 0, wire, &mut Vec::new());
        assert!(
            matches!(heard, Some((used, Heard::Refused(_))) if used == wire.len()),
            "{heard:?}"
        );
    }
}

/// bob in room 7, where he only listens if others only speak.
pub(crate) fn listener() -> Speaker {
    speaker(Some(7))
}

/// bob in room 7, where he only speaks.
pub(crate) fn publisher() -> Speaker {
    Speaker {
        listens: false,
        ..listener()
    }
}

/// Reads `wire` unit by unit, each with all that is behind it, without, and at each shorter
/// prefix; `expected` has what is heard and what is answered at once.
#[track_caller]
pub(crate) fn case(
    tongue: &dyn Tongue,
    who: &Speaker,
    wire: &[u8],
    expected: &[(Heard<'_>, &[u8])],
) {
    let (mut step, mut at) = (0, 0);
    for (number, &(heard, answer)) in expected.iter().enumerate() {
        let rest = &wire[at..];
        let before = step;
        let mut out = Vec::new();
        let Some((used, said)) = tongue.read(who, &mut step, rest, &mut out) else {
            panic!("unit {number} is not there: {:?}", rest.escape_ascii());
        };
        assert_eq!((said, &*out), (heard, answer), "unit {number}");
        for end in 0..=used {
            let (mut step_then, mut out) = (before, Vec::new());
            let said = tongue.read(who, &mut step_then, &rest[..end], &mut out);
            if end == used {
                assert_eq!(said, Some((used, heard)), "unit {number} alone");
                assert_eq!((step_then, &*out), (step, answer), "unit {number} alone");
            } else {
                assert_eq!(said, None, "unit {number}, {end} bytes of it");
                assert_eq!((step_then, &*out), (before, &b""[..]), "unit {number}");
            }
        }
        at += used;
    }
    assert_eq!(at, wire.len(), "all of it is read");
}

/// Reads `wire` with each byte changed and each byte missing: whatever that makes of it, every
/// unit takes some of the bytes that are there.
#[track_caller]
pub(crate) fn mangled(tongue: &dyn Tongue, who: &Speaker, wire: &[u8]) {
    for at in 0..wire.len() {
        let mut changed = wire.to_vec();
        changed.remove(at);
        read_all(tongue, who, &changed);
        for byte in *b"\0\r\n $*:-+09AM\x7f\x80\xff" {
            changed = wire.to_vec();
            changed[at] = byte;
            read_all(tongue, who, &changed);
        }
    }
}

#[track_caller]
fn read_all(tongue: &dyn Tongue, who: &Speaker, wire: &[u8]) {
    let (mut step, mut at) = (0, 0);
    while let Some((used, _)) = tongue.read(who, &mut step, &wire[at..], &mut Vec::new()) {
        assert!(
            used > 0 && used <= wire.len() - at,
            "{}",
            wire.escape_ascii()
        );
        at += used;
    }
}

fn heard(tongue: &dyn Tongue, who: &Speaker, bytes: &[u8], piece: usize) -> (Vec<Told>, Vec<u8>) {
    let (mut told, mut sent, mut held, mut step) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for part in bytes.chunks(piece.max(1)) {
        held.extend_from_slice(part);
        while let Some((count, heard)) = tongue.read(who, &mut step, &held, &mut sent) {
            assert!(
                (1..=held.len()).contains(&count),
                "{count} of {}",
                held.len()
            );
            told.push(match heard {
                Heard::Joined => Told::Joined,
                Heard::Said(text) => Told::Said(text.to_vec()),
                Heard::Refused(why) => Told::Refused(why.to_vec()),
                Heard::Other => Told::Other,
            });
            held.drain(..count);
        }
    }
    (told, sent)
}
