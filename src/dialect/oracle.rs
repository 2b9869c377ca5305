//! What must hold of every dialect whatever the bytes.

mod requests;
mod samples;
mod terminal;

pub use requests::render as request_frame;
#[cfg(test)]
pub(super) use requests::shown;
use samples::{EVENTS, event};
pub use samples::{PAST_EVENTS, author, message, past_event, said, said_from, said_in, view};
use terminal::{check_terminal, seen, uncoloured};

use serde_json::Value;

use crate::limits::CLIENT_READ_BYTES;

use crate::model::{Event, Manner, Message, Part, Request, shown_lines};

use super::{Ask, Dialect, Stage, View, unmarked};

/// Checks one input in every way: as a frame of every dialect, and as the text of every event.
///
/// # Panics
/// Where [`check_frame`] or [`check_event`] does.
pub fn check(input: &[u8]) {
    for dialect in Dialect::ALL {
        for stage in [Stage::Joining, Stage::Joined] {
            check_parsed(dialect, stage, input);
        }
    }
    check_sniff(input);
    let text = String::from_utf8_lossy(input);
    for which in 0..EVENTS {
        let event = event(which, &text);
        for here in [true, false] {
            for dialect in Dialect::ALL {
                check_rendered(dialect, &event, &View { here, ..view() });
            }
        }
    }
}

/// Checks that any bytes can be read as a frame, and that a request which is rendered and read again is
/// the same. The first byte chooses the dialect and how far its reader is, or that the others are the
/// first bytes at the auto door.
///
/// # Panics
/// Where that does not hold.
pub fn check_frame(input: &[u8]) {
    let Some((&first, frame)) = input.split_first() else {
        return;
    };
    let choice = usize::from(first) % (2 * Dialect::ALL.len() + 1);
    match Dialect::ALL.get(choice / 2) {
        Some(&dialect) if choice.is_multiple_of(2) => check_parsed(dialect, Stage::Joined, frame),
        Some(&dialect) => check_parsed(dialect, Stage::Joining, frame),
        None => check_sniff(frame),
    }
}

/// Checks that an event with any text in it keeps the form of its dialect. The first byte chooses the
/// event, the second the dialect and where its reader speaks, the others are the text.
///
/// # Panics
/// Where that does not hold.
pub fn check_event(input: &[u8]) {
    let &[which, reader, ref text @ ..] = input else {
        return;
    };
    let event = event(usize::from(which) % EVENTS, &String::from_utf8_lossy(text));
    let dialect = Dialect::ALL[usize::from(reader / 2) % Dialect::ALL.len()];
    let here = reader.is_multiple_of(2);
    check_rendered(dialect, &event, &View { here, ..view() });
}

fn check_parsed(dialect: Dialect, stage: Stage, frame: &[u8]) {
    let parsed = dialect.parse(frame, stage);
    check_answer(dialect, stage, &parsed, frame);
    check_request(parsed.ask);
}

/// What a frame asks is told in the same dialect, with the request's own id.
fn check_answer(dialect: Dialect, stage: Stage, parsed: &super::Parsed, input: &[u8]) {
    let event = match &parsed.ask {
        Ask::Refused(code) => Event::Error(code.clone()),
        Ask::Request(_) => Event::Pong,
        Ask::Nothing | Ask::Answered(_) | Ask::Http(_) | Ask::Line(_) => return,
    };
    let view = View {
        stage,
        id: parsed.id.as_ref(),
        ..view()
    };
    check_form(dialect, &event, &view);
    if let Some(id) = &parsed.id {
        let text = std::str::from_utf8(input).expect("it carried an id");
        let sent: Value = serde_json::from_str(unmarked(text)).expect("it carried an id");
        let back: Value = serde_json::from_str(&id.0).expect("an id is JSON");
        assert_eq!(sent["id"], back, "another id");
    }
}

/// More bytes never change what the first ones told.
fn check_sniff(input: &[u8]) {
    use super::sniff::{Sniffed, sniff, sniff_object};
    let whole = sniff(input);
    for len in 0..input.len().min(64) {
        let told = sniff(&input[..len]);
        assert!(
            matches!(told, Sniffed::Undecided | Sniffed::Hello | Sniffed::Request) || told == whole,
            "{told:?} after {len} bytes, then {whole:?}"
        );
    }
    let unmarked = &input[super::sniff::byte_order_mark_len(input)..];
    let has_line = unmarked.trim_ascii_start().contains(&b'\n');
    let waits = matches!(whole, Sniffed::Undecided | Sniffed::Request);
    assert!(!waits || !has_line, "a line does not decide");
    // The first object tells a dialect that reads it, if any does.
    let reads =
        |dialect: Dialect| matches!(dialect.parse(input, Stage::Joining).ask, Ask::Request(_));
    if reads(Dialect::Json) || reads(Dialect::Pynet) {
        assert!(reads(sniff_object(input)), "the other dialect reads it");
    }
}

