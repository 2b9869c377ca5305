//! Places in the log.

use std::fmt;

pub use crate::model::Position;

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
