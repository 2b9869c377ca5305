//! What is promised of history, held against a server that is killed, starved and failed by its disk.
//! `cargo test --release --test server durability -- --ignored --nocapture` kills it a hundred times
//! under each promise and fault.

mod checker;
mod clients;
mod faults;
mod heirs;
mod kept;
mod kill;
mod overflow;
mod power;
mod starve;
mod stop;
mod unplug;

pub(crate) use checker::{Entry, View};
pub(crate) use clients::Client;
pub(crate) use faults::{SmallDisk, wait_until};
pub(crate) use kept::{ROOMS, kill, page, printed};
