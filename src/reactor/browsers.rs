//! From where browsers have come lately. A browser opens connections before it has anything to ask, and where its
//! network is slow, or its machine busy, asks later than the auto door waits for first bytes: greeted in text by then, it
//! shows half a page or none.

use std::collections::HashMap;

use crate::limits::{BROWSER_LASTS_MS, BROWSERS_MAX};
use crate::model::{IpAddr, Peer};

use super::timers::Tick;

/// When a browser came last from each address (of IPv6, from each /64).
#[derive(Debug, Default)]
pub(super) struct Browsers {
    /// Invariant: [`BROWSERS_MAX`] at most.
    seen: HashMap<IpAddr, Tick>,
}

impl Browsers {
    /// Notes one. Those of long ago are forgotten where there are too many; where that is not enough, all are.
    pub(super) fn note(&mut self, peer: &Peer, now: Tick) {
        let Some(address) = peer.counted_address(true) else {
            return;
        };
        if self.seen.len() >= BROWSERS_MAX && !self.seen.contains_key(&address) {
            self.seen.retain(|_, seen| now < *seen + BROWSER_LASTS_MS);
            if self.seen.len() >= BROWSERS_MAX {
                self.seen.clear();
            }
        }
        self.seen.insert(address, now);
    }

    /// Has one come from where `peer` comes from?
    pub(super) fn has(&self, peer: &Peer, now: Tick) -> bool {
        let address = peer.counted_address(true);
        let seen = address.and_then(|address| self.seen.get(&address));
        seen.is_some_and(|seen| now < seen + BROWSER_LASTS_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: usize) -> Peer {
        Peer::Ip {
            ip: IpAddr::V4(u32::try_from(last).expect("few").into()),
            port: 1,
        }
    }

    #[test]
    fn browsers_are_forgotten_after_a_while() {
        let mut browsers = Browsers::default();
        browsers.note(&peer(1), 5);
        assert!(browsers.has(&peer(1), 5 + BROWSER_LASTS_MS - 1));
        assert!(!browsers.has(&peer(1), 5 + BROWSER_LASTS_MS));
        assert!(!browsers.has(&peer(2), 5));
        assert!(!browsers.has(&Peer::Unix(1), 5));
    }

    #[test]
    fn only_so_many_are_known() {
        let mut browsers = Browsers::default();
        for last in 0..2 * BROWSERS_MAX {
            browsers.note(&peer(last), 0);
            assert!(browsers.seen.len() <= BROWSERS_MAX);
            assert!(browsers.has(&peer(last), 1));
        }
    }
}
