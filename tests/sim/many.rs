//! Several servers over a model of the Redis that has their log, with all that goes wrong between them.

mod checks;
mod client;
mod engine;
mod epoch;
mod plan;
mod redis;
mod scene;
mod server;
mod site;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::checks::Failure;
use crate::seeds::number;
use crate::shrink::shortest;

use plan::{Op, Plan};
use scene::Scene;
pub(crate) use site::{SimEngine, SimSite};

/// How long seeds are tried, in seconds: where nothing else is said, and at most.
const SECONDS: u64 = 3;
const SECONDS_MAX: u64 = 20;

/// The first seed tried where nothing else is said.
const FROM: u64 = 1_001;

/// How long a failure is made shorter.
const SHRINK: Duration = Duration::from_secs(60);

/// Seeds that have found something: what was tried again was joined with what had come since, and came twice.
const FOUND: [u64; 2] = [14, 30];

fn play(plan: &Plan, is_verbose: bool) -> Result<u64, Failure> {
    let play = || Scene::new(plan, is_verbose).play(plan);
    let played = catch_unwind(AssertUnwindSafe(play));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.into()));
        Err(Failure::new("panic", text.unwrap_or_default()))
    })
}

fn check_seed(seed: u64) -> usize {
    let plan = Plan::draw(seed);
    let Err(failure) = play(&plan, false) else {
        return plan.ops.len();
    };
    let shorter = shrink(&plan, &failure);
    println!("--- the shortest list of seed {seed} ---");
    let again = play(&shorter, true);
    let ops: String = shorter.ops.iter().map(|op| format!("    {op}\n")).collect();
    panic!(
        "seed {seed} fails ({}): {}\nof {} operations {} are left, at {} servers (disk: {}) with {:?}: {again:?}\n{ops}\
         play it again with MANY_SEED={seed}",
        failure.check,
        failure.what,
        plan.ops.len(),
        shorter.ops.len(),
        shorter.servers,
        shorter.has_disk,
        shorter.faults
    );
}

fn shrink(plan: &Plan, failure: &Failure) -> Plan {
    let began = Instant::now();
    let fails = |plan: &Plan| {
        began.elapsed() < SHRINK && play(plan, false).is_err_and(|it| it.check == failure.check)
    };
    let mut best = plan.clone();
    let fewer = (2..plan.servers).map(|servers| Plan {
        servers,
        ..plan.clone()
    });
    best = fewer.into_iter().find(|plan| fails(plan)).unwrap_or(best);
    for calmer in calmer(&best) {
        if fails(&calmer) {
            best = calmer;
            break;
        }
    }
    best.ops = shortest(best.ops.clone(), |ops: &[Op]| {
        fails(&Plan {
            ops: ops.to_vec(),
            ..best.clone()
        })
    });
    best
}

/// The same with less that goes wrong, the least first.
fn calmer(plan: &Plan) -> [Plan; 3] {
    let none = engine::WayFaults::default();
    let with = |has_disk, faults| Plan {
        has_disk,
        faults,
        ..plan.clone()
    };
    [
        with(false, none),
        with(plan.has_disk, none),
        with(false, plan.faults),
    ]
}

#[test]
fn several_servers_are_one_chat_whatever_goes_wrong() {
    if let Some(seed) = number("MANY_SEED") {
        let _ = play(&Plan::draw(seed), true);
        check_seed(seed);
        return;
    }
    for seed in FOUND {
        check_seed(seed);
    }
    let time = number("SIM_SECONDS").unwrap_or(SECONDS).min(SECONDS_MAX);
    let from = number("MANY_FROM").unwrap_or(FROM);
    let began = Instant::now();
    let (mut seed, mut ops) = (from, 0);
    while began.elapsed() < Duration::from_secs(time) {
        ops += check_seed(seed);
        seed += 1;
    }
    let count = seed - from;
    println!("{count} seeds of several servers from {from} on, {ops} operations");
}

#[test]
fn a_seed_repeats_it() {
    for seed in 1..4 {
        let plan = Plan::draw(seed);
        assert_eq!(play(&plan, false), play(&plan, false), "seed {seed}");
    }
}
