//! Requests over HTTP, and in which room those of the chat are.

use hubbub::testing::{Key, Request, RoomName};
use serde_json::json;

use crate::forms::Form;
use crate::ledger::To;
use crate::plan::Tongue;

use super::{API_TOKEN, Speech};

/// The same request, with a room where none is named: json has no room that one speaks in.
pub(super) fn in_room(mut request: Request, here: RoomName) -> Request {
    match &mut request {
        Request::Say { room, .. }
        | Request::Act { room, .. }
        | Request::Leave { room }
        | Request::Topic { room, .. }
        | Request::Members { room, .. }
        | Request::Mode { room, .. }
        | Request::Invite { room, .. }
        | Request::Appoint { room, .. }
        | Request::History {
            room, with: None, ..
        } => {
            room.get_or_insert(here);
        }
        Request::Enter { replay, .. } => *replay = Some(0),
        Request::Help { command } => *command = None,
        _ => {}
    }
    request
}

/// A request over HTTP; it is noted that its answer is owed.
pub(crate) fn of_http(speech: &mut Speech<'_>) -> Vec<u8> {
    let room = speech.some_room();
    let path = match (speech.peer.tongue, speech.dice.below(12)) {
        (Tongue::Status, 0..6) => "/stats".into(),
        (Tongue::Status, 6..=7) => "/metrics".into(),
        (_, 0) => "/".into(),
        (_, 1) => "/healthz".into(),
        (_, 2) => "/api/v1/rooms".into(),
        (_, 3) => format!("/api/v1/rooms?page={}", speech.dice.below(3)),
        (_, 4) => format!("/api/v1/rooms?after={}", encoded(&room)),
        (_, 5) => format!("/api/v1/rooms/{}/users", encoded(&room)),
        (_, 6) => format!(
            "/api/v1/rooms/{}/messages?limit={}",
            encoded(&room),
            speech.dice.below(40)
        ),
        (_, 7) => format!(
            "/api/v1/rooms/{}/messages?after={}",
            encoded(&room),
            speech.some_id()
        ),
        (_, 8..=10) => return post(speech, &room),
        _ => "/nowhere".into(),
    };
    let methods = ["GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "DELETE"];
    let method = *speech.dice.pick(&methods);
    let path = match method {
        "DELETE" if path.contains("/messages") => {
            let (room, id) = (encoded(&room), speech.some_id());
            format!("/api/v1/rooms/{room}/messages/{id}")
        }
        _ => path,
    };
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    if speech.dice.one_in(2) {
        head += &format!("Authorization: Bearer {API_TOKEN}\r\n");
    }
    if speech.dice.one_in(8) {
        head += "Connection: close\r\n";
        speech.peer.may_be_closed = true;
    }
    owe_answer(speech, method == "HEAD");
    (head + "\r\n").into_bytes()
}

fn post(speech: &mut Speech<'_>, room: &str) -> Vec<u8> {
    let text = speech.text(To::Room(Some(Key::of(room))));
    let name = speech.some_name();
    let body = json!({"message": text, "username": name}).to_string();
    let mut head = format!(
        "POST /api/v1/rooms/{}/messages HTTP/1.1\r\nHost: localhost\r\n",
        encoded(room)
    );
    if !speech.dice.one_in(8) {
        head += &format!("Authorization: Bearer {API_TOKEN}\r\n");
    }
    if speech.dice.one_in(4) {
        head += "Expect: 100-continue\r\n";
    }
    owe_answer(speech, false);
    if speech.dice.one_in(3) {
        let half = body.len() / 2;
        let cut = (half..body.len()).find(|&at| body.is_char_boundary(at));
        let (first, second) = body.split_at(cut.unwrap_or(half));
        let [first, second] = [first, second].map(|part| format!("{:x}\r\n{part}\r\n", part.len()));
        return format!("{head}Transfer-Encoding: chunked\r\n\r\n{first}{second}0\r\n\r\n").into();
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub(super) fn owe_answer(speech: &mut Speech<'_>, is_head: bool) {
    if let Form::Http(http) = &mut speech.peer.form {
        http.asked.push_back(is_head);
    }
}

fn encoded(room: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    room.bytes().map(byte).collect()
}
