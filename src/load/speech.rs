//! The measured part of a run: who speaks when, and how long the last words are waited for.

use std::time::Duration;

use super::client::ClientState;
use super::plan::{ClientRole, Pace, Scenario, Until};
use super::run::Run;
use super::table::grouped;

/// Unsent bytes of one sender above which it says no more until they are gone: what it has not said
/// yet waits in time, not in memory.
const UNSENT_MAX: usize = 256 * 1024;

/// Messages sent in one turn, after which it is looked at what came.
const MESSAGES_PER_TURN: usize = 1024;

/// How long each of those who come and go stays, about.
const STAY: Duration = Duration::from_secs(1);

/// How long what is missing is waited for when somebody interrupted.
const PATIENCE_OF_THE_IMPATIENT: Duration = Duration::from_secs(1);

/// How long after the end what was due before it may be said, in microseconds.
const LATE_MAX_US: u64 = 1_000_000;

/// A rate counts as held where this part of its messages was sent in time.
const HELD: f64 = 0.99;

/// What has been said, and what is next.
pub(super) struct Speech {
    begins_us: u64,
    /// Messages of all senders.
    said: u64,
    /// Which of those who come and go is next, and when.
    next_change: usize,
    changes_us: u64,
    changes: u64,
    /// Those who come and go.
    restless: Vec<usize>,
}

/// Speaks, and waits until all is heard; returns how long that took, in microseconds.
///
/// # Errors
/// One line, where it cannot go on.
pub(super) fn speak(run: &mut Run<'_>) -> Result<u64, String> {
    let begins_us = run.engine.read_clock();
    let clients = 0..run.plan.clients;
    let mut speech = Speech {
        begins_us,
        said: 0,
        next_change: 0,
        changes_us: begins_us,
        changes: 0,
        restless: clients
            .filter(|&at| run.plan.part_of(at) == ClientRole::ComesAndGoes)
            .collect(),
    };
    run.engine.last_arrival_us = begins_us;
    let is_stalled = speech.say_all(run)?;
    speech.note_rate(run);
    if !is_stalled {
        speech.hear_the_rest(run)?;
    }
    if run.plan.scenario == Scenario::Churn {
        run.notes.push(format!(
            "{} clients left and joined again {} times",
            grouped(speech.restless.len() as u64),
            grouped(speech.changes)
        ));
    }
    Ok(run.engine.last_arrival_us - begins_us)
}

impl Speech {
    /// Speaks until it is time to end; has nothing been heard for so long that it is given up?
    fn say_all(&mut self, run: &mut Run<'_>) -> Result<bool, String> {
        let patience_us = run.plan.patience.as_micros() as u64;
        loop {
            let now_us = run.engine.read_clock();
            if self.is_over(run) || run.is_interrupted() {
                return Ok(false);
            }
            if (0..run.plan.senders).all(|sender| !can_speak(run, sender)) {
                run.notes
                    .push("everybody who speaks, or who listens, was disconnected".into());
                return Ok(false);
            }
            let next_us = match run.plan.pace {
                Pace::Window(_) => self.say_what_the_windows_allow(run),
                Pace::Rate(_) => self.say_what_is_due(run),
            };
            self.let_some_come_and_go(run)?;
            let waits = run.engine.judge.outstanding > 0;
            let heard_us = run.engine.last_arrival_us;
            if matches!(run.plan.pace, Pace::Window(_)) && waits && now_us >= heard_us + patience_us
            {
                run.notes.push(format!(
                    "nothing was heard for {} s: given up",
                    run.plan.patience.as_secs_f64()
                ));
                return Ok(true);
            }
            let until_us = next_us
                .min(self.ends_us(run))
                .min(heard_us + patience_us.max(1))
                .min(self.next_change_us());
            let progress = self.progress(run);
            run.turn("speaking", until_us.max(now_us), progress)?;
        }
    }

    fn ends_us(&self, run: &Run<'_>) -> u64 {
        match run.plan.until {
            Until::Time(time) => self.begins_us + time.as_micros() as u64,
            Until::Messages(_) => u64::MAX,
        }
    }

    /// What was due in time is said even when that is over, if not for ever.
    fn is_over(&self, run: &Run<'_>) -> bool {
        let (now_us, ends_us) = (run.engine.now_us, self.ends_us(run));
        match (run.plan.until, run.plan.pace) {
            (Until::Time(_), Pace::Window(_)) => now_us >= ends_us,
            (Until::Time(_), Pace::Rate(_)) => {
                self.next_due_us(run) >= ends_us || now_us >= ends_us + LATE_MAX_US
            }
            (Until::Messages(count), _) => self.said >= count,
        }
    }

    fn progress(&self, run: &Run<'_>) -> (u64, u64) {
        match run.plan.until {
            Until::Time(time) => (run.engine.now_us - self.begins_us, time.as_micros() as u64),
            Until::Messages(count) => (self.said, count),
        }
    }

    /// May one more message be said?
    fn has_more(&self, run: &Run<'_>) -> bool {
        match run.plan.until {
            Until::Time(_) => true,
            Until::Messages(count) => self.said < count,
        }
    }

