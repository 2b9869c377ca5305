use super::super::Dialect;
use super::super::oracle::{message, said, view};
use super::*;
use crate::model::{Departure, Login, MessageId, Secret, Zone};
use std::sync::Arc;

fn rendered(event: &Event, view: &View<'_>) -> String {
    let mut out = Vec::new();
    Dialect::Text.render(event, view, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn say(text: &str) -> Ask {
    Ask::Request(Request::Say {
        room: None,
        text: text.into(),
    })
}

#[test]
fn names_and_lines() {
    let bob = Nick::parse("bob").expect("a nick");
    assert_eq!(
        parse(b" bob ", Stage::Joining),
        Ask::Request(Request::join(bob, false))
    );
    assert_eq!(parse(b"", Stage::Joining), Ask::Nothing);
    assert_eq!(
        parse(b"a b", Stage::Joining),
        Ask::Refused(ErrorCode::BadNick)
    );
    assert_eq!(parse(b"  hi ", Stage::Joined), say("  hi "));
    assert_eq!(parse(b" \t", Stage::Joined), Ask::Nothing);
    assert_eq!(
        parse("\u{feff}\u{c} ".as_bytes(), Stage::Joined),
        Ask::Nothing
    );
    assert_eq!(parse(b"//hello", Stage::Joined), say("/hello"));
    assert_eq!(parse(b"/LiSt", Stage::Joined), Ask::Request(Request::List));
    assert_eq!(
        parse(b"/foo bar", Stage::Joined),
        Ask::Refused(ErrorCode::UnknownCommand("/foo".into()))
    );
    assert_eq!(
        parse(b"\xc3", Stage::Joined),
        Ask::Refused(ErrorCode::NotUtf8)
    );
}

#[test]
fn one_may_come_in_as_an_account() {
    let login = |replay| Request::Join {
        nick: Nick::parse("bob").expect("a nick"),
        wants_users: false,
        login: Some(Login {
            secret: Secret::new("two words"),
            is_multi: false,
        }),
        resume: Vec::new(),
        replay,
    };
    for (dialect, replay) in [(Dialect::Text, None), (Dialect::Colon, Some(0))] {
        let first = |frame: &[u8]| dialect.parse(frame, Stage::Joining).ask;
        let asked = Ask::Request(login(replay));
        assert_eq!(first(b" /LOGIN bob  two words \r"), asked);
        let usage = ErrorCode::Usage("/login NAME PASSWORD [--multi]");
        assert_eq!(first(b"/login bob"), Ask::Refused(usage));
        let usage = ErrorCode::Usage("/register NAME PASSWORD [--code CODE]");
        assert_eq!(first(b"/register p"), Ask::Refused(usage));
        let bad = Ask::Refused(ErrorCode::BadPassword);
        assert_eq!(first(&[b"/login bob ", &[b'p'; 641][..]].concat()), bad);
        for other in [
            "/",
            "/ login bob p",
            "/loginbob p",
            "/registerp",
            "//login bob p",
        ] {
            let refused = Ask::Refused(ErrorCode::BadNick);
            assert_eq!(first(other.as_bytes()), refused, "{other}");
        }
    }
    let first = |frame: &[u8]| Dialect::Colon.parse(frame, Stage::Joining).ask;
    assert_eq!(first(b":login bob two words"), Ask::Request(login(Some(0))));
    let first = |frame: &[u8]| parse(frame, Stage::Joining);
    let refused = Ask::Refused(ErrorCode::BadNick);
    assert_eq!(first(b":login bob two words"), refused);
}

#[test]
fn telnet_negotiation_is_skipped() {
    assert_eq!(parse(b"\xff\xf4\xff\xfd\x06hi", Stage::Joined), say("hi"));
    assert_eq!(parse(b"\xff\xf4\xff\xfd\x06", Stage::Joined), Ask::Nothing);
    assert_eq!(
        parse(b"\xff\xfe", Stage::Joined),
        Ask::Refused(ErrorCode::NotUtf8)
    );
}

#[test]
fn the_forms_byte_by_byte() {
    let alice = Nick::parse("Alice").expect("a nick");
    let nicks = vec![alice.clone(), Nick::parse("Bob").expect("a nick")];
    let joined = view();
    assert_eq!(PROMPT.len(), 17);
    assert_eq!(rendered(&said("Hello"), &joined), "[Alice] Hello\n");
    assert_eq!(
        rendered(
            &said("Hello"),
            &View {
                here: false,
                ..joined
            }
        ),
        "[#lobby Alice] Hello\n"
    );
    assert_eq!(
        rendered(
            &said("Hello"),
            &View {
                own: true,
                ..joined
            }
        ),
        ""
    );
    assert_eq!(
        rendered(
            &Event::Welcome {
                nick: alice.clone(),
                users: Roster::default()
            },
            &joined
        ),
        "[Server] Alice joined the chat!\n"
    );
    assert_eq!(
        rendered(
            &Event::Left {
                nick: alice,
                why: Departure::Quit(None)
            },
            &joined
        ),
        "[Server] Alice left the chat!\n"
    );
    assert_eq!(
        rendered(
            &Event::Listing {
                users: Roster::of(nicks)
            },
            &joined
        ),
        "Current clients: Alice, Bob\n"
    );
}

#[test]
fn what_was_said_before_byte_by_byte() {
    let acted = Message {
        id: MessageId(8),
        manner: Manner::Acted,
        ..message("waves\x1b").as_ref().clone()
    };
    let messages = vec![message("hi"), Arc::new(acted)];
    let shown = |target: Target, part, here| {
        let event = Event::History {
            target,
            messages: messages.clone(),
            part,
        };
        // A minute later.
        let now = view().now.at(1_600_000_060_000);
        rendered(
            &event,
            &View {
                here,
                now,
                ..view()
            },
        )
    };
    let lobby = || Target::Room(RoomName::lobby());
    let with = |name: &str| Target::User(Nick::parse(name).expect("a nick"));
    let answer = |has_more, newest| Part::Answer {
        has_more,
        newest,
        shows_ids: false,
        only_files: false,
    };
    let here = "[12:26] [Alice] hi\n[12:26] * Alice waves\n";
    let there = "[12:26] [#lobby Alice] hi\n[12:26] [#lobby] * Alice waves\n";
    assert_eq!(
        shown(lobby(), Part::First, true),
        format!("[Server] Earlier:\n{here}")
    );
    assert_eq!(
        shown(
            lobby(),
            Part::Next {
                after_ms: 1_600_000_000_000
            },
            false
        ),
        there
    );
    for (part, end) in [
        (answer(false, true), "That is 2 of #lobby."),
        (
            answer(true, true),
            "That is 2 of #lobby; /history before 7 for more.",
        ),
        (
            answer(true, false),
            "That is 2 of #lobby; /history after 8 for more.",
        ),
    ] {
        let end = format!("[Server] {end}\n");
        assert_eq!(shown(lobby(), part, true), format!("{here}{end}"));
        let end = end.replace("/history", "/history #lobby");
        assert_eq!(shown(lobby(), part, false), format!("{there}{end}"));
    }
    assert_eq!(
        shown(with("ALICE"), Part::Next { after_ms: 0 }, true),
        "[Server] 2020-09-13\n[12:26] [Alice → you] hi\n[12:26] [Alice → you] waves\n"
    );
    assert_eq!(
        shown(with("bob"), answer(true, true), true),
        "[12:26] [you → bob] hi\n[12:26] [you → bob] waves\n\
         [Server] That is 2 with bob; /history @bob before 7 for more.\n"
    );
    let nothing = |target| Event::History {
        target,
        messages: vec![],
        part: answer(false, true),
    };
    for (target, end) in [
        (lobby(), "Nothing was said in #lobby."),
        (with("bob"), "Nothing was said with bob."),
    ] {
        let shown = rendered(&nothing(target), &view());
        assert_eq!(shown, format!("[Server] {end}\n"));
    }
}

#[test]
fn what_was_found_byte_by_byte() {
    let shown = |count, has_more| {
        let room = RoomName::parse("rust").expect("a room name");
        let messages = vec![(room, message("hi")); count];
        rendered(&Event::Found { messages, has_more }, &view())
    };
    assert_eq!(shown(0, false), "[Server] Nothing was found.\n");
    let lines = "[Server] 2020-09-13\n[12:26] [#rust Alice] hi\n[12:26] [#rust Alice] hi\n";
    assert_eq!(shown(2, false), format!("{lines}[Server] 2 found.\n"));
    assert_eq!(
        shown(2, true),
        format!("{lines}[Server] 2 found; /search --before 7 and the words for more.\n")
    );
    let room = RoomName::lobby();
    let kept = Event::Kept {
        id: MessageId(7),
        room,
    };
    assert_eq!(rendered(&kept, &view()), "");
}

#[test]
fn the_date_stands_where_it_changes() {
    const HOUR_MS: u64 = 3_600_000;
    // 2026-11-25 00:30 in India.
    let now = Moment {
        unix_ms: 1_795_546_800_000,
        zone: Box::leak(Box::new(Zone::of(|_| 19_800))),
        ..Moment::default()
    };
    let at = |hours: u64| {
        Arc::new(Message {
            unix_ms: now.unix_ms - hours * HOUR_MS,
            ..message("hi").as_ref().clone()
        })
    };
    let shown = |hours: &[u64], part| {
        let event = Event::History {
            target: Target::Room(RoomName::lobby()),
            messages: hours.iter().map(|&hours| at(hours)).collect(),
            part,
        };
        rendered(&event, &View { now, ..view() })
    };
    let answer = Part::Answer {
        has_more: false,
        newest: true,
        shows_ids: false,
        only_files: false,
    };
    assert_eq!(
        shown(&[25, 1, 0], answer),
        "[Server] 2026-11-23\n[23:30] [Alice] hi\n[Server] 2026-11-24\n[23:30] [Alice] hi\n\
         [Server] 2026-11-25\n[00:30] [Alice] hi\n[Server] That is 3 of #lobby.\n"
    );
    assert_eq!(
        shown(&[0, 0], Part::First),
        "[Server] Earlier:\n[00:30] [Alice] hi\n[00:30] [Alice] hi\n",
        "of today"
    );
    assert_eq!(
        shown(&[2], Part::First),
        "[Server] Earlier:\n[Server] 2026-11-24\n[22:30] [Alice] hi\n"
    );
    // The part after it goes on with that day, or says that it is another.
    let next = |hours| Part::Next {
        after_ms: at(hours).unix_ms,
    };
    assert_eq!(shown(&[1], next(2)), "[23:30] [Alice] hi\n");
    assert_eq!(
        shown(&[0], next(1)),
        "[Server] 2026-11-25\n[00:30] [Alice] hi\n"
    );
    // Times may fall.
    assert_eq!(
        shown(&[0, 1, 0], next(0)),
        "[00:30] [Alice] hi\n[Server] 2026-11-24\n[23:30] [Alice] hi\n\
         [Server] 2026-11-25\n[00:30] [Alice] hi\n"
    );
}

#[test]
fn crowds_are_counted_with_commas() {
    let shown = |joined, left, members, here| {
        let event = Event::Presence {
            room: RoomName::parse("rust").expect("a room name"),
            joined,
            left,
            members,
        };
        rendered(&event, &View { here, ..view() })
    };
    assert_eq!(
        shown(37, 4, 2041, true),
        "[Server] 37 joined, 4 left, 2,041 here\n"
    );
    assert_eq!(
        shown(1000, 0, 999, true),
        "[Server] 1,000 joined, 0 left, 999 here\n"
    );
    assert_eq!(
        shown(0, 1, 1_000_007, false),
        "[Server] In #rust: 0 joined, 1 left, 1,000,007 here\n"
    );
}

#[test]
fn refusals_byte_by_byte() {
    let joining = View {
        stage: Stage::Joining,
        ..view()
    };
    assert_eq!(
        rendered(&Event::Error(ErrorCode::NickTaken), &joining),
        "[Server] That name is taken. Enter your name: "
    );
    assert_eq!(
        rendered(&Event::Error(ErrorCode::BadNick), &joining),
        "[Server] A name is 1 to 20 letters, digits, _ - or . Enter your name: "
    );
    assert_eq!(
        rendered(
            &Event::Error(ErrorCode::UnknownCommand("/foo\x1b".into())),
            &view()
        ),
        "[Server] Unknown command /foo. Try /help.\n"
    );
    assert!(rendered(&Event::Error(ErrorCode::JoinTimeout(30)), &joining).ends_with("\n"));
}

#[test]
fn of_a_crowd_the_first_are_named_and_the_others_counted() {
    let nicks = ["a", "b"].map(|name| Nick::parse(name).expect("a nick"));
    let users = Roster {
        nicks: nicks.into(),
        rest: 9_500,
        members: 9_502,
    };
    let joined = view();
    assert_eq!(
        rendered(
            &Event::Listing {
                users: users.clone()
            },
            &joined
        ),
        "Current clients: a, b … and 9,500 more\n"
    );
    let room = RoomName::parse("rust").expect("a room name");
    assert_eq!(
        rendered(&Event::Members { room, users }, &joined),
        "[Server] In #rust: a, b … and 9,500 more\n"
    );
}
