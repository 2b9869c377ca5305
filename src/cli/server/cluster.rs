//! Options of a cluster.

use std::path::PathBuf;

use clap::Args;

use crate::cluster::{self, EngineAddress};
use crate::limits::{CLUSTER_WAIT_MS, options};

use super::super::values::{Time, time_in};

/// Which other servers it is one chat with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(in crate::cli) struct ClusterOptions {
    /// Be one chat with all servers that have this Redis (7 or newer): redis://HOST:PORT/DB?prefix=NAME, rediss:// over
    /// TLS, or redis+sentinel://HOST:PORT,HOST:PORT/NAME/DB
    #[arg(long, value_name = "URL", requires = "node")]
    cluster: Option<EngineAddress>,

    /// The name of this server in the cluster, which no other has
    #[arg(long, value_name = "NAME", requires = "cluster", value_parser = node)]
    node: Option<String>,

    /// File with the password of that Redis; an ACL user is in the URL
    #[arg(long, value_name = "FILE", requires = "cluster")]
    cluster_password_file: Option<PathBuf>,

    /// How many replicas of that Redis have what is acknowledged
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=16))]
    cluster_replicas: u64,

    /// How long a change waits for the cluster before it is refused
    #[arg(long, value_name = "TIME", default_value_t = Time(CLUSTER_WAIT_MS), value_parser = time_in(options::CLUSTER_WAIT))]
    cluster_wait: Time,
}

impl ClusterOptions {
    /// `address` is where people reach the server.
    pub(super) fn options(self, address: Option<String>) -> Option<cluster::EngineOptions> {
        Some(cluster::EngineOptions {
            address: self.cluster?,
            node: self.node?,
            password_file: self.cluster_password_file,
            wait_ms: self.cluster_wait.0,
            replicas: self.cluster_replicas,
            address_told: address,
        })
    }

    pub(super) fn is_given(&self) -> bool {
        self.cluster.is_some()
    }
}

/// A name that is a part of a key.
fn node(text: &str) -> Result<String, String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match (1..=32).contains(&text.len()) && text.chars().all(is_good) {
        true => Ok(text.to_string()),
        false => Err("it is of 1 to 32 letters, digits, -, _ and .".into()),
    }
}
