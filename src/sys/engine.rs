//! The seam to the log of a cluster.

use crate::cluster::{self, EngineFigures, EngineNews, Position};
use crate::log::Batch;
use crate::model::NodeId;

/// What begins the chat of a member ([`super::System::open_engine`]).
pub type BeginChat<'a> = dyn FnMut(&Membership, Option<&[u8]>) -> Result<Vec<u8>, String> + 'a;

/// What a member of a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Its number.
    pub node: NodeId,
    /// Its generation.
    pub generation: u64,
    /// Up to where the state of the chat has the log, with which it begins.
    pub position: Position,
}

/// The log of a cluster. Each method does as the one of [`cluster::SharedEngine`].
pub trait LogEngine {
    /// Has a batch proposed.
    fn propose(&self, batch: Batch);
    /// Takes back what was proposed and not sent. Returns the number of the last entry that may have been sent.
    fn withdraw(&self, through: u64) -> u64;
    /// What there is to say, until it is `None`.
    fn poll(&mut self) -> Option<EngineNews>;
    /// Has a state of the chat kept.
    fn save(&self, at: Position, state: Vec<u8>);
    /// How it goes.
    fn figures(&self) -> EngineFigures;
}

/// There is none, and no cluster.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub enum NoEngine {}

#[cfg(feature = "testing")]
impl LogEngine for NoEngine {
    fn propose(&self, _: Batch) {
        match *self {}
    }

    fn withdraw(&self, _: u64) -> u64 {
        match *self {}
    }

    fn poll(&mut self) -> Option<EngineNews> {
        match *self {}
    }

    fn save(&self, _: Position, _: Vec<u8>) {
        match *self {}
    }

    fn figures(&self) -> EngineFigures {
        match *self {}
    }
}

impl LogEngine for cluster::SharedEngine {
    fn propose(&self, batch: Batch) {
        self.propose(batch);
    }

    fn withdraw(&self, through: u64) -> u64 {
        self.withdraw(through)
    }

    fn poll(&mut self) -> Option<EngineNews> {
        self.poll()
    }

    fn save(&self, at: Position, state: Vec<u8>) {
        self.save(at, state);
    }

    fn figures(&self) -> EngineFigures {
        self.figures()
    }
}
