//! The simulator: the whole server in one thread under a system of chance that a seed repeats, with clients
//! of every dialect that do everything the tables of commands have.
//!
//! `SEED=…` plays one seed again and tells every step. `SIM_SECONDS=…` says how long seeds are tried at most, and
//! `SIM_FROM=…` from which on and `SIM_SEEDS=…` how many. `TRACES=write` writes the recorded traces anew.

mod checks;
mod dice;
mod disk;
mod driver;
mod faults;
mod first;
mod forms;
mod ledger;
mod link;
mod many;
mod marks;
mod net;
mod peer;
mod plan;
mod seeds;
mod server;
mod shrink;
mod speech;
mod system;
mod told;
mod trace;
mod vocabulary;
mod weather;
