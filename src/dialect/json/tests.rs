mod nulls;
mod requests;

use super::super::View;
use super::super::oracle::{message, said, view};
use super::*;
use crate::model::{
    Author, Departure, EnterMode, Event, Login, MessageId, Moment, Nick, Part, Range, Request,
    RoomName, Roster, Secret, Since, Target,
};

fn rendered(event: &Event, id: Option<&RequestId>) -> String {
    let mut out = Vec::new();
    let now = Moment {
        unix_ms: 1_700_000_000_250,
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
                users: Roster::of(vec![nick("alice")]),
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
                why: Departure::Quit(None),
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
            r#"{"type":"chat","username":"Alice","message":"Hello everyone!","id":7,"room":"lobby","timestamp":1600000000.125}"#,
        ),
        (Event::Pong, r#"{"type":"pong"}"#),
        (
            Event::Error(ErrorCode::NickTaken),
            r#"{"type":"error","message":"Username already taken","code":"nick_taken"}"#,
        ),
        (
            Event::Error(ErrorCode::BadNick),
            r#"{"type":"error","message":"Invalid username","code":"bad_nick"}"#,
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
    assert_eq!(rendered(&Event::Done { what: None }, None), "");
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

fn asked(frame: &str) -> Ask {
    parse(frame.as_bytes(), Stage::Joined).ask
}

#[test]
fn what_was_said_before_byte_by_byte() {
    let id = RequestId("9".into());
    let history = |target, part| {
        let messages = vec![message("hi")];
        let event = Event::History {
            target,
            messages,
            part,
        };
        rendered(&event, Some(&id))
    };
    let line = |kind: &str, place: &str| {
        format!(
            "{{\"type\":\"history\",\"kind\":\"{kind}\",\"username\":\"Alice\",\"message\":\"hi\",\
             \"id\":7{place},\"timestamp\":1600000000.125}}\n"
        )
    };
    let lobby = || Target::Room(RoomName::lobby());
    let said = line("chat", r#","room":"lobby""#);
    for part in [Part::First, Part::Next { after_ms: 0 }] {
        assert_eq!(history(lobby(), part), said, "no end");
    }
    let answer = |has_more| Part::Answer {
        has_more,
        newest: true,
        shows_ids: false,
        only_files: false,
    };
    let end = r#"{"type":"history_end","room":"lobby","count":1,"more":true,"id":9}"#;
    assert_eq!(history(lobby(), answer(true)), format!("{said}{end}\n"));
    let end = r#"{"type":"history_end","with":"bob","count":1,"more":false,"id":9}"#;
    let with = |line: String| line.replace("}\n", ",\"with\":\"bob\"}\n");
    let own = with(line("pm", r#","to":"bob""#));
    let with_bob = history(Target::User(nick("bob")), answer(false));
    assert_eq!(with_bob, format!("{own}{end}\n"));
    let with_alice = history(Target::User(nick("alice")), Part::First);
    let with = ",\"with\":\"alice\"}\n";
    assert_eq!(with_alice, line("pm", "").replace("}\n", with));
    let found = Event::Found {
        messages: vec![(RoomName::lobby(), message("hi"))],
        has_more: false,
    };
    let end = r#"{"type":"search_end","count":1,"more":false,"id":9}"#;
    let said = said.replace(r#""type":"history""#, r#""type":"search""#);
    assert_eq!(rendered(&found, Some(&id)), format!("{said}{end}\n"));
}

#[test]
fn answers_about_accounts_byte_by_byte() {
    let id = RequestId("9".into());
    let kept = Event::Kept {
        id: MessageId(7),
        room: RoomName::lobby(),
    };
    let token = Event::Token {
        bot: nick("bot"),
        token: Secret::new("hub_x"),
    };
    for (event, line) in [
        (
            kept,
            r#"{"type":"ok","message_id":7,"room":"lobby","id":9}"#,
        ),
        (
            token,
            r#"{"type":"token","name":"bot","token":"hub_x","id":9}"#,
        ),
        (
            Event::Error(ErrorCode::WrongLogin),
            r#"{"type":"error","message":"The name or the password is wrong.","code":"wrong_login","id":9}"#,
        ),
    ] {
        assert_eq!(rendered(&event, Some(&id)), format!("{line}\n"));
    }
}

#[test]
fn of_a_crowd_the_first_are_named_and_all_are_counted() {
    let nicks = ["a", "b"].map(nick);
    let users = Roster {
        nicks: nicks.into(),
        rest: 3,
        members: 5,
    };
    let welcome = Event::Welcome {
        nick: nick("b"),
        users: users.clone(),
    };
    let room = RoomName::parse("rust").expect("a room name");
    let members = Event::Members { room, users };
    for (event, json) in [
        (
            welcome,
            r#"{"type":"welcome","message":"Welcome to the chat, b!","users":["a","b"],"members":5,"more":true,"timestamp":1700000000.250}"#,
        ),
        (
            members,
            r#"{"type":"users","room":"rust","users":["a","b"],"members":5,"more":true}"#,
        ),
    ] {
        assert_eq!(rendered(&event, None), format!("{json}\n"));
    }
}

#[test]
fn null_is_as_if_the_field_were_not_there() {
    for (required, optional) in [
        (r#""type":"chat","message":"hi""#, "room id"),
        (r#""type":"me","message":"hi""#, "room id"),
        (r#""type":"pm","to":"bob","message":"hi""#, "id"),
        (r#""type":"nick","username":"bob""#, "id"),
        (r#""type":"users""#, "room id"),
        (r#""type":"rooms""#, "id"),
        (
            r#""type":"join_room","room":"rust""#,
            "key resume replay id",
        ),
        (r#""type":"topic""#, "room topic id"),
        (r#""type":"away""#, "message id"),
        (r#""type":"quit""#, "message id"),
        (r#""type":"passwd","password":"sesame""#, "old id"),
        (r#""type":"unregister""#, "password id"),
        (
            r#""type":"login","username":"bob","password":"sesame""#,
            "token multi id",
        ),
        (
            r#""type":"login","username":"bob","token":"sesame""#,
            "password multi id",
        ),
        (
            r#""type":"history""#,
            "room with since limit before after id",
        ),
        (
            r#""type":"search","query":"hi""#,
            "room limit before after id",
        ),
        (r#""type":"kick","username":"bob""#, "room reason id"),
        (r#""type":"mute","username":"bob""#, "room seconds id"),
        (r#""type":"unmute","username":"bob""#, "room id"),
        (r#""type":"topic_lock","on":true"#, "room id"),
        (r#""type":"invite_only","on":true"#, "room id"),
        (r#""type":"key""#, "room key id"),
        (
            r#""type":"moderator","username":"bob","on":true"#,
            "room id",
        ),
        (r#""type":"invite","username":"bob""#, "room id"),
        (r#""type":"ban","mask":"bob""#, "seconds reason id"),
        (r#""type":"shutdown""#, "seconds id"),
    ] {
        let without = format!("{{{required}}}");
        let expected = parse(without.as_bytes(), Stage::Joined);
        assert!(matches!(expected.ask, Ask::Request(_)), "{without}");
        let nulls: Vec<String> = optional
            .split(' ')
            .map(|field| format!(",\"{field}\":null"))
            .collect();
        for null in nulls.iter().chain([&nulls.concat()]) {
            let frame = format!("{{{required}{null}}}");
            assert_eq!(parse(frame.as_bytes(), Stage::Joined), expected, "{frame}");
        }
    }
    let join = r#"{"type":"join","username":"bob""#;
    let nulls =
        r#","id":null,"password":null,"token":null,"multi":null,"resume":null,"replay":null"#;
    let (without, with) = (format!("{join}}}"), format!("{join}{nulls}}}"));
    let parsed = |frame: &str| parse(frame.as_bytes(), Stage::Joining);
    assert_eq!(parsed(&with), parsed(&without));
    assert_eq!(
        parsed(&format!(r#"{join},"resume":{{"lobby":null}}}}"#)),
        parsed(&without)
    );
    for frame in [
        r#"{"type":"chat","message":null}"#,
        r#"{"type":"topic_lock","on":null}"#,
        r#"{"type":"join_room","room":null}"#,
    ] {
        assert!(
            matches!(asked(frame), Ask::Refused(ErrorCode::MissingField(_))),
            "{frame}"
        );
    }
}
