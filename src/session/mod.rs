//! What one connection has for itself, and what this server knows beside the chat, as values with rules of their own:
//! no method here sees the chat change, and nothing that others see depends on them, but where the hub asks.
//!
//! A connection's: `sessions` (whose it is, where it speaks), `catchup` (what it was told of a room's past), `debts`
//! (answers on their way), `watches` and `ignorers` (names that it waits for, or hears nothing from). A room's: `local`,
//! which has its `readers` and its `scrollback`. What time ends: `graces`, `expiry`, `throttle`, `failures`, `quota`.
//! What memory has and the disk not yet, or the other way round: `changed`; and `cut` holds an answer to its size.

mod catchup;
mod changed;
mod cut;
mod debts;
mod expiry;
mod failures;
mod graces;
mod ignorers;
mod local;
mod quota;
mod readers;
mod scrollback;
mod sessions;
mod throttle;
mod watches;

pub(crate) use catchup::CatchUp;
pub(crate) use changed::ChangedMessages;
pub(crate) use cut::{cut_found, cut_text};
pub(crate) use debts::Debts;
pub(crate) use expiry::{Expiry, Lasting, interval};
pub(crate) use failures::LoginFailures;
pub(crate) use graces::Graces;
pub(crate) use ignorers::Ignorers;
pub(crate) use local::LocalRooms;
pub(crate) use quota::Quota;
pub(crate) use readers::{Reader, Readers};
pub(crate) use scrollback::Scrollback;
pub(crate) use sessions::{Session, Sessions};
pub(crate) use throttle::{Allowance, Throttle};
pub(crate) use watches::Watches;
