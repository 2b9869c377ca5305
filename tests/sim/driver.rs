//! Plays a list of operations against the server, and checks all that clients are told on the way.

mod acts;
mod flood;
mod groups;
mod operator;
mod rest;

use std::net::SocketAddr;

use hubbub::testing::Durability;

use crate::checks::Failure;
use crate::faults::Fault;
use crate::ledger::{Ledger, SECRET};
use crate::marks::{self, sometimes};
use crate::net::{End, World};
use crate::peer::Peer;
use crate::plan::{DOORS, Op, Plan, Tongue};
use crate::server::{Server, Turned};
use crate::told::Told;
use crate::trace::{Trace, Traced};
use crate::vocabulary::Vocabulary;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) traced: Traced,
    pub(crate) failure: Option<Failure>,
    pub(crate) marks: std::collections::BTreeSet<String>,
    /// Operations played.
    pub(crate) ops: usize,
}

/// Turns in a row that do nothing and do not wait, of which so many are a spin. Who is served again after an answer
/// of the disk has one of its own for finding that nothing came meanwhile.
const IDLE_TURNS_MAX: u32 = 4;

/// A run under way.
pub(crate) struct Sim<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) world: World,
    pub(crate) server: Option<Server>,
    /// Everybody who ever came.
    pub(crate) peers: Vec<Peer>,
    /// Who is at each slot now.
    pub(crate) slots: Vec<Option<usize>>,
    pub(crate) ledger: Ledger,
    pub(crate) trace: Trace,
    pub(crate) step: u64,
    /// Turns one after the other that did nothing and did not wait.
    pub(crate) idle_turns: u32,
    /// How often there was nothing to accept with when the time became what it is.
    exhausted: Option<(u64, u64)>,
    /// What was left in the server after the last of them.
    left: Option<Vec<(&'static str, usize)>>,
    /// Since when the disk does what it is to do; it may not do so now.
    pub(crate) disk_well_from_us: Option<u64>,
    /// Is everything as it should be, so that no fault explains an end?
    pub(crate) is_calm: bool,
    /// Is each operation, and what comes of it, to be printed?
    pub(crate) is_verbose: bool,
}

/// How a plan is played.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Each operation, and what comes of it, is printed.
    pub(crate) is_verbose: bool,
    /// The server's hash tables have another order for each.
    pub(crate) hash_salt: u64,
}

/// Plays a plan.
pub(crate) fn run(plan: &Plan, vocabulary: &Vocabulary, manner: Manner) -> Outcome {
    marks::take();
    marks::read_log();
    let mut sim = Sim {
        plan,
        vocabulary,
        world: World::new(plan.seed, plan.faults),
        server: None,
        peers: Vec::new(),
        slots: vec![None; plan.tongues.len()],
        ledger: Ledger::new(plan.options.durability == Some(Durability::Seen)),
        trace: Trace::new(),
        step: 0,
        idle_turns: 0,
        exhausted: None,
        left: None,
        disk_well_from_us: Some(0),
        is_calm: crate::weather::is_calm(&plan.faults),
        is_verbose: manner.is_verbose,
    };
    sim.world.set_hash_salt(manner.hash_salt);
    sim.world.disk().set_capacity(plan.options.mailbox);
    let played = sim.play(&plan.ops);
    Outcome {
        traced: sim.trace.finish(),
        failure: played.err(),
        marks: marks::take(),
        ops: plan.ops.len(),
    }
}

