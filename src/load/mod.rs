//! The load tester: thousands of clients in one process and one thread, that check what they hear.
//!
//! Every message carries its sender, its number and the time it was to be sent, so that each receiver
//! can tell what was lost, doubled, reordered or garbled, and how long it took.

pub mod outcome;
pub mod report;
pub mod tongue;
mod units;
