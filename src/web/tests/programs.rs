//! The API for programs.

use super::*;
use crate::model::SaidBy;

fn posting(fields: &str, body: &str) -> Reply {
    at(PUBLIC, &request("POST", POST, fields, body))
}

#[test]
fn a_message_is_posted_by_who_has_a_token() {
    let bot = "Authorization: Bearer secret\r\n";
    let post = |room: &str, poster: &str, text: &str| Reply::Post {
        room: RoomName::parse(room).expect("a room name"),
        poster: Poster::Named(nick(poster)),
        nick: None,
        text: text.into(),
    };
    let hi = r#"{"message":" hi "}"#;
    assert_eq!(posting(bot, hi), post("lobby", "bot", "hi"));
    let nobody = "Authorization: Bearer word\r\n";
    assert_eq!(posting(nobody, hi), post("lobby", "api", "hi"));
    let as_carl = r#"{"message":"é","username":"carl"}"#;
    let named = Reply::Post {
        room: RoomName::lobby(),
        poster: Poster::Named(nick("bot")),
        nick: Some(nick("carl")),
        text: "é".into(),
    };
    assert_eq!(posting(bot, as_carl), named);
    let unknown = "Authorization: Bearer hub_1\r\n";
    assert_eq!(status(posting(unknown, hi)), 401);
    let with_bots = Site {
        has_bots: true,
        ..site()
    };
    let asked = request("POST", POST, unknown, hi);
    let Reply::Post { poster, .. } = answer(&with_bots, PUBLIC, Moment::default(), &asked) else {
        panic!("it may be a bot's token");
    };
    assert!(matches!(poster, Poster::Bot(_)));
    let path = "/api/v1/rooms/%C5%BElu-1/messages";
    let elsewhere = request("POST", path, bot, hi);
    assert_eq!(at(PUBLIC, &elsewhere), post("žlu-1", "bot", "hi"));
}

