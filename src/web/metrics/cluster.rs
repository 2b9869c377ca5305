//! The figures of a cluster.

use crate::model::NodeEntry;

use super::Exposition;

/// Name and help of what is told of each server.
type Family = (&'static str, &'static str, fn(&NodeEntry) -> bool);

/// How the cluster does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterFigures {
    /// Is its engine there?
    pub is_engine_here: bool,
    /// Its servers.
    pub nodes: Vec<NodeEntry>,
    /// Batches that the engine has taken in from this server.
    pub proposed: u64,
    /// Batches that wait for it.
    pub waiting: u64,
    /// Batches of the log that are not applied here.
    pub behind: u64,
    /// How old the last one was when it was applied, in milliseconds.
    pub lag_ms: u64,
}

impl ClusterFigures {
    pub(super) fn render(&self, text: &mut Exposition) {
        text.gauge(
            "hubbub_cluster_engine_up",
            "1 where the engine of the cluster is there.",
            u64::from(self.is_engine_here),
        );
        let families: [Family; 3] = [
            (
                "hubbub_cluster_node_member",
                "1 where a server is a member.",
                |it| it.is_member,
            ),
            (
                "hubbub_cluster_node_lease",
                "1 where its lease holds.",
                |it| it.has_lease,
            ),
            (
                "hubbub_cluster_node_draining",
                "1 where it is to be stopped.",
                |it| it.is_draining,
            ),
        ];
        for (name, help, is) in families {
            text.family(name, "gauge", help);
            for node in &self.nodes {
                text.sample(name, &[("node", &node.name)], u64::from(is(node)));
            }
        }
        text.counter(
            "hubbub_cluster_batches_total",
            "Batches that the engine took in from this server.",
            self.proposed,
        );
        text.gauge(
            "hubbub_cluster_waiting",
            "Batches that wait for the engine.",
            self.waiting,
        );
        text.gauge(
            "hubbub_cluster_lag_entries",
            "Batches of the log that are not applied here.",
            self.behind,
        );
        text.gauge_seconds(
            "hubbub_cluster_lag_seconds",
            "How old the last batch was when it was applied.",
            self.lag_ms,
        );
    }
}