fn check_request(asked: Ask) {
    let Ask::Request(request) = asked else { return };
    for dialect in Dialect::ALL {
        let Some(frame) = requests::render(dialect, &request) else {
            continue;
        };
        assert!(
            !frame.contains(&b'\n'),
            "{dialect:?} breaks a line: {request:?}"
        );
        let mut asked = request.clone();
        let stages = match &mut asked {
            Request::Join {
                wants_users,
                replay,
                ..
            } => {
                let spec = dialect.spec();
                *wants_users = spec.shows_users;
                *replay = match dialect {
                    _ if spec.shows_history => None,
                    Dialect::Json | Dialect::JsonPadded | Dialect::Pynet => {
                        Some(replay.unwrap_or(0))
                    }
                    _ => Some(0),
                };
                &[Stage::Joining][..]
            }
            _ => &[Stage::Joined],
        };
        let asked = Ask::Request(asked);
        for &stage in stages {
            let again = dialect.parse(&frame, stage).ask;
            assert_eq!(again, asked, "{dialect:?} rendered it otherwise");
        }
    }
}

fn check_rendered(dialect: Dialect, event: &Event, view: &View<'_>) {
    check_form(dialect, event, view);
    check_text(dialect, event, view);
    check_past(dialect, event, view);
}

/// Each message of before comes on a line, as JSON with the text in it.
fn check_past(dialect: Dialect, event: &Event, view: &View<'_>) {
    let texts: Vec<&str> = match event {
        Event::History { messages, .. } => messages.iter().map(|m| m.text.as_str()).collect(),
        Event::Found { messages, .. } => messages.iter().map(|(_, m)| m.text.as_str()).collect(),
        _ => return,
    };
    let mut out = Vec::new();
    dialect.render(event, view, &mut out);
    if dialect == Dialect::Colon {
        out.retain(|&byte| byte != 0);
    }
    let shown = String::from_utf8(out).expect("UTF-8");
    // What the server says between is no message.
    let lines = shown
        .split('\n')
        .filter(|line| !line.starts_with("[Server] "));
    let texts = texts.into_iter().flat_map(|text| match dialect {
        Dialect::Text => shown_lines(text).collect(),
        _ => vec![text],
    });
    for (line, text) in lines.zip(texts) {
        match dialect {
            Dialect::Text => assert!(seen(line).ends_with(&seen(text)), "{line}"),
            Dialect::Json => {
                let object: Value = serde_json::from_str(line).expect("an object");
                assert_eq!(object["message"], *text);
            }
            Dialect::JsonPadded => {
                let object: Value = serde_json::from_str(line).expect("an object");
                let told = object["message"].as_str().expect("a text");
                assert!(seen(told).ends_with(&seen(text)));
            }
            _ => {}
        }
    }
}

/// The text arrives: escaped in JSON, cut in pieces for pynet, cleaned on terminals.
fn check_text(dialect: Dialect, event: &Event, view: &View<'_>) {
    let Event::Said { room, message, .. } = event else {
        return;
    };
    let text = &message.text;
    let mut out = Vec::new();
    dialect.render(event, view, &mut out);
    let shown = String::from_utf8(out).expect("UTF-8");
    match dialect {
        Dialect::Text | Dialect::Anon => {
            let lines = shown.strip_suffix('\n').expect("whole lines");
            check_lines(lines, text, seen);
        }
        Dialect::Colon => check_lines(&shown, text, |text| seen(text).replace([' ', '\0'], "")),
        Dialect::Json => {
            let object: Value = serde_json::from_str(&shown).expect("an object");
            assert_eq!(object["message"], *text);
        }
        Dialect::JsonPadded => {
            let object: Value = serde_json::from_str(&shown).expect("an object");
            let told = object["message"].as_str().expect("a text");
            check_terminal(told, 0);
            match room.is_lobby() && message.manner == Manner::Said {
                true => assert_eq!(seen(told), seen(text)),
                false => assert!(seen(told).ends_with(&seen(text))),
            }
        }
        Dialect::Pynet => {
            let told: String = shown
                .as_bytes()
                .chunks(CLIENT_READ_BYTES)
                .map(|object| serde_json::from_slice::<Value>(object).expect("an object"))
                .map(|object| object["data"].as_str().expect("a text").to_owned())
                .collect();
            match room.is_lobby() && message.manner == Manner::Said {
                true => assert_eq!(told, *text),
                false => {
                    check_terminal(&told, 0);
                    let last = shown_lines(text).last().expect("one at least");
                    assert!(seen(&told).ends_with(&seen(last)));
                }
            }
        }
        Dialect::Irc => super::irc::oracle::check_said(&shown, text),
        Dialect::Echo | Dialect::Console | Dialect::Terminal | Dialect::Http => {}
    }
}

/// Each line of a text is a line that is shown, behind what says whose it is.
fn check_lines(shown: &str, text: &str, seen: impl Fn(&str) -> String) {
    let lines: Vec<&str> = shown.split('\n').collect();
    let said: Vec<&str> = shown_lines(text).collect();
    assert_eq!(lines.len(), said.len(), "{shown:?}");
    for (line, said) in lines.into_iter().zip(said) {
        let (line, said) = (seen(line), seen(said));
        assert!(
            line.ends_with(&said) && line.len() > said.len(),
            "{shown:?}"
        );
    }
}

