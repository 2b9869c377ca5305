use super::super::oracle::{said, view};
use super::*;
use crate::model::Moment;

fn rendered(event: &Event, id: Option<&RequestId>) -> String {
    let mut out = Vec::new();
    let now = Moment {
        unix_ms: 1_700_000_000_250,
        offset_s: 0,
        ..Moment::default()
    };
    render(event, &View { id, now, ..view() }, &mut out);
    String::from_utf8(out).expect("ASCII")
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

#[test]
fn the_forms_byte_by_byte() {
    let author = Author {
        nick: nick("alice"),
        peer: crate::model::Peer::Unix(1),
    };
    for (event, line) in [
        (
            Event::Welcome {
                nick: nick("alice"),
                users: vec![nick("alice")],
            },
            r#"{"type":"welcome","message":"Welcome to the chat, alice!","users":["alice"],"timestamp":1700000000.250}"#,
        ),
        (
            Event::Joined { author },
            r#"{"type":"user_joined","username":"alice","message":"alice joined the chat","timestamp":1700000000.250}"#,
        ),
        (
            Event::Left {
                nick: nick("bob"),
                words: None,
            },
            r#"{"type":"user_left","username":"bob","message":"bob left the chat","timestamp":1700000000.250}"#,
        ),
        (
            Event::Presence {
                room: RoomName::lobby(),
                joined: 37,
                left: 0,
                members: 2041,
            },
            r#"{"type":"presence","room":"lobby","joined":37,"left":0,"members":2041,"timestamp":1700000000.250}"#,
        ),
        (
            said("Hello everyone!"),
            r#"{"type":"chat","username":"Alice","message":"Hello everyone!","id":7,"room":"lobby","timestamp":1700000000.250}"#,
        ),
        (Event::Pong, r#"{"type":"pong"}"#),
        (
            Event::Error(ErrorCode::NickTaken),
            r#"{"type":"error","message":"Username already taken"}"#,
        ),
        (
            Event::Error(ErrorCode::BadNick),
            r#"{"type":"error","message":"Invalid username"}"#,
        ),
    ] {
        assert_eq!(rendered(&event, None), format!("{line}\n"));
    }
}

#[test]
fn output_is_ascii_and_one_line() {
    let line = rendered(&said("é\u{1F389}\r\n\0\x1b\x7f\u{9b}\u{202e}\"\\"), None);
    assert!(
        line.contains(r#""message":"\u00e9\ud83c\udf89\r\n\u0000\u001b\u007f\u009b\u202e\"\\""#),
        "{line}"
    );
    assert!(line.is_ascii() && line.matches('\n').count() == 1);
}

#[test]
fn an_answer_carries_the_requests_id() {
    for (sent, back) in [
        ("7", "7"),
        ("-1.50", "-1.50"),
        ("18446744073709551616", "18446744073709551616"),
        (r#""é\n""#, r#""\u00e9\n""#),
    ] {
        let frame = format!(r#"{{"type":"ping","id":{sent}}}"#);
        let parsed = parse(frame.as_bytes(), Stage::Joined);
        assert_eq!(parsed.ask, Ask::Request(Request::Ping));
        assert_eq!(
            rendered(&Event::Pong, parsed.id.as_ref()),
            format!("{{\"type\":\"pong\",\"id\":{back}}}\n")
        );
    }
    let parsed = parse(br#"{"type":"ping","id":[]}"#, Stage::Joined);
    assert_eq!(parsed.ask, Ask::Refused(ErrorCode::WrongField("id")));
    assert_eq!(rendered(&Event::Done { note: None }, None), "");
}

#[test]
fn what_is_no_request_is_refused() {
    let refused = |frame: &[u8], stage| match parse(frame, stage).ask {
        Ask::Refused(code) => code,
        other => panic!("{other:?}"),
    };
    let deep = [b"{\"a\":".repeat(33), b"1".to_vec(), b"}".repeat(33)].concat();
    assert_eq!(refused(&deep, Stage::Joined), ErrorCode::TooDeep);
    assert_eq!(refused(b"hello", Stage::Joined), ErrorCode::NotJson);
    assert_eq!(refused(b"[]", Stage::Joined), ErrorCode::NotJson);
    assert_eq!(
        refused(b"{}", Stage::Joined),
        ErrorCode::MissingField("type")
    );
    assert_eq!(
        refused(b"{\"type\":1}", Stage::Joined),
        ErrorCode::WrongField("type")
    );
    assert_eq!(
        refused(b"{\"type\":\"chat\"}", Stage::Joined),
        ErrorCode::MissingField("message")
    );
    assert_eq!(refused(b"\"\xff\"", Stage::Joined), ErrorCode::NotUtf8);
    assert_eq!(
        refused(br#"{"type":"dance"}"#, Stage::Joined),
        ErrorCode::UnknownType("dance".into())
    );
    for frame in [
        &b"hello"[..],
        b"{}",
        br#"{"type":"ping"}"#,
        br#"{"type":"join"}"#,
    ] {
        assert_eq!(refused(frame, Stage::Joining), ErrorCode::BadNick);
    }
    let brackets_in_a_string = format!(r#"{{"type":"ping","x":"{}\"["}}"#, "[".repeat(40));
    assert_eq!(
        parse(brackets_in_a_string.as_bytes(), Stage::Joined).ask,
        Ask::Request(Request::Ping)
    );
}

#[test]
fn a_message_is_trimmed_and_a_blank_one_ignored() {
    let say = |text: &str| {
        let room = Some(RoomName::lobby());
        Ask::Request(Request::Say {
            room,
            text: text.into(),
        })
    };
    assert_eq!(
        parse(br#"{"type":"chat","message":" hi\n"}"#, Stage::Joined).ask,
        say("hi")
    );
    assert_eq!(
        parse(br#"{"type":"chat","message":" \t"}"#, Stage::Joined).ask,
        Ask::Nothing
    );
    assert_eq!(parse(b" \r", Stage::Joined).ask, Ask::Nothing);
}
