//! The cluster: what is proposed to it at the end of a turn, and what is read back at the beginning of one.

use std::mem;

use crate::cluster::{self, EngineNews, Position};
use crate::hub::Hub;
use crate::limits::CLUSTER_ENTRIES_PER_TURN;
use crate::log::Batch;
use crate::model::{ConnId, Kept, NodeEntry, Record};
use crate::sys::{LogEngine as _, System};

use super::Reactor;
use super::apply::Input;

/// What a server is in a cluster.
pub(super) struct Cluster<E> {
    pub(super) engine: E,
    /// Up to where the log is applied.
    position: Position,
    /// How old the last batch was when it was applied, by the clocks of the engine and of this server.
    pub(super) lag_ms: u64,
    /// Up to where it was on disk at the start.
    kept: Position,
    /// Is what is being applied on disk already?
    pub(super) is_kept: bool,
    /// May there be more to read than the last turn took in?
    pub(super) has_more: bool,
    /// The servers that there are, and the version of that.
    pub(super) nodes: (u64, Vec<NodeEntry>),
    /// Why nothing more is read: an entry is not known, or the engine is not what it was.
    pub(super) failure: Option<String>,
}

/// The chat at a server, at a place of the log.
#[cfg(feature = "testing")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Up to where the log is applied.
    pub position: Position,
    /// The membership that has applied it.
    pub generation: u64,
    /// The chat, as bytes.
    pub state: Vec<u8>,
    /// Why nothing more is read.
    pub failure: Option<String>,
}

impl<S: System> Reactor<S> {
    /// The chat of a cluster as it is here; `None` where there is none.
    #[cfg(feature = "testing")]
    pub fn replica(&self) -> Option<Replica> {
        let cluster = self.cluster.as_ref()?;
        Some(Replica {
            position: cluster.position,
            generation: self.hub.membership(),
            state: self.hub.state(),
            failure: cluster.failure.clone(),
        })
    }

    /// Makes the server a member of a cluster, whose chat it goes on with, and with what is kept here.
    ///
    /// # Errors
    /// One line that says why it can't be.
    pub(super) fn join_cluster(
        system: &mut S,
        options: &cluster::EngineOptions,
        new_hub: impl Fn() -> Hub,
        (kept, has_all): (Kept, bool),
    ) -> Result<(Hub, Cluster<S::Engine>), String> {
        let mut begun = None;
        let (applied, mut kept_to) = (kept.applied, Position::default());
        let engine = system.open_engine(options, &mut |membership, state| {
            let mut hub = new_hub();
            if has_all && applied.is_some_and(|applied| applied < membership.position) {
                return Err("the cluster has gone on meanwhile: begin again".into());
            }
            let has_own = !kept.accounts.is_empty() || kept.last_ms > 0;
            if has_own && applied.is_none() && state.is_some() {
                return Err("what is kept here is of no cluster, and this one has begun".into());
            }
            match state {
                None => hub.begin_cluster(kept.clone()),
                Some(state) => hub
                    .load_state(kept.clone(), state)
                    .map_err(|e| format!("the cluster has {e}"))?,
            }
            kept_to = state.map_or(kept_to, |_| applied.unwrap_or_default());
            let state = hub.state();
            #[cfg(feature = "testing")]
            if S::IS_MIRRORED {
                hub.mirror();
            }
            hub.share(membership.node, membership.generation, options.wait_ms);
            begun = Some((hub, membership.position));
            Ok(state)
        })?;
        let (hub, position) = begun.ok_or("the cluster has no state")?;
        let cluster = Cluster {
            engine,
            position,
            kept: kept_to,
            is_kept: false,
            lag_ms: 0,
            has_more: true,
            nodes: Default::default(),
            failure: None,
        };
        Ok((hub, cluster))
    }

