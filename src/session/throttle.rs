//! Wrong passwords: after a few of them one waits, and longer each time where that is so set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is allowed. Times are in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowance {
    /// Wrong passwords, after which one waits.
    pub(crate) failures: u32,
    /// How long one waits at first; each failure more doubles it.
    pub(crate) wait_ms: u64,
    /// How long one waits at most.
    pub(crate) wait_ms_max: u64,
    /// How long after the last failure all are forgotten: no less than one waits at most.
    pub(crate) memory_ms: u64,
    /// How many are remembered at once.
    pub(crate) remembered: usize,
}

/// Wrong passwords by what they are counted for. Times are in milliseconds since the start.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "K: Ord + Deserialize<'de>"))]
pub(crate) struct Throttle<K> {
    #[serde(skip)]
    allowance: Allowance,
    /// Invariant: no more than are remembered.
    failures: BTreeMap<K, Failures>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Failures {
    count: u32,
    /// When the wait is over.
    waits_until_ms: u64,
    /// When all is forgotten.
    forgotten_at_ms: u64,
}

impl<K: Ord + Clone> Throttle<K> {
    pub(crate) fn new(allowance: Allowance) -> Throttle<K> {
        Throttle {
            allowance,
            failures: BTreeMap::new(),
        }
    }

    /// That is allowed from now on.
    pub(crate) fn allow(&mut self, allowance: Allowance) {
        self.allowance = allowance;
    }

    /// How long there is yet to wait, in seconds.
    pub(crate) fn wait_s(&self, key: &K, now_ms: u64) -> Option<u64> {
        let failures = self.failures.get(key)?;
        let is_waiting = failures.count >= self.allowance.failures
            && failures.waits_until_ms > now_ms
            && failures.forgotten_at_ms > now_ms;
        is_waiting.then(|| (failures.waits_until_ms - now_ms).div_ceil(1000))
    }

    /// A password is tried: whoever had to wait before waits again until it is known to be right.
    pub(crate) fn note_try(&mut self, key: &K, now_ms: u64) {
        let allowance = self.allowance;
        if let Some(failures) = self.failures.get_mut(key) {
            failures.waits_until_ms = now_ms + allowance.wait_after(failures.count);
        }
    }

    pub(crate) fn note_failure(&mut self, key: &K, now_ms: u64) {
        if self.failures.len() >= self.allowance.remembered && !self.failures.contains_key(key) {
            self.make_room(now_ms);
        }
        let allowance = self.allowance;
        let failures = self.failures.entry(key.clone()).or_default();
        if failures.forgotten_at_ms <= now_ms {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.waits_until_ms = now_ms + allowance.wait_after(failures.count);
        failures.forgotten_at_ms = now_ms + allowance.memory_ms;
    }

    /// The password was right. Returns how many were wrong before.
    pub(crate) fn forget(&mut self, key: &K) -> u32 {
        self.failures
            .remove(key)
            .map_or(0, |failures| failures.count)
    }

    /// So many of the wrong passwords are forgotten; with the last of them, the wait.
    pub(crate) fn take_back(&mut self, key: &K, count: u32) {
        if let Some(failures) = self.failures.get_mut(key) {
            failures.count = failures.count.saturating_sub(count);
            if failures.count == 0 {
                self.failures.remove(key);
            }
        }
    }

    fn make_room(&mut self, now_ms: u64) {
        self.failures
            .retain(|_, failures| failures.forgotten_at_ms > now_ms);
        if self.failures.len() >= self.allowance.remembered {
            let oldest = self.failures.iter().min_by_key(|(_, f)| f.forgotten_at_ms);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.failures.remove(&key);
            }
        }
    }
}

impl Allowance {
    fn wait_after(&self, count: u32) -> u64 {
        match count.checked_sub(self.failures) {
            None => 0,
            Some(more) => {
                let wait_ms = self.wait_ms.saturating_mul(1 << more.min(32));
                wait_ms.min(self.wait_ms_max)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWANCE: Allowance = Allowance {
        failures: 3,
        wait_ms: 5_000,
        wait_ms_max: 15_000,
        memory_ms: 100_000,
        remembered: 2,
    };

    #[test]
    fn the_wait_doubles_up_to_a_limit_and_is_forgotten_at_last() {
        let mut throttle = Throttle::new(ALLOWANCE);
        let mut now_ms = 1000;
        let mut waits = Vec::new();
        for _ in 0..6 {
            now_ms += 1;
            throttle.note_failure(&"a", now_ms);
            waits.push(throttle.wait_s(&"a", now_ms));
        }
        let expected = [None, None, Some(5), Some(10), Some(15), Some(15)];
        assert_eq!(waits, expected);
        assert_eq!(throttle.wait_s(&"a", now_ms + 14_999), Some(1));
        assert_eq!(throttle.wait_s(&"a", now_ms + 15_000), None);
        throttle.note_failure(&"a", now_ms + 100_000);
        assert_eq!(throttle.wait_s(&"a", now_ms + 100_000), None);
    }

    #[test]
    fn who_waited_tries_once() {
        let mut throttle = Throttle::new(ALLOWANCE);
        for _ in 0..3 {
            throttle.note_failure(&"a", 0);
        }
        assert_eq!(throttle.wait_s(&"a", 5_000), None);
        throttle.note_try(&"a", 5_000);
        assert_eq!(throttle.wait_s(&"a", 5_001), Some(5));
        throttle.forget(&"a");
        assert_eq!(throttle.wait_s(&"a", 5_001), None);
    }

    #[test]
    fn what_was_wrong_for_another_reason_is_not_taken_back() {
        let mut throttle = Throttle::new(ALLOWANCE);
        for _ in 0..4 {
            throttle.note_failure(&"a", 0);
        }
        throttle.take_back(&"a", 0);
        assert_eq!(throttle.wait_s(&"a", 1), Some(10));
        throttle.take_back(&"a", 2);
        assert_eq!(throttle.wait_s(&"a", 1), None);
        throttle.note_failure(&"a", 1);
        assert_eq!(throttle.wait_s(&"a", 1), Some(5));
        throttle.take_back(&"a", 3);
        assert!(throttle.failures.is_empty());
    }

    #[test]
    fn of_too_many_the_oldest_is_forgotten() {
        let mut throttle = Throttle::new(ALLOWANCE);
        for (at, key) in (1..).zip(["a", "a", "a", "b", "b", "b", "c", "c", "c"]) {
            throttle.note_failure(&key, at);
        }
        let waits = ["a", "b", "c"].map(|key| throttle.wait_s(&key, 10).is_some());
        assert_eq!(waits, [false, true, true]);
        assert_eq!(throttle.failures.len(), 2);
    }
}
