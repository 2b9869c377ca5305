//! One of several servers, with what runs beside its loop.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use hubbub::testing::{
    Config, Durability, EngineOptions, LogReader, NextStep, Options, Proposer, Reactor, Replica,
    Retention,
};

use crate::faults::Faults;
use crate::net::{Wire, World};
use crate::system::SimSystem;

use super::engine::Engine;
use super::site::SimSite;

/// How long one that can't begin waits until it tries again, in microseconds.
const RETRY_US: u64 = 500_000;

/// Turns without an end to time are a spin.
const TURNS_MAX: usize = 50_000;

/// A server.
pub(crate) struct Server {
    pub(crate) world: World,
    site: SimSite,
    config: Config,
    reactor: Option<Reactor<SimSystem>>,
    proposer: Option<(Proposer<SimSite>, u64)>,
    reader: Option<(LogReader<SimSite>, u64)>,
    /// It does not run before.
    pub(crate) paused_until_us: u64,
    pub(crate) cut_until_us: u64,
    /// When it is started, where it does not run.
    pub(crate) starts_at_us: u64,
    /// How often it was started.
    pub(crate) starts: usize,
}

impl Server {
    pub(crate) fn new(
        seed: u64,
        (at, has_disk): (usize, bool),
        engine: &Rc<RefCell<Engine>>,
    ) -> Server {
        let name = format!("s{at}");
        Server {
            world: World::new(seed.wrapping_mul(64) + at as u64, Faults::default()),
            site: SimSite::new(engine, name.clone()),
            config: config(name, has_disk),
            reactor: None,
            proposer: None,
            reader: None,
            paused_until_us: 0,
            cut_until_us: 0,
            starts_at_us: 0,
            starts: 0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.reactor.is_some()
    }

    pub(crate) fn replica(&self) -> Option<Replica> {
        self.reactor.as_ref().and_then(Reactor::replica)
    }

    pub(crate) fn connect(&self, port: u16) -> Wire {
        let from = SocketAddr::from(([127, 0, 0, 1], port));
        self.world.connect(0, from)
    }

    pub(crate) fn cut(&self, there: bool, back: bool) {
        self.site.set_cut(there, back);
    }

    /// It is killed, with all that is not on its disk.
    pub(crate) fn kill(&mut self) {
        self.world.disk().crash();
        (self.proposer, self.reader) = (None, None);
        self.reactor = None;
    }

    /// Goes on until that time.
    pub(crate) fn pass_to(&mut self, now_us: u64) -> Result<(), String> {
        if self.cut_until_us <= now_us {
            self.site.set_cut(false, false);
        }
        if self.reactor.is_none() && self.starts_at_us <= now_us {
            self.start(now_us);
        }
        if self.reactor.is_none() || self.paused_until_us > now_us {
            let left_us = now_us.saturating_sub(self.world.now_us());
            self.world.pass_us(left_us);
            return Ok(());
        }
        self.step_beside(now_us);
        self.turn(now_us)
    }

    fn start(&mut self, now_us: u64) {
        self.world
            .pass_us(now_us.saturating_sub(self.world.now_us()));
        self.site.set_now_us(now_us);
        let system = self.world.system().in_cluster(self.site.clone());
        match Reactor::open_on(system, &self.config) {
            Ok(reactor) => {
                let (proposer, reader) = self.site.take_beside().expect("it is a member");
                let at_us = self.site.now_us();
                self.proposer = Some((proposer, at_us));
                self.reader = Some((reader, at_us));
                self.reactor = Some(reactor);
                self.starts += 1;
            }
            Err(_) => self.starts_at_us = now_us + RETRY_US,
        }
    }

    fn step_beside(&mut self, now_us: u64) {
        if let Some((proposer, at_us)) = &mut self.proposer
            && *at_us <= now_us
        {
            self.site.set_now_us(now_us);
            let next = proposer.step();
            *at_us = self.site.now_us();
            match next {
                NextStep::Wait(_) => {}
                NextStep::Rest(rest) => *at_us += rest.as_micros() as u64,
                NextStep::Over => self.proposer = None,
            }
        }
        if let Some((reader, at_us)) = &mut self.reader
            && *at_us <= now_us
            && self.site.is_drained()
        {
            self.site.set_now_us(now_us);
            self.site.note_told();
            match reader.step() {
                Some(rest) => *at_us = self.site.now_us() + rest.as_micros() as u64,
                None => self.reader = None,
            }
        }
    }

    fn turn(&mut self, now_us: u64) -> Result<(), String> {
        let Some(reactor) = &mut self.reactor else {
            return Ok(());
        };
        self.world.set_horizon(Some(now_us));
        for _ in 0..TURNS_MAX {
            if reactor.turn().ended.is_some() {
                let why = reactor.replica().and_then(|it| it.failure);
                return Err(format!("{} has ended: {why:?}", self.name()));
            }
            if self.world.now_us() >= now_us {
                return Ok(());
            }
        }
        Err("time stands still".into())
    }

    pub(crate) fn name(&self) -> &str {
        let cluster = self.config.cluster.as_ref();
        cluster.map_or("", |cluster| &cluster.node)
    }
}

fn config(node: String, has_disk: bool) -> Config {
    let data = has_disk.then(|| Options {
        dir: "/sim".into(),
        durability: Durability::Seen,
        retention: Retention::default(),
        replay: 20,
        sets_aside: false,
        is_shared: true,
        files: None,
    });
    Config {
        doors: vec!["json://127.0.0.1:1".parse().expect("an address")],
        cluster: Some(EngineOptions {
            address: "redis://127.0.0.1".parse().expect("an address"),
            node,
            password_file: None,
            replicas: 0,
            address_told: None,
            wait_ms: 3_000,
        }),
        ..crate::first::config_with(data)
    }
}
