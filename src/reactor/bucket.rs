//! A token bucket for each connection's requests.

use crate::limits::{FLOOD_CLOSE_MS, FLOOD_NOTICE_MS, LINES_PER_TOKEN, Rate};
use crate::model::{Doing, Request, lines};
use serde::{Deserialize, Serialize};

use super::timers::Tick;

/// Tokens that requests take and time gives back; a full one at first.
///
/// Kept as the one time at which it is full again, in thousandths of a token that have come back
/// since the start: a bucket that nobody asks of needs no care.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Bucket {
    full_at: u64,
}

impl Bucket {
    /// Takes tokens, in thousandths, for what is already handled, even where there are none left.
    pub(super) fn spend(&mut self, cost: u64, rate: Rate, now: Tick) {
        let at_least = self.full_at.max(came_back(rate, now));
        self.full_at = at_least.saturating_add(cost);
    }

    /// When there will be a token, if there is none now.
    pub(super) fn empty_until(&self, rate: Rate, now: Tick) -> Option<Tick> {
        let spent = self.full_at.saturating_sub(came_back(rate, now));
        let missing = spent
            .saturating_add(1000)
            .saturating_sub(u64::from(rate.burst) * 1000);
        (missing > 0).then(|| now + missing.div_ceil(u64::from(rate.per_s)))
    }
}

/// Thousandths of a token that have come back since the start.
fn came_back(rate: Rate, now: Tick) -> u64 {
    now.saturating_mul(u64::from(rate.per_s))
}

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

/// Requests have been waiting without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flooding {
    since: Tick,
    noticed: bool,
}

impl Flooding {
    pub(super) fn since(now: Tick) -> Flooding {
        Flooding {
            since: now,
            noticed: false,
        }
    }

    /// Somebody may want what the bucket does not have.
    pub(super) fn judge(&mut self, now: Tick) -> Flood {
        if now >= self.since + FLOOD_CLOSE_MS {
            return Flood::Close;
        }
        if now >= self.since + FLOOD_NOTICE_MS && !self.noticed {
            self.noticed = true;
            return Flood::Notice;
        }
        Flood::Wait
    }
}

/// What a wrong bearer token costs, in tokens, beside its request: as much as a wrong password together.
pub(super) const COST_OF_WRONG_TOKEN: u64 = 4;

/// What a request costs, in tokens: more where it could be used to pester or to guess.
pub(super) fn cost_of(request: &Request) -> u64 {
    match request {
        Request::Join { .. } | Request::JoinUnnamed | Request::Nick { .. } => 3,
        Request::Oper { .. } | Request::OperAs { .. } => 5,
        // Work for others beside the loop, or that stays.
        Request::Register { .. }
        | Request::Login { .. }
        | Request::Passwd { .. }
        | Request::Unregister { .. }
        | Request::Token { .. } => 3,
        Request::Rooms { .. } => 5,
        Request::Members { .. } | Request::List => 2,
        Request::Say { text, .. } | Request::Act { text, .. } | Request::Private { text, .. } => {
            1 + cost_of_lines(text)
        }
        Request::About(about) => match &about.what {
            Doing::Edit { text } | Doing::Reply { text, .. } => 1 + cost_of_lines(text),
            Doing::React { .. } => 1,
        },
        _ => 1,
    }
}

fn cost_of_lines(text: &str) -> u64 {
    (lines(text).count() - 1).div_ceil(LINES_PER_TOKEN) as u64
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
        for start in [0, 123_456] {
            let mut bucket = Bucket::default();
            for _ in 0..30 {
                assert_eq!(bucket.empty_until(RATE, start), None);
                bucket.spend(1000, RATE, start);
            }
            assert_eq!(bucket.empty_until(RATE, start), Some(start + 100));
            assert_eq!(bucket.empty_until(RATE, start + 99), Some(start + 100));
            assert_eq!(bucket.empty_until(RATE, start + 100), None);
            bucket.spend(5000, RATE, start + 100);
            assert_eq!(bucket.empty_until(RATE, start + 100), Some(start + 600));
        }
    }

    #[test]
    fn first_a_wait_then_one_notice_then_the_end() {
        let mut flooding = Flooding::since(10);
        assert_eq!(flooding.judge(10), Flood::Wait);
        assert_eq!(flooding.judge(10 + FLOOD_NOTICE_MS), Flood::Notice);
        assert_eq!(flooding.judge(11 + FLOOD_NOTICE_MS), Flood::Wait);
        assert_eq!(flooding.judge(10 + FLOOD_CLOSE_MS), Flood::Close);
    }
}
