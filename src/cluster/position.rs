//! Places in the log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in the log, which the engine gives: a time in milliseconds since 1970, and a number within that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The time.
    pub ms: u64,
    /// The number.
    pub seq: u64,
}

impl Position {
    pub(super) fn parse(text: &str) -> Position {
        let (ms, seq) = text.split_once('-').unwrap_or((text, "0"));
        Position {
            ms: ms.parse().unwrap_or(0),
            seq: seq.parse().unwrap_or(0),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}
