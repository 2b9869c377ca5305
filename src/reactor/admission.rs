//! Who may come in: how many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::{DESCRIPTORS_KEPT, LOG_INTERVAL_MS, Limits};
use crate::model::{ErrorCode, Peer};

use super::timers::Tick;

/// Counts connections against their limits.
#[derive(Debug)]
pub(super) struct Admission {
    connections_max: usize,
    per_address_max: usize,
    open: usize,
    /// Invariant: no count is 0; loopback and Unix-domain peers are not counted.
    per_address: HashMap<IpAddr, usize>,
}

impl Admission {
    /// Raises the soft limit of descriptors to the hard one, and counts against what that allows.
    pub(super) fn new(limits: &Limits) -> Admission {
        let allowed = allowed_connections();
        let connections_max = limits.connections.unwrap_or(allowed).min(allowed);
        if let Some(asked) = limits.connections.filter(|&asked| asked > allowed) {
            log::warn!("{asked} connections were asked for, the descriptors allow {allowed}");
        }
        Admission {
            connections_max,
            per_address_max: limits.per_address,
            open: 0,
            per_address: HashMap::new(),
        }
    }

    pub(super) fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// Counts a connection in, unless one of its limits is reached.
    pub(super) fn admit(&mut self, peer: &Peer) -> Result<(), ErrorCode> {
        if self.open >= self.connections_max {
            return Err(ErrorCode::ServerFull);
        }
        if let Some(address) = peer.counted_address() {
            let count = self.per_address.entry(address).or_default();
            if *count >= self.per_address_max {
                return Err(ErrorCode::AddressFull);
            }
            *count += 1;
        }
        self.open += 1;
        Ok(())
    }

    /// Counts out a connection that was counted in.
    pub(super) fn release(&mut self, peer: &Peer) {
        self.open -= 1;
        let Some(address) = peer.counted_address() else {
            return;
        };
        if let Some(count) = self.per_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&address);
            }
        }
    }
}

/// How many connections the descriptors allow when some are kept back; at least 1.
fn allowed_connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let soft = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(e) => {
            log::warn!("the limit of descriptors stays at {:?}: {e}", limit.current);
            limit.current
        }
    };
    let allowed = soft
        .unwrap_or(u64::MAX)
        .saturating_sub(DESCRIPTORS_KEPT)
        .max(1);
    usize::try_from(allowed).unwrap_or(usize::MAX)
}

/// Lets one log line of a kind pass in [`LOG_INTERVAL_MS`], and counts the others.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    last: Option<Tick>,
    held_back: u64,
}

impl Throttle {
    /// `Some(n)`: a line may be written, for this and `n` that were held back before.
    pub(super) fn pass(&mut self, now: Tick) -> Option<u64> {
        if self.last.is_some_and(|last| now < last + LOG_INTERVAL_MS) {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::Ip(address.parse().expect("an address"))
    }

    #[test]
    fn each_limit_at_it_and_one_past_it() {
        let limits = Limits {
            connections: Some(5),
            per_address: 2,
            ..Limits::default()
        };
        let mut admission = Admission::new(&limits);
        let one = peer("192.0.2.1:1");
        assert_eq!(admission.admit(&one), Ok(()));
        assert_eq!(admission.admit(&one), Ok(()));
        assert_eq!(admission.admit(&one), Err(ErrorCode::AddressFull));
        for _ in 0..3 {
            assert_eq!(admission.admit(&peer("127.0.0.1:1")), Ok(()));
        }
        assert_eq!(
            admission.admit(&peer("192.0.2.2:1")),
            Err(ErrorCode::ServerFull)
        );
        admission.release(&one);
        assert_eq!(admission.admit(&one), Ok(()));
        admission.release(&one);
        admission.release(&one);
        assert!(admission.per_address.is_empty());
    }

    #[test]
    fn a_line_a_second() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.pass(0), Some(0));
        assert_eq!(throttle.pass(1), None);
        assert_eq!(throttle.pass(999), None);
        assert_eq!(throttle.pass(1000), Some(2));
        assert_eq!(throttle.pass(5000), Some(0));
    }
}
