//! What objects ask.

use super::*;

#[test]
fn a_join_may_prove_the_name_and_go_on() {
    let join = |fields: &str| {
        let frame = format!(r#"{{"type":"join","username":"alice"{fields}}}"#);
        parse(frame.as_bytes(), Stage::Joining).ask
    };
    let joined = |login: Option<(&str, bool)>, resume: &[(&str, u64)]| {
        let login = login.map(|(secret, is_multi)| Login {
            secret: Secret::new(secret),
            is_multi,
        });
        let room = |name: &str| RoomName::parse(name).expect("a room name");
        let resume = resume.iter().map(|&(name, id)| (room(name), MessageId(id)));
        Ask::Request(Request::Join {
            nick: nick("alice"),
            wants_users: true,
            login,
            resume: resume.collect(),
            replay: Some(0),
        })
    };
    assert_eq!(join(""), joined(None, &[]));
    assert_eq!(
        join(r#","password":" p ""#),
        joined(Some((" p ", false)), &[])
    );
    assert_eq!(
        join(r#","token":"hub_x","multi":true"#),
        joined(Some(("hub_x", true)), &[])
    );
    assert_eq!(
        join(r#","password":null,"multi":null,"resume":null"#),
        joined(None, &[])
    );
    assert_eq!(
        join(r##","resume":{"rust":7,"lobby":123}"##),
        joined(None, &[("lobby", 123), ("rust", 7)])
    );
    let rooms = |count| {
        let rooms: Vec<String> = (0..count).map(|at| format!("\"r{at}\":0")).collect();
        join(&format!(r#","resume":{{{}}}"#, rooms.join(",")))
    };
    assert!(matches!(rooms(20), Ask::Request(_)));
    assert_eq!(rooms(21), Ask::Refused(ErrorCode::TooManyRooms));
    for (fields, code) in [
        (r#""password":7"#, ErrorCode::WrongField("password")),
        (r#""token":[]"#, ErrorCode::WrongField("token")),
        (r#""password":"""#, ErrorCode::BadPassword),
        (r#""multi":1"#, ErrorCode::WrongField("multi")),
        (r#""replay":"20""#, ErrorCode::WrongField("replay")),
        (r#""replay":-1"#, ErrorCode::WrongField("replay")),
        (r#""resume":[]"#, ErrorCode::WrongField("resume")),
        (r#""resume":{"lobby":"1"}"#, ErrorCode::WrongField("resume")),
        (r#""resume":{"lobby":-1}"#, ErrorCode::WrongField("resume")),
        (r#""resume":{"lobby":1.5}"#, ErrorCode::WrongField("resume")),
        (r#""resume":{"a":1,"A":2}"#, ErrorCode::WrongField("resume")),
        (r#""resume":{"a b":1}"#, ErrorCode::BadRoomName),
    ] {
        assert_eq!(join(&format!(",{fields}")), Ask::Refused(code), "{fields}");
    }
}

#[test]
fn accounts_are_asked_for_with_passwords_as_they_are() {
    let longest = "é".repeat(320);
    let password = Secret::new(longest.as_str());
    let frame = |password: &str| format!(r#"{{"type":"register","password":"{password}"}}"#);
    let registered = Ask::Request(Request::Register {
        password,
        code: None,
    });
    assert_eq!(asked(&frame(&longest)), registered);
    let too_long = Ask::Refused(ErrorCode::BadPassword);
    assert_eq!(asked(&frame(&(longest + "x"))), too_long);
    assert_eq!(
        asked(r#"{"type":"login","username":" alice ","token":" t","multi":true}"#),
        Ask::Request(Request::Login {
            name: nick("alice"),
            login: Login {
                secret: Secret::new(" t"),
                is_multi: true
            },
        })
    );
    for (request, code) in [
        (
            r#""login","username":"alice""#,
            ErrorCode::MissingField("password"),
        ),
        (
            r#""login","password":"p""#,
            ErrorCode::MissingField("username"),
        ),
        (
            r#""login","username":"a b","password":"p""#,
            ErrorCode::BadNick,
        ),
        (r#""passwd","old":"p""#, ErrorCode::MissingField("password")),
        (
            r#""passwd","old":"","password":"p""#,
            ErrorCode::BadPassword,
        ),
        (
            r#""token","action":"sell""#,
            ErrorCode::WrongField("action"),
        ),
        (r#""token","action":"new""#, ErrorCode::MissingField("name")),
        (
            r#""moderator","username":"a""#,
            ErrorCode::MissingField("on"),
        ),
        (r#""export""#, ErrorCode::MissingField("room")),
    ] {
        assert_eq!(
            asked(&format!("{{\"type\":{request}}}")),
            Ask::Refused(code),
            "{request}"
        );
    }
}

#[test]
fn what_was_said_is_asked_for_with_bounds() {
    let range = |since| Range {
        limit: Some(50),
        before: Some(MessageId(u64::MAX)),
        after: Some(MessageId(0)),
        since,
        ..Range::default()
    };
    let bounds = r#""limit":50,"before":18446744073709551615,"after":0"#;
    for (since, read) in [
        ("null", None),
        ("1700000000", Some(Since::Unix(1_700_000_000))),
        ("1700000000.25", Some(Since::Unix(1_700_000_000))),
        (r#""30m""#, Some(Since::Ago(1800))),
        (r#""14:05""#, Some(Since::Clock(50_700))),
        (r#""1970-01-02""#, Some(Since::Local(86_400))),
    ] {
        let frame = format!(r#"{{"type":"history",{bounds},"since":{since}}}"#);
        let room = Some(RoomName::lobby());
        let (with, range) = (None, range(read));
        let expected = Ask::Request(Request::History { room, with, range });
        assert_eq!(asked(&frame), expected, "{since}");
    }
    assert_eq!(
        asked(&format!(r#"{{"type":"search","query":" a b ",{bounds}}}"#)),
        Ask::Request(Request::Search {
            room: None,
            words: " a b ".into(),
            range: range(None)
        })
    );
    assert_eq!(
        asked(r#"{"type":"history","with":"bob","room":"rust"}"#),
        Ask::Request(Request::History {
            room: None,
            with: Some(nick("bob")),
            range: Range::default()
        })
    );
    assert_eq!(
        asked(r#"{"type":"join_room","room":"rust","resume":7}"#),
        Ask::Request(Request::Enter {
            room: RoomName::parse("rust").expect("a room name"),
            entry: EnterMode::Focus,
            key: None,
            resume: Some(MessageId(7)),
            replay: Some(0),
        })
    );
    for (field, value) in [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "\"50\""),
        ("before", "1.5"),
        ("after", "\"7\""),
        ("since", "-1"),
        ("since", "[]"),
        ("since", "1e300"),
    ] {
        let frame = format!(r#"{{"type":"history","{field}":{value}}}"#);
        let code = ErrorCode::WrongField(field);
        assert_eq!(asked(&frame), Ask::Refused(code), "{frame}");
    }
    let never = r#"{"type":"history","since":"then"}"#;
    assert_eq!(asked(never), Ask::Refused(ErrorCode::BadTime));
}
