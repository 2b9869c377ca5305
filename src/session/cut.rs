//! Answers are cut down to the text that one may hold ([`FOUND_BYTES_MAX`]).

use std::sync::Arc;

use crate::limits::FOUND_BYTES_MAX;
use crate::model::{Message, RoomName};

/// Cuts what is told at once down to the text that an answer holds, or one message: the last where the
/// `newest` are wanted, else the first. Returns whether there were more.
pub(crate) fn cut_text(messages: &mut Vec<Arc<Message>>, newest: bool) -> bool {
    cut_bytes(messages, newest, |message| message.text.len())
}

/// Cuts what was found in several rooms likewise, down to the last.
pub(crate) fn cut_found(messages: &mut Vec<(RoomName, Arc<Message>)>) -> bool {
    cut_bytes(messages, true, |(_, message)| message.text.len())
}

fn cut_bytes<T>(messages: &mut Vec<T>, newest: bool, len: impl Fn(&T) -> usize) -> bool {
    let mut bytes = 0;
    let mut fits = |message: &&T| {
        let is_first = bytes == 0;
        bytes += len(message);
        is_first || bytes <= FOUND_BYTES_MAX
    };
    let count = match newest {
        true => messages.iter().rev().take_while(&mut fits).count(),
        false => messages.iter().take_while(&mut fits).count(),
    };
    let surplus = messages.len() - count;
    match newest {
        true => drop(messages.drain(..surplus)),
        false => messages.truncate(count),
    }
    surplus > 0
}
