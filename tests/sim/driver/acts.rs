//! What each operation does.

use std::net::SocketAddr;

use crate::checks::Failure;
use crate::dice::Dice;
use crate::disk::Health;
use crate::link::Link;
use crate::net::End;
use crate::peer::Peer;
use crate::plan::{Act, Op, Tongue};
use crate::speech::{self, Speech};

use super::Sim;

/// SIGHUP reads files again, SIGUSR1 logs figures.
pub(super) const SIGHUP: i32 = 1;
const SIGUSR1: i32 = 10;

/// How long it may take until a disk that is well again has done what waited for it.
const SLOW_AFTER_US: u64 = 5_000_000;
pub(super) const SIGTERM: i32 = 15;

impl Sim<'_> {
    pub(super) fn act(&mut self, op: Op) -> Result<(), Failure> {
        let mut dice = Dice::new(op.dice);
        match op.act {
            Act::Connect => self.connect(op.slot, &mut dice),
            Act::Say | Act::Burst | Act::Tell | Act::Command | Act::Program | Act::Garbage => {
                self.speak(op, dice)
            }
            Act::Stall => self.stall(op.slot, &mut dice),
            Act::Resume => self.resume(op.slot),
            Act::Flood => return self.flood(&mut dice),
            Act::HalfClose => self.with_peer(op.slot, |peer| {
                peer.has_shut = true;
                peer.may_be_closed = true;
                while let Some(piece) = peer.outgoing.pop_front() {
                    peer.link.send(&piece);
                }
                peer.link.shutdown_write();
            }),
            Act::Reset => self.with_peer(op.slot, |peer| {
                peer.link.reset();
                peer.finish(End::Reset);
            }),
            Act::Close => self.with_peer(op.slot, |peer| {
                peer.link.close();
                peer.finish(End::Fin);
            }),
            Act::Turns => return self.turns(dice.between(1, 20)),
            Act::Wait => return self.pass_us(dice.between(1, 60) as u64 * 1_000),
            Act::Sleep => return self.pass_us(dice.between(1, 15) as u64 * 1_000_000),
            Act::Weather => self.change_weather(&mut dice),
            Act::Signal => self.world.signal(*dice.pick(&[SIGHUP, SIGUSR1])),
            Act::Restart => return self.restart(),
            Act::Crash => return self.crash(),
            Act::Settle => return self.come_to_rest(),
            Act::CrashSoon => self.world.crash_in(Some(dice.below(80) as u64)),
            Act::Clock => self.set_clock(&mut dice),
            Act::Reload => self.reload(&mut dice),
            Act::Gather => return self.gather(&mut dice),
            Act::Share => return self.share(&mut dice),
            Act::TakeOver => self.world.call_successor(!dice.one_in(4)),
        }
        Ok(())
    }

    /// Who is at a slot, if anybody is.
    pub(super) fn peer_at(&self, slot: usize) -> Option<usize> {
        self.slots[slot].filter(|&at| self.peers[at].is_alive())
    }

    fn with_peer(&mut self, slot: usize, change: impl FnOnce(&mut Peer)) {
        if let Some(at) = self.peer_at(slot) {
            change(&mut self.peers[at]);
        }
    }

    /// Comes, where nobody is; who has come and has no name asks for one.
    fn connect(&mut self, slot: usize, dice: &mut Dice) {
        if self.peer_at(slot).is_none() {
            let tongue = self.plan.tongues[slot];
            let address = self.address(dice);
            let Some(link) = self.link_of(slot, address, dice) else {
                return;
            };
            let at = self.peers.len();
            self.peers.push(Peer::new(at, tongue, address, link));
            self.slots[slot] = Some(at);
            if tongue.is_websocket() {
                self.send_made(at, dice.clone(), |speech| Some(speech::upgrade(speech)));
            }
        }
        if let Some(at) = self.peer_at(slot) {
            let is_in = self.peers[at].has_joined || self.peers[at].is_foreign();
            if !is_in && self.peers[at].tongue == Tongue::Anon {
                self.peers[at].come_in(None, u64::MAX);
            } else if !is_in && !dice.one_in(8) {
                self.send_made(at, dice.clone(), |speech| speech.join());
            }
        }
    }

    /// A new connection for a slot; `None` where somebody sat there already until the server starts again.
    fn link_of(&self, slot: usize, address: SocketAddr, dice: &mut Dice) -> Option<Link> {
        let tongue = self.plan.tongues[slot];
        if tongue.is_stdio() {
            return self.world.take_console().map(Link::plain);
        }
        let wire = self.world.connect(tongue.door(), address);
        Some(match self.plan.are_over_tls[slot] {
            true => Link::over_tls(wire, dice.one_in(4)),
            false => Link::plain(wire),
        })
    }

    fn speak(&mut self, op: Op, dice: Dice) {
        let Some(at) = self.peer_at(op.slot) else {
            return;
        };
        let peer = &self.peers[at];
        if peer.has_shut || peer.is_foreign() {
            return;
        }
        if peer.tongue.is_user() && !peer.has_joined && op.act != Act::Garbage {
            return self.send_made(at, dice, |speech| speech.join());
        }
        let tongue = peer.tongue;
        self.send_made(at, dice, |speech| match (op.act, tongue) {
            (Act::Garbage, _) => Some(speech::garbage(speech)),
            (_, Tongue::Http | Tongue::Status) => Some(speech::of_http(speech)),
            (_, Tongue::Echo | Tongue::WsEcho) => Some(speech.echo()),
            (Act::Say, _) => speech.say(),
            (Act::Burst, _) => speech.burst(),
            (Act::Tell, _) => speech.tell(),
            (Act::Program, Tongue::Json | Tongue::AutoJson | Tongue::WsJson | Tongue::Padded) => {
                Some(speech.program())
            }
            _ => speech.command(),
        });
    }

    /// Has a client send what is made for it, in one piece or two.
    pub(super) fn send_made(
        &mut self,
        at: usize,
        dice: Dice,
        make: impl FnOnce(&mut Speech<'_>) -> Option<Vec<u8>>,
    ) {
        let mut speech = Speech::new(
            dice,
            self.plan,
            self.vocabulary,
            &mut self.ledger,
            &mut self.peers[at],
            self.step,
        );
        speech.is_cut = !self.is_calm;
        let Some(bytes) = make(&mut speech) else {
            return;
        };
        let mut dice = speech.dice;
        let peer = &mut self.peers[at];
        if self.is_verbose {
            println!(
                "                {} > {}",
                peer.label(),
                crate::forms::shown(&bytes)
            );
        }
        if peer.tongue == Tongue::Echo {
            peer.sent.extend_from_slice(&bytes);
        }
        let is_cut = dice.one_in(4) && !peer.tongue.is_ended_by_silence();
        let cut = if is_cut { dice.below(bytes.len()) } else { 0 };
        for piece in [&bytes[..cut], &bytes[cut..]] {
            if !piece.is_empty() {
                peer.outgoing.push_back(piece.to_vec());
            }
        }
    }

    fn stall(&mut self, slot: usize, dice: &mut Dice) {
        let window = *dice.pick(&[0, 0, 1, 1000]);
        self.with_peer(slot, |peer| {
            peer.has_stalled = true;
            peer.is_stalled = true;
            peer.link.set_window(window);
        });
    }

    fn resume(&mut self, slot: usize) {
        self.with_peer(slot, |peer| {
            peer.is_stalled = false;
            peer.link.set_window(usize::MAX);
        });
    }

    fn change_weather(&mut self, dice: &mut Dice) {
        let faults = match dice.below(3) {
            0 => Default::default(),
            _ => self.plan.faults,
        };
        self.world.set_faults(faults);
        let health = crate::weather::health(dice);
        self.world.disk().set_health(health);
        self.disk_well_from_us = match health {
            Health::Well => self
                .disk_well_from_us
                .or(Some(self.world.now_us() + SLOW_AFTER_US)),
            _ => None,
        };
    }

    /// Stops the server as its operator does, which takes no longer than five seconds, and starts it again.
    fn restart(&mut self) -> Result<(), Failure> {
        const STOP_US: u64 = 6_000_000;
        self.world.crash_in(None);
        self.world.signal(SIGTERM);
        let until_us = self.world.now_us() + STOP_US;
        while self.server.is_some() {
            if self.world.now_us() >= until_us {
                return Err(Failure::new(
                    "stop",
                    "it did not stop within its time".into(),
                ));
            }
            self.turn(until_us)?;
        }
        self.check_kept()?;
        self.start()
    }

    /// Kills the server, and starts it again from what the disk has kept.
    fn crash(&mut self) -> Result<(), Failure> {
        self.world.disk().crash();
        self.begin_again()
    }

    /// The power has failed: the server starts again from what the disk has kept.
    pub(super) fn begin_again(&mut self) -> Result<(), Failure> {
        self.finish_server(true);
        self.check_kept()?;
        self.start()
    }
}
