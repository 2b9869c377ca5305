//! The way from each server to the engine, and what goes wrong on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use hubbub::testing::{
    Answered, Batch, EngineCalls, EngineError, EngineFigures, EngineMember, EngineNews, EngineSite,
    EngineStanding, Examined, LogEngine, LogReader, Logged, NewEpoch, NodeId, Position, Proposer,
    SharedEngine, Verdict,
};

use super::engine::{Engine, Ghost};
use super::redis::Kept;

/// How long a reply is waited for, in microseconds.
const REPLY_US: u64 = 1_500_000;

/// What a server has of its cluster: what runs beside its loop, step by step.
pub(crate) type Beside = (Proposer<SimSite>, LogReader<SimSite>);

/// The way of one server.
#[derive(Clone)]
pub(crate) struct SimSite(Rc<Way>);

struct Way {
    engine: Rc<RefCell<Engine>>,
    name: String,
    /// The time there, for what is in the middle of a step.
    now_us: Cell<u64>,
    /// Does nothing go to the engine, or come from there?
    is_cut: Cell<(bool, bool)>,
    is_drained: Rc<Cell<bool>>,
    beside: RefCell<Option<Beside>>,
    /// How many programs there were.
    runs: Cell<u64>,
}

impl SimSite {
    pub(crate) fn new(engine: &Rc<RefCell<Engine>>, name: String) -> SimSite {
        SimSite(Rc::new(Way {
            engine: Rc::clone(engine),
            name,
            now_us: Cell::new(0),
            is_cut: Cell::default(),
            is_drained: Rc::new(Cell::new(true)),
            beside: RefCell::default(),
            runs: Cell::new(0),
        }))
    }

    pub(crate) fn set_cut(&self, there: bool, back: bool) {
        self.0.is_cut.set((there, back));
    }

    pub(crate) fn set_now_us(&self, now_us: u64) {
        self.0.now_us.set(now_us);
    }

    pub(crate) fn now_us(&self) -> u64 {
        self.0.now_us.get()
    }

    /// Has the loop taken all that was told?
    pub(crate) fn is_drained(&self) -> bool {
        self.0.is_drained.get()
    }

    pub(crate) fn note_told(&self) {
        self.0.is_drained.set(false);
    }

    /// What only one program says of itself.
    pub(crate) fn new_run(&self) -> String {
        self.0.is_drained.set(true);
        self.0.runs.set(self.0.runs.get() + 1);
        format!("{}-{}", self.0.name, self.0.runs.get())
    }

    pub(crate) fn put_beside(&self, beside: Beside) {
        *self.0.beside.borrow_mut() = Some(beside);
    }

    pub(crate) fn take_beside(&self) -> Option<Beside> {
        self.0.beside.borrow_mut().take()
    }

    pub(crate) fn engine(&self, shared: SharedEngine<SimSite>) -> SimEngine {
        SimEngine {
            shared,
            is_drained: Rc::clone(&self.0.is_drained),
        }
    }
}

/// A connection to the engine.
pub(crate) struct SimCalls {
    way: Rc<Way>,
    incarnation: u64,
    is_broken: bool,
}

fn failed<T>(why: &str) -> Answered<T> {
    Err(EngineError(why.into()))
}

/// What an engine has answered that was examined.
fn known<T>(answered: Answered<Option<T>>) -> Answered<T> {
    answered?.ok_or_else(|| EngineError("the engine is another".into()))
}

impl EngineSite for SimSite {
    type Calls = SimCalls;

    fn open(&self, _: Duration) -> Answered<SimCalls> {
        let engine = self.0.engine.borrow();
        if self.0.is_cut.get() != (false, false) {
            self.0.now_us.set(self.0.now_us.get() + REPLY_US);
            return failed("no way to the engine");
        }
        match engine.is_down {
            true => failed("nobody listens"),
            false => Ok(SimCalls {
                way: Rc::clone(&self.0),
                incarnation: engine.incarnation,
                is_broken: false,
            }),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.0.now_us.get())
    }

    fn rest(&self, _: Duration) -> bool {
        false
    }

    fn address(&self) -> String {
        "the model".into()
    }
}

impl SimCalls {
    /// Asks for something, and loses it or its answer as the faults have it. `None`: it can't be asked late.
    fn ask<T>(
        &mut self,
        is_write: bool,
        late: Option<Ghost>,
        ask: impl FnOnce(&mut Kept, u64) -> T,
    ) -> Answered<T> {
        let way = Rc::clone(&self.way);
        let engine = &mut *way.engine.borrow_mut();
        if self.is_broken || engine.is_down || self.incarnation != engine.incarnation {
            self.is_broken = true;
            return failed("the connection is gone");
        }
        let (is_cut_there, is_cut_back) = way.is_cut.get();
        let faults = engine.faults;
        let is_lost = engine.rolls(faults.lost) || is_cut_there;
        let is_ghost = late.is_some() && engine.rolls(faults.ghost) && !is_cut_there;
        let is_unanswered = engine.rolls(faults.unanswered) || is_cut_back;
        let wait_us = match engine.rolls(faults.slow) {
            true => engine.dice.below(1_000_000) as u64,
            false => engine.dice.below(1_000) as u64,
        };
        let now_us = way.now_us.get();
        if is_lost || is_ghost || is_unanswered {
            self.is_broken = true;
            way.now_us.set(now_us + REPLY_US);
        }
        if is_ghost {
            let due_us = engine.now_us + engine.dice.below(12_000_000) as u64;
            let incarnation = engine.incarnation;
            engine
                .ghosts
                .extend(late.map(|ghost| (due_us, incarnation, ghost)));
            return failed("no answer");
        }
        if is_lost {
            return failed("no answer");
        }
        if is_write && engine.is_full {
            return failed("OOM");
        }
        let now_ms = engine.now_ms();
        if is_write {
            engine.remember();
        }
        let answer = ask(&mut engine.kept, now_ms);
        if is_unanswered {
            return failed("no answer");
        }
        way.now_us.set(now_us + wait_us);
        Ok(answer)
    }

