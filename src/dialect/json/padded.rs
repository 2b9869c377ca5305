//! The json dialect for the client that shows only what is said, who comes and who goes, and errors.
//! What it could not show comes in these forms. It reads 1,024 bytes at a time until there is a line end
//! among them, and throws away what stands behind the first: so each line fills the reads that it takes.

use serde_json::{Map, Value};

use crate::limits::CLIENT_READ_BYTES;
use crate::model::{ErrorCode, Event, Manner, Message, Nick, Request, RoomName, Target};

use super::super::object::{Object, string};
use super::super::{View, about, past, plain, text};
use super::{event, request};

/// Whose words the server's are.
const SERVER: &str = "Server";

/// What an object asks. A text without a room was typed by somebody who has nothing but that client: the
/// names of commands act there.
pub(super) fn request(object: &Map<String, Value>) -> Result<Option<Request>, ErrorCode> {
    let is_absent = |field| object.get(field).is_none_or(Value::is_null);
    match string(object, "type")? {
        "chat" if is_absent("room") => text::parse_plain_line(string(object, "message")?.trim()),
        _ => request::request(object),
    }
}

pub(in super::super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Welcome { .. }
        | Event::Joined { .. }
        | Event::Left { .. }
        | Event::RoomJoined { .. }
        | Event::RoomLeft { .. }
        | Event::Error(_)
        // These are for programs only, which have asked for them.
        | Event::Pong
        | Event::Kept { .. }
        | Event::Done { what: None } => push_line(out, |out| event::render(event, view, out)),
        Event::Renamed { from, to } => {
            push_coming_or_going("user_left", from, "left the chat", view, out);
            push_coming_or_going("user_joined", to, "joined the chat", view, out);
        }
        Event::Said { room, message, .. } => push_said(room, message, "", out),
        Event::Private { message } => push_chat(message, None, "[→ you] ", out),
        Event::History {
            target,
            messages,
            part,
        } => {
            for message in messages {
                let number = past::number(*part, message);
                match target {
                    Target::Room(room) => push_said(room, message, &number, out),
                    Target::User(other) if past::is_by(other, message) => {
                        push_chat(message, None, &(number + "[→ you] "), out);
                    }
                    Target::User(other) => {
                        push_chat(message, None, &format!("{number}[→ {other}] "), out);
                    }
                }
            }
            push_closing(event, view, out);
        }
        Event::Amended(amended) => {
            let told = about::told(amended);
            match &amended.target {
                Target::Room(room) => push_said(room, &told, "", out),
                Target::User(other) if past::is_by(other, &told) => {
                    push_chat(&told, None, "[→ you] ", out);
                }
                Target::User(other) => push_chat(&told, None, &format!("[→ {other}] "), out),
            }
        }
        Event::Found { messages, .. } => {
            for (room, message) in messages {
                push_said(room, message, "", out);
            }
            push_closing(event, view, out);
        }
        // Its client shows what the server says as if somebody had said it.
        Event::Motd { .. } => {}
        Event::OperatorTold { text } => push_server(&format!("[→ you] {text}"), true, view, out),
        Event::PrivateSent { .. }
        | Event::Presence { .. }
        | Event::Changed { .. }
        | Event::Proven { .. }
        | Event::Challenge(_)
        | Event::Unlocked
        | Event::Codes { .. }
        | Event::Ticket(_)
        | Event::Token { .. }
        | Event::Listing { .. }
        | Event::Members { .. }
        | Event::Rooms { .. }
        | Event::EnteredRoom { .. }
        | Event::LeftRoom { .. }
        | Event::Topic { .. }
        | Event::Deleted(_)
        | Event::Whois(_)
        | Event::Help { .. }
        | Event::Done { .. }
        | Event::Notice(_)
        | Event::StopsIn { .. }
        | Event::Announced { .. }
        | Event::Kicked { .. }
        | Event::KickedOut { .. }
        | Event::RenamedOther { .. }
        | Event::Bans { .. }
        | Event::Clients { .. }
        | Event::Stats(_)
        | Event::Moving(_)
        | Event::Nodes(_)
        | Event::Shutdown => {
            let sentences = text::sentences(event);
            for (at, sentence) in sentences.iter().enumerate() {
                push_server(sentence, at + 1 == sentences.len(), view, out);
            }
        }
    }
}

/// Where one speaks is not seen here: a room's text names the room, except the lobby's.
fn push_said(room: &RoomName, message: &Message, number: &str, out: &mut Vec<u8>) {
    let label = match room.is_lobby() {
        true => String::new(),
        false => format!("[#{room}] "),
    };
    let did = match message.manner {
        Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_) => "",
        Manner::Acted => "* ",
    };
    push_chat(message, Some(room), &format!("{number}{label}{did}"), out);
}

/// Appends a message behind `label`, of a room or of one person: the client prints it as it is.
fn push_chat(message: &Message, room: Option<&RoomName>, label: &str, out: &mut Vec<u8>) {
    let (nick, text) = (&message.nick, about::said(message));
    push_line(out, |out| {
        let object = Object::new(out, "chat").text("username", nick.as_str());
        let object = object.text("message", &format!("{label}{}", plain::cleaned(&text)));
        let object = object.number("id", Some(message.id.0));
        let object = object.maybe("room", room.map(RoomName::as_str));
        object.timestamp(message.unix_ms).close();
        out.push(b'\n');
    });
}

/// Appends what the server says; the last of it carries the id of the request that it answers.
fn push_server(sentence: &str, is_last: bool, view: &View<'_>, out: &mut Vec<u8>) {
    push_line(out, |out| {
        let object = Object::new(out, "chat").text("username", SERVER);
        let object = object
            .text("message", &plain::cleaned(sentence))
            .time(view.now);
        match view.id.filter(|_| is_last) {
            Some(id) => object.raw("id", &id.0),
            None => object,
        }
        .close();
        out.push(b'\n');
    });
}

fn push_closing(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    if let Some(closing) = past::closing(event, view.here) {
        push_server(&closing, true, view, out);
    }
}

fn push_coming_or_going(kind: &str, nick: &Nick, did: &str, view: &View<'_>, out: &mut Vec<u8>) {
    push_line(out, |out| {
        event::came_or_went(Object::new(out, kind), nick, did, None, None)
            .time(view.now)
            .close();
        out.push(b'\n');
    });
}

/// Appends the line that `write` writes, filled up with blanks before its end.
fn push_line(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    if out.len() > start {
        out.pop();
        let len = (out.len() - start + 1).next_multiple_of(CLIENT_READ_BYTES);
        out.resize(start + len - 1, b' ');
        out.push(b'\n');
    }
}
