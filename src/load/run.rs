//! A run from its first connect to its last: come in, settle, see that all hear, speak, leave.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::client::ClientState;
use super::descriptors;
use super::engine::Engine;
use super::outcome::{Outcome, Sample};
use super::plan::{Plan, Scenario, Until};
use super::progress::{Progress, RunState, rate_in_words};
use super::speech;
use super::table::grouped;

/// Connections that may be on their way at once, so that the server's queue of them is not overrun.
const ON_THEIR_WAY_MAX: usize = 512;

/// How long nobody may come in before those who are missing are given up: a crowd may wait for its
/// turn longer than a message.
const JOIN_PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing may be heard before what joining brought is over.
const QUIET: Duration = Duration::from_millis(200);

/// How long that is waited for.
const QUIET_MAX: Duration = Duration::from_secs(10);

/// How long a server whose memory is watched is left alone before it is looked at.
const REST: Duration = Duration::from_secs(1);

/// How long after all have left.
const REST_AFTER: Duration = Duration::from_secs(2);

/// How often a probe is sent, and how long all may take to hear one.
const PROBE_INTERVAL: Duration = Duration::from_millis(500);
const PROBE_MAX: Duration = Duration::from_secs(10);

/// Runs `plan`, and shows how far it has come.
///
/// # Errors
/// One line that says why it could not be run at all: nobody listens there, a limit stands in the
/// way, or nobody came in.
pub(crate) fn run(plan: &Plan) -> Result<Outcome, String> {
    descriptors::check(plan.connections())?;
    let run = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.subsec_nanos() ^ std::process::id() << 16);
    let engine = Engine::new(plan, run)?;
    let mut run = Run {
        plan,
        engine,
        progress: Progress::new(),
        notes: Vec::new(),
    };
    let outcome = run.through();
    run.progress.end();
    outcome
}

pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) engine: Engine<'a>,
    progress: Progress,
    pub(super) notes: Vec<String>,
}

/// What the phases took, in microseconds.
#[derive(Default)]
struct Times {
    joining_us: u64,
    speaking_us: u64,
}

