//! What a server tells of itself and the others of its cluster.

/// How the server does, as names and values in the order they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats(pub Vec<(&'static str, u64)>);

/// A server of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEntry {
    /// Its name.
    pub name: String,
    /// Where people reach it, where that is told.
    pub address: Option<String>,
    /// Is it the one that tells?
    pub is_here: bool,
    /// Is it a member, rather than gone?
    pub is_member: bool,
    /// Does its lease hold?
    pub has_lease: bool,
    /// Are its users to go elsewhere?
    pub is_draining: bool,
}

impl NodeEntry {
    /// Where servers are reached that are there and not to be stopped, but for the one that tells.
    pub fn others(nodes: &[NodeEntry]) -> impl Iterator<Item = &str> {
        let is_good = |it: &&NodeEntry| !it.is_here && it.has_lease && !it.is_draining;
        nodes
            .iter()
            .filter(is_good)
            .filter_map(|it| it.address.as_deref())
    }
}
