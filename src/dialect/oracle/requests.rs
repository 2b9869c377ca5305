//! Requests as frames that ask them: the other direction of every dialect's `parse`.

mod line;
mod object;

use crate::model::{EnterMode, Request};

use super::super::object::Object;
use super::super::{Ask, Dialect, Stage, colon, console, text, unmarked};
#[cfg(test)]
pub(in crate::dialect) use line::shown;
use line::{is_line, is_word};

/// The frame that asks `request`, without its end, as a client would send it; `None` where this
/// dialect has no form for it. Parsing it gives the request back, but for the users that a join
/// wants, and what it is shown of the past: they are the dialect's own, but that json asks for both.
pub fn render(dialect: Dialect, request: &Request) -> Option<Vec<u8>> {
    let line = match dialect {
        Dialect::Text => text_line(request),
        Dialect::Json => return object::render(request),
        Dialect::JsonPadded => return padded_object(request),
        Dialect::Pynet => return pynet_object(request),
        Dialect::Anon => anon_line(request),
        // What irc is asked is its dialogue's.
        Dialect::Echo | Dialect::Http | Dialect::Irc => None,
        Dialect::Colon => colon_line(request),
        Dialect::Console | Dialect::Terminal => console_line(request),
    };
    line.map(String::into_bytes)
}

fn text_line(request: &Request) -> Option<String> {
    match request {
        Request::Join { .. } => line::join(request),
        Request::Say { room: None, text } => said(text, text.trim_start().starts_with('/')),
        _ => line::render(request),
    }
}

/// As [`text_line`], such that [`text::parse_plain_line`] reads it.
fn plain_line(request: &Request) -> Option<String> {
    match request {
        Request::Say { room: None, text } => said(text, text::names_command(text)),
        _ => line::render(request),
    }
}

/// The line that says `text`, which may have to be told from a command; `None` where it has none.
fn said(text: &str, is_like_command: bool) -> Option<String> {
    match is_like_command {
        _ if !is_line(text) => None,
        false => Some(text.into()),
        true => text.starts_with('/').then(|| format!("/{text}")),
    }
}

fn padded_object(request: &Request) -> Option<Vec<u8>> {
    let is_trimmed = |text: &str| !text.is_empty() && text.trim() == text;
    let mut frame = Vec::new();
    match request {
        Request::Say {
            room: Some(room),
            text,
        } => {
            let object = Object::new(&mut frame, "chat").text("message", text);
            object.text("room", room.as_str()).close();
            is_trimmed(text).then_some(frame)
        }
        _ => object::render(request).or_else(|| {
            let line = plain_line(request).filter(|line| is_trimmed(line))?;
            Object::new(&mut frame, "chat")
                .text("message", &line)
                .close();
            Some(frame)
        }),
    }
}

fn pynet_object(request: &Request) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match request {
        Request::Join { .. } => object::join(request, "data", &mut out)?,
        _ => {
            let line = plain_line(request)?;
            Object::new(&mut out, "chat").text("data", &line)
        }
    }
    .close();
    Some(out)
}

fn anon_line(request: &Request) -> Option<String> {
    match request {
        Request::Say { room: None, text } => {
            let is_whole = is_line(text) && unmarked(text) == text;
            is_whole.then(|| text.clone())
        }
        _ => None,
    }
}

fn colon_line(request: &Request) -> Option<String> {
    match request {
        Request::Join { .. } => line::join(request),
        Request::Say { room: None, text } => {
            let lines = [text.clone(), format!("/{text}")];
            let asked = Ask::Request(request.clone());
            let says = |line: &&String| colon::parse(line.as_bytes(), Stage::Joined) == asked;
            let line = lines.iter().find(says).cloned();
            line.filter(|_| is_line(text))
        }
        Request::Enter {
            room,
            entry: EnterMode::Create,
            key: None,
            ..
        } => Some(format!(":group create {room}")),
        Request::Enter {
            room,
            entry: EnterMode::Existing,
            key: None,
            ..
        } => Some(format!(":group join {room}")),
        Request::Enter {
            room,
            entry: EnterMode::Existing,
            key: Some(key),
            ..
        } if is_word(key) => Some(format!(":group join {room} {key}")),
        _ => line::render(request),
    }
}

fn console_line(request: &Request) -> Option<String> {
    let line = match request {
        Request::Announce { text } => text.clone(),
        _ => line::render(request)?,
    };
    let is_read = console::parse(line.as_bytes()) == Ask::Request(request.clone());
    (is_line(&line) && is_read).then_some(line)
}
