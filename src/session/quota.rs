//! What one address may have made in a day.

use std::collections::BTreeMap;

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::limits::{QUOTA_ADDRESSES_MAX, QUOTA_MS};

/// Counts by address. Times are in milliseconds since the start.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quota {
    #[serde(skip)]
    most: u32,
    /// Since when it is counted, and how many there were.
    counts: BTreeMap<IpAddr, (u64, u32)>,
}

impl Quota {
    pub(crate) fn new(most: u32) -> Quota {
        Quota {
            most,
            counts: BTreeMap::new(),
        }
    }

    /// So many may be made from now on.
    pub(crate) fn allow(&mut self, most: u32) {
        self.most = most;
    }

    /// Counts one more, unless there are as many as may be.
    pub(crate) fn take(&mut self, address: IpAddr, now_ms: u64) -> bool {
        self.make_room(now_ms);
        let (since, count) = self.counts.entry(address).or_insert((now_ms, 0));
        if now_ms >= *since + QUOTA_MS {
            (*since, *count) = (now_ms, 0);
        }
        let is_left = *count < self.most;
        *count += u32::from(is_left);
        is_left
    }

    /// One that was counted did not come about.
    pub(crate) fn give_back(&mut self, address: IpAddr) {
        if let Some((_, count)) = self.counts.get_mut(&address) {
            *count = count.saturating_sub(1);
        }
    }

    /// Where as many are counted as may be, those are forgotten whose day is over, or else who made the
    /// fewest: an address that has made many stays known.
    fn make_room(&mut self, now_ms: u64) {
        if self.counts.len() < QUOTA_ADDRESSES_MAX {
            return;
        }
        self.counts
            .retain(|_, (since, _)| now_ms < *since + QUOTA_MS);
        if self.counts.len() >= QUOTA_ADDRESSES_MAX {
            let least = self.counts.values().map(|&(_, count)| count).min();
            self.counts.retain(|_, (_, count)| Some(*count) != least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_day() {
        let mut quota = Quota::new(2);
        let [one, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let taken = [0, 1, 2].map(|now_ms| quota.take(one, now_ms));
        assert_eq!(taken, [true, true, false]);
        assert!(quota.take(other, 2));
        quota.give_back(one);
        assert!(quota.take(one, 3) && !quota.take(one, QUOTA_MS - 1));
        assert!(quota.take(one, QUOTA_MS));
    }

    #[test]
    fn of_too_many_addresses_those_who_made_the_fewest_are_forgotten() {
        let mut quota = Quota::new(2);
        let address = |n: usize| IpAddr::from((n as u32).to_be_bytes());
        quota.take(address(0), 0);
        quota.take(address(0), 0);
        for n in 1..3 * QUOTA_ADDRESSES_MAX {
            quota.take(address(n), 1);
        }
        assert!(quota.counts.len() <= QUOTA_ADDRESSES_MAX);
        assert!(!quota.take(address(0), 2));
    }
}
