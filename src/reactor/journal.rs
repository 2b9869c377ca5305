//! Lines of the log that anybody can bring about as often as it likes: of a kind one a second, which tells how
//! many others there were.

use std::collections::HashMap;
use std::fmt;
use std::mem::{self, Discriminant, discriminant};

use crate::limits::LOG_INTERVAL_MS;
use crate::model::{ErrorCode, Peer};

use super::phase::Reason;
use super::timers::Tick;

/// What was written lately.
#[derive(Debug, Default)]
pub(super) struct Journal {
    refused: HashMap<Discriminant<ErrorCode>, LogThrottle>,
    dropped: HashMap<Discriminant<Reason>, LogThrottle>,
    /// No descriptors or buffers are left.
    pub(super) exhausted: LogThrottle,
    /// The poll failed.
    pub(super) poll: LogThrottle,
    /// What was said was not kept.
    pub(super) lost: LogThrottle,
}

impl Journal {
    /// Somebody was turned away.
    pub(super) fn note_refusal(&mut self, peer: &Peer, code: &ErrorCode, now: Tick) {
        let throttle = self.refused.entry(discriminant(code)).or_default();
        if let Some(others) = throttle.pass(now) {
            log::warn!("refused {peer}: {code}{others}");
        }
    }

    /// A connection ended. There is a line for each that the server ended; one a second for what any
    /// stranger can bring about.
    pub(super) fn note_drop(&mut self, peer: &Peer, reason: Reason, now: Tick) {
        let others = match reason {
            Reason::Protocol | Reason::HandshakeTimeout | Reason::JoinTimeout => {
                let throttle = self.dropped.entry(discriminant(&reason)).or_default();
                throttle.pass(now)
            }
            Reason::Broken(_) => None,
            _ => reason.drop_name().map(|_| HeldBack(0)),
        };
        if let Some(others) = others {
            log::warn!("dropped {peer}: {reason}{others}");
        }
    }
}

/// Lets one line of a kind pass in [`LOG_INTERVAL_MS`], and counts the others.
#[derive(Debug, Default)]
pub(super) struct LogThrottle {
    last: Option<Tick>,
    held_back: u64,
}

impl LogThrottle {
    /// `Some`: a line may be written, for this and those that were held back before.
    pub(super) fn pass(&mut self, now: Tick) -> Option<HeldBack> {
        if self.last.is_some_and(|last| now < last + LOG_INTERVAL_MS) {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(HeldBack(mem::take(&mut self.held_back)))
    }
}

/// So many lines were held back. Stands at the end of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeldBack(u64);

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            n => write!(f, " ({n} more since the last such line)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second() {
        let mut throttle = LogThrottle::default();
        assert_eq!(throttle.pass(0), Some(HeldBack(0)));
        assert_eq!(throttle.pass(1), None);
        assert_eq!(throttle.pass(999), None);
        assert_eq!(throttle.pass(1000), Some(HeldBack(2)));
        assert_eq!(throttle.pass(5000), Some(HeldBack(0)));
    }
}
