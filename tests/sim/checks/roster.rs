//! Names, rooms and members agree among all clients: who is told to be in a room takes itself to be there.

use std::collections::{BTreeMap, BTreeSet};

use hubbub::testing::Key;

use crate::ledger::nonces;
use crate::peer::Peer;
use crate::plan::Tongue;

use super::Failure;

/// Checks what everybody was told about its rooms, at rest.
pub(crate) fn check(peers: &[Peer]) -> Result<(), Failure> {
    let mut told: BTreeMap<&Key, (&Peer, &BTreeSet<Key>)> = BTreeMap::new();
    for peer in peers.iter().filter(|peer| peer.is_well()) {
        for (room, names) in &peer.rosters {
            let (other, known) = *told.entry(room).or_insert((peer, names));
            if known != names {
                let what = format!(
                    "{} was told {names:?} of {room:?}, and {} {known:?}",
                    peer.label(),
                    other.label()
                );
                return Err(Failure::new("roster", what));
            }
        }
    }
    for (room, (asker, names)) in told {
        check_room(peers, room, asker, names)?;
    }
    Ok(())
}

/// Who is named is there, and who is there is named.
fn check_room(
    peers: &[Peer],
    room: &Key,
    asker: &Peer,
    names: &BTreeSet<Key>,
) -> Result<(), Failure> {
    let members = || {
        peers
            .iter()
            .filter(|peer| peer.is_alive() && peer.is_in(room))
    };
    // Who comes by IRC is in no room, and so is who is the same user.
    let may_be_nowhere = peers.iter().any(|peer| peer.tongue == Tongue::Irc);
    let is_sure = |peer: &&Peer| peer.is_well() && !(peer.may_be_twin && may_be_nowhere);
    for peer in members().filter(is_sure) {
        let is_named = match &peer.name {
            Some(name) => names.contains(&Key::of(name)),
            // They are not told what they are called.
            None if matches!(peer.tongue, Tongue::Anon | Tongue::Colon) => true,
            None => names
                .iter()
                .any(|name| peer.goes_by(name) || is_words(name)),
        };
        if !is_named {
            let what = format!(
                "{} is in {room:?}, but {} was told {names:?}",
                peer.label(),
                asker.label()
            );
            return Err(Failure::new("roster", what));
        }
    }
    for name in names {
        // Of some it is not known whether they are in.
        let is_unsure = |peer: &Peer| {
            peer.is_alive() && peer.tongue.is_silent_about_joins() && peer.asked.contains(name)
        };
        // Words of who did not know that its name was refused were its next name.
        let is_there = is_words(name)
            || peers.iter().any(is_unsure)
            || members()
                .any(|peer| peer.goes_by(name) || peer.tongue == Tongue::Anon || peer.may_be_twin);
        if !is_there {
            let what = format!(
                "{} was told of {name:?} in {room:?}, who is not there",
                asker.label()
            );
            return Err(Failure::new("roster", what));
        }
    }
    Ok(())
}

/// Is it a word of a text, taken for a name?
fn is_words(name: &Key) -> bool {
    nonces(name.as_str()).next().is_some()
}
