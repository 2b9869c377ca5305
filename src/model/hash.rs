//! Hashes that nobody can choose who does not know their key.

use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};

/// A key of 128 bits, and the hashes that come of it: peers choose names, and are not to choose which of
/// them share a place in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HashSeed(pub u64, pub u64);

#[expect(deprecated, reason = "what came in its place takes no key")]
impl BuildHasher for HashSeed {
    type Hasher = std::hash::SipHasher;

    fn build_hasher(&self) -> Self::Hasher {
        std::hash::SipHasher::new_with_keys(self.0, self.1)
    }
}
