//! The irc dialect: RFC 1459 and 2812 where servers follow them, IRCv3 for the rest.
//!
//! A line is read (`line`), looked up in the one table of commands (`table`), and handled by theme: what it asks
//! of the chat becomes requests, each with a number that its answer repeats, what can be answered from what is
//! known is answered at once. What is told is written by `told`, answers by `answered`. What must be known of a
//! connection between lines (its capabilities, its registration, labels) stands in its [`Dialogue`].

mod about;
mod answered;
mod caps;
mod channels;
mod codes;
mod dialogue;
mod history;
mod line;
mod metadata;
mod modes;
mod monitor;
mod multiline;
mod names;
mod numerics;
mod opers;
mod people;
mod redact;
mod refused;
mod registration;
mod sasl;
mod scram;
mod server;
mod services;
mod steps;
mod table;
mod talk;
mod told;
mod who;
mod words;
mod work;
mod write;

#[cfg(any(test, feature = "testing"))]
pub mod oracle;

pub(crate) use dialogue::{Dialogue, Scene};
pub(crate) use steps::Move;
pub(super) use told::render;