    /// A closed loop: each sender says, in one write, what its window has room for.
    fn say_what_the_windows_allow(&mut self, run: &mut Run<'_>) -> u64 {
        let Pace::Window(window) = run.plan.pace else {
            return u64::MAX;
        };
        for sender in 0..run.plan.senders {
            let at = run.plan.connection_of(sender);
            if !can_speak(run, sender) || run.engine.clients[at].has_unsent() {
                continue;
            }
            let mut count = 0;
            let now_us = run.engine.now_us;
            while count < window && self.has_more(run) && run.engine.judge.has_room(sender) {
                run.engine.say(sender, now_us);
                self.said += 1;
                count += 1;
            }
            if count > 0 {
                run.engine.flush(at);
            }
        }
        u64::MAX
    }

    /// An open loop: what is due is said, by one sender after another, and stamped with the time at
    /// which it was due. Returns when the next is.
    fn say_what_is_due(&mut self, run: &mut Run<'_>) -> u64 {
        let senders = run.plan.senders as u64;
        let mut speakers = Vec::new();
        for _ in 0..MESSAGES_PER_TURN {
            let due_us = self.next_due_us(run);
            if due_us > run.engine.now_us || !self.has_more(run) {
                break;
            }
            let sender = (self.said % senders) as usize;
            let at = run.plan.connection_of(sender);
            if run.engine.clients[at].out.len() > UNSENT_MAX {
                break;
            }
            self.said += 1;
            if can_speak(run, sender) {
                run.engine.say(sender, due_us);
                if !speakers.contains(&at) {
                    speakers.push(at);
                }
            }
        }
        speakers.into_iter().for_each(|at| run.engine.flush(at));
        self.next_due_us(run)
    }

    /// When the next message of an open loop is due.
    fn next_due_us(&self, run: &Run<'_>) -> u64 {
        match run.plan.pace {
            Pace::Window(_) => u64::MAX,
            Pace::Rate(per_s) => self.begins_us + (self.said as f64 / per_s * 1e6) as u64,
        }
    }

    /// When the next of those who come and go is to change.
    fn next_change_us(&self) -> u64 {
        match self.restless.is_empty() {
            true => u64::MAX,
            false => self.changes_us,
        }
    }

    /// Those whose turn it is leave, and join again at once.
    fn let_some_come_and_go(&mut self, run: &mut Run<'_>) -> Result<(), String> {
        if self.restless.is_empty() {
            return Ok(());
        }
        let every_us = (STAY.as_micros() as u64 / self.restless.len() as u64).max(1);
        while self.changes_us <= run.engine.now_us {
            let at = self.restless[self.next_change % self.restless.len()];
            self.next_change += 1;
            self.changes_us += every_us;
            match run.engine.clients[at].state {
                ClientState::In => {
                    run.engine.leave(at);
                    run.engine.come_again(at)?;
                    self.changes += 1;
                }
                // It may be that the server was too slow to let it in: its turn comes again.
                ClientState::Connecting | ClientState::Joining => {}
                ClientState::Out | ClientState::Over => run.engine.come_again(at)?,
            }
        }
        Ok(())
    }

    /// Waits until everything was heard, or nothing was for so long that it is given up.
    fn hear_the_rest(&mut self, run: &mut Run<'_>) -> Result<(), String> {
        let patience = match run.is_interrupted() {
            true => run.plan.patience.min(PATIENCE_OF_THE_IMPATIENT),
            false => run.plan.patience,
        };
        let patience_us = patience.as_micros() as u64;
        let begins_us = run.engine.read_clock();
        let interrupts = run.engine.interrupts;
        while run.engine.judge.outstanding > 0 && run.engine.interrupts == interrupts {
            let gives_up_us = run.engine.last_arrival_us.max(begins_us) + patience_us;
            if run.engine.now_us >= gives_up_us {
                return Ok(());
            }
            run.turn("waiting", gives_up_us, (0, 0))?;
        }
        let late_us = run.engine.last_arrival_us.saturating_sub(begins_us);
        if matches!(run.plan.pace, Pace::Rate(_)) && late_us > 1_000_000 {
            run.notes.push(format!(
                "the server was behind: the last message was heard {:.1} s after the end",
                late_us as f64 / 1e6
            ));
        }
        Ok(())
    }

    /// Says so where a rate could not be held.
    fn note_rate(&self, run: &mut Run<'_>) {
        let Pace::Rate(per_s) = run.plan.pace else {
            return;
        };
        let ends_us = self.ends_us(run).min(run.engine.now_us);
        let asked_s = (ends_us - self.begins_us) as f64 / 1e6;
        let took_s = (run.engine.now_us - self.begins_us) as f64 / 1e6;
        let sent = run.engine.judge.sent() as f64;
        if sent < (per_s * asked_s * HELD).floor() - 1.0 {
            run.notes.push(format!(
                "the rate of {per_s}/s could not be held: {:.1}/s were sent",
                sent / took_s
            ));
        }
    }
}

/// Is `sender` in, and does anybody listen to it?
fn can_speak(run: &Run<'_>, sender: usize) -> bool {
    let at = run.plan.connection_of(sender);
    run.engine.clients[at].state == ClientState::In && run.engine.judge.audience(sender) > 0
}
