//! The engine that dies, is full, and loses some of what it had.

use std::collections::VecDeque;

use super::redis::Kept;
use crate::dice::Dice;
use crate::net::BEGINS_UNIX_MS;

/// States of the disk that are remembered, of which one may be what is left.
const VERSIONS: usize = 64;

/// How much goes wrong on the ways, each per mille of what is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WayFaults {
    /// It never arrives.
    pub(crate) lost: u16,
    /// It is done, and nothing comes back.
    pub(crate) unanswered: u16,
    /// It is done much later, when nobody waits for that any more.
    pub(crate) ghost: u16,
    /// It takes up to a second.
    pub(crate) slow: u16,
}

/// What comes of the disk when the engine dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Nothing,
    /// Up to so many of the last writes.
    Tail(usize),
    All,
}

pub(super) type Ghost = Box<dyn FnOnce(&mut Kept, u64)>;

/// The engine.
pub(crate) struct Engine {
    pub(super) kept: Kept,
    pub(super) versions: VecDeque<Kept>,
    pub(super) now_us: u64,
    pub(super) is_down: bool,
    /// Nothing can be written.
    pub(super) is_full: bool,
    /// How often it has begun.
    pub(super) incarnation: u64,
    /// Requests that arrive later: when, and at which incarnation.
    pub(super) ghosts: Vec<(u64, u64, Ghost)>,
    pub(super) faults: WayFaults,
    pub(super) dice: Dice,
}

impl Engine {
    pub(crate) fn new(seed: u64, faults: WayFaults) -> Engine {
        Engine {
            kept: Kept::default(),
            versions: VecDeque::new(),
            now_us: 0,
            is_down: false,
            is_full: false,
            incarnation: 0,
            ghosts: Vec::new(),
            faults,
            dice: Dice::new(seed ^ 0xe91e),
        }
    }

    /// It is that time. What was late arrives.
    pub(crate) fn pass_to(&mut self, now_us: u64) {
        self.now_us = now_us;
        let ghosts = std::mem::take(&mut self.ghosts);
        for (due_us, incarnation, ghost) in ghosts {
            if incarnation != self.incarnation {
                continue;
            }
            match due_us <= now_us {
                true => {
                    if !self.is_full {
                        let now_ms = self.now_ms();
                        self.remember();
                        ghost(&mut self.kept, now_ms);
                    }
                }
                false => self.ghosts.push((due_us, incarnation, ghost)),
            }
        }
    }

    /// It dies, with what is lost then.
    pub(crate) fn die(&mut self, loss: Loss) {
        self.is_down = true;
        self.incarnation += 1;
        match loss {
            Loss::Nothing => {}
            Loss::Tail(count) => {
                for _ in 0..count {
                    self.kept = self.versions.pop_back().unwrap_or_default();
                }
            }
            Loss::All => self.kept = Kept::default(),
        }
        self.versions.clear();
    }

    pub(crate) fn begin(&mut self) {
        self.is_down = false;
    }

    pub(crate) fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    pub(crate) fn heal(&mut self) {
        (self.is_down, self.is_full) = (false, false);
        self.faults = WayFaults::default();
    }

    pub(super) fn now_ms(&self) -> u64 {
        BEGINS_UNIX_MS + self.now_us / 1_000
    }

    pub(super) fn remember(&mut self) {
        if self.versions.len() == VERSIONS {
            self.versions.pop_front();
        }
        self.versions.push_back(self.kept.clone());
    }

    pub(super) fn rolls(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.dice.below(1_000) < usize::from(per_mille)
    }
}
