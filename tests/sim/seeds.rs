//! Which seeds are played, and what is done about one that fails.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use crate::checks::Failure;
use crate::driver::{self, Manner, Outcome};
use crate::faults::Fault;
use crate::plan::{FIRST_SEEDS, Plan};
use crate::shrink::shrink;
use crate::trace::Traced;
use crate::vocabulary::Vocabulary;

/// How long a failure is made shorter.
const SHRINK: Duration = Duration::from_secs(60);

/// How long seeds are tried where nothing else is said.
const SECONDS: u64 = 5;

/// The first seed tried where nothing else is said: those before it lack the operations that came later, and the
/// traces of some are recorded.
const FROM: u64 = FIRST_SEEDS + 1;

/// Operations after which no more seeds are tried, unless the variable SIM_SEEDS says how many are.
const OPS: usize = 1_000_000;

/// From so many operations on, every rare state must have been reached.
const MARKED_FROM: usize = 500_000;

/// Plays a plan once; a panic is a failure like any other.
fn play(
    plan: &Plan,
    vocabulary: &Vocabulary,
    manner: Manner,
) -> Result<(Outcome, Traced), Failure> {
    let played = catch_unwind(AssertUnwindSafe(|| driver::run(plan, vocabulary, manner)));
    match played {
        Ok(Outcome {
            failure: Some(failure),
            ..
        }) => Err(failure),
        Ok(outcome) => {
            let traced = outcome.traced;
            Ok((outcome, traced))
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.into()));
            Err(Failure::new("panic", text.unwrap_or_default()))
        }
    }
}

const QUIETLY: Manner = Manner {
    is_verbose: false,
    hash_salt: 0,
};
const VERBOSELY: Manner = Manner {
    is_verbose: true,
    ..QUIETLY
};
/// With hash tables of another order.
const SALTED: Manner = Manner {
    hash_salt: 0x9e37_79b9_7f4a_7c15,
    ..QUIETLY
};

/// Plays a plan twice: the same bytes come at the same times, whatever order hash tables have.
fn play_twice(plan: &Plan, vocabulary: &Vocabulary) -> Result<Outcome, Failure> {
    let (outcome, first) = play(plan, vocabulary, QUIETLY)?;
    let (_, second) = play(plan, vocabulary, SALTED)?;
    match first == second {
        true => Ok(outcome),
        false => Err(Failure::new(
            "trace",
            format!("two runs differ: {first:x?} and {second:x?}"),
        )),
    }
}

/// Tells of a failing seed, with the shortest list of operations that still fails.
fn report(plan: &Plan, failure: &Failure, vocabulary: &Vocabulary) -> String {
    let shortest = shrink(plan, failure, SHRINK, |plan| {
        play_twice(plan, vocabulary).err()
    });
    let ops: String = shortest
        .ops
        .iter()
        .map(|op| format!("    {op}\n"))
        .collect();
    let again = play_twice(&shortest, vocabulary).err();
    println!("--- the shortest list of seed {} ---", plan.seed);
    let _ = play(&shortest, vocabulary, VERBOSELY);
    format!(
        "seed {} fails ({}): {}\n{:?}\nof {} operations {} are left, with {:?} ({:?}):\n{ops}play it again with SEED={}",
        plan.seed,
        failure.check,
        failure.what,
        plan.options,
        plan.ops.len(),
        shortest.ops.len(),
        shortest.faults,
        again,
        plan.seed,
    )
}

pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let digits = text.strip_prefix("0x");
    let number = digits.map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16));
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Plays one seed, and fails with its shortest list. So many operations were played before it.
fn check_seed(seed: u64, vocabulary: &Vocabulary, ops_before: usize) -> Outcome {
    let plan = Plan::draw(seed, &vocabulary.names());
    match play_twice(&plan, vocabulary) {
        Ok(outcome) => outcome,
        Err(failure) => {
            let report = report(&plan, &failure, vocabulary);
            panic!("after {ops_before} operations {report}");
        }
    }
}