#[test]
fn who_may_not_post_is_told_why_in_json() {
    let bot = "Authorization: Bearer secret\r\n";
    let hi = r#"{"message":"hi"}"#;
    for (fields, body, expected) in [
        ("", hi, 401),
        ("Authorization: Bearer Secret\r\n", hi, 401),
        ("Authorization: Bearer secre\r\n", hi, 401),
        ("Authorization: Bearer\r\n", hi, 401),
        ("Authorization: Basic secret\r\n", hi, 401),
        (
            "Authorization: Bearer secret\r\nOrigin: http://b\r\n",
            hi,
            403,
        ),
        (bot, "", 400),
        (bot, "hi", 400),
        (bot, "[]", 400),
        (bot, "{}", 400),
        (bot, r#"{"message":7}"#, 400),
        (bot, r#"{"message":" "}"#, 400),
        (bot, r#"{"message":"hi","username":7}"#, 400),
        (bot, r#"{"message":"hi","username":"a b"}"#, 400),
        (bot, r#"{"message":"hi","username":"Server"}"#, 400),
        (bot, &format!("{{\"message\":{}", "[".repeat(1000)), 400),
    ] {
        let (code, written) = response(posting(fields, body));
        assert_eq!(code, expected, "{fields}{body}");
        assert!(written.contains("\r\nContent-Type: application/json\r\n"));
        let (_, body) = written.split_once("\r\n\r\n").expect("a body");
        assert!(body.starts_with(r#"{"type":"error","message":""#), "{body}");
        assert_eq!(
            written.contains("\r\nWWW-Authenticate: Bearer\r\n"),
            code == 401
        );
    }
    let typed = format!("{bot}Content-Type: Application/JSON; charset=utf-8\r\n");
    assert!(matches!(posting(&typed, hi), Reply::Post { .. }));
    let asked = request("POST", POST, bot, hi);
    let nobodys = answer(&Site::default(), PUBLIC, Moment::default(), &asked);
    assert_eq!(status(nobodys), 403);
}

#[test]
fn the_api_has_these_paths_only() {
    assert_eq!(get("/api/v1/rooms"), Reply::Rooms(RoomsFrom::default()));
    let users = |name, after: Option<&str>| {
        let page = MembersPage {
            after: after.map(String::from),
            limit: None,
        };
        Reply::Users(RoomName::parse(name).expect("a room name"), page)
    };
    assert_eq!(get("/api/v1/rooms/lobby/users"), users("lobby", None));
    assert_eq!(get("/api/v1/rooms/%23rust/users"), users("rust", None));
    assert_eq!(get("/api/v1/rooms/r%75st/users?x"), users("rust", None));
    let path = "/api/v1/rooms/r/users?x=1&after=a%6Cice";
    assert_eq!(get(path), users("r", Some("alice")));
    for bad in ["%", "%2", "%FF", "%zz"] {
        let path = format!("/api/v1/rooms/r/users?after={bad}");
        assert_eq!(response(get(&path)).0, 400, "{bad}");
    }
    for bad in ["", "a.b", "a%20b", "a%2", "%", "%zz", "%FF", "%+1"] {
        let (code, body) = response(get(&format!("/api/v1/rooms/{bad}/users")));
        assert_eq!(code, 400, "{bad}");
        assert!(body.contains(r#"{"type":"error","#), "{body}");
    }
    for nowhere in [
        "rooms/",
        "rooms/a",
        "rooms/a/users/",
        "rooms/a/b",
        "users",
        "Rooms",
    ] {
        let (code, body) = response(get(&format!("/api/v1/{nowhere}")));
        assert_eq!(code, 404, "{nowhere}");
        assert!(body.ends_with("{\"type\":\"error\",\"message\":\"Not Found\"}\n"));
    }
}

#[test]
fn the_forms_of_the_api() {
    let room = RoomName::parse("žlu").expect("a room name");
    let entry = |name, members, topic: Option<&str>| RoomEntry {
        name,
        members,
        topic: topic.map(String::from),
    };
    let listed = [
        entry(RoomName::lobby(), 2, None),
        entry(room.clone(), 1, Some("a\n")),
    ];
    let more = body(&api::rooms(&listed, true));
    assert!(more.ends_with("}],\"more\":true}\n"), "{more}");
    let rooms = api::rooms(&listed, false);
    assert_eq!(
        body(&rooms),
        "{\"type\":\"rooms\",\"rooms\":[{\"room\":\"lobby\",\"members\":2},\
         {\"room\":\"\\u017elu\",\"members\":1,\"topic\":\"a\\n\"}]}\n"
    );
    let users = api::users(&RoomName::lobby(), &Roster::of(vec![nick("a"), nick("b")]));
    assert_eq!(
        body(&users),
        "{\"type\":\"users\",\"room\":\"lobby\",\"users\":[\"a\",\"b\"]}\n"
    );
    let message = Message {
        id: MessageId(7),
        unix_ms: 0,
        nick: nick("a"),
        origin: SaidBy::Unknown,
        manner: Manner::Said,
        text: "hi".into(),
        tags: None,
        marks: None,
    };
    let posted = api::posted(&room, &message);
    assert_eq!(posted.status(), StatusCode::Created);
    assert_eq!(
        body(&posted),
        "{\"type\":\"chat\",\"username\":\"a\",\"message\":\"hi\",\"id\":7,\"room\":\"\\u017elu\",\
         \"timestamp\":0.000}\n"
    );
    let stats = api::stats(&Stats(vec![("uptime s", 7), ("rooms", 1)]));
    assert_eq!(
        body(&stats),
        "{\"type\":\"stats\",\"uptime_s\":7,\"rooms\":1}\n"
    );
    for (code, status) in [
        (ErrorCode::NoRoomToShow(room.clone()), 404),
        (ErrorCode::NoRoomToEnter(room), 404),
        (ErrorCode::NickTaken, 409),
        (ErrorCode::Muted, 403),
        (ErrorCode::MessageTooLong(1), 413),
    ] {
        let refused = api::refused(&code);
        assert_eq!(refused.status().code(), status);
        let object: serde_json::Value = serde_json::from_str(&body(&refused)).expect("JSON");
        assert_eq!(object["message"], code.to_string());
    }
}
