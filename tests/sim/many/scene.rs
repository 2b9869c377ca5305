//! Several servers, their clients, and the engine, as a plan has them go on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

use hubbub::testing::Position;
use serde_json::json;

use crate::checks::Failure;
use crate::dice::Dice;

use super::client::{Answer, Client};
use super::engine::{Engine, Loss};
use super::plan::{Op, Plan, Step};
use super::server::Server;

/// How far time goes at once at most, in microseconds.
const TICK_US: usize = 25_000;

/// How long all goes on when nothing goes wrong any more, in microseconds.
const SETTLE_US: u64 = 45_000_000;

/// How many names there are, and rooms.
const NAMES: usize = 8;
const ROOMS: usize = 3;

/// Something that was said.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) by: usize,
    pub(super) room: String,
    pub(super) at_us: u64,
    pub(super) answer: Answer,
    /// May it be lost, as who has had it was gone when the engine lost it?
    pub(super) is_excused: bool,
}

pub(super) struct Scene {
    engine: Rc<RefCell<Engine>>,
    engine_back_us: u64,
    full_until_us: u64,
    pub(super) servers: Vec<Server>,
    pub(super) clients: Vec<Client>,
    /// What each client's server was when it came: how often it had begun, and its membership.
    pub(super) came: Vec<(usize, u64)>,
    pub(super) texts: Vec<Text>,
    now_us: u64,
    dice: Dice,
    /// The state of the chat at each place, as a number, and who had it first.
    states: BTreeMap<Position, (u64, usize)>,
    checked: Vec<Position>,
    has_loss: bool,
    is_verbose: bool,
    trace: DefaultHasher,
}

pub(super) fn text_of(number: usize) -> String {
    format!("t{number}t")
}

impl Scene {
    pub(super) fn new(plan: &Plan, is_verbose: bool) -> Scene {
        let engine = Rc::new(RefCell::new(Engine::new(plan.seed, plan.faults)));
        let servers =
            (0..plan.servers).map(|at| Server::new(plan.seed, (at, plan.has_disk), &engine));
        Scene {
            servers: servers.collect(),
            engine,
            engine_back_us: 0,
            full_until_us: 0,
            clients: Vec::new(),
            came: Vec::new(),
            texts: Vec::new(),
            now_us: 0,
            dice: Dice::new(plan.seed ^ 0x5ce7e),
            states: BTreeMap::new(),
            checked: vec![Position::default(); plan.servers],
            has_loss: false,
            is_verbose,
            trace: DefaultHasher::new(),
        }
    }

    /// Plays all of it. Returns a number that stands for all that was told.
    pub(super) fn play(mut self, plan: &Plan) -> Result<u64, Failure> {
        self.pass_us(1_000_000)?;
        for op in &plan.ops {
            self.tell_of(&format!("{op}"));
            self.act(op);
            self.pass_us(op.wait_us)?;
        }
        self.heal();
        self.pass_us(SETTLE_US)?;
        super::checks::check(&self)?;
        Ok(self.trace.finish())
    }

    fn tell_of(&self, what: &str) {
        if self.is_verbose {
            println!("{:>12} {what}", self.now_us);
        }
    }

    fn heal(&mut self) {
        self.engine.borrow_mut().heal();
        (self.engine_back_us, self.full_until_us) = (0, 0);
        for server in &mut self.servers {
            (server.paused_until_us, server.cut_until_us) = (0, 0);
            server.starts_at_us = 0;
        }
    }

    fn pass_us(&mut self, us: u64) -> Result<(), Failure> {
        let until_us = self.now_us + us;
        while self.now_us < until_us {
            let tick_us = 1_000 + self.dice.below(TICK_US) as u64;
            self.now_us = (self.now_us + tick_us).min(until_us);
            self.pass_engine();
            let first = self.dice.below(self.servers.len());
            for at in 0..self.servers.len() {
                let at = (first + at) % self.servers.len();
                let passed = self.servers[at].pass_to(self.now_us);
                if let Err(what) = passed {
                    self.note_end(at, what)?;
                }
                self.check_state(at)?;
            }
            self.hear()?;
        }
        Ok(())
    }

    fn pass_engine(&mut self) {
        let mut engine = self.engine.borrow_mut();
        engine.pass_to(self.now_us);
        if self.engine_back_us <= self.now_us {
            engine.begin();
        }
        if self.full_until_us <= self.now_us {
            engine.set_full(false);
        }
    }

    /// At one place, all have one state.
    fn check_state(&mut self, at: usize) -> Result<(), Failure> {
        let Some(replica) = self.servers[at].replica() else {
            return Ok(());
        };
        if replica.position == self.checked[at] {
            return Ok(());
        }
        self.checked[at] = replica.position;
        let mut hasher = DefaultHasher::new();
        replica.state.hash(&mut hasher);
        let state = (hasher.finish(), at);
        let known = *self.states.entry(replica.position).or_insert(state);
        match known.0 == state.0 {
            true => Ok(()),
            false => {
                let other = self.servers[known.1].name().to_owned();
                let what = format!(
                    "{} is not as {other} was at {}",
                    self.servers[at].name(),
                    replica.position
                );
                Err(Failure::new("state", what))
            }
        }
    }