impl Run<'_> {
    fn through(&mut self) -> Result<Outcome, String> {
        let mut times = Times {
            joining_us: self.come_in()?,
            speaking_us: 0,
        };
        let joined = self.engine.joined;
        self.settle()?;
        match self.plan.scenario {
            Scenario::JoinStorm => {}
            Scenario::Idle => self.stay()?,
            _ => {
                self.see_that_all_hear()?;
                self.engine.meter.speaking();
                times.speaking_us = speech::speak(self)?;
                self.engine.meter.spoken();
            }
        }
        let now_us = self.engine.read_clock();
        let engine = &mut self.engine;
        engine
            .meter
            .sample(now_us, engine.joined, &mut engine.judge);
        let is_cut = engine.interrupts > 0;
        let on_its_way = engine.judge.finish(is_cut);
        if is_cut && on_its_way > 0 {
            let count = grouped(on_its_way);
            self.notes.push(format!(
                "{count} deliveries were on their way when it was interrupted"
            ));
        }
        self.note_failures();
        self.leave()?;
        self.note_idle_process();
        Ok(self.outcome(joined, &times))
    }

    /// Has somebody asked to stop?
    pub(super) fn is_interrupted(&self) -> bool {
        self.engine.interrupts > 0
    }

    /// One turn of the engine, and what is to be seen of it. `done` of `of` is what the phase has
    /// come to.
    pub(super) fn turn(
        &mut self,
        phase: &'static str,
        until_us: u64,
        (done, of): (u64, u64),
    ) -> Result<(), String> {
        let Some(sample) = self.engine.turn(until_us)? else {
            return Ok(());
        };
        let words = self.words(&sample);
        let words = &words;
        self.progress.show(&RunState {
            phase,
            done,
            of,
            words,
        });
        Ok(())
    }

    fn words(&self, sample: &Sample) -> String {
        let samples = &self.engine.meter.samples;
        let before_s = samples
            .iter()
            .rev()
            .nth(1)
            .map_or(0.0, |before| before.at_s);
        let per_s = sample.deliveries as f64 / (sample.at_s - before_s).max(0.001);
        match sample.deliveries {
            0 => format!("{} clients are in", grouped(sample.joined as u64)),
            _ => rate_in_words(per_s, sample.latency_p50_us, sample.latency_p99_us),
        }
    }

    /// Connects all and waits until they are in; returns how long that took, in microseconds.
    fn come_in(&mut self) -> Result<u64, String> {
        let total = self.engine.clients.len();
        let mut next = 0;
        while next < total || self.engine.on_their_way > 0 {
            let now_us = self.engine.read_clock();
            while next < total
                && self.engine.on_their_way < ON_THEIR_WAY_MAX
                && self.engine.opener.next_us() <= now_us
            {
                self.engine.open(next)?;
                next += 1;
            }
            let may_open = next < total && self.engine.on_their_way < ON_THEIR_WAY_MAX;
            let gives_up_us = self.engine.last_step_us + JOIN_PATIENCE.as_micros() as u64;
            let until_us = match may_open {
                true => self.engine.opener.next_us(),
                false => gives_up_us,
            };
            let done = self.engine.joined as u64;
            self.turn("joining", until_us, (done, self.plan.clients as u64))?;
            self.give_up_if_unreachable()?;
            if self.is_interrupted() {
                break;
            }
            if !may_open && self.engine.now_us >= gives_up_us {
                self.notes.push(format!(
                    "{} clients were not let in within {} s",
                    grouped(self.engine.on_their_way as u64),
                    JOIN_PATIENCE.as_secs()
                ));
                break;
            }
        }
        if self.engine.joined == 0 && !self.is_interrupted() {
            let why = self.engine.failure.as_deref();
            let why = why.unwrap_or("the server says nothing");
            let dialect = self.plan.tongue.name();
            return Err(format!(
                "nobody came in: {why} (is {dialect} what it speaks?)"
            ));
        }
        Ok(self.engine.last_step_us)
    }

    /// Where nobody listens for the first who connects, nobody else need try.
    fn give_up_if_unreachable(&self) -> Result<(), String> {
        let engine = &self.engine;
        match &engine.failure {
            Some(why) if engine.joined == 0 && engine.is_unreachable => Err(why.clone()),
            _ => Ok(()),
        }
    }

    fn note_failures(&mut self) {
        if let Some(why) = self.engine.failure.take() {
            self.notes
                .push(match self.engine.judge.faults.disconnected {
                    0 => why,
                    count => format!("{} connections failed; the first: {why}", grouped(count)),
                });
        }
    }

    /// A shell's pid is easily taken for that of what it started.
    fn note_idle_process(&mut self) {
        if let Some(server) = self.engine.meter.server()
            && self.engine.judge.delivered > 0
            && server.user_us + server.system_us == 0
        {
            let pid = server.pid;
            self.notes.push(format!(
                "process {pid} did nothing meanwhile: is it the server?"
            ));
        }
    }

    /// Waits until what joining brought has been heard, and looks at the server's memory.
    fn settle(&mut self) -> Result<(), String> {
        let begins_us = self.engine.read_clock();
        let rest = self.plan.pid.map_or(Duration::ZERO, |_| REST).as_micros() as u64;
        let ends_us = begins_us + QUIET_MAX.as_micros() as u64;
        while self.engine.now_us < ends_us && !self.is_interrupted() {
            let quiet_us = self.engine.last_bytes_us + QUIET.as_micros() as u64;
            let until_us = quiet_us.max(begins_us + rest);
            if self.engine.now_us >= until_us {
                break;
            }
            self.turn("settling", until_us, (0, 0))?;
        }
        self.engine.meter.joined();
        Ok(())
    }

    /// Stays without a word.
    fn stay(&mut self) -> Result<(), String> {
        let Until::Time(time) = self.plan.until else {
            return Ok(());
        };
        let begins_us = self.engine.read_clock();
        let of = time.as_micros() as u64;
        while self.engine.now_us < begins_us + of && !self.is_interrupted() {
            let done = self.engine.now_us - begins_us;
            self.turn("idle", begins_us + of, (done, of))?;
        }
        Ok(())
    }

    /// Lets the first sender of each room send probes until all in it have heard one.
    fn see_that_all_hear(&mut self) -> Result<(), String> {
        let begins_us = self.engine.read_clock();
        let ends_us = begins_us + PROBE_MAX.as_micros() as u64;
        let mut probes_us = begins_us;
        loop {
            let unprobed = self.engine.judge.unprobed();
            let is_in = |sender| {
                let at = self.plan.connection_of(sender);
                self.engine.clients[at].state == ClientState::In
            };
            let unprobed: Vec<(usize, u32)> = unprobed.filter(|&(first, _)| is_in(first)).collect();
            if unprobed.is_empty() || self.is_interrupted() {
                return Ok(());
            }
            let count: u64 = unprobed.iter().map(|&(_, count)| u64::from(count)).sum();
            if self.engine.now_us >= ends_us {
                return Err(format!(
                    "{} of {} clients heard nothing of what was said to them within {} s: \
                     is this the server's dialect?",
                    grouped(count),
                    grouped(self.engine.joined as u64),
                    PROBE_MAX.as_secs()
                ));
            }
            if self.engine.now_us >= probes_us {
                probes_us = self.engine.now_us + PROBE_INTERVAL.as_micros() as u64;
                unprobed
                    .iter()
                    .for_each(|&(sender, _)| self.engine.probe(sender));
            }
            let of = self.engine.joined as u64;
            self.turn("probing", probes_us, (of.saturating_sub(count), of))?;
        }
    }

    fn leave(&mut self) -> Result<(), String> {
        if self.plan.scenario == Scenario::Slow {
            self.count_dropped();
        }
        (0..self.engine.clients.len()).for_each(|at| self.engine.leave(at));
        if self.plan.pid.is_some() && !self.is_interrupted() {
            let ends_us = self.engine.read_clock() + REST_AFTER.as_micros() as u64;
            while self.engine.now_us < ends_us && !self.is_interrupted() {
                self.turn("leaving", ends_us, (0, 0))?;
            }
        }
        self.engine.meter.left();
        Ok(())
    }

    fn count_dropped(&mut self) {
        for at in 0..self.engine.clients.len() {
            let client = &self.engine.clients[at];
            if client.state == ClientState::In && !client.reads() {
                self.engine.wake(at);
            }
        }
        let slow = self.plan.clients * self.plan.slow_percent / 100;
        self.notes.push(format!(
            "of {} clients that did not read, the server disconnected {}",
            grouped(slow as u64),
            grouped(self.engine.dropped as u64)
        ));
    }

    fn outcome(&mut self, joined: usize, times: &Times) -> Outcome {
        let (plan, engine) = (self.plan, &mut self.engine);
        let us = Duration::from_micros;
        Outcome {
            scenario: plan.scenario.name(),
            target: plan.address(),
            dialect: plan.tongue.name(),
            settings: plan.settings(),
            clients: plan.clients,
            joined,
            senders: plan.senders,
            rooms: plan.rooms,
            size: plan.size,
            joining: us(times.joining_us),
            speaking: us(times.speaking_us),
            sent: engine.judge.sent(),
            expected: engine.judge.expected,
            delivered: engine.judge.delivered,
            faults: engine.judge.faults,
            latency_us: engine.meter.latency_us.clone(),
            longest_gap: us(engine.judge.longest_gap_us),
            connect_us: engine.connect_us.clone(),
            join_us: engine.join_us.clone(),
            samples: std::mem::take(&mut engine.meter.samples),
            server: engine.meter.server(),
            notes: std::mem::take(&mut self.notes),
            is_interrupted: engine.interrupts > 0,
        }
    }
}
