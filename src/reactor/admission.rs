//! Who may come in: how many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::path::Path;

use crate::limits::{
    CONNECT_ADDRESSES_MAX, ConnectRate, DESCRIPTORS_KEPT, Limits, SENDQ_TOTAL_BYTES,
};
use crate::model::{ErrorCode, IpAddr, Peer, TrustedProxies};
use crate::sys::System;

use super::timers::Tick;

/// Counts connections against their limits.
#[derive(Debug)]
pub(super) struct Admission {
    connections_max: usize,
    per_address_max: usize,
    open: usize,
    /// Invariant: no count is 0; loopback (unless asked), Unix-domain peers and proxies that are believed are not
    /// counted.
    per_address: HashMap<IpAddr, usize>,
    connect_rate: Option<ConnectRate>,
    /// Connects of addresses: since when they are counted, and how many there were.
    connects: HashMap<IpAddr, (Tick, u32)>,
    limits_loopback: bool,
    proxies: TrustedProxies,
}

impl Admission {
    /// Counts against the limits, and against what so many descriptors allow.
    pub(super) fn new(limits: &Limits, descriptors: u64, proxies: TrustedProxies) -> Admission {
        // Some are kept back.
        let allowed = descriptors.saturating_sub(DESCRIPTORS_KEPT).max(1);
        let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
        let connections_max = limits.connections.unwrap_or(allowed).min(allowed);
        if let Some(asked) = limits.connections.filter(|&asked| asked > allowed) {
            log::warn!("{asked} connections were asked for, the descriptors allow {allowed}");
        }
        Admission {
            connections_max,
            per_address_max: limits.per_address,
            open: 0,
            per_address: HashMap::new(),
            connect_rate: limits.connect_rate,
            connects: HashMap::new(),
            limits_loopback: limits.limits_loopback,
            proxies,
        }
    }

    pub(super) fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// Counts against other limits from now on.
    pub(super) fn adopt(&mut self, limits: &Limits) {
        self.per_address_max = limits.per_address;
        self.connect_rate = limits.connect_rate;
    }

    /// Are as many open as may be?
    pub(super) fn is_full(&self) -> bool {
        self.open >= self.connections_max
    }

    /// Counts a connection in, unless one of its limits is reached.
    pub(super) fn admit(&mut self, peer: &Peer, now: Tick) -> Result<(), ErrorCode> {
        if self.is_full() {
            return Err(ErrorCode::ServerFull);
        }
        self.count_in(peer, now)?;
        self.open += 1;
        Ok(())
    }

    /// Counts a connection that was counted in for another peer than before, unless its limits are reached.
    pub(super) fn move_to(&mut self, from: &Peer, to: &Peer, now: Tick) -> Result<(), ErrorCode> {
        self.count_in(to, now)?;
        self.count_out(from);
        Ok(())
    }

    /// The proxies that are believed about whose a connection is.
    pub(super) fn proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// The address that is counted, where one is: a proxy brings everybody.
    fn counted(&self, peer: &Peer) -> Option<IpAddr> {
        let address = peer.counted_address(self.limits_loopback)?;
        (!self.proxies.has(peer)).then_some(address)
    }

    fn count_in(&mut self, peer: &Peer, now: Tick) -> Result<(), ErrorCode> {
        let Some(address) = self.counted(peer) else {
            return Ok(());
        };
        self.check_connects(address, now)?;
        let count = self.per_address.entry(address).or_default();
        if *count >= self.per_address_max {
            return Err(ErrorCode::AddressFull);
        }
        *count += 1;
        Ok(())
    }

    /// Counts a connection in that was admitted by another program.
    pub(super) fn readmit(&mut self, peer: &Peer) {
        self.open += 1;
        if let Some(address) = self.counted(peer) {
            *self.per_address.entry(address).or_default() += 1;
        }
    }

    /// Counts a connect of an address in its window of time. Addresses whose window is over are
    /// forgotten; when too many are counted at once, all are.
    fn check_connects(&mut self, address: IpAddr, now: Tick) -> Result<(), ErrorCode> {
        let Some(rate) = self.connect_rate else {
            return Ok(());
        };
        if self.connects.len() >= CONNECT_ADDRESSES_MAX {
            self.connects
                .retain(|_, (since, _)| now < *since + rate.window_ms);
            if self.connects.len() >= CONNECT_ADDRESSES_MAX {
                self.connects.clear();
            }
        }
        let (since, count) = self.connects.entry(address).or_insert((now, 0));
        if now >= *since + rate.window_ms {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        match *count <= rate.count {
            true => Ok(()),
            false => Err(ErrorCode::ConnectsTooFast),
        }
    }

    /// Counts out a connection that was counted in.
    pub(super) fn release(&mut self, peer: &Peer) {
        self.open -= 1;
        self.count_out(peer);
    }

    fn count_out(&mut self, peer: &Peer) {
        let Some(address) = self.counted(peer) else {
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

/// What all Outboxes may hold together, where that is not said: a quarter of the memory that the control group
/// allows.
pub(super) fn sendq_total(limits: &Limits, system: &impl System) -> usize {
    if let Some(bytes) = limits.sendq_total_bytes {
        return bytes;
    }
    let allowed = system.read(Path::new("/sys/fs/cgroup/memory.max")).ok();
    let allowed = allowed.and_then(|text| String::from_utf8(text).ok());
    let allowed = allowed.and_then(|text| text.trim().parse::<usize>().ok());
    allowed.map_or(SENDQ_TOTAL_BYTES, |bytes| {
        (bytes / 4).min(SENDQ_TOTAL_BYTES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        let ip = address.parse().expect("an address");
        Peer::Ip { ip, port: 1 }
    }

    #[test]
    fn each_limit_at_it_and_one_past_it() {
        let limits = Limits {
            connections: Some(5),
            per_address: 2,
            ..Limits::default()
        };
        let proxies = TrustedProxies(vec!["192.0.2.9".parse().expect("a proxy")]);
        let mut admission = Admission::new(&limits, 1000, proxies);
        let one = peer("192.0.2.1");
        assert_eq!(admission.admit(&one, 0), Ok(()));
        assert_eq!(admission.admit(&one, 0), Ok(()));
        assert_eq!(admission.admit(&one, 0), Err(ErrorCode::AddressFull));
        for _ in 0..3 {
            assert_eq!(admission.admit(&peer("127.0.0.1"), 0), Ok(()));
        }
        assert_eq!(
            admission.admit(&peer("192.0.2.2"), 0),
            Err(ErrorCode::ServerFull)
        );
        admission.release(&one);
        assert_eq!(admission.admit(&one, 0), Ok(()));
        admission.release(&one);
        admission.release(&one);
        assert!(admission.per_address.is_empty());
        // A proxy brings more than an address may, and each counts for whose it is.
        let proxy = peer("192.0.2.9");
        for to in [Ok(()), Ok(()), Err(ErrorCode::AddressFull)] {
            admission.release(&peer("127.0.0.1"));
            assert_eq!(admission.admit(&proxy, 0), Ok(()));
            assert_eq!(admission.move_to(&proxy, &one, 0), to);
        }
        assert_eq!(admission.move_to(&one, &peer("192.0.2.3"), 0), Ok(()));
        admission.release(&peer("192.0.2.3"));
        admission.release(&one);
        assert!(admission.per_address.is_empty());
    }
}
