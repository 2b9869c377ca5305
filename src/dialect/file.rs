//! Files in messages: what stands for one where there is a line for it, with the link that is its reader's own.

use std::sync::Arc;

use super::Dialect;
use super::cleaned;
use super::object::Object;
use crate::model::{Event, FileTicket, Links, Manner, Message, SharedFile};

/// An event that shares files, as one reader is told it; `None` where it shares none. Each message says in words what
/// the file is, and where it is for who has `links`; objects name the fields of it, and tags have the link's path.
pub(crate) fn localized(
    event: &Event,
    dialect: Dialect,
    links: Option<&Links<'_>>,
) -> Option<Event> {
    if !event.has_files() {
        return None;
    }
    let own = |message: &Arc<Message>| match SharedFile::of(message) {
        None => Arc::clone(message),
        Some(file) => Arc::new(told(message, &file, dialect, links)),
    };
    match event {
        Event::Said {
            peer,
            room,
            message,
        } => Some(Event::Said {
            peer: *peer,
            room: room.clone(),
            message: own(message),
        }),
        Event::History {
            target,
            messages,
            part,
        } => Some(Event::History {
            target: target.clone(),
            messages: messages.iter().map(own).collect(),
            part: *part,
        }),
        Event::Found { messages, has_more } => Some(Event::Found {
            messages: messages
                .iter()
                .map(|(room, message)| (room.clone(), own(message)))
                .collect(),
            has_more: *has_more,
        }),
        _ => None,
    }
}

fn told(
    message: &Message,
    file: &SharedFile,
    dialect: Dialect,
    links: Option<&Links<'_>>,
) -> Message {
    let mut own = message.clone();
    match (dialect, links) {
        (Dialect::Json, links) => own.tags = links.map(|links| links.path(file).into()),
        (Dialect::Text, Some(links)) => {
            own.text = format!("{file}\ncurl -O '{}'", links.url(file));
        }
        (_, Some(links)) => {
            own.manner = Manner::Said;
            own.text = format!("{file} {}", links.url(file));
            // There is no markup in it.
            own.tags = Some("".into());
        }
        (_, None) => {
            own.manner = Manner::Said;
            own.text = file.to_string();
        }
    }
    own
}

/// The line that sends a file, to be pasted into a shell.
pub(super) fn command(ticket: &FileTicket) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/~".contains(c);
    let name = cleaned(&ticket.file);
    let name = match name.chars().all(is_plain) && !name.starts_with('-') {
        true => name,
        false => format!("'{}'", name.replace('\'', r"'\''")),
    };
    format!("curl -T {name} '{}'", ticket.url)
}

impl<'a> Object<'a> {
    /// What a message says: of one that shares a file in words, and in fields.
    pub(crate) fn message(self, message: &Message) -> Object<'a> {
        let Some(file) = SharedFile::of(message) else {
            return self.text("message", &message.text);
        };
        let path = message
            .tags
            .as_deref()
            .map_or_else(|| file.path(), String::from);
        self.text("message", &file.to_string()).file(&file, &path)
    }

    /// What a file is, and where.
    fn file(self, file: &SharedFile, path: &str) -> Object<'a> {
        self.object("file", |object| {
            object
                .text("id", &file.id.to_string())
                .text("name", file.name.as_str())
                .number("size", Some(file.size))
                .text("mime", file.mime.as_str())
                .text("url", path)
        })
    }
}
