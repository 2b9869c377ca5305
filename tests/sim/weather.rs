//! What the network, the system and the disk do to the server, and how often.

use crate::dice::Dice;
use crate::disk::Health;
use crate::faults::{Fault, Faults};

/// How many classes there are.
pub(crate) const CLASSES: usize = Fault::ALL.len();

/// Draws the classes that a seed has, each with how often it comes; one seed in three has none.
pub(crate) fn draw(dice: &mut Dice) -> Faults {
    let mut faults = Faults::default();
    if dice.one_in(3) {
        return faults;
    }
    for fault in Fault::ALL {
        if dice.one_in(3) {
            faults = faults.with(fault, often(fault, dice));
        }
    }
    faults
}

/// In how many calls of a thousand a class may come, such that there is something left to see.
fn often(fault: Fault, dice: &mut Dice) -> u16 {
    match fault {
        _ if fault.ends_connections() => *dice.pick(&[1, 3, 10]),
        Fault::AcceptExhausted | Fault::TinyBuffer => *dice.pick(&[100, 500, 900]),
        _ => *dice.pick(&[5, 50, 300]),
    }
}

/// Draws how the disk does.
pub(crate) fn health(dice: &mut Dice) -> Health {
    match dice.below(6) {
        0 => Health::Full,
        1 => Health::Failing,
        2 => Health::Slow(*dice.pick(&[20_000, 500_000, 3_000_000])),
        _ => Health::Well,
    }
}

/// The same without one class; `None` where it was off already.
pub(crate) fn without(faults: &Faults, class: usize) -> Option<Faults> {
    let fault = Fault::ALL[class];
    (faults.per_mille(fault) > 0).then(|| faults.with(fault, 0))
}

/// Is there none?
pub(crate) fn is_calm(faults: &Faults) -> bool {
    *faults == Faults::default()
}