    fn hear(&mut self) -> Result<(), Failure> {
        for at in 0..self.clients.len() {
            let client = &mut self.clients[at];
            let (had_name, told) = (client.name.is_some(), client.told.len());
            let heard = client.hear(self.now_us);
            heard.map_err(|what| Failure::new("json", what))?;
            if !had_name && client.name.is_some() {
                let server = &self.servers[client.server];
                let generation = server.replica().map_or(0, |it| it.generation);
                self.came[at] = (server.starts, generation);
            }
            for told in &client.told[told..] {
                (at, &told.text, told.id, &told.by, self.now_us).hash(&mut self.trace);
            }
            let answers = std::mem::take(&mut client.answers);
            for (number, answer) in answers {
                self.tell_of(&format!("{} of #{at}: {answer:?}", text_of(number)));
                self.texts[number].answer = answer;
            }
        }
        Ok(())
    }

    /// The engine has lost something: what is known of it only by who is not there now may be lost.
    fn note_loss(&mut self) {
        self.states.clear();
        self.has_loss = true;
        let now_us = self.now_us;
        let is_there =
            |it: &Server| it.is_up() && it.paused_until_us <= now_us && it.cut_until_us <= now_us;
        for text in &mut self.texts {
            let server = self.clients[text.by].server;
            text.is_excused |= !is_there(&self.servers[server]);
        }
    }

    /// A server that has ended: by itself only where it has read what was lost for good.
    fn note_end(&mut self, at: usize, what: String) -> Result<(), Failure> {
        if !self.has_loss {
            return Err(Failure::new("end", what));
        }
        self.tell_of(&what);
        self.servers[at].kill();
        self.servers[at].starts_at_us = self.now_us + 1_000_000;
        for text in &mut self.texts {
            text.is_excused |= self.clients[text.by].server == at;
        }
        Ok(())
    }

    fn act(&mut self, op: &Op) {
        let mut dice = Dice::new(op.dice);
        match op.step {
            Step::Come => self.come(&mut dice),
            Step::Cut(there, back) => {
                let at = dice.below(self.servers.len());
                let us = length_us(&mut dice);
                self.servers[at].cut_until_us = self.now_us + us;
                self.servers[at].cut(there, back);
            }
            Step::Pause => {
                let at = dice.below(self.servers.len());
                self.servers[at].paused_until_us = self.now_us + length_us(&mut dice);
            }
            Step::KillServer => {
                let at = dice.below(self.servers.len());
                self.servers[at].kill();
                self.servers[at].starts_at_us = self.now_us + length_us(&mut dice);
            }
            Step::KillEngine(loss) => {
                self.engine.borrow_mut().die(loss);
                if loss != Loss::Nothing {
                    self.note_loss();
                }
                self.engine_back_us = self.now_us + length_us(&mut dice);
            }
            Step::Fill => {
                self.engine.borrow_mut().set_full(true);
                self.full_until_us = self.now_us + length_us(&mut dice);
            }
            Step::Rest => {}
            Step::Say | Step::Enter | Step::Leave | Step::Rename | Step::Quit | Step::Break => {
                self.ask(op.step, &mut dice)
            }
        }
    }

    fn come(&mut self, dice: &mut Dice) {
        let up = (0..self.servers.len()).filter(|&at| self.servers[at].is_up());
        let up: Vec<usize> = up.collect();
        if up.is_empty() {
            return;
        }
        let name = format!("n{}", dice.below(NAMES));
        let outside = |it: &&mut Client| it.name.is_none() && !it.has_ended && it.joins == 0;
        let mut outside: Vec<&mut Client> = self.clients.iter_mut().filter(outside).collect();
        if !outside.is_empty() && dice.one_in(2) {
            let at = dice.below(outside.len());
            outside[at].join(name);
            return;
        }
        let server = *dice.pick(&up);
        let wire = self.servers[server].connect(1024 + self.clients.len() as u16);
        let mut client = Client::new(server, wire);
        client.join(name);
        self.clients.push(client);
        self.came.push((0, 0));
    }

    fn ask(&mut self, step: Step, dice: &mut Dice) {
        let in_chat = |at: &usize| {
            let client = &self.clients[*at];
            client.name.is_some() && !client.has_ended && !client.has_quit
        };
        let clients: Vec<usize> = (0..self.clients.len()).filter(in_chat).collect();
        if clients.is_empty() {
            return;
        }
        let by = *dice.pick(&clients);
        let rooms: Vec<String> = self.clients[by].rooms.keys().cloned().collect();
        let client = &mut self.clients[by];
        match step {
            Step::Say if !rooms.is_empty() => {
                let (room, number) = (dice.pick(&rooms).clone(), self.texts.len());
                let text = text_of(number);
                let id = client.send(json!({"type": "chat", "room": room, "message": text}));
                client.pending.insert(id, number);
                self.texts.push(Text {
                    by,
                    room,
                    at_us: self.now_us,
                    answer: Answer::None,
                    is_excused: false,
                });
            }
            Step::Enter => {
                let room = format!("r{}", dice.below(ROOMS));
                client.send(json!({"type": "join_room", "room": room}));
            }
            Step::Leave if !rooms.is_empty() => {
                client.has_moved = true;
                client.send(json!({"type": "leave_room", "room": dice.pick(&rooms)}));
            }
            Step::Rename => {
                let name = format!("n{}", dice.below(NAMES));
                client.send(json!({"type": "nick", "username": name}));
                client.names.push(name);
            }
            Step::Quit => {
                client.has_quit = true;
                client.send(json!({"type": "quit"}));
            }
            Step::Break => client.reset(),
            _ => {}
        }
    }
}

/// How long something lasts: some are over soon, some for longer than a lease.
fn length_us(dice: &mut Dice) -> u64 {
    let us = match dice.below(3) {
        0 => dice.below(1_000_000),
        1 => dice.below(8_000_000),
        _ => dice.below(25_000_000),
    };
    us as u64
}
