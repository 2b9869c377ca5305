//! Each receiver's ids rise in each room, without a gap but for what it left, ignored or was dropped for.

use std::collections::{BTreeMap, HashSet};

use hubbub::testing::Key;

use crate::ledger::{Ledger, Said};
use crate::peer::{Peer, Stay};

use super::Failure;

/// What was said in each room: id and text, in order.
type Rooms = BTreeMap<Key, Vec<(u64, usize)>>;

/// Checks everybody's stays in rooms. What is not to be kept any more may not be told to who catches up.
pub(crate) fn check(
    peers: &[Peer],
    ledger: &Ledger,
    is_forgotten: impl Fn(u64) -> bool,
) -> Result<(), Failure> {
    let mut rooms = Rooms::new();
    for (number, said) in ledger.said().iter().enumerate() {
        if let (Some(room), Some(id), true, true) = (
            &said.room,
            said.id,
            said.is_heard,
            said.epoch == ledger.epoch,
        ) {
            rooms.entry(room.clone()).or_default().push((id, number));
        }
    }
    rooms.values_mut().for_each(|said| said.sort_unstable());
    for peer in peers.iter().filter(|peer| peer.epoch == ledger.epoch) {
        let is_exempt = |said: &Said| {
            let is_own = said.by == peer.serial && !peer.tongue.hears_itself();
            is_own
                || peer.has_ignored
                || peer.may_be_twin
                || peers[said.by].may_be_twin && said.by != peer.serial
                || said.id.is_some_and(&is_forgotten)
        };
        for stay in peer.stays.iter().chain(&peer.past_stays) {
            let known = rooms.get(&stay.room).map_or(&[][..], Vec::as_slice);
            check_stay(stay, known, ledger, peer.has_asked_past, is_exempt).map_err(|what| {
                Failure::new(
                    "order",
                    format!("{} {what} in {:?}", peer.label(), stay.room),
                )
            })?;
        }
    }
    Ok(())
}

/// Checks one stay against all that was said in its room.
fn check_stay(
    stay: &Stay,
    known: &[(u64, usize)],
    ledger: &Ledger,
    has_asked_past: bool,
    is_exempt: impl Fn(&Said) -> bool,
) -> Result<(), String> {
    let id_of = |number: usize| ledger.get(number).and_then(|said| said.id);
    let live = stay.heard.iter().filter(|(_, is_live)| *is_live);
    let live: Vec<u64> = live.filter_map(|&(number, _)| id_of(number)).collect();
    if !has_asked_past && let Some(pair) = live.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(format!("was told {} before {}", pair[0], pair[1]));
    }
    let heard: HashSet<u64> = stay
        .heard
        .iter()
        .filter_map(|&(number, _)| id_of(number))
        .collect();
    let first = live.iter().min().copied().unwrap_or(u64::MAX);
    let last = live.iter().max().copied().unwrap_or(0).max(stay.through);
    for &(id, number) in known {
        let Some(said) = ledger.get(number) else {
            continue;
        };
        let is_within = id <= last && (id >= first || said.step > stay.from_step);
        if is_within && !heard.contains(&id) && !is_exempt(said) {
            return Err(format!(
                "was not told {id} ({})",
                crate::ledger::nonce(number)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::To;

    /// A ledger where texts 0.. have the ids 1.., and what comes of a stay that heard some of them.
    fn checked(heard: &[usize], through: u64, from_step: u64) -> Result<(), String> {
        let mut ledger = Ledger::default();
        for at in 0..5 {
            let number = ledger.say(0, To::Room(None), at + 1);
            ledger
                .acknowledge(at + 1, number)
                .expect("an id of its own");
        }
        let known: Vec<(u64, usize)> = (0..5).map(|at| (at as u64 + 1, at)).collect();
        let stay = Stay {
            heard: heard.iter().map(|&number| (number, true)).collect(),
            through,
            ..Stay::new(Key::of("den"), from_step)
        };
        check_stay(&stay, &known, &ledger, false, |said| said.step == 5)
    }

    #[test]
    fn ids_rise_without_a_gap() {
        assert_eq!(checked(&[1, 2, 3], 0, 9), Ok(()));
        assert_eq!(checked(&[], 0, 9), Ok(()));
        assert!(checked(&[2, 1], 0, 9).is_err(), "another order");
        assert!(checked(&[1, 3], 0, 9).is_err(), "a gap");
    }

    #[test]
    fn what_was_said_after_one_entered_is_told_when_all_is_quiet() {
        assert!(checked(&[], 5, 3).is_err(), "the fourth is missing");
        assert_eq!(checked(&[3], 5, 3), Ok(()), "the fifth is exempt");
        assert!(checked(&[3], 5, 1).is_err(), "the third is missing");
    }
}