    fn look<T>(&mut self, ask: impl FnOnce(&Kept, u64) -> T) -> Answered<T> {
        self.ask(false, None, |kept, now_ms| ask(kept, now_ms))
    }

    /// A change of an engine that was examined.
    fn change<T>(&mut self, ask: impl Fn(&mut Kept, u64) -> T + Clone + 'static) -> Answered<T> {
        let token = self.incarnation;
        known(self.write(move |kept, now_ms| kept.is_known(token).then(|| ask(kept, now_ms))))
    }

    fn write<T>(&mut self, ask: impl Fn(&mut Kept, u64) -> T + Clone + 'static) -> Answered<T> {
        let late = ask.clone();
        let late: Ghost = Box::new(move |kept, now_ms| drop(late(kept, now_ms)));
        self.ask(true, Some(late), ask)
    }

    fn name(&self) -> String {
        self.way.name.clone()
    }
}

impl EngineCalls for SimCalls {
    fn version_and_policy(&mut self) -> Answered<(u64, String)> {
        self.look(|_, _| (7, "noeviction".into()))
    }

    fn examine(&mut self, epoch: u64, at: Position, known: &[String]) -> Answered<Examined> {
        let (name, known, token) = (self.name(), known.to_owned(), self.incarnation);
        self.write(move |kept, now_ms| kept.examine((token, &name), (epoch, at), &known, now_ms))
    }

    fn open_epoch(&mut self, new: &NewEpoch) -> Answered<bool> {
        let (new, token) = (new.clone(), self.incarnation);
        self.write(move |kept, now_ms| kept.open_epoch(token, &new, now_ms))
    }

    fn enrol(&mut self) -> Answered<NodeId> {
        let name = self.name();
        self.change(move |kept, _| kept.enrol(&name))
    }

    fn begin(
        &mut self,
        node: NodeId,
        run: &str,
        gone: &[u8],
        floor: u64,
    ) -> Answered<(u64, Position)> {
        let (name, run, gone) = (self.name(), run.to_owned(), gone.to_owned());
        let begin =
            move |kept: &mut Kept, now_ms| kept.begin(&name, (node, &run, floor), &gone, now_ms);
        let token = self.incarnation;
        match floor {
            // A program that has ended asks for nothing any more.
            0 => known(self.ask(true, None, |kept, now_ms| {
                kept.is_known(token).then(|| begin(kept, now_ms))
            })),
            _ => self.change(begin),
        }
    }

    fn propose(&mut self, batch: &Batch) -> Answered<Verdict> {
        let (name, batch) = (self.name(), batch.clone());
        self.change(move |kept, now_ms| kept.propose(&name, &batch, now_ms))
    }

    fn renew(&mut self, generation: u64, _: &str) -> Answered<Verdict> {
        let name = self.name();
        self.change(move |kept, now_ms| kept.renew(&name, generation, now_ms))
    }

    fn run(&mut self) -> Answered<String> {
        let name = self.name();
        self.look(|kept, _| kept.run(&name))
    }

    fn members(&mut self) -> Answered<Vec<EngineMember>> {
        self.look(|kept, now_ms| kept.members(now_ms))
    }

    fn declare(&mut self, name: &str, by: NodeId, gone: &[u8]) -> Answered<bool> {
        let (name, gone) = (name.to_owned(), gone.to_owned());
        self.change(move |kept, now_ms| kept.declare(&name, by, &gone, now_ms))
    }

    fn leave(&mut self) -> Answered<()> {
        let name = self.name();
        self.change(move |kept, _| kept.leave(&name))
    }

    fn save(&mut self, at: Position, state: &[u8], is_first: bool) -> Answered<bool> {
        let state = state.to_owned();
        self.change(move |kept, _| kept.save(at, &state, is_first))
    }

    fn state(&mut self) -> Answered<Option<(Position, Vec<u8>)>> {
        self.look(|kept, _| kept.state())
    }

    fn standing(&mut self) -> Answered<EngineStanding> {
        self.look(|kept, _| kept.standing())
    }

    fn trim(&mut self, through: Position) -> Answered<()> {
        self.change(move |kept, _| kept.trim(through))
    }

    fn read(&mut self, after: Position, count: usize, _: Duration) -> Answered<Vec<Logged>> {
        self.look(|kept, _| kept.read(after, count))
    }
}

/// The engine, as the loop sees it.
pub(crate) struct SimEngine {
    shared: SharedEngine<SimSite>,
    is_drained: Rc<Cell<bool>>,
}

impl LogEngine for SimEngine {
    fn propose(&self, batch: Batch) {
        self.shared.propose(batch);
    }

    fn withdraw(&self, through: u64) -> u64 {
        self.shared.withdraw(through)
    }

    fn poll(&mut self) -> Option<EngineNews> {
        let news = self.shared.poll();
        self.is_drained.set(news.is_none());
        news
    }

    fn save(&self, at: Position, state: Vec<u8>) {
        self.shared.save(at, state);
    }

    fn figures(&self) -> EngineFigures {
        self.shared.figures()
    }
}
