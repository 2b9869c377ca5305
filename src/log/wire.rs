//! Entries as bytes, as the servers of a cluster send them to each other.
//!
//! A batch is a version and its entries, one behind the other, in MessagePack: each is named, and its fields stand in
//! their order. A field that is new stands last and has `serde(default)`. What is not known is an error, and never
//! skipped: a server that skipped an entry would not agree with the others any more.

use std::fmt;

use rmp_serde::{Deserializer, Serializer};
use serde::{Deserialize, Serialize};

use crate::chat::Entry;
use crate::model::NodeId;

/// The version that is written, and the only one that is read.
const BATCH_VERSION: u8 = 1;

/// Why there are no entries in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// They are of a version that is not known, which is this.
    Version(u8),
    /// They are cut off, or of a kind that is not known: what the decoder says of it.
    Unknown(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Version(version) => {
                write!(f, "entries of version {version}, not {BATCH_VERSION}")
            }
            WireError::Unknown(what) => write!(f, "an entry that is not known here: {what}"),
        }
    }
}

/// Adds an entry to a batch, which may be empty yet.
pub(super) fn write_entry(entry: &Entry, batch: &mut Vec<u8>) {
    if batch.is_empty() {
        batch.push(BATCH_VERSION);
    }
    let done = entry.serialize(&mut Serializer::new(batch));
    debug_assert!(done.is_ok(), "there is a form for all of it");
}

/// A batch with the one entry that a server is gone.
pub(crate) fn gone_bytes(node: NodeId) -> Vec<u8> {
    let mut batch = Vec::new();
    write_entry(&Entry::NodeGone { node }, &mut batch);
    batch
}

/// The server that is gone by a batch of that one entry.
pub(crate) fn gone_node(batch: &[u8], count: u64) -> Option<NodeId> {
    let entries = read_entries(batch, count).ok()?;
    match entries.as_slice() {
        [Entry::NodeGone { node }] => Some(*node),
        _ => None,
    }
}

/// A batch with the one entry that an epoch of the log begins with.
pub(crate) fn epoch_bytes() -> Vec<u8> {
    let mut batch = Vec::new();
    write_entry(&Entry::NewEpoch, &mut batch);
    batch
}

/// What a batch is without its version, which others that follow it do not repeat.
pub(super) fn entries_of(batch: &[u8]) -> &[u8] {
    batch.get(1..).unwrap_or_default()
}

/// The entries of a batch of so many. Never is more allocated than a small multiple of its bytes.
///
/// # Errors
/// Not all of it is known here.
pub(crate) fn read_entries(batch: &[u8], count: u64) -> Result<Vec<Entry>, WireError> {
    let (version, entries) = batch.split_first().unwrap_or((&BATCH_VERSION, &[]));
    if *version != BATCH_VERSION {
        return Err(WireError::Version(*version));
    }
    let mut deserializer = Deserializer::from_read_ref(entries);
    let entries = (0..count).map(|_| Entry::deserialize(&mut deserializer));
    let entries: Result<Vec<Entry>, _> = entries.collect();
    entries.map_err(|e| WireError::Unknown(e.to_string()))
}
