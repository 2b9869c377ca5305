use std::sync::Arc;

use super::super::oracle::{author, message, said, said_in, view};
use super::*;
use crate::model::{Departure, Part, PutOut, Roster};

fn rendered(event: &Event) -> String {
    let mut out = Vec::new();
    let now = Moment {
        unix_ms: 85_710_000,
        ..Moment::default()
    };
    render(event, &View { now, ..view() }, &mut out);
    assert!(out.len().is_multiple_of(1024), "whole reads");
    let shown = String::from_utf8(out).expect("UTF-8");
    let shown = shown.trim_end_matches('\0');
    assert!(!shown.contains('\0'), "{shown:?}");
    shown.into()
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

fn group() -> RoomName {
    RoomName::parse("g").expect("a room name")
}

#[test]
fn the_forms_byte_by_byte() {
    for (event, bytes) in [
        (
            Event::Joined { author: author() },
            "\x1b[96m[23:48:30] Client 127.0.0.1:44692 CONNECTED Name: Alice\x1b[0m",
        ),
        (
            said("Hello all"),
            "\x1b[93m[12:26:40] Alice >> \x1b[0mHello all",
        ),
        (
            Event::Left {
                nick: nick("alice"),
                why: Departure::Quit(None),
            },
            "\x1b[91m[23:48:30] alice DISCONNECTED\x1b[0m",
        ),
        (
            Event::Private {
                message: message("hi"),
            },
            "\x1b[95m[12:26:40] Alice PM >> \x1b[0mhi",
        ),
        (
            said_in(group(), "hi"),
            "\x1b[94m[12:26:40] GROUP(g) Alice >> \x1b[0mhi",
        ),
        (
            Event::Members {
                room: group(),
                users: Roster::of(vec![nick("alice"), nick("bob")]),
            },
            "\x1b[92mMembers of 'g':\x1b[0m- alice\n- bob\n",
        ),
        (
            Event::Kicked {
                nick: nick("alice"),
                why: PutOut::Kicked {
                    by: None,
                    reason: None,
                },
            },
            "\x1b[91mYou have been kicked by server.\n\x1b[0m",
        ),
        (
            Event::Announced {
                text: "text".into(),
            },
            "\x1b[92m[23:48:30] SERVER: text\x1b[0m",
        ),
        (
            Event::OperatorTold {
                text: "text".into(),
            },
            "\x1b[93m[23:48:30] SERVER [PM] >> \x1b[0mtext",
        ),
        (
            Event::Presence {
                room: RoomName::lobby(),
                joined: 37,
                left: 4,
                members: 2041,
            },
            "\x1b[96m[23:48:30] 37 joined, 4 left, 2,041 here\x1b[0m",
        ),
        (
            Event::Presence {
                room: group(),
                joined: 37,
                left: 4,
                members: 2041,
            },
            "",
        ),
        (
            Event::Shutdown,
            "\x1b[91m[23:48:30] SERVER: Server shutting down...\x1b[0m",
        ),
    ] {
        assert_eq!(rendered(&event), bytes);
    }
}

#[test]
fn answers_byte_by_byte() {
    let entered = |created| Event::EnteredRoom {
        room: group(),
        created,
        users: Roster::default(),
        topic: None,
    };
    let green = |text: &str| format!("\x1b[92m{text}\x1b[0m");
    assert_eq!(rendered(&entered(true)), green("Group g created"));
    assert_eq!(rendered(&entered(false)), green("Joined group g"));
    let left = Event::LeftRoom {
        room: group(),
        now_in: RoomName::lobby(),
    };
    assert_eq!(rendered(&left), green("Left group g"));
    for (code, line) in [
        (
            ErrorCode::NoSuchNick("nobody".into()),
            "Client nobody not found",
        ),
        (ErrorCode::RoomExists(group()), "Group g already exists"),
        (
            ErrorCode::AlreadyInRoom(group()),
            "You are already in group g",
        ),
        (ErrorCode::NoRoomToEnter(group()), "Group g not found"),
        (ErrorCode::NoRoomToShow(group()), "Group 'g' not found"),
        (ErrorCode::NotInRoom(group()), "You are not in group g"),
        (ErrorCode::UnknownCommand(":x".into()), "Invalid command"),
        (
            ErrorCode::Usage(":pm <target> <message>"),
            "Usage: :pm <target> <message>",
        ),
    ] {
        assert_eq!(
            rendered(&Event::Error(code)),
            format!("\x1b[91m{line}\x1b[0m")
        );
    }
}

#[test]
fn commands() {
    let joined = |line: &str| parse(line.as_bytes(), Stage::Joined);
    let refused = |line: &str| match joined(line) {
        Ask::Refused(code) => code.to_string(),
        other => panic!("{other:?}"),
    };
    let (room, text) = (group(), String::from("hi all"));
    assert_eq!(
        joined(":PM bob  hi all"),
        Ask::Request(Request::Private {
            to: "bob".into(),
            text: text.clone()
        })
    );
    assert_eq!(
        joined(":group send g hi all"),
        Ask::Request(Request::Say {
            room: Some(room.clone()),
            text
        })
    );
    assert_eq!(
        joined(":group create g"),
        Ask::Request(Request::Enter {
            room: room.clone(),
            entry: EnterMode::Create,
            key: None,
            resume: None,
            replay: None,
        })
    );
    assert_eq!(
        joined(":group join g "),
        Ask::Request(Request::Enter {
            room,
            entry: EnterMode::Existing,
            key: None,
            resume: None,
            replay: None,
        })
    );
    for line in [":)", ":-D", ": x", "::", ":"] {
        let text = line.into();
        assert_eq!(
            joined(line),
            Ask::Request(Request::Say { room: None, text })
        );
    }
    let create = |name: &str| {
        Ask::Request(Request::Enter {
            room: RoomName::parse(name).expect("a room name"),
            entry: EnterMode::Create,
            key: None,
            resume: None,
            replay: None,
        })
    };
    assert_eq!(joined(":group create two words"), create("two"));
    assert_eq!(
        joined("  :group CREATE  two  words "),
        joined("/group create two")
    );
    let room = RoomName::parse("two");
    assert_eq!(
        joined(":group leave two words"),
        Ask::Request(Request::Leave { room: room.clone() })
    );
    assert_eq!(
        joined(":group members two words"),
        Ask::Request(Request::Members {
            room,
            page: MembersPage::default()
        })
    );
    assert_eq!(
        joined(":group join two words more"),
        Ask::Request(Request::Enter {
            room: RoomName::parse("two").expect("a room name"),
            entry: EnterMode::Existing,
            key: Some("words".into()),
            resume: None,
            replay: None,
        })
    );
    for (line, text) in [
        ("/shrug", "/shrug"),
        ("//shrug", "//shrug"),
        ("//list", "/list"),
        ("//group", "/group"),
        ("/", "/"),
    ] {
        let text = text.into();
        assert_eq!(
            joined(line),
            Ask::Request(Request::Say { room: None, text })
        );
    }
    assert_eq!(joined(" /list"), Ask::Request(Request::List));
    for (line, usage) in [
        (":pm", ":pm <target> <message>"),
        (":pm bob ", ":pm <target> <message>"),
        (":group create", ":group create <group_name>"),
        (":group join", ":group join <group_name>"),
        (":group leave", ":group leave <group_name>"),
        (":group members ", ":group members <group_name>"),
        (":group send", ":group send <group_name> <message>"),
        (":group send g", ":group send <group_name> <message>"),
    ] {
        assert_eq!(refused(line), format!("Usage: {usage}"), "{line}");
    }
    for line in [":x", ":group", ":group dance g", ":pmx bob hi"] {
        assert!(refused(line).starts_with("Unknown command"), "{line}");
    }
}

#[test]
fn no_users_text_makes_the_client_drop_its_connection() {
    for text in [
        "SERVER: shutting down",
        "SERV\x1bER: shutting\0 down",
        "You have been kicked by server.",
        "SERVER:SERVER: shutting downshutting down",
    ] {
        let shown = rendered(&said(text));
        for (trap, _) in TRAPS {
            assert!(!shown.contains(trap), "{shown}");
        }
    }
    assert_eq!(
        rendered(&said("SERVER: up")),
        "\x1b[93m[12:26:40] Alice >> \x1b[0mSERVER : up"
    );
}

#[test]
fn what_was_said_before_byte_by_byte() {
    let acted = Message {
        manner: Manner::Acted,
        ..message("waves").as_ref().clone()
    };
    let history = |target, part| Event::History {
        target,
        messages: vec![message("SERVER: hi"), Arc::new(acted.clone())],
        part,
    };
    let lines = "\x1b[93m[12:26:40] Alice >> \x1b[0mSERVER : hi\n\
                 \x1b[93m[12:26:40] * Alice\x1b[0m waves\n";
    let lobby = Target::Room(RoomName::lobby());
    assert_eq!(rendered(&history(lobby.clone(), Part::First)), lines);
    assert_eq!(
        rendered(&history(lobby.clone(), Part::Next { after_ms: 0 })),
        lines
    );
    let answer = Part::Answer {
        has_more: true,
        newest: true,
        shows_ids: false,
        only_files: false,
    };
    assert_eq!(
        rendered(&history(lobby, answer)),
        format!("{lines}\x1b[92mThat is 2 of #lobby; /history before 7 for more.\x1b[0m")
    );
    let private = |nick| Event::History {
        target: Target::User(nick),
        messages: vec![message("psst")],
        part: Part::Next { after_ms: 0 },
    };
    assert_eq!(
        rendered(&private(nick("alice"))),
        "\x1b[95m[12:26:40] Alice PM >> \x1b[0mpsst\n"
    );
    assert_eq!(
        rendered(&private(nick("bob"))),
        "\x1b[95m[12:26:40] Alice PM bob >> \x1b[0mpsst\n"
    );
    let found = Event::Found {
        messages: vec![(group(), message("hi"))],
        has_more: false,
    };
    assert_eq!(
        rendered(&found),
        "\x1b[94m[12:26:40] GROUP(g) Alice >> \x1b[0mhi\n\x1b[92m1 found.\x1b[0m"
    );
}
