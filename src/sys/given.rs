//! What goes from one program to another.

use serde::{Deserialize, Serialize};

use super::System;

/// What a program that takes over is given.
pub struct Given<'a, S: System> {
    /// History and accounts.
    pub store: Option<&'a S::Store>,
    /// Those that others connect to.
    pub listeners: Vec<&'a S::Listener>,
    /// Connections; `None` is one that is relayed.
    pub streams: Vec<Option<&'a S::Stream>>,
}

/// What a stream is, to a program that takes it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamKind {
    /// TCP.
    Tcp,
    /// TCP to a client whose reads are kept apart.
    Reads {
        /// Bytes sent of the read that has begun.
        begun: u16,
    },
    /// Unix-domain.
    Unix,
}
