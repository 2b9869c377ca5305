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
const LINE_BYTES: usize = 4_500;

/// Messages after which it is given up: their sender may be muted.
const MESSAGES: usize = 2_000;

/// How long who takes nothing of its last bytes is waited for, and how much longer that may seem.
const STALL_US: u64 = 2_000_000;
const SLACK_US: u64 = 200_000;

/// A reader that has stopped, and who speaks.
#[derive(Clone, Copy)]
struct Pair {
    reader: usize,
    speaker: usize,
}

impl Sim<'_> {
    /// Stops a reader, if there is a fit one, and has another speak until it is dropped.
    pub(super) fn flood(&mut self, dice: &mut Dice) -> Result<(), Failure> {
        let limits = &self.plan.options.limits;
        let is_near = match self.plan.is_later() {
            true => {
                limits.sendq_hard_bytes + SOCKET_BYTES_MAX <= self.longest_text() * MESSAGES / 2
            }
            false => limits.sendq_hard_bytes <= 64 << 10,
        };
        let is_bounded = is_near && limits.sendq_total_bytes > Some(2 << 20);
        // In a crowd nobody is told that one has gone.
        let is_told_of = limits.presence_members >= self.slots.len();
        if !is_bounded || !is_told_of || limits.rate_on_loopback || limits.message_bytes < 400 {
            return Ok(());
        }
        // What waits for a disk that takes nothing is never at rest.
        if !self.world.disk().can_write() {
            return Ok(());
        }
        let Some(pair) = self.fit_pair() else {
            return Ok(());
        };
        self.world.crash_in(None);
        self.world.set_faults(Default::default());
        match self.be_quiet() {
            // Somebody reads a byte in each turn.
            Err(failure) if failure.check == "quiet" => return Ok(()),
            quiet => quiet?,
        }
        // A high cap takes its time.
        let is_high = limits.sendq_hard_bytes > 64 << 10;
        if self.is_fit(pair.reader) && self.is_fit(pair.speaker) && !(is_high && dice.one_in(2)) {
            self.speak_until_dropped(pair, dice)?;
        }
        self.world.set_faults(self.plan.faults);
        Ok(())
    }

    fn speak_until_dropped(&mut self, pair: Pair, dice: &mut Dice) -> Result<(), Failure> {
        let Pair { reader, speaker } = pair;
        let hard_bytes = self.plan.options.limits.sendq_hard_bytes;
        let held = self.held_bytes_min();
        let is_never_idle = self.plan.options.limits.idle_ms.is_none();
        let ends_itself = self.plan.is_later() && dice.one_in(3) && is_never_idle && held > 0;
        let name = self.peers[reader].name.clone().unwrap_or_default();
        let peer = &mut self.peers[reader];
        (peer.has_stalled, peer.is_stalled) = (true, true);
        peer.link.set_window(0);
        self.peers[speaker].gone.clear();
        let before = self.peers[speaker].bytes_in;
        for _ in 0..MESSAGES {
            self.speak_of_flood(speaker, dice);
            self.turns(4)?;
            if !self.peers[speaker].is_well() {
                return Ok(());
            }
            let owed = self.peers[speaker].bytes_in - before;
            let is_dropped = self.peers[speaker].gone.contains(&name);
            if is_dropped && owed + LINE_BYTES < hard_bytes + held {
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
            // Who is owed more is not read.
            let soft_bytes = self.plan.options.limits.sendq_soft_bytes;
            if ends_itself && (held..held + soft_bytes - LINE_BYTES).contains(&owed) {
                return self.end_stalled(pair, &name);
            }
        }
        Ok(())
    }

    fn speak_of_flood(&mut self, speaker: usize, dice: &mut Dice) {
        let to = To::Room(Some(Key::of("lobby")));
        let number = self.ledger.say(speaker, to, self.step);
        let mut text = crate::ledger::nonce(number) + &" flood".repeat(dice.between(1, 60));
        if self.plan.options.limits.sendq_hard_bytes > 64 << 10 {
            let longest = self.longest_text();
            text.extend(std::iter::repeat_n('x', longest - text.len()));
        }
        let object = serde_json::json!({"type": "chat", "message": text});
        let frame = format!("{object}\n").into_bytes();
        self.peers[speaker].outgoing.push_back(frame);
    }

    /// How long a text may be, with what an object has beside it.
    fn longest_text(&self) -> usize {
        const OBJECT_BYTES: usize = 100;
        let limits = &self.plan.options.limits;
        limits.message_bytes.min(limits.frame_bytes - OBJECT_BYTES)
    }

    /// A reader that has stopped ends its input: what it is owed is kept for it for a while, and then it is gone.
    fn end_stalled(&mut self, pair: Pair, name: &str) -> Result<(), Failure> {
        let peer = &mut self.peers[pair.reader];
        (peer.has_shut, peer.may_be_closed) = (true, true);
        peer.link.shutdown_write();
        self.pass_us(STALL_US - SLACK_US)?;
        if !self.peers[pair.reader].is_alive() {
            let what = "was not waited for when it took nothing of its last bytes".into();
            return Err(self.failure("cap", pair.reader, what));
        }
        self.pass_us(2 * SLACK_US)?;
        let is_gone = |gone: &String| gone == name;
        if self.peers[pair.speaker].is_well() && !self.peers[pair.speaker].gone.iter().any(is_gone)
        {
            let what = "is there, although it took nothing of its last bytes".into();
            return Err(self.failure("cap", pair.reader, what));
        }
        sometimes("a reader that took nothing of its last bytes was let go");
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
    fn fit_pair(&self) -> Option<Pair> {
        let fit = (0..self.slots.len()).filter_map(|slot| self.peer_at(slot));
        let fit: Vec<usize> = fit.filter(|&at| self.is_fit(at)).collect();
        let speaks = |at: &&usize| self.peers[**at].address.ip().is_loopback();
        let speaker = *fit.iter().find(speaks)?;
        let reader = *fit.iter().find(|&&at| at != speaker)?;
        Some(Pair { reader, speaker })
    }

    /// Is it told what is said in the lobby, all of it, and nothing else?
    fn is_fit(&self, at: usize) -> bool {
        let peer = &self.peers[at];
        let is_json = matches!(peer.tongue, Tongue::Json | Tongue::AutoJson);
        let is_in_lobby = peer.stays.len() == 1 && peer.is_in(&Key::of("lobby"));
        is_json
            && is_in_lobby
            && !peer.link.is_over_tls()
            && peer.is_well()
            && !peer.has_ignored
            && !peer.may_be_twin
    }
}
