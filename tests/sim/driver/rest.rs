//! Rest: the faults stop, everybody reads, and then all must agree and nothing be left.

use std::collections::BTreeMap;

use crate::checks::{Failure, kept, order, roster};
use crate::dice::Dice;
use crate::disk::Health;
use crate::faults::Fault;
use crate::link::Link;
use crate::marks::sometimes;
use crate::peer::Peer;
use crate::plan::Tongue;
use crate::server::Server;

use super::Sim;
use super::acts::SIGTERM;

/// Turns within which all is quiet when the faults stop.
const QUIET_TURNS: usize = 20_000;

/// How long who closes may be waited for, and longer.
const DRAIN_US: u64 = 70_000_000;

impl Sim<'_> {
    /// Has the faults stop and everybody read, and looks at everything when it is quiet.
    pub(super) fn come_to_rest(&mut self) -> Result<(), Failure> {
        self.world.crash_in(None);
        self.world.set_faults(Default::default());
        self.world.disk().set_health(Health::Well);
        for peer in self.peers.iter_mut().filter(|peer| peer.is_alive()) {
            peer.is_stalled = false;
            peer.link.set_window(usize::MAX);
        }
        self.be_quiet()?;
        self.check_read()?;
        self.check_frames()?;
        self.note_all_came();
        self.check_rosters()?;
        let disk = self.world.disk();
        let is_gone = |id| disk.has_forgotten(id) || self.ledger.deleted.contains(&id);
        order::check(&self.peers, &self.ledger, is_gone)?;
        self.check_settings()?;
        self.disk_well_from_us = self.disk_well_from_us.or(Some(self.world.now_us()));
        self.world.set_faults(self.plan.faults);
        Ok(())
    }

    /// All that came is read, sooner or later: who asks faster than it may waits some seconds.
    fn check_read(&mut self) -> Result<(), Failure> {
        const TRIES: usize = 6;
        const LATER_US: u64 = 10_000_000;
        for _ in 0..TRIES {
            if self.world.unread() == 0 {
                return Ok(());
            }
            self.pass_us(LATER_US)?;
        }
        match self.world.unread() {
            0 => Ok(()),
            count => {
                let what = format!("{count} connections have input that is not read");
                Err(Failure::new("unread", what))
            }
        }
    }

    /// Turns until nothing is to be done but to wait.
    pub(super) fn be_quiet(&mut self) -> Result<(), Failure> {
        const STEP_US: u64 = 50_000;
        let mut quiet = 0;
        for _ in 0..QUIET_TURNS {
            let until_us = self.world.now_us() + STEP_US;
            let is_idle = self.turn(until_us)?;
            let owes = self
                .peers
                .iter()
                .any(|peer| peer.is_alive() && !peer.outgoing.is_empty());
            quiet = if is_idle && !owes && self.world.is_quiet() {
                quiet + 1
            } else {
                0
            };
            // Questions to the disk and silence take some time.
            if quiet > 8 {
                return Ok(());
            }
        }
        let mut left = self.server.as_ref().map_or(Vec::new(), Server::left);
        left.retain(|&(_, count)| count > 0);
        let next_us = self.world.next_due_us();
        Err(Failure::new(
            "quiet",
            format!(
                "not quiet within {QUIET_TURNS} turns: {left:?} are left, and next is {next_us:?} µs"
            ),
        ))
    }

    /// Nobody has half a frame.
    fn check_frames(&self) -> Result<(), Failure> {
        for peer in self.peers.iter().filter(|peer| peer.is_alive()) {
            if !peer.form.is_whole(&peer.inbox) {
                let what = format!("half a frame at rest: {}", crate::forms::shown(&peer.inbox));
                return Err(self.failure("form", peer.serial, what));
            }
        }
        Ok(())
    }

    /// What was said has come to everybody by now.
    fn note_all_came(&mut self) {
        let last_id = self.ledger.last_id;
        for peer in self.peers.iter_mut().filter(|peer| peer.is_well()) {
            for stay in &mut peer.stays {
                stay.through = last_id;
            }
        }
    }

    /// Everybody asks who is in its rooms: all are told the same, and it is who takes itself to be there. That
    /// somebody went may take a while to be seen, where its requests are handled more slowly than they came.
    fn check_rosters(&mut self) -> Result<(), Failure> {
        const TRIES: usize = 4;
        const SEEN_US: u64 = 10_000_000;
        for _ in 1..TRIES {
            if self.compare_rosters()?.is_ok() {
                return Ok(());
            }
            sometimes("rosters: compared again");
            self.pass_us(SEEN_US)?;
        }
        self.compare_rosters()?
    }

    /// The outer failure is of something else.
    fn compare_rosters(&mut self) -> Result<Result<(), Failure>, Failure> {
        let versions = |peers: &[Peer]| -> Vec<_> {
            let version = |peer: &Peer| (peer.is_alive(), peer.version());
            peers.iter().map(version).collect()
        };
        self.ask_rosters();
        let before = versions(&self.peers);
        self.be_quiet()?;
        let is_settled = versions(&self.peers) == before;
        if !is_settled || self.peers.iter().any(|peer| !peer.is_settled()) {
            sometimes("rosters: not comparable");
            return Ok(Ok(()));
        }
        sometimes("rosters: compared");
        Ok(roster::check(&self.peers))
    }

    fn ask_rosters(&mut self) {
        for at in 0..self.peers.len() {
            let peer = &mut self.peers[at];
            peer.rosters.clear();
            if !peer.is_well() {
                continue;
            }
            let rooms: Vec<String> = peer
                .stays
                .iter()
                .map(|stay| stay.room.as_str().to_owned())
                .collect();
            for room in rooms {
                let frames = peer.roster_request(&room);
                peer.outgoing.extend(frames);
            }
        }
    }

    /// Everybody goes, and then nothing is left.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        self.world.crash_in(None);
        self.world.set_faults(Default::default());
        self.is_calm = false;
        for peer in self.peers.iter_mut().filter(|peer| peer.is_alive()) {
            peer.link.close();
            peer.finish(crate::net::End::Fin);
        }
        self.pass_us(DRAIN_US)?;
        // It may have been stopped and started meanwhile, and nobody sat there.
        if let Some(console) = self.world.take_console() {
            console.close();
        }
        self.be_quiet()?;
        self.check_left()?;
        self.check_sleep()?;
        self.world.signal(SIGTERM);
        let until_us = self.world.now_us() + DRAIN_US;
        while self.server.is_some() && self.world.now_us() < until_us {
            self.turn(until_us)?;
        }
        for fault in Fault::ALL
            .into_iter()
            .filter(|&fault| self.world.hits(fault) > 0)
        {
            sometimes(format!("fault: {fault:?}"));
        }
        match self.server {
            None => self.check_kept(),
            Some(_) => Err(Failure::new("stop", "it did not stop".into())),
        }
    }

    /// A server where nobody is wakes for nothing.
    fn check_sleep(&mut self) -> Result<(), Failure> {
        const SLEEP_US: u64 = 600_000_000;
        const WAKES_MAX: usize = 12;
        let until_us = self.world.now_us() + SLEEP_US;
        let mut wakes = 0;
        while self.world.now_us() < until_us && self.server.is_some() {
            self.turn(until_us)?;
            wakes += 1;
        }
        match wakes {
            0..=WAKES_MAX => Ok(()),
            _ => Err(Failure::new(
                "sleep",
                format!("woke {wakes} times in ten minutes of rest"),
            )),
        }
    }

    /// The figures of a server that nobody is connected to but who asks for them.
    fn check_left(&mut self) -> Result<(), Failure> {
        let figures = self.ask_figures()?;
        for (name, count) in &figures {
            let is_drop = name.starts_with("dropped_for")
                || matches!(name.as_str(), "kicked" | "broken_connections" | "refused");
            if is_drop && *count > 0 {
                sometimes(name);
            }
        }
        let none = [
            "online",
            "SendQ_total",
            "SendQ_largest",
            "SendQ_memory",
            "history_queued",
        ];
        for name in none {
            if figures.get(name).is_some_and(|&count| count > 0) {
                return Err(Failure::new("left", format!("{name} is {}", figures[name])));
            }
        }
        // Who asked goes, too.
        const LINGER_US: u64 = 3_000_000;
        self.pass_us(LINGER_US)?;
        for (name, count) in self.server.as_ref().map(Server::left).unwrap_or_default() {
            if count > 0 {
                return Err(Failure::new("left", format!("{count} {name}")));
            }
        }
        Ok(())
    }

    /// What is in force is what stands in the file, unless the disk did not take it or it was edited since.
    fn check_settings(&self) -> Result<(), Failure> {
        let (Some(file), Some(server)) = (self.world.disk().known_settings(), &self.server) else {
            return Ok(());
        };
        let held = server.settings();
        // What is over may be forgotten before that is written.
        let is_kept =
            held.locked == file.locked && held.bans.iter().all(|it| file.bans.contains(it));
        sometimes("settings: compared");
        match is_kept {
            true => Ok(()),
            false => Err(Failure::new(
                "settings",
                format!("{held:?} holds, and {file:?} is kept"),
            )),
        }
    }

    /// What was promised is there after a start.
    pub(super) fn check_kept(&mut self) -> Result<(), Failure> {
        let Some(durability) = self.plan.options.durability else {
            return Ok(());
        };
        let survived = self.world.disk().messages();
        let survived: Vec<(u64, &str)> = survived
            .iter()
            .map(|(_, message)| (message.id.0, message.text.as_str()))
            .collect();
        let well_us = self
            .disk_well_from_us
            .map(|from_us| from_us..self.world.now_us());
        kept::check(&mut self.ledger, durability, &survived, well_us)
    }

    /// What `/stats` tells.
    pub(super) fn ask_figures(&mut self) -> Result<BTreeMap<String, u64>, Failure> {
        let address = self.address(&mut Dice::new(0));
        let wire = self.world.connect(Tongue::Status.door(), address);
        let at = self.peers.len();
        let mut peer = Peer::new(at, Tongue::Status, address, Link::plain(wire));
        peer.outgoing.push_back(
            b"GET /stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
        );
        peer.may_be_closed = true;
        self.peers.push(peer);
        self.be_quiet()?;
        let Some((200, body)) = self.peers[at].response.take() else {
            return Err(self.failure("left", at, "was not told the figures".into()));
        };
        let figures: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let figures = figures.as_object().into_iter().flatten();
        Ok(figures
            .filter_map(|(name, value)| Some((name.clone(), value.as_u64()?)))
            .collect())
    }
}
