//! What a seed does with several servers.

use std::fmt;

use crate::dice::Dice;

use super::engine::{Loss, WayFaults};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Somebody connects, and wants a name.
    Come,
    Say,
    Enter,
    Leave,
    Rename,
    /// Says that it goes.
    Quit,
    /// Its connection breaks.
    Break,
    /// A server has no way to the engine, there and back, for a while.
    Cut(bool, bool),
    /// A server does not run for a while.
    Pause,
    /// It is killed, and started again after a while.
    KillServer,
    /// The engine is killed, and is back after a while without what is lost then.
    KillEngine(Loss),
    /// The engine is full for a while.
    Fill,
    /// Nothing happens for longer.
    Rest,
}

/// One of what happens, with what it is drawn from, and how long it is until the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) step: Step,
    pub(crate) dice: u64,
    pub(crate) wait_us: u64,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Op {
            step,
            dice,
            wait_us,
        } = self;
        write!(f, "{step:?} by {dice:#x}, then {wait_us} us")
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) servers: usize,
    /// Do servers have a disk?
    pub(crate) has_disk: bool,
    pub(crate) faults: WayFaults,
    pub(crate) ops: Vec<Op>,
}

/// What is done, and how often.
const STEPS: [(Step, u32); 7] = [
    (Step::Come, 12),
    (Step::Say, 60),
    (Step::Enter, 8),
    (Step::Leave, 3),
    (Step::Rename, 4),
    (Step::Quit, 2),
    (Step::Break, 2),
];

impl Plan {
    pub(crate) fn draw(seed: u64) -> Plan {
        let mut dice = Dice::new(seed);
        let mut rate = |most: usize| match dice.one_in(2) {
            true => dice.below(most) as u16,
            false => 0,
        };
        let faults = WayFaults {
            lost: rate(12),
            unanswered: rate(12),
            ghost: rate(12),
            slow: rate(30),
        };
        let (servers, has_disk) = (dice.between(2, 5), dice.one_in(2));
        let trouble = dice.between(0, 12) as u32;
        let count = dice.between(20, 120);
        let mut ops: Vec<Op> = (0..servers + 2)
            .map(|_| op(Step::Come, &mut dice))
            .collect();
        ops.extend((0..count).map(|_| {
            let weights: Vec<u32> = STEPS.iter().map(|&(_, weight)| weight).collect();
            let weights: Vec<u32> = weights.into_iter().chain([trouble]).collect();
            let step = match dice.weighted(&weights) {
                Some(at) if at < STEPS.len() => STEPS[at].0,
                _ => trouble_of(&mut dice, seed > LOSSLESS_SEEDS),
            };
            op(step, &mut dice)
        }));
        Plan {
            seed,
            servers,
            has_disk,
            faults,
            ops,
        }
    }
}

/// Seeds up to this lose nothing of the log: they are as they were when they found something.
const LOSSLESS_SEEDS: u64 = 1_000;

fn trouble_of(dice: &mut Dice, has_loss: bool) -> Step {
    match dice.below(if has_loss { 13 } else { 9 }) {
        0 => Step::Cut(true, true),
        1 => Step::Cut(true, false),
        2 => Step::Cut(false, true),
        3 => Step::Pause,
        4 => Step::KillServer,
        5 => Step::KillEngine(Loss::Nothing),
        6 => Step::Fill,
        7 => Step::Rest,
        8 => Step::KillEngine(Loss::Nothing),
        12 => Step::KillEngine(Loss::All),
        _ => Step::KillEngine(Loss::Tail(dice.between(1, 12))),
    }
}

fn op(step: Step, dice: &mut Dice) -> Op {
    let wait_us = match dice.below(12) {
        0 => dice.below(2_000_000),
        1..4 => dice.below(300_000),
        _ => dice.below(30_000),
    };
    Op {
        step,
        dice: dice.next(),
        wait_us: wait_us as u64,
    }
}
