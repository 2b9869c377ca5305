//! The text of a message: who said it, which of its messages it is, when it was to be sent, and a
//! filler that follows from these, so that a receiver can tell whether every byte is as it was.
//!
//! `~` or `^` (a probe), run 4, sender 3, number 6, time in microseconds 7, check 2 digits of base 64,
//! filler, `.`; nothing in it is a quote, a backslash or a space, and its marks are nowhere else in it.

use memchr::{memchr2, memrchr2};

/// The least size of a text, in bytes: one without filler.
pub(super) const SIZE_MIN: usize = HEADER + 1;

/// The greatest, in bytes.
pub(super) const SIZE_MAX: usize = 64 * 1024;

/// What a text ends with, and has nowhere else.
pub(super) const END: u8 = b'.';

/// What a text begins with: that of a message, and that of a probe.
const MARKS: [u8; 2] = [b'~', b'^'];
const RUN: std::ops::Range<usize> = 1..5;
const SENDER: std::ops::Range<usize> = 5..8;
const NUMBER: std::ops::Range<usize> = 8..14;
const TIME: std::ops::Range<usize> = 14..21;
const CHECK: std::ops::Range<usize> = 21..23;
const HEADER: usize = CHECK.end;

const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const NO_DIGIT: u8 = 0xff;
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut at = 0;
    while at < DIGITS.len() {
        values[DIGITS[at] as usize] = at as u8;
        at += 1;
    }
    values
};

/// How many places of the pool a filler may begin at; a prime.
const FILLERS: u64 = 1021;

/// Memory for texts that were found whole, in bytes.
const SEEN_BYTES: usize = 128 * 1024;

/// Which message a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    /// Is it sent only to see whether it arrives?
    pub(super) is_probe: bool,
    /// Who says it; below 2^18.
    pub(super) sender: u32,
    /// Which of its sender's it is, from 0.
    pub(super) number: u32,
    /// When it was to be sent, in microseconds; below 2^42.
    pub(super) at_us: u64,
}

/// What a text turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Nothing of this run.
    Foreign,
    /// A message, as it was sent.
    Whole(Stamp),
    /// A message with something wrong in it; its stamp, where that can be trusted.
    Garbled(Option<Stamp>),
}

/// Where the first text begins in what a server passed on, if there is one.
pub(super) fn find(bytes: &[u8]) -> Option<usize> {
    memchr2(MARKS[0], MARKS[1], bytes)
}

/// Where the last text begins: what stands in front of it may hold a mark of its own.
pub(super) fn find_last(bytes: &[u8]) -> Option<usize> {
    memrchr2(MARKS[0], MARKS[1], bytes)
}

/// Writes and reads the texts of one run.
pub(super) struct Payload {
    run: [u8; 4],
    size: usize,
    pool: Vec<u8>,
    seen: Seen,
}

impl Payload {
    /// Texts of `size` bytes, from [`SIZE_MIN`] to [`SIZE_MAX`], of the run `run`.
    pub(super) fn new(run: u32, size: usize) -> Payload {
        let mut digits = [0; 4];
        push_digits(u64::from(run), &mut digits);
        let mut state = 1;
        let letters = std::iter::repeat_with(|| {
            state = mixed(state);
            DIGITS[(state >> 58) as usize]
        });
        let size = size.clamp(SIZE_MIN, SIZE_MAX);
        Payload {
            run: digits,
            size,
            pool: letters.take(size + FILLERS as usize).collect(),
            seen: Seen::new(size),
        }
    }

    /// Appends a message's text.
    pub(super) fn write(&self, stamp: &Stamp, out: &mut Vec<u8>) {
        let mut header = [0; HEADER];
        header[0] = MARKS[usize::from(stamp.is_probe)];
        header[RUN].copy_from_slice(&self.run);
        push_digits(u64::from(stamp.sender), &mut header[SENDER]);
        push_digits(u64::from(stamp.number), &mut header[NUMBER]);
        push_digits(stamp.at_us, &mut header[TIME]);
        push_digits(check_of(stamp), &mut header[CHECK]);
        out.extend_from_slice(&header);
        out.extend_from_slice(self.filler(stamp));
        out.push(END);
    }

    /// Tells what `text` is.
    pub(super) fn read(&mut self, text: &[u8]) -> Read {
        if text.len() == self.size {
            let slot = self.seen.slot_of(text);
            if let Some(stamp) = self.seen.get(slot, text) {
                return Read::Whole(stamp);
            }
            if let Some(stamp) = self.read_slowly(text) {
                self.seen.put(slot, text, stamp);
                return Read::Whole(stamp);
            }
        }
        match self.stamp_of(text) {
            Some(stamp) => Read::Garbled(Some(stamp)),
            None if text.get(RUN) == Some(&self.run) => Read::Garbled(None),
            None => Read::Foreign,
        }
    }

    fn read_slowly(&self, text: &[u8]) -> Option<Stamp> {
        let stamp = self.stamp_of(text)?;
        let (filler, end) = text[HEADER..].split_at(self.size - SIZE_MIN);
        (filler == self.filler(&stamp) && end == [END]).then_some(stamp)
    }

