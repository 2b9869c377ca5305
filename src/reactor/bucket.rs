//! A token bucket for each connection's requests.

use crate::limits::{FLOOD_CLOSE_MS, FLOOD_NOTICE_MS, Rate};
use crate::model::Request;

use super::timers::Tick;

/// What is to be done about who asks faster than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flood {
    /// Let it wait.
    Wait,
    /// Let it wait, and say so.
    Notice,
    /// It goes on and on: close it.
    Close,
}

/// Tokens, in thousandths: each request takes some, time gives them back.
#[derive(Debug)]
pub(super) struct Bucket {
    /// May be below zero after something that costs much.
    milli: i64,
    /// When it was last filled up.
    filled: Tick,
    /// Since when requests have been waiting without an end.
    flood_since: Option<Tick>,
    noticed: bool,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(rate: Option<Rate>, now: Tick) -> Bucket {
        let burst = rate.map_or(0, |rate| i64::from(rate.burst));
        Bucket {
            milli: burst * 1000,
            filled: now,
            flood_since: None,
            noticed: false,
        }
    }

    /// Takes tokens for a request that is already handled.
    pub(super) fn spend(&mut self, cost: i64) {
        self.milli -= cost * 1000;
    }

    /// When there will be a token, if there is none now.
    pub(super) fn empty_until(&mut self, rate: Rate, now: Tick) -> Option<Tick> {
        let passed = i64::try_from(now - self.filled).unwrap_or(i64::MAX);
        let (per_s, full) = (i64::from(rate.per_s), i64::from(rate.burst) * 1000);
        self.milli = self
            .milli
            .saturating_add(passed.saturating_mul(per_s))
            .min(full);
        self.filled = now;
        if self.milli >= 1000 {
            return None;
        }
        let missing = u64::try_from(1000 - self.milli).unwrap_or_default();
        Some(now + missing.div_ceil(u64::from(rate.per_s)))
    }

    /// Nothing waits any more: who asks just as fast as it may floods nobody.
    pub(super) fn caught_up(&mut self) {
        self.flood_since = None;
        self.noticed = false;
    }

    /// Somebody may want what the bucket does not have.
    pub(super) fn flood(&mut self, now: Tick) -> Flood {
        let since = *self.flood_since.get_or_insert(now);
        if now >= since + FLOOD_CLOSE_MS {
            return Flood::Close;
        }
        if now >= since + FLOOD_NOTICE_MS && !self.noticed {
            self.noticed = true;
            return Flood::Notice;
        }
        Flood::Wait
    }
}

/// What a request costs, in tokens: more where it could be used to pester or to guess.
pub(super) fn cost_of(request: &Request) -> i64 {
    match request {
        Request::Join { .. } | Request::JoinUnnamed | Request::Nick { .. } => 3,
        Request::Oper { .. } => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_s: 10,
        burst: 30,
    };

    #[test]
    fn a_burst_and_then_ten_a_second() {
        let mut bucket = Bucket::new(Some(RATE), 0);
        for _ in 0..30 {
            assert_eq!(bucket.empty_until(RATE, 0), None);
            bucket.spend(1);
        }
        assert_eq!(bucket.empty_until(RATE, 0), Some(100));
        assert_eq!(bucket.empty_until(RATE, 99), Some(100));
        assert_eq!(bucket.empty_until(RATE, 100), None);
        bucket.spend(5);
        assert_eq!(bucket.empty_until(RATE, 100), Some(600));
    }

    #[test]
    fn first_a_wait_then_one_notice_then_the_end() {
        let mut bucket = Bucket::new(Some(RATE), 0);
        bucket.spend(30);
        assert_eq!(bucket.flood(10), Flood::Wait);
        assert_eq!(bucket.flood(10 + FLOOD_NOTICE_MS), Flood::Notice);
        assert_eq!(bucket.flood(11 + FLOOD_NOTICE_MS), Flood::Wait);
        assert_eq!(bucket.flood(10 + FLOOD_CLOSE_MS), Flood::Close);
    }

    #[test]
    fn who_catches_up_is_forgiven() {
        let mut bucket = Bucket::new(Some(RATE), 0);
        bucket.spend(30);
        assert_eq!(bucket.flood(0), Flood::Wait);
        bucket.caught_up();
        assert_eq!(bucket.flood(FLOOD_CLOSE_MS), Flood::Wait);
        assert_eq!(
            bucket.flood(FLOOD_CLOSE_MS + FLOOD_NOTICE_MS),
            Flood::Notice
        );
    }
}
