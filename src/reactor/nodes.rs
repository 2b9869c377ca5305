//! The servers of the cluster, as this one knows them.

use crate::model::{ConnId, Event, NodeEntry};
use crate::sys::{LogEngine as _, System};

use super::Reactor;

impl<S: System> Reactor<S> {
    /// Tells a page where else it may go.
    pub(super) fn tell_nodes(&mut self, page: ConnId) {
        if self.cluster.is_some() {
            let nodes = self.nodes();
            self.tell(page, &Event::Nodes(nodes));
        }
    }

    /// The servers of the cluster, the ones behind this one first, as each of those who go on elsewhere takes the first.
    pub(super) fn nodes(&self) -> Vec<NodeEntry> {
        let Some(cluster) = &self.cluster else {
            return Vec::new();
        };
        let mut nodes = cluster.nodes.1.clone();
        let own = nodes.iter().position(|it| it.is_here).unwrap_or(0);
        nodes.rotate_left(own);
        nodes
    }

    /// Are the users here to go elsewhere?
    pub(super) fn is_draining(&self) -> bool {
        let cluster = self.cluster.as_ref();
        cluster.is_some_and(|it| it.nodes.1.iter().any(|it| it.is_here && it.is_draining))
    }

    /// Has the users of a server told where else to go. `false`: there is none of that name.
    pub(super) fn drain(&mut self, name: &str) -> bool {
        let Some(cluster) = &self.cluster else {
            return false;
        };
        let is_there = cluster.nodes.1.iter().any(|it| it.name == name);
        if is_there {
            cluster.engine.drain(name);
        }
        is_there
    }
}