    /// What the first bytes say, where they are as they were sent.
    fn stamp_of(&self, text: &[u8]) -> Option<Stamp> {
        let header = text.get(..HEADER)?;
        let is_probe = header[0] == MARKS[1];
        if header[0] != MARKS[usize::from(is_probe)] || header[RUN] != self.run {
            return None;
        }
        let stamp = Stamp {
            is_probe,
            sender: u32::try_from(digits(&header[SENDER])?).ok()?,
            number: u32::try_from(digits(&header[NUMBER])?).ok()?,
            at_us: digits(&header[TIME])?,
        };
        (digits(&header[CHECK])? == check_of(&stamp)).then_some(stamp)
    }

    fn filler(&self, stamp: &Stamp) -> &[u8] {
        let at = (hash_of(stamp) % FILLERS) as usize;
        &self.pool[at..at + self.size - SIZE_MIN]
    }
}

/// Texts that were found whole: thousands hear the same, and what is the same bytes is whole too.
struct Seen {
    size: usize,
    /// A power of two.
    slots: usize,
    stamps: Vec<Option<Stamp>>,
    texts: Vec<u8>,
}

impl Seen {
    fn new(size: usize) -> Seen {
        let slots = 1 << (SEEN_BYTES / size).max(1).ilog2();
        Seen {
            size,
            slots,
            stamps: vec![None; slots],
            texts: vec![0; slots * size],
        }
    }

    /// By the last digits of sender and number: what is in flight at once stands side by side.
    fn slot_of(&self, text: &[u8]) -> usize {
        let digit = |at: usize| usize::from(VALUES[usize::from(text[at])]);
        let number = digit(NUMBER.end - 2) * 64 + digit(NUMBER.end - 1);
        (number + digit(SENDER.end - 1) * 97) & (self.slots - 1)
    }

    fn get(&self, slot: usize, text: &[u8]) -> Option<Stamp> {
        let seen = &self.texts[slot * self.size..][..self.size];
        self.stamps[slot].filter(|_| seen == text)
    }

    fn put(&mut self, slot: usize, text: &[u8], stamp: Stamp) {
        self.stamps[slot] = Some(stamp);
        self.texts[slot * self.size..][..self.size].copy_from_slice(text);
    }
}

/// The last digits of `number`, as many as there is room for.
fn push_digits(mut number: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = DIGITS[(number % 64) as usize];
        number /= 64;
    }
}

fn digits(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0, |number: u64, &byte| {
        let value = VALUES[usize::from(byte)];
        (value != NO_DIGIT).then(|| number * 64 + u64::from(value))
    })
}

fn check_of(stamp: &Stamp) -> u64 {
    hash_of(stamp) >> 52
}

fn hash_of(stamp: &Stamp) -> u64 {
    let who = u64::from(stamp.sender) << 33 | u64::from(stamp.number) << 1;
    mixed(mixed(who | u64::from(stamp.is_probe)) ^ stamp.at_us)
}

/// Every bit of the outcome depends on every bit of `x` (splitmix64's finalizer).
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(payload: &Payload, stamp: &Stamp) -> Vec<u8> {
        let mut text = Vec::new();
        payload.write(stamp, &mut text);
        text
    }

    const STAMP: Stamp = Stamp {
        is_probe: false,
        sender: 7,
        number: 4096,
        at_us: 1_234_567,
    };

    #[test]
    fn a_text_is_as_long_as_asked_and_harmless() {
        for size in [SIZE_MIN, 64, 300, 5000] {
            let payload = Payload::new(99, size);
            let text = written(&payload, &STAMP);
            assert_eq!(text.len(), size);
            assert_eq!(find(&text), Some(0));
            assert_eq!(find(&text[1..]), None);
            assert_eq!(text.iter().position(|&byte| byte == END), Some(size - 1));
            let is_harmless = |&byte: &u8| byte.is_ascii_graphic() && !b"\"'\\".contains(&byte);
            assert!(text.iter().all(is_harmless));
        }
    }

    #[test]
    fn another_run_is_foreign_and_a_cut_text_is_garbled() {
        let mut payload = Payload::new(99, 64);
        let text = written(&payload, &STAMP);
        assert_eq!(payload.read(&text), Read::Whole(STAMP));
        assert_eq!(payload.read(&text[..60]), Read::Garbled(Some(STAMP)));
        assert_eq!(payload.read(&text[..10]), Read::Garbled(None));
        assert_eq!(payload.read(b"hello"), Read::Foreign);
        assert_eq!(payload.read(b""), Read::Foreign);
        assert_eq!(Payload::new(98, 64).read(&text), Read::Foreign);
    }

    proptest! {
        /// What was written is read again; with one byte changed it never is.
        #[test]
        fn a_changed_byte_is_noticed(
            is_probe: bool, sender in 0u32..1 << 18, number: u32, at_us in 0u64..1 << 42,
            size in SIZE_MIN..200, at: prop::sample::Index, byte: u8,
        ) {
            let stamp = Stamp { is_probe, sender, number, at_us };
            let mut payload = Payload::new(5, size);
            let mut text = written(&payload, &stamp);
            for _ in 0..2 {
                prop_assert_eq!(payload.read(&text), Read::Whole(stamp));
            }
            let at = at.index(size);
            if text[at] != byte {
                text[at] = byte;
                prop_assert!(!matches!(payload.read(&text), Read::Whole(_)));
                if at >= HEADER {
                    prop_assert_eq!(payload.read(&text), Read::Garbled(Some(stamp)));
                }
            }
        }
    }
}
