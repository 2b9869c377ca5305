//! What was said before, as lines: what dialects of lines have in common.

use super::{about, sentence, text};
use crate::model::{Event, Manner, Message, Nick, Part, Target};

/// The lines of an answer about what was said, each with its room; nothing for what one is shown without
/// asking, which each dialect shows in its own way.
pub(super) fn lines(event: &Event) -> Vec<String> {
    let mut lines: Vec<String> = match event {
        Event::History {
            target,
            messages,
            part: part @ Part::Answer { .. },
        } => messages
            .iter()
            .flat_map(|message| message_lines(&number(*part, message), target, message))
            .collect(),
        Event::Found { messages, .. } => messages
            .iter()
            .flat_map(|(room, message)| message_lines("", &Target::Room(room.clone()), message))
            .collect(),
        _ => Vec::new(),
    };
    lines.extend(closing(event, false));
    lines
}

/// What stands before a message whose number is wanted.
pub(super) fn number(part: Part, message: &Message) -> String {
    match part {
        Part::Answer {
            shows_ids: true, ..
        } => format!("({}) ", message.id),
        Part::Answer { .. } | Part::First | Part::Next { .. } => String::new(),
    }
}

/// The lines of a message as somebody elsewhere is told them, each behind its number where that is wanted.
pub(super) fn message_lines(number: &str, target: &Target, message: &Message) -> Vec<String> {
    let Message { nick, .. } = message;
    let label = match (target, message.manner) {
        (Target::Room(room), Manner::Said | Manner::Noticed | Manner::File) => {
            format!("[#{room} {nick}] ")
        }
        (Target::Room(room), Manner::Happened(happening)) => {
            let happened = sentence::happened(room, message, happening);
            return vec![format!("{number}[Server] {happened}")];
        }
        (Target::Room(room), Manner::Acted) => format!("[#{room}] * {nick} "),
        (Target::User(other), _) => {
            let [begin, name, end] = between(other, message);
            format!("{begin}{name}{end}")
        }
    };
    text::labelled(&format!("{number}{label}"), &about::said(message))
}

/// What stands before something said between `other` and the reader.
pub(super) fn between<'a>(other: &'a Nick, message: &'a Message) -> [&'a str; 3] {
    match is_by(other, message) {
        true => ["[", message.nick.as_str(), " → you] "],
        false => ["[you → ", other.as_str(), "] "],
    }
}

/// Is what was said between `other` and the reader the other's?
pub(super) fn is_by(other: &Nick, message: &Message) -> bool {
    message.nick == *other || message.nick.key() == other.key()
}

/// The line that ends an answer about what was said; `here`, where its room is the one spoken in.
pub(super) fn closing(event: &Event, here: bool) -> Option<String> {
    match event {
        Event::History {
            target,
            messages,
            part:
                Part::Answer {
                    has_more,
                    newest,
                    shows_ids,
                    only_files,
                },
        } => {
            let (where_, whose) = match target {
                Target::Room(room) if here => (format!("of #{room}"), String::new()),
                Target::Room(room) => (format!("of #{room}"), format!("#{room} ")),
                Target::User(nick) => (format!("with {nick}"), format!("@{nick} ")),
            };
            let next = match newest {
                true => messages.first().map(|first| format!("before {}", first.id)),
                false => messages.last().map(|last| format!("after {}", last.id)),
            };
            Some(match next {
                None => {
                    let nothing = match only_files {
                        true => "No files were shared",
                        false => "Nothing was said",
                    };
                    match target {
                        Target::Room(room) => format!("{nothing} in #{room}."),
                        Target::User(nick) => format!("{nothing} with {nick}."),
                    }
                }
                Some(next) if *has_more => {
                    let again = match (only_files, shows_ids) {
                        (true, _) => format!("/files {whose}"),
                        (false, true) => format!("/history {whose}ids "),
                        (false, false) => format!("/history {whose}"),
                    };
                    let count = messages.len();
                    format!("That is {count} {where_}; {again}{next} for more.")
                }
                Some(_) => format!("That is {} {where_}.", messages.len()),
            })
        }
        Event::Found { messages, has_more } => Some(match messages.first() {
            None if *has_more => {
                "Nothing was found, but not all could be looked through: ask again later.".into()
            }
            None => "Nothing was found.".into(),
            Some((_, first)) if *has_more => format!(
                "{} found; /search --before {} and the words for more.",
                messages.len(),
                first.id
            ),
            Some(_) => format!("{} found.", messages.len()),
        }),
        _ => None,
    }
}
