//! A reader that stops is dropped at the cap, and never before: another of the same dialect in the same room
//! is told the same bytes, so that it is known how many are owed.

use hubbub::testing::Key;

use crate::checks::Failure;
use crate::dice::Dice;
use crate::faults::Fault;
use crate::ledger::To;
use crate::marks::sometimes;
use crate::plan::Tongue;

use super::Sim;

/// What both ends of a connection hold in the system.
const SOCKET_BYTES_MAX: usize = 2 * 64 * 1024;

/// The longest line that a message makes here.
const LINE_BYTES: usize = 4096;

/// Messages after which it is given up: their sender may be muted.
const MESSAGES: usize = 2_000;

impl Sim<'_> {
    /// Stops a reader, if there is a fit one, and has another speak until it is dropped.
    pub(super) fn flood(&mut self, dice: &mut Dice) -> Result<(), Failure> {
        let limits = &self.plan.options.limits;
        let is_bounded =
            limits.sendq_hard_bytes <= 64 << 10 && limits.sendq_total_bytes > Some(1 << 20);
        // In a crowd nobody is told that one has gone.
        let is_told_of = limits.presence_members >= self.slots.len();
        if !is_bounded || !is_told_of || limits.rate_on_loopback || limits.message_bytes < 400 {
            return Ok(());
        }
        // What waits for a disk that takes nothing is never at rest.
        if !self.world.disk().can_write() {
            return Ok(());
        }
        let Some((reader, speaker)) = self.fit_pair() else {
            return Ok(());
        };
        self.world.set_faults(Default::default());
        self.be_quiet()?;
        if self.is_fit(reader) && self.is_fit(speaker) {
            self.speak_until_dropped(reader, speaker, dice)?;
        }
        self.world.set_faults(self.plan.faults);
        Ok(())
    }

    fn speak_until_dropped(
        &mut self,
        reader: usize,
        speaker: usize,
        dice: &mut Dice,
    ) -> Result<(), Failure> {
        let hard_bytes = self.plan.options.limits.sendq_hard_bytes;
        let name = self.peers[reader].name.clone().unwrap_or_default();
        let peer = &mut self.peers[reader];
        (peer.has_stalled, peer.is_stalled) = (true, true);
        peer.wire.set_window(0);
        self.peers[speaker].gone.clear();
        let before = self.peers[speaker].bytes_in;
        for _ in 0..MESSAGES {
            let number = self
                .ledger
                .say(speaker, To::Room(Some(Key::of("lobby"))), self.step);
            let text = format!(
                "{}{}",
                crate::ledger::nonce(number),
                " flood".repeat(dice.between(1, 60))
            );
            let object = serde_json::json!({"type": "chat", "message": text});
            self.peers[speaker]
                .outgoing
                .push_back(format!("{object}\n").into_bytes());
            self.turns(4)?;
            if !self.peers[speaker].is_well() {
                return Ok(());
            }
            let owed = self.peers[speaker].bytes_in - before;
            let is_dropped = self.peers[speaker].gone.contains(&name);
            if is_dropped && owed + LINE_BYTES < hard_bytes + self.held_bytes_min() {
                let what = format!("was dropped when it was owed {owed} bytes of {hard_bytes}");
                return Err(self.failure("cap", reader, what));
            }
            if is_dropped {
                sometimes("a reader that stopped was dropped at the cap");
                return Ok(());
            }
            if owed > hard_bytes + SOCKET_BYTES_MAX + LINE_BYTES {
                let what = format!("is there, although it is owed {owed} bytes of {hard_bytes}");
                return Err(self.failure("cap", reader, what));
            }
        }
        Ok(())
    }

    /// What the system holds of what is owed at the least.
    fn held_bytes_min(&self) -> usize {
        match self.plan.faults.per_mille(Fault::TinyBuffer) {
            0 => SOCKET_BYTES_MAX / 2,
            _ => 0,
        }
    }

    /// One who is to stop, and one who may speak as fast as it likes.
    fn fit_pair(&self) -> Option<(usize, usize)> {
        let fit = (0..self.slots.len()).filter_map(|slot| self.peer_at(slot));
        let fit: Vec<usize> = fit.filter(|&at| self.is_fit(at)).collect();
        let speaks = |at: &&usize| self.peers[**at].address.ip().is_loopback();
        let speaker = *fit.iter().find(speaks)?;
        let reader = *fit.iter().find(|&&at| at != speaker)?;
        Some((reader, speaker))
    }

    /// Is it told what is said in the lobby, all of it, and nothing else?
    fn is_fit(&self, at: usize) -> bool {
        let peer = &self.peers[at];
        let is_json = matches!(peer.tongue, Tongue::Json | Tongue::AutoJson);
        let is_in_lobby = peer.stays.len() == 1 && peer.is_in(&Key::of("lobby"));
        is_json && is_in_lobby && peer.is_well() && !peer.has_ignored && !peer.may_be_twin
    }
}