    /// Applies what was read back, as far as a turn goes.
    pub(super) fn hear_cluster(&mut self) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        cluster.has_more = false;
        let mut left = CLUSTER_ENTRIES_PER_TURN;
        while let Some(cluster) = &mut self.cluster
            && cluster.failure.is_none()
        {
            if left == 0 || self.is_spent() {
                self.note_more_of_cluster();
                break;
            }
            let Some(cluster) = &mut self.cluster else {
                break;
            };
            match cluster.engine.poll() {
                None => break,
                Some(EngineNews::Read(position, batch)) => {
                    left = left.saturating_sub(batch.count.max(1));
                    self.take_in(position, batch);
                }
                Some(EngineNews::WantsState) => {
                    cluster.engine.save(cluster.position, self.hub.state())
                }
                Some(EngineNews::Fatal(why)) => cluster.failure = Some(why),
            }
        }
        self.look_at_nodes();
        self.give_up_overdue();
        self.go_on_with_released();
    }

    /// Takes in which servers there are, and tells pages, which go on at another when they lose this one.
    fn look_at_nodes(&mut self) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        let Some(nodes) = cluster.engine.nodes(&mut cluster.nodes.0) else {
            return;
        };
        let addresses = nodes.iter().filter_map(|it| it.address.as_deref());
        self.site.note_nodes(addresses);
        let was_draining = self.is_draining();
        if let Some(cluster) = &mut self.cluster {
            cluster.nodes.1 = nodes;
        }
        let begins = self.is_draining() && !was_draining;
        let pages = self.connections.iter().filter(|it| it.is_page());
        let pages: Vec<ConnId> = pages.map(|it| it.id).collect();
        for page in pages {
            self.tell_nodes(page);
        }
        if begins {
            log::info!("the users are told to go to other servers of the cluster");
            let nodes = self.nodes();
            let addresses = NodeEntry::others(&nodes).map(String::from);
            self.apply(Input::Moving(addresses.collect()));
        }
    }

    fn note_more_of_cluster(&mut self) {
        if let Some(cluster) = &mut self.cluster {
            cluster.has_more = true;
        }
    }

    fn take_in(&mut self, position: Position, batch: Batch) {
        if let Some(cluster) = &mut self.cluster {
            cluster.is_kept = position <= cluster.kept;
        }
        self.apply(Input::Entries {
            at_ms: position.ms,
            batch,
        });
        self.note_applied(position);
        let steps = self.hub.take_steps();
        self.budget.charge(steps);
        if let Some(cluster) = &mut self.cluster
            && cluster.failure.is_none()
        {
            cluster.position = position;
            cluster.lag_ms = self.clock.moment.unix_ms.saturating_sub(position.ms);
        }
    }

    /// What was applied is among what is to be kept.
    fn note_applied(&mut self, at: Position) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        let is_new = !mem::take(&mut cluster.is_kept) && cluster.failure.is_none();
        if is_new {
            let (cluster, last) = (cluster.engine.cluster_id(), self.hub.last_id());
            self.keep(Record::Applied { cluster, at, last });
        }
    }

    /// Tells those whose changes the engine has not taken for too long.
    fn give_up_overdue(&mut self) {
        if let Some(cluster) = &self.cluster
            && let Some(through) = self.hub.overdue(self.clock.moment)
        {
            let sent = cluster.engine.withdraw(through);
            self.apply(Input::Overdue { through, sent });
        }
    }

    /// Goes on with those whose changes have all come back.
    fn go_on_with_released(&mut self) {
        let released = mem::take(&mut self.released);
        if released.is_empty() {
            return;
        }
        for who in released {
            if self.hub.awaits_entries(who) {
                continue;
            }
            let next = self.questions.end_awaited_entries(who);
            let Some(connection) = self.connections.get_open(who) else {
                continue;
            };
            if !self.questions.awaits(who) {
                connection.unthrottle();
            }
            self.connections.make_ready(who);
            if let Some(next) = next {
                self.handle_frame(who, next);
            }
        }
        self.end_answered();
    }

    /// Sends what the turn has come to.
    pub(super) fn propose(&mut self) {
        if let Some(cluster) = &self.cluster
            && let Some(batch) = self.hub.take_proposals()
        {
            cluster.engine.propose(batch);
        }
    }
}
