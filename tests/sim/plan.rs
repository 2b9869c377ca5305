//! What a seed draws: the options of the server, who comes, which operations and faults there are, and how
//! often (swarm testing: each seed leaves most of them out, so that those which it has meet often).

mod act;
mod commands;
mod options;
mod tongue;

use std::fmt;

use hubbub::testing::{Durability, RegistrationMode};

use crate::dice::Dice;
use crate::faults::Faults;

pub(crate) use act::Act;
pub(crate) use commands::NOT_PLAYED;
pub(crate) use options::Options;
pub(crate) use tongue::{DOORS, Tongue};

/// Seeds up to here draw what there was when traces were recorded first, so that those stay as they are. What came
/// later is drawn beyond it.
pub(crate) const FIRST_SEEDS: u64 = 1_100;

/// One operation: everything about it that is chance follows from its `dice` and from what the clients know,
/// so that it is the same one where others are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) act: Act,
    pub(crate) slot: usize,
    pub(crate) dice: u64,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:#x}", self.act, self.slot, self.dice)
    }
}

/// All that a seed draws.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) options: Options,
    /// Who comes at each slot, again and again.
    pub(crate) tongues: Vec<Tongue>,
    /// Who of them comes over TLS.
    pub(crate) are_over_tls: Vec<bool>,
    /// How often which command is asked, in the order of `/help`.
    pub(crate) commands: Vec<u32>,
    pub(crate) names: Vec<String>,
    pub(crate) rooms: Vec<String>,
    pub(crate) faults: Faults,
    pub(crate) ops: Vec<Op>,
}

/// Operations of a seed.
const OPS: (usize, usize) = (60, 600);

/// Those of long ones, and how often they come: what is said goes beyond what is shown at once.
const LONG_OPS: (usize, usize) = (1_000, 3_000);
const LONG_ONE_IN: usize = 24;

impl Plan {
    pub(crate) fn draw(seed: u64, command_names: &[&str]) -> Plan {
        let mut dice = Dice::new(seed);
        let is_later = seed > FIRST_SEEDS;
        let options = Options::draw(&mut dice, is_later);
        let mut tongues = draw_tongues(&mut dice);
        tongues.extend(options.stdio.map(|stdio| match stdio.is_terminal {
            true => Tongue::Terminal,
            false => Tongue::Stdio,
        }));
        let are_over_tls = tongues
            .iter()
            .map(|&tongue| options.is_over_tls(tongue, &mut dice))
            .collect();
        let commands = commands::draw(command_names, is_later, &mut dice);
        let names = draw_names(&mut dice);
        let rooms = draw_rooms(&mut dice);
        let faults = crate::weather::draw(&mut dice);
        let acts = Act::drawn(is_later);
        let weights: Vec<u32> = acts.iter().map(|act| *dice.pick(&act.weights())).collect();
        let (least, most) = if dice.one_in(LONG_ONE_IN) {
            LONG_OPS
        } else {
            OPS
        };
        let count = dice.between(least, most);
        let mut ops: Vec<Op> = (0..count)
            .map(|_| Op {
                act: acts[dice.weighted(&weights).unwrap_or(0)],
                slot: dice.below(tongues.len()),
                dice: dice.next(),
            })
            .collect();
        // They come in first.
        for (slot, op) in ops.iter_mut().enumerate().take(tongues.len()) {
            (op.act, op.slot) = (Act::Connect, slot);
        }
        let mut plan = Plan {
            seed,
            options,
            tongues,
            are_over_tls,
            commands,
            names,
            rooms,
            faults,
            ops,
        };
        if is_later {
            plan.speak_irc();
            plan.take_over();
            plan.invite(command_names);
        }
        plan
    }
}

impl Plan {
    /// Has some of those who type lines come by IRC, in a seed of three. All else is drawn as it was.
    fn speak_irc(&mut self) {
        const STREAM: u64 = 0x6972_6303;
        if !Dice::new(self.seed ^ STREAM).one_in(3) {
            return;
        }
        for (slot, tongue) in self.tongues.iter_mut().enumerate() {
            // Nobody of them may have been drawn.
            if slot == 0 || matches!(tongue, Tongue::Text | Tongue::Anon | Tongue::Echo) {
                *tongue = Tongue::Irc;
                self.are_over_tls[slot] = false;
            }
        }
    }

    /// Has other programs take over between the operations, in a seed of three. All else is drawn as it was.
    fn take_over(&mut self) {
        const STREAM: u64 = 0x7461_6b01;
        let mut dice = Dice::new(self.seed ^ STREAM);
        if !dice.one_in(3) {
            return;
        }
        for _ in 0..dice.between(1, 12) {
            let op = Op {
                act: Act::TakeOver,
                slot: 0,
                dice: dice.next(),
            };
            self.ops.insert(dice.below(self.ops.len()), op);
        }
    }

    /// Has accounts made by invitation alone, or by nobody, in a seed of four, where that is often asked. All else is
    /// drawn as it was.
    fn invite(&mut self, command_names: &[&str]) {
        const STREAM: u64 = 0x636f_6465;
        let mut dice = Dice::new(self.seed ^ STREAM);
        if dice.one_in(4) {
            let (invited, nobody) = (RegistrationMode::Invite, RegistrationMode::Closed);
            self.options.registration = *dice.pick(&[invited, invited, invited, nobody]);
            self.options.durability.get_or_insert(Durability::Soon);
            let register = command_names.iter().position(|&name| name == "register");
            if let Some(weight) = register.and_then(|at| self.commands.get_mut(at)) {
                *weight = 4;
            }
        }
    }

    /// Does it have what came later, too?
    pub(crate) fn is_later(&self) -> bool {
        self.seed > FIRST_SEEDS
    }
}

/// Mostly one's own kind of clients.
fn draw_tongues(dice: &mut Dice) -> Vec<Tongue> {
    let spoken: Vec<Tongue> = (0..dice.between(1, 6))
        .map(|_| *dice.pick(&Tongue::ALL))
        .collect();
    let count = dice.between(2, 14);
    let mut tongues: Vec<Tongue> = (0..count).map(|_| *dice.pick(&spoken)).collect();
    // Two who are told everything, ids too.
    tongues.extend([Tongue::Json; 2]);
    tongues
}

fn draw_names(dice: &mut Dice) -> Vec<String> {
    const NAMES: [&str; 14] = [
        "al",
        "Bo",
        "cy",
        "Dee",
        "eve",
        "Çé",
        "ŁUK",
        "bot_1",
        "x.y-z",
        "9lives",
        "Guest-0001",
        "anon-7",
        "प्रिया",
        "abcdefghijklmnopqrst",
    ];
    let count = dice.between(2, NAMES.len());
    let start = dice.below(NAMES.len());
    (0..count)
        .map(|at| NAMES[(start + at) % NAMES.len()].to_owned())
        .collect()
}

fn draw_rooms(dice: &mut Dice) -> Vec<String> {
    const ROOMS: [&str; 6] = [
        "den",
        "Rust",
        "g",
        "größe",
        "a_room-with-a-long-name-of-32-chs",
        "r2",
    ];
    let count = dice.between(1, 5);
    let rooms = (0..count).map(|at| ROOMS[at].chars().take(32).collect());
    rooms.chain(["lobby".into()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_again_and_seeds_differ() {
        let ops = |seed| Plan::draw(seed, &["say"]).ops;
        assert_eq!(ops(7), ops(7));
        assert_ne!(ops(7), ops(8));
    }
}
