//! What several do together: what comes of it must not hang on the order in which a table has them.

use hubbub::testing::Dialect;

use crate::checks::Failure;
use crate::dice::Dice;
use crate::ledger::SECRET;
use crate::marks::sometimes;

use super::Sim;

/// How many come into a room.
const GUESTS_MAX: usize = 6;

/// How long the server may take to have an account changed, about.
const ACCOUNT_US: u64 = 100_000;

impl Sim<'_> {
    /// Some come into a room that is new, and who made it goes: it is another's to moderate.
    pub(super) fn gather(&mut self, dice: &mut Dice) -> Result<(), Failure> {
        let room = format!("g{}", dice.below(1000));
        let guests = self.able(&[Dialect::Text, Dialect::Irc]);
        for &at in guests.iter().take(GUESTS_MAX) {
            self.send_line(at, dice, &format!("/join {room}"), &format!("JOIN #{room}"));
            self.turns(2)?;
        }
        if let &[first, _, _, ..] = &guests[..] {
            self.send_line(
                first,
                dice,
                &format!("/leave {room}"),
                &format!("PART #{room}"),
            );
            sometimes("a room of several was left by who made it");
        }
        self.turns(2)
    }

    /// Somebody makes an account, as which others go by their own names, and then it ends.
    pub(super) fn share(&mut self, dice: &mut Dice) -> Result<(), Failure> {
        let (owners, others) = (self.able(&[Dialect::Text]), self.able(&[Dialect::Irc]));
        let owner = owners.first().copied();
        let name = owner.and_then(|owner| self.peers[owner].name.clone());
        let (Some(owner), Some(name)) = (owner, name) else {
            return Ok(());
        };
        if self.plan.options.durability.is_none() || others.len() < 2 {
            return Ok(());
        }
        let password = format!("{SECRET}-{}", name.to_lowercase());
        for &at in others.iter().chain([&owner]) {
            self.peers[at].may_be_twin = true;
        }
        self.send_line(owner, dice, &format!("/register {password}"), "");
        self.pass_us(ACCOUNT_US)?;
        for &at in &others {
            self.send_line(at, dice, "", &format!("NS IDENTIFY {name} {password}"));
        }
        self.pass_us(ACCOUNT_US)?;
        self.send_line(owner, dice, &format!("/unregister {password}"), "");
        sometimes("an account ended that several went as");
        self.pass_us(ACCOUNT_US)
    }

    /// Those who have come in and can ask, of these dialects, in the order of their places.
    fn able(&self, dialects: &[Dialect]) -> Vec<usize> {
        let here = (0..self.slots.len()).filter_map(|slot| self.peer_at(slot));
        let can = |&at: &usize| {
            let peer = &self.peers[at];
            let is_it = peer
                .tongue
                .dialect()
                .is_some_and(|it| dialects.contains(&it));
            is_it && peer.has_joined && !peer.has_shut && !peer.is_foreign()
        };
        here.filter(can).collect()
    }

    fn send_line(&mut self, at: usize, dice: &Dice, text: &str, irc: &str) {
        let is_irc = self.peers[at].tongue.dialect() == Some(Dialect::Irc);
        let line = if is_irc { irc } else { text }.to_owned();
        self.send_made(at, dice.clone(), |speech| Some(speech.line(line)));
    }
}
