//! What is done about a message, where there are lines: an amendment is told as a message of whoever has done it.

use std::borrow::Cow;

use crate::model::{Amended, Amendment, Manner, Message, SaidBy};

/// An amendment as a message.
pub(super) fn told(amended: &Amended) -> Message {
    let Amended {
        author, opening, ..
    } = amended;
    let text = match &amended.amendment {
        Amendment::Edited(text) => edited(text),
        Amendment::Reacted {
            reaction, is_on, ..
        } => {
            let (did, to) = match is_on {
                true => ("reacted", "to"),
                false => ("took back", "from"),
            };
            format!("{did} {} {to} {author}: {opening}", reaction.as_str())
        }
    };
    Message {
        id: amended.id,
        unix_ms: amended.unix_ms,
        nick: amended.by.clone(),
        origin: SaidBy::Unknown,
        manner: Manner::Said,
        text,
        tags: None,
        marks: None,
    }
}

/// What somebody says instead.
pub(super) fn edited(text: &str) -> String {
    format!("(edited) {}", text.trim_start())
}

/// A message's text, behind the name of whom it answers.
pub(super) fn said(message: &Message) -> Cow<'_, str> {
    match message.reply_to() {
        None => Cow::Borrowed(&message.text),
        Some(to) => Cow::Owned(format!("→ {}: {}", to.nick, message.text.trim_start())),
    }
}
