//! Rare states that the runs reach: one that none of them does is a hole in the simulator.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    static REACHED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// This was reached.
pub(crate) fn sometimes(name: impl AsRef<str>) {
    REACHED.with_borrow_mut(|reached| {
        if !reached.contains(name.as_ref()) {
            reached.insert(name.as_ref().to_owned());
        }
    });
}

/// What was reached in this thread since this was asked.
pub(crate) fn take() -> BTreeSet<String> {
    REACHED.take()
}

/// What every long run must reach.
const EXPECTED: &[&str] = &["rosters: compared"];

/// What was not reached.
pub(crate) fn missing(reached: &BTreeSet<String>) -> Vec<&'static str> {
    let is_missing = |name: &&&str| !reached.contains(**name);
    EXPECTED.iter().filter(is_missing).copied().collect()
}
