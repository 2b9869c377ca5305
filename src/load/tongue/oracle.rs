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
