//! What was acknowledged survives; with `seen`, what anybody saw; with `soon`, what stood long enough.

use std::collections::HashMap;
use std::ops::Range;

use hubbub::testing::Durability;

use crate::ledger::{Ledger, To, nonces};

use super::Failure;

/// How long what was told may not be on disk yet, with `soon`, where the disk takes it.
pub(crate) const SOON_US: u64 = 60_000;

/// Checks what survived, ids and texts of messages in rooms; from now on that is promised, too. `well_us` is the
/// time up to now in which the disk took everything that it was given, if it does.
pub(crate) fn check(
    ledger: &mut Ledger,
    durability: Durability,
    survived: &[(u64, &str)],
    well_us: Option<Range<u64>>,
) -> Result<(), Failure> {
    let mut kept: HashMap<usize, u64> = HashMap::new();
    for &(id, text) in survived {
        for number in nonces(text) {
            if kept.insert(number, id).is_some() && nonces(text).count() == 1 {
                return Err(Failure::new("kept", format!("{text:?} is kept twice")));
            }
        }
    }
    let is_soon = |heard_at_us: u64| {
        let well_us = well_us.as_ref();
        well_us.is_some_and(|well| well.start < heard_at_us && heard_at_us + SOON_US < well.end)
    };
    for (number, said) in ledger.said().iter().enumerate() {
        let (Some(id), To::Room(_)) = (said.id, &said.to) else {
            continue;
        };
        let is_promised = said.is_acknowledged
            || match durability {
                Durability::Seen => said.is_heard,
                // Of what was said before that it is known by now whether it was kept.
                Durability::Soon => {
                    said.is_heard && said.epoch + 1 == ledger.epoch && is_soon(said.heard_at_us)
                }
            };
        match kept.get(&number) {
            Some(&kept) if kept != id => {
                return Err(Failure::new("kept", format!("{said:?} is kept as {kept}")));
            }
            None if is_promised => {
                return Err(Failure::new("kept", format!("{said:?} is lost")));
            }
            _ => {}
        }
    }
    kept.into_keys().for_each(|number| ledger.note_kept(number));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::nonce;

    #[test]
    fn what_was_promised_is_there() {
        let mut ledger = Ledger::default();
        let number = ledger.say(0, To::Room(None), 1);
        ledger.acknowledge(7, number).expect("an id of its own");
        let text = format!("{} hi", nonce(number));
        let survived = |id| (id, text.as_str());
        let mut is_well =
            |survived: &[(u64, &str)]| check(&mut ledger, Durability::Soon, survived, None).is_ok();
        assert!(is_well(&[survived(7)]));
        assert!(!is_well(&[survived(8)]), "another id");
        assert!(!is_well(&[]), "lost");
        assert!(!is_well(&[survived(7), survived(7)]), "twice");
    }
}
