//! The seam to the log of a cluster.

use crate::cluster::{EngineFigures, EngineNews, EngineSite, NewMember, Position, SharedEngine};
use crate::log::Batch;
use crate::model::{NodeEntry, NodeId};

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

/// The log of a cluster. Each method does as the one of [`SharedEngine`].
pub trait LogEngine {
    /// Which cluster it is.
    fn cluster_id(&self) -> u64 {
        0
    }
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
    /// The servers of the cluster, where they have changed since version `seen`.
    fn nodes(&self, _seen: &mut u64) -> Option<Vec<NodeEntry>> {
        None
    }
    /// Has a server told to send its users elsewhere.
    fn drain(&self, _name: &str) {}
}

/// Begins the chat of a member ([`super::System::open_engine`]). Returns the place up to which that has the log.
///
/// # Errors
/// One line that says why it can't be.
pub fn begin_chat<S: EngineSite>(
    member: &mut NewMember<S>,
    begin: &mut BeginChat<'_>,
) -> Result<Position, String> {
    let mut membership = Membership {
        node: member.node,
        generation: member.generation,
        position: Position::default(),
    };
    let mut begin_at = |member: &NewMember<S>| {
        let state = member.state.as_ref();
        membership.position = state.map_or(membership.position, |(at, _)| *at);
        let state = begin(&membership, state.map(|(_, state)| state.as_slice()))?;
        Ok::<_, String>((membership.position, state))
    };
    let (mut position, state) = begin_at(member)?;
    if member.state.is_none() {
        member.found(&state)?;
        if member.state.is_some() {
            (position, _) = begin_at(member)?;
        }
    }
    Ok(position)
}

impl<S: EngineSite> LogEngine for SharedEngine<S> {
    fn cluster_id(&self) -> u64 {
        self.id
    }

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

    fn nodes(&self, seen: &mut u64) -> Option<Vec<NodeEntry>> {
        self.nodes(seen)
    }

    fn drain(&self, name: &str) {
        self.drain(name);
    }
}
