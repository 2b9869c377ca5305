//! The load tester: thousands of clients in one process and one thread, that check what they hear.
//!
//! Every message carries its sender, its number and the time it was to be sent, so that each receiver
//! can tell what was lost, doubled, reordered or garbled, and how long it took.
//! ```text
//! Plan ─run→ Engine: sockets and time ─Tongue::read→ Heard ─Judge::hear→ counts and times
//!    ─→ Outcome ─→ table, JSON, report
//! ```
//! A **tongue** is how clients of one kind of server speak, a **scenario** what a crowd does, the
//! **judge** tells right from wrong, and the **floor** is the server that all are measured against.

mod client;
mod descriptors;
mod engine;
mod floor;
pub(crate) mod json;
mod judge;
mod ledger;
mod meter;
mod opener;
pub(crate) mod outcome;
mod payload;
pub(crate) mod plan;
mod proc;
mod progress;
pub(crate) mod report;
mod run;
mod speech;
mod stream;
pub(crate) mod table;
mod tls;
pub(crate) mod tongue;
mod units;
mod websocket;

pub(crate) use floor::Floor;
pub(crate) use run::run;
