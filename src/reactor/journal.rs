//! Lines of the log that anybody can bring about as often as it likes.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::mem::{self, Discriminant, discriminant};

use crate::limits::{INCIDENT_ADDRESSES_MAX, INCIDENTS_PER_MINUTE, LOG_INTERVAL_MS};
use crate::model::{ErrorCode, Incident, IpAddr, Peer};

use super::phase::Reason;
use super::timers::Tick;

const MINUTE_MS: u64 = 60_000;

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
    pub(super) incidents: Incidents,
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

/// The lines of who proved to be somebody, or failed to, and of who was kept out. Other programs read them to keep
/// addresses out, so that they are not held to one line a second; but no address has the log filled.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    /// When the minute began, and the lines since then.
    lines: HashMap<Option<IpAddr>, (Tick, u32)>,
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
enum Pass {
    Written,
    /// Written, and no more of that address for a while.
    Last,
    HeldBack,
}

impl Incidents {
    /// Writes one line.
    pub(super) fn log(&mut self, incident: &Incident, now: Tick) {
        let address = incident.peer.and_then(|peer| peer.counted_address(true));
        let pass = self.pass(address, now);
        if pass == Pass::HeldBack {
            return;
        }
        match incident.is_failure() {
            true => log::warn!("{incident}"),
            false => log::info!("{incident}"),
        }
        if pass == Pass::Last {
            let shown = address.map_or("-".into(), |address| address.to_string());
            log::warn!("no more such lines about {shown} for a minute");
        }
    }

    fn pass(&mut self, address: Option<IpAddr>, now: Tick) -> Pass {
        let is_past = |since: Tick| now >= since + MINUTE_MS;
        if self.lines.len() >= INCIDENT_ADDRESSES_MAX && !self.lines.contains_key(&address) {
            self.lines.retain(|_, &mut (since, _)| !is_past(since));
            if self.lines.len() >= INCIDENT_ADDRESSES_MAX {
                self.lines.clear();
            }
        }
        let (since, count) = self.lines.entry(address).or_insert((now, 0));
        if is_past(*since) {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        match (*count).cmp(&INCIDENTS_PER_MINUTE) {
            Ordering::Less => Pass::Written,
            Ordering::Equal => Pass::Last,
            Ordering::Greater => Pass::HeldBack,
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

    #[test]
    fn an_address_has_so_many_lines_a_minute() {
        let mut incidents = Incidents::default();
        let address = |n: usize| Some(IpAddr::from([10, 0, (n >> 8) as u8, n as u8]));
        for _ in 1..INCIDENTS_PER_MINUTE {
            assert_eq!(incidents.pass(address(1), 5), Pass::Written);
        }
        assert_eq!(incidents.pass(address(1), 5), Pass::Last);
        assert_eq!(
            incidents.pass(address(1), 5 + MINUTE_MS - 1),
            Pass::HeldBack
        );
        assert_eq!(incidents.pass(address(2), 5), Pass::Written);
        assert_eq!(incidents.pass(address(1), 5 + MINUTE_MS), Pass::Written);
        for n in 0..10_000 {
            assert_eq!(incidents.pass(address(n + 3), 10), Pass::Written);
            assert!(incidents.lines.len() <= INCIDENT_ADDRESSES_MAX);
        }
    }
}
