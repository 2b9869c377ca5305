//! The simulator: the whole server in one thread, under a system that a seed decides over.

mod disk;
mod faults;
mod first;
mod net;
mod system;
