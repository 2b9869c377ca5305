//! The shortest list of operations that still fails: fault classes are switched off one by one, and
//! operations left out, half of them, a quarter, and so on to single ones.

use std::time::{Duration, Instant};

use crate::checks::Failure;
use crate::plan::Plan;
use crate::weather;

/// Makes a plan shorter that fails with `failure`, as long as it fails by the same check and there is time.
pub(crate) fn shrink(
    plan: &Plan,
    failure: &Failure,
    time: Duration,
    fails: impl Fn(&Plan) -> Option<Failure>,
) -> Plan {
    let began = Instant::now();
    let still_fails = |plan: &Plan| {
        began.elapsed() < time && fails(plan).is_some_and(|found| found.check == failure.check)
    };
    let mut best = plan.clone();
    for class in 0..weather::CLASSES {
        if let Some(faults) = weather::without(&best.faults, class) {
            let candidate = Plan {
                faults,
                ..best.clone()
            };
            if still_fails(&candidate) {
                best = candidate;
            }
        }
    }
    best.ops = shortest(best.ops.clone(), |ops| {
        still_fails(&Plan {
            ops: ops.to_vec(),
            ..best.clone()
        })
    });
    best
}

/// The shortest list that is found which still fails.
pub(crate) fn shortest<T: Clone>(mut ops: Vec<T>, fails: impl Fn(&[T]) -> bool) -> Vec<T> {
    let mut len = ops.len().div_ceil(2);
    while len > 0 {
        let mut start = 0;
        while start < ops.len() {
            let end = (start + len).min(ops.len());
            let candidate = [&ops[..start], &ops[end..]].concat();
            match fails(&candidate) {
                true => ops = candidate,
                false => start = end,
            }
        }
        len /= 2;
    }
    ops
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Act, Op};

    #[test]
    fn what_it_takes_is_left() {
        let op = |dice| Op {
            act: Act::Say,
            slot: 0,
            dice,
        };
        let ops: Vec<Op> = (0..200).map(op).collect();
        let needs = |ops: &[Op]| [3, 77, 150].iter().all(|&dice| ops.contains(&op(dice)));
        assert_eq!(shortest(ops, needs), [op(3), op(77), op(150)]);
        assert!(shortest(vec![op(1)], |_| true).is_empty());
    }
}