fn check_form(dialect: Dialect, event: &Event, view: &View<'_>) {
    let lines_of = |message: &Message| shown_lines(&message.text).count();
    let lines = match event {
        Event::Said { message, .. } | Event::Private { message } => lines_of(message),
        Event::Amended(amended) => lines_of(&super::about::told(amended)),
        // A second line says that the other is away.
        Event::PrivateSent { text, .. } => 1 + shown_lines(text).count(),
        // One more is a heading or the end.
        Event::History { messages, .. } => {
            1 + messages.iter().map(|it| lines_of(it)).sum::<usize>()
        }
        Event::Found { messages, .. } => {
            1 + messages.iter().map(|it| lines_of(&it.1)).sum::<usize>()
        }
        _ => 1,
    };
    let is_past = matches!(event, Event::History { .. } | Event::Found { .. });
    let mut out = Vec::new();
    dialect.render(event, view, &mut out);
    let shown = std::str::from_utf8(&out).expect("a rendered event is UTF-8");
    match dialect {
        // The samples are all of one day, whose date is a line.
        Dialect::Text | Dialect::Anon => check_terminal(shown, lines + usize::from(is_past)),
        Dialect::Console => check_terminal(shown, lines),
        Dialect::Terminal => check_terminal(&uncoloured(shown), lines),
        Dialect::Colon => {
            check_reads(&out);
            let shown = shown.replace('\0', "");
            check_terminal(&uncoloured(&shown), if is_past { lines } else { lines - 1 });
            let trapped = shown.contains("SERVER:") && shown.contains("shutting down")
                || shown.contains("You have been kicked by server");
            assert!(!trapped, "the client hangs up: {shown}");
        }
        Dialect::Json => {
            assert!(shown.ends_with('\n'), "an object ends its line");
            let answered = || view.id.map(|id| serde_json::from_str(&id.0).expect("JSON"));
            let ids: Vec<Option<Value>> = match event {
                Event::Said { message, .. } | Event::Private { message } => {
                    vec![Some(message.id.0.into())]
                }
                Event::Deleted(deletion) => {
                    let answer = view.id.map(|_| answered());
                    let id = Some(deletion.id.0.into());
                    [id].into_iter().chain(answer).collect()
                }
                Event::Amended(amended) => {
                    let answer = view.id.map(|_| answered());
                    let id = Some(amended.id.0.into());
                    [id].into_iter().chain(answer).collect()
                }
                Event::History { messages, part, .. } => {
                    let ids = messages.iter().map(|message| Some(message.id.0.into()));
                    let is_answer = matches!(part, Part::Answer { .. });
                    ids.chain(is_answer.then(answered)).collect()
                }
                Event::Found { messages, .. } => {
                    let ids = messages
                        .iter()
                        .map(|(_, message)| Some(message.id.0.into()));
                    ids.chain([answered()]).collect()
                }
                _ => vec![answered()],
            };
            let id_of = |line: &str| {
                check_object(line);
                let object: Value = serde_json::from_str(line).expect("an object");
                object.get("id").cloned()
            };
            let shown: Vec<_> = shown.lines().map(id_of).collect();
            assert_eq!(shown, ids, "the messages', or the request's");
        }
        Dialect::JsonPadded => {
            check_reads(&out);
            for line in shown.lines() {
                check_object(line);
                let object: Value = serde_json::from_str(line).expect("an object");
                let kind = object["type"].as_str().expect("a type");
                let is_shown = ["chat", "user_joined", "user_left", "error", "welcome"];
                let is_asked = matches!(event, Event::Pong | Event::Kept { .. });
                assert!(is_shown.contains(&kind) || is_asked, "it shows no {kind}");
                assert!(object["message"].is_string() || is_asked);
            }
            let reads = out.chunks(CLIENT_READ_BYTES);
            let ends = reads.filter(|read| read.ends_with(b"\n")).count();
            assert_eq!(ends, shown.lines().count(), "a line ends with a read");
        }
        Dialect::Pynet => {
            check_reads(&out);
            out.chunks(CLIENT_READ_BYTES)
                .for_each(|object| check_object(&String::from_utf8_lossy(object)));
        }
        Dialect::Irc => super::irc::oracle::check_lines(&out),
        Dialect::Echo => assert!(out.is_empty(), "echo never meets the hub"),
        Dialect::Http => assert_eq!(
            out.is_empty(),
            !matches!(event, Event::Error(_)),
            "a refusal is a response, and nothing else is"
        ),
    }
}

/// Whole reads, each of whole characters.
fn check_reads(out: &[u8]) {
    assert!(out.len().is_multiple_of(CLIENT_READ_BYTES), "padding");
    for read in out.chunks(CLIENT_READ_BYTES) {
        assert!(std::str::from_utf8(read).is_ok(), "half a character");
    }
}

fn check_object(object: &str) {
    assert!(
        object.bytes().all(|byte| matches!(byte, b' '..=b'~')),
        "not one ASCII line"
    );
    assert!(
        matches!(serde_json::from_str(object), Ok(Value::Object(_))),
        "no object: {object}"
    );
}

#[cfg(test)]
mod tests;