#[test]
fn seeds_hold() {
    let vocabulary = Vocabulary::of_help();
    if let Some(seed) = number("SEED") {
        let plan = Plan::draw(seed, &vocabulary.names());
        let _ = play(&plan, &vocabulary, VERBOSELY);
        check_seed(seed, &vocabulary, 0);
        return;
    }
    let time = Duration::from_secs(number("SIM_SECONDS").unwrap_or(SECONDS));
    let from = number("SIM_FROM").unwrap_or(FROM);
    let count = number("SIM_SEEDS");
    let (began, next, ops) = (Instant::now(), AtomicU64::new(from), AtomicUsize::new(0));
    let is_enough = || match count {
        Some(count) => next.load(SeqCst) - from >= count,
        None => ops.load(SeqCst) >= OPS,
    };
    let has_failed = AtomicBool::new(false);
    // Each thread takes the next seed that nobody has taken; what is rare is marked by each for itself.
    let play_on = || {
        let mut reached = BTreeSet::new();
        while began.elapsed() < time && !is_enough() && !has_failed.load(SeqCst) {
            let seed = next.fetch_add(1, SeqCst);
            let checked = catch_unwind(|| check_seed(seed, &vocabulary, ops.load(SeqCst)));
            let outcome = checked.unwrap_or_else(|failure| {
                has_failed.store(true, SeqCst);
                resume_unwind(failure)
            });
            ops.fetch_add(outcome.ops, SeqCst);
            reached.extend(outcome.marks);
        }
        reached
    };
    let threads = available_parallelism().map_or(1, NonZero::get);
    let reached: BTreeSet<String> = thread::scope(|scope| {
        let players: Vec<_> = (0..threads).map(|_| scope.spawn(play_on)).collect();
        let played = players.into_iter().map(thread::ScopedJoinHandle::join);
        played
            .flat_map(|reached| reached.unwrap_or_else(|failure| resume_unwind(failure)))
            .collect()
    });
    let (next, ops) = (next.into_inner(), ops.into_inner());
    println!(
        "{} seeds from {from} on, {ops} operations, each played twice, in {:?}",
        next - from,
        began.elapsed()
    );
    let missing = crate::marks::missing(&reached);
    println!("reached {reached:?}\nnever: {missing:?}");
    assert!(
        ops < MARKED_FROM || missing.is_empty(),
        "never reached: {missing:?}"
    );
}

/// Seeds that have found something, a line each, with what it was.
#[test]
fn seeds_that_have_found_something_hold() {
    let vocabulary = Vocabulary::of_help();
    for line in include_str!("seeds.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let seed = line
            .split_whitespace()
            .next()
            .and_then(|seed| seed.parse().ok());
        check_seed(seed.expect("a line begins with a seed"), &vocabulary, 0);
    }
}

/// The traces of seeds, as they were: `SEED BYTES TIMED` a line. What is redrawn and changes no byte leaves the
/// bytes as they are; the times are told where they differ.
const TRACES: &str = "tests/sim/traces.txt";

/// How many are recorded, and how many of them are played where the program is not optimised.
const RECORDED: u64 = 300;
const PLAYED_IN_DEBUG: usize = 40;

#[test]
fn traces_are_as_they_were() {
    let vocabulary = Vocabulary::of_help();
    let trace = |seed| {
        let mut plan = Plan::draw(seed, &vocabulary.names());
        // That comes whenever the clock is read, which is no byte.
        plan.faults = plan.faults.with(Fault::SlowTurn, 0);
        match play(&plan, &vocabulary, QUIETLY) {
            Ok((_, traced)) => format!("{seed} {:016x} {:016x}", traced.bytes, traced.timed),
            Err(failure) => panic!("seed {seed}: {failure:?}"),
        }
    };
    if std::env::var("TRACES").is_ok_and(|what| what == "write") {
        let lines: String = (1..=RECORDED).map(|seed| trace(seed) + "\n").collect();
        std::fs::write(TRACES, lines).expect("the traces are written");
        return;
    }
    let recorded = std::fs::read_to_string(TRACES).expect("recorded traces");
    let played = if cfg!(debug_assertions) {
        PLAYED_IN_DEBUG
    } else {
        usize::MAX
    };
    let (mut other, mut later) = (Vec::new(), 0);
    for line in recorded.lines().take(played) {
        let seed = line.split(' ').next().and_then(|seed| seed.parse().ok());
        let seed = seed.expect("a line begins with a seed");
        let now = trace(seed);
        let bytes = |line: &str| line.rsplit_once(' ').map(|(bytes, _)| bytes.to_owned());
        match bytes(&now) == bytes(line) {
            true => later += usize::from(now != line),
            false => {
                let durability = Plan::draw(seed, &vocabulary.names()).options.durability;
                other.push(format!("{line}, now {now} ({durability:?})"));
            }
        }
    }
    println!("the same bytes at other times: {later}");
    assert!(
        other.is_empty(),
        "other bytes (TRACES=write records them anew): {other:#?}"
    );
}
