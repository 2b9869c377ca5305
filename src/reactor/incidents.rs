//! The log's lines of who proved to be somebody, or failed to, and of who was kept out. Other programs read
//! them to keep addresses out, so that they are not held to one line a second as others are; but no address has
//! the log filled.

use std::collections::HashMap;

use crate::limits::{INCIDENT_ADDRESSES_MAX, INCIDENTS_PER_MINUTE};
use crate::model::{Incident, IpAddr};

use super::timers::Tick;

const MINUTE_MS: u64 = 60_000;

/// How many lines each address has had in its minute.
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
            std::cmp::Ordering::Less => Pass::Written,
            std::cmp::Ordering::Equal => Pass::Last,
            std::cmp::Ordering::Greater => Pass::HeldBack,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