impl Sim<'_> {
    fn play(&mut self, ops: &[Op]) -> Result<(), Failure> {
        self.start()?;
        for &op in ops {
            self.step += 1;
            if self.is_verbose {
                println!("{:>8} µs {op}", self.world.now_us());
            }
            self.act(op)?;
            self.turns(2)?;
        }
        self.come_to_rest()?;
        self.end()
    }

    /// Opens the server.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        self.exhausted = None;
        let server = Server::open(&self.plan.options, &self.world);
        self.server = Some(server.map_err(|e| Failure::new("start", e))?);
        Ok(())
    }

    /// Lets the server take so many turns, or fewer where it waits for something.
    pub(crate) fn turns(&mut self, count: usize) -> Result<(), Failure> {
        for _ in 0..count {
            if self.turn(self.world.now_us())? {
                break;
            }
        }
        Ok(())
    }

    /// Lets so much time pass.
    pub(crate) fn pass_us(&mut self, us: u64) -> Result<(), Failure> {
        let until_us = self.world.now_us() + us;
        while self.world.now_us() < until_us {
            self.turn(until_us)?;
        }
        Ok(())
    }

    /// One turn, which may wait until then. Tells whether it found nothing to do.
    pub(crate) fn turn(&mut self, until_us: u64) -> Result<bool, Failure> {
        self.send_pieces();
        let Some(server) = &mut self.server else {
            return self.start().map(|()| false);
        };
        let turned = server.turn(&self.world, until_us);
        marks::waiting(&server.left());
        let came = self.collect()?;
        self.check_spin(turned, came)?;
        self.check_accepts()?;
        // Time that passes within a turn makes more due than the wait was for.
        if turned.is_by_itself && self.plan.faults.per_mille(Fault::SlowTurn) == 0 {
            let what = "it slept although there was something to do".into();
            return Err(Failure::new("sleep", what));
        }
        if turned.has_ended {
            self.finish_server(true);
        } else if self.world.has_crashed() {
            sometimes("the power failed in the middle of a turn");
            self.begin_again()?;
        } else if turned.is_taken_over {
            self.succeed()?;
        }
        Ok(!came && turned.timeout.is_none_or(|timeout| !timeout.is_zero()))
    }

    /// Another program goes on in the server's place.
    fn succeed(&mut self) -> Result<(), Failure> {
        sometimes("a server was taken over");
        // The new program tries each door once, too.
        self.exhausted = None;
        let succeeded = self
            .server
            .take()
            .map(|server| server.succeeded(&self.plan.options, &self.world));
        let succeeded = succeeded.transpose();
        self.server = succeeded.map_err(|e| Failure::new("take-over", e))?;
        Ok(())
    }

    /// The server is gone, and with it all connections.
    pub(crate) fn finish_server(&mut self, is_kept: bool) {
        self.server = None;
        let is_kept = is_kept && self.plan.options.durability.is_some();
        self.ledger.begin_epoch(is_kept);
        for peer in self.peers.iter_mut().filter(|peer| peer.is_alive()) {
            peer.link.reset();
            peer.finish(End::Reset);
        }
    }

    /// Turns in a row that do nothing and do not wait are a spin.
    fn check_spin(&mut self, turned: Turned, came: bool) -> Result<(), Failure> {
        let is_idle =
            turned.timeout == Some(std::time::Duration::ZERO) && !came && !turned.has_done;
        // What is told to nobody is done with, too.
        let left = self.server.as_ref().filter(|_| is_idle).map(Server::left);
        let has_less = std::mem::replace(&mut self.left, left.clone()) != left;
        self.idle_turns = if is_idle && !has_less {
            self.idle_turns + 1
        } else {
            0
        };
        match self.idle_turns {
            0..IDLE_TURNS_MAX => Ok(()),
            _ => Err(Failure::new(
                "spin",
                format!(
                    "a zero timeout that did nothing, {} times in a row",
                    self.idle_turns
                ),
            )),
        }
    }

    /// Where there is nothing to accept with, each door rests for a while.
    fn check_accepts(&mut self) -> Result<(), Failure> {
        let (now_us, hits) = (self.world.now_us(), self.world.hits(Fault::AcceptExhausted));
        let (at_us, hits_then) = *self.exhausted.get_or_insert((now_us, hits));
        if at_us != now_us {
            self.exhausted = Some((now_us, hits));
        }
        match at_us == now_us && hits > hits_then + DOORS.len() as u64 + 2 {
            true => Err(Failure::new(
                "spin",
                "it accepts on, although there is nothing to accept with".into(),
            )),
            false => Ok(()),
        }
    }

    /// What was told is on disk, where that is promised.
    fn check_committed(&self, told: &Told) -> Result<(), String> {
        let id = match (self.plan.options.durability, told) {
            (Some(Durability::Seen), Told::Heard(heard)) if heard.is_live == Some(true) => heard.id,
            // Without a number nothing is promised.
            (
                Some(_),
                Told::Done {
                    request: Some(_),
                    message,
                    ..
                },
            ) => *message,
            _ => None,
        };
        match id.filter(|&id| id > self.world.disk().committed()) {
            Some(id) => Err(format!("was told of {id} before it was on disk: {told:?}")),
            None => Ok(()),
        }
    }

    /// Each client sends one piece of what it has to send.
    fn send_pieces(&mut self) {
        for peer in self.peers.iter_mut().filter(|peer| peer.is_alive()) {
            if let Some(piece) = peer.outgoing.pop_front() {
                peer.link.send(&piece);
            }
        }
    }

    /// Takes what came on all wires. Tells whether anything did.
    pub(crate) fn collect(&mut self) -> Result<bool, Failure> {
        let mut has_come = false;
        for at in 0..self.peers.len() {
            if !self.peers[at].is_alive() {
                continue;
            }
            let link = &mut self.peers[at].link;
            let (taken, end) = (link.take(), link.end());
            let bytes = taken.map_err(|what| self.failure("tls", at, what))?;
            if !bytes.is_empty() {
                has_come = true;
                self.trace.add(at, self.world.now_us(), &bytes);
                self.read(at, &bytes)?;
            }
            // What the power's failure broke off is over with the server.
            if let Some(end) = end.filter(|_| !self.world.has_crashed()) {
                has_come = true;
                self.trace
                    .add(at, self.world.now_us(), format!("{end:?}").as_bytes());
                self.note_end(at, end)?;
            }
        }
        Ok(has_come)
    }

    fn read(&mut self, at: usize, bytes: &[u8]) -> Result<(), Failure> {
        let peer = &mut self.peers[at];
        if bytes
            .windows(SECRET.len())
            .any(|part| part == SECRET.as_bytes())
            && !peer.sent_secrets_to_echo()
        {
            let what = format!("a secret: {}", crate::forms::shown(bytes));
            return Err(self.failure("secret", at, what));
        }
        peer.bytes_in += bytes.len();
        peer.inbox.extend_from_slice(bytes);
        peer.find_out_dialect();
        let mut told = Vec::new();
        let read = peer.form.read(&mut peer.inbox, &mut told);
        for told in told {
            self.take_in(at, told)?;
        }
        read.map_err(|what| self.failure("form", at, what))
    }

    /// Takes in what one frame tells.
    fn take_in(&mut self, at: usize, told: Told) -> Result<(), Failure> {
        if self.is_verbose {
            println!("                {} < {told:?}", self.peers[at].label());
        }
        self.check_committed(&told)
            .map_err(|what| self.failure("kept", at, what))?;
        let now_us = self.world.now_us();
        let peer = &mut self.peers[at];
        peer.learn(&told, self.step);
        let checked = match &told {
            Told::Heard(heard) => self.ledger.hear(peer, heard, now_us),
            Told::Other(text) => self.ledger.overhear(peer, text),
            Told::Done {
                request: Some(request),
                message: Some(id),
                ..
            } => match peer.pending_ids.remove(request) {
                Some(number) => self.ledger.acknowledge(*id, number),
                None => Ok(()),
            },
            Told::Deleted(id) => {
                sometimes("a message was deleted");
                self.ledger.deleted.insert(*id);
                Ok(())
            }
            Told::Refused(code) => {
                sometimes(format!("refused: {code}"));
                Ok(())
            }
            Told::Ping(payload) => {
                let pong = match peer.tongue {
                    Tongue::Irc => [b"PONG :", payload.as_slice(), b"\r\n"].concat(),
                    _ => crate::forms::masked_frame(10, true, payload, [0; 4]),
                };
                peer.outgoing.push_back(pong);
                Ok(())
            }
            Told::Farewell(why) => {
                sometimes(format!("farewell: {why}"));
                Ok(())
            }
            Told::Response { status, body } => {
                sometimes(format!("status: {status}"));
                let posted = (*status == 201).then(|| posted(body)).flatten();
                posted.map_or(Ok(()), |(id, number)| self.ledger.acknowledge(id, number))
            }
            _ => Ok(()),
        };
        checked.map_err(|what| self.failure("told", at, what))
    }

    /// A connection is over: for a reason, and at the end of a frame.
    fn note_end(&mut self, at: usize, end: End) -> Result<(), Failure> {
        let peer = &mut self.peers[at];
        peer.finish(end);
        let is_cut = end != End::Fin || peer.has_stalled || !self.is_calm;
        if !is_cut && !peer.form.is_whole(&peer.inbox) {
            let what = format!(
                "half a frame at its end: {}",
                crate::forms::shown(&peer.inbox)
            );
            return Err(self.failure("form", at, what));
        }
        // Until it was told something the server may not know that the handshake has ended.
        if !is_cut && peer.bytes_in > 0 && !peer.link.is_ended_well() {
            let what = "its TLS ended without a close_notify".into();
            return Err(self.failure("tls", at, what));
        }
        // Where all together may hold little, the largest is closed however fast it reads.
        const LITTLE: usize = 1 << 20;
        let total = self.plan.options.limits.sendq_total_bytes;
        let may_be_largest = total.is_some_and(|total| total < LITTLE);
        if self.is_calm && !may_be_largest && end != End::Refused && peer.is_end_unexplained() {
            let what = format!("its connection ended with {end:?} for no reason");
            return Err(self.failure("end", at, what));
        }
        Ok(())
    }

    /// A failure of one client.
    pub(crate) fn failure(&self, check: &'static str, at: usize, what: String) -> Failure {
        Failure::new(check, format!("{} {what}", self.peers[at].label()))
    }

    /// A new address for each connection, some on loopback.
    pub(crate) fn address(&self, dice: &mut crate::dice::Dice) -> SocketAddr {
        let port = 1024 + (self.peers.len() % 60_000) as u16;
        let ip = match dice.below(6) {
            0..3 => [127, 0, 0, 1].into(),
            3 => [192, 0, 2, 7].into(),
            4 => [10, 0, 0, 1 + dice.below(3) as u8].into(),
            _ => std::net::IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1 + dice.below(3) as u16]),
        };
        SocketAddr::new(ip, port)
    }
}

/// What was posted over HTTP: its id, and the number of its text.
fn posted(body: &str) -> Option<(u64, usize)> {
    let object: serde_json::Value = serde_json::from_str(body).ok()?;
    let number = crate::ledger::nonces(object.get("message")?.as_str()?).next()?;
    Some((object.get("id")?.as_u64()?, number))
}
