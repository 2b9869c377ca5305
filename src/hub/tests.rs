mod crowds;
mod shown;

use super::*;
use crate::chat::LOBBY;
use crate::limits::{IGNORED_MAX, NOTE_BYTES_MAX, ROOM_LIST_MAX, ROOMS_PER_SESSION_MAX};
use crate::model::{Departure, EnterMode, MembersPage, Nick, RoomName, Roster};

fn id(slot: u32) -> ConnId {
    ConnId {
        slot,
        generation: 1,
    }
}

fn hub() -> Hub {
    hub_with_limit(250)
}

fn hub_with_limit(presence_limit: usize) -> Hub {
    let rules = Rules {
        message_bytes_max: 100,
        presence_limit,
        addresses: Addresses::All,
        oper_password: Some(crate::model::Secret::new("x")),
        ..Rules::default()
    };
    Hub::new(rules, Settings::default())
}

fn ask(hub: &mut Hub, slot: u32, request: Request) -> Vec<Effect> {
    hub.handle_request(id(slot), Peer::Unix(slot), request, None, Moment::default());
    drain(hub)
}

fn drain(hub: &mut Hub) -> Vec<Effect> {
    let effects = std::iter::from_fn(|| hub.poll_effect());
    effects
        .filter(|effect| !matches!(effect, Effect::Log(_) | Effect::Came { .. }))
        .collect()
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room name")
}

fn join(hub: &mut Hub, slot: u32, name: &str) -> Vec<Effect> {
    let (nick, wants_users) = (nick(name), false);
    ask(hub, slot, Request::join(nick, wants_users))
}

fn refused(effects: &[Effect]) -> &ErrorCode {
    match effects {
        [
            Effect::Answer {
                event: Event::Error(code),
                ..
            },
        ] => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_is_unique_case_folded_and_free_when_its_owner_left() {
    let mut hub = hub();
    join(&mut hub, 1, "Alice");
    assert_eq!(refused(&join(&mut hub, 2, "aLICE")), &ErrorCode::NickTaken);
    assert_eq!(
        refused(&join(&mut hub, 1, "Bob")),
        &ErrorCode::AlreadyJoined
    );
    hub.handle_leave(id(1), Moment::default());
    drain(&mut hub);
    assert_eq!(hub.online(), 0);
    assert_eq!(join(&mut hub, 2, "aLICE").len(), 2);
}

#[test]
fn unnamed_users_get_a_free_name_of_their_form() {
    let mut hub = hub();
    join(&mut hub, 1, "ANON-7");
    ask(&mut hub, 7, Request::JoinUnnamed);
    assert_eq!(
        hub.user(id(7)).map(|s| s.nick().to_string()).as_deref(),
        Some("anon-8")
    );
}

#[test]
fn a_message_at_the_limit_and_one_past_it() {
    let mut hub = hub();
    join(&mut hub, 1, "a");
    let say = |len| Request::Say {
        room: None,
        text: "x".repeat(len),
    };
    assert_eq!(ask(&mut hub, 1, say(100)).len(), 2);
    assert_eq!(
        refused(&ask(&mut hub, 1, say(101))),
        &ErrorCode::MessageTooLong(100)
    );
}

#[test]
fn nothing_is_asked_before_the_join() {
    let mut hub = hub();
    assert_eq!(
        refused(&ask(&mut hub, 1, Request::Ping)),
        &ErrorCode::NotJoined
    );
}

#[test]
fn a_room_ends_with_its_last_member_and_leaving_the_last_room_leads_to_the_lobby() {
    let mut hub = hub();
    join(&mut hub, 1, "a");
    ask(
        &mut hub,
        1,
        Request::Enter {
            room: room("Rust"),
            entry: EnterMode::Focus,
            key: None,
            resume: None,
            replay: None,
        },
    );
    ask(
        &mut hub,
        1,
        Request::Leave {
            room: Some(room("lobby")),
        },
    );
    let effects = ask(&mut hub, 1, Request::Leave { room: None });
    assert_eq!(
        effects[1],
        Effect::Answer {
            to: id(1),
            id: None,
            event: Event::LeftRoom {
                room: room("Rust"),
                now_in: RoomName::lobby()
            }
        }
    );
    let show = Request::Members {
        room: Some(room("rust")),
        page: MembersPage::default(),
    };
    assert_eq!(
        refused(&ask(&mut hub, 1, show)),
        &ErrorCode::NoRoomToShow(room("rust"))
    );
}

#[test]
fn twenty_rooms_and_no_more() {
    let mut hub = hub();
    join(&mut hub, 1, "a");
    let enter = |n: usize| Request::Enter {
        room: room(&format!("r{n}")),
        resume: None,
        replay: None,
        entry: EnterMode::Create,
        key: None,
    };
    for n in 1..ROOMS_PER_SESSION_MAX {
        assert!(matches!(
            ask(&mut hub, 1, enter(n))[0],
            Effect::Answer {
                event: Event::EnteredRoom { created: true, .. },
                ..
            }
        ));
    }
    let one_more = ask(&mut hub, 1, enter(ROOMS_PER_SESSION_MAX));
    assert_eq!(refused(&one_more), &ErrorCode::TooManyRooms);
}

#[test]
fn who_shares_several_rooms_is_told_once_of_a_leave() {
    let mut hub = hub();
    for (slot, name) in [(1, "a"), (2, "b")] {
        join(&mut hub, slot, name);
        ask(
            &mut hub,
            slot,
            Request::Enter {
                room: room("r"),
                entry: EnterMode::Focus,
                key: None,
                resume: None,
                replay: None,
            },
        );
    }
    hub.handle_leave(id(1), Moment::default());
    let gone = Effect::Gone {
        who: id(1),
        nick: nick("a"),
    };
    let audience = Audience::Each(vec![Reader {
        id: id(2),
        here: false,
    }]);
    let told = Effect::Broadcast {
        audience,
        event: Event::Left {
            nick: nick("a"),
            why: Departure::Quit(None),
        },
    };
    assert_eq!(drain(&mut hub), [gone, told]);
}

#[test]
fn a_mute_follows_its_name() {
    let mut hub = hub();
    for (slot, name) in [(1, "a"), (2, "b")] {
        join(&mut hub, slot, name);
        let entry = EnterMode::Focus;
        let room = room("r");
        ask(
            &mut hub,
            slot,
            Request::Enter {
                room,
                entry,
                key: None,
                resume: None,
                replay: None,
            },
        );
    }
    let name = "b".into();
    ask(
        &mut hub,
        1,
        Request::Mute {
            room: None,
            name,
            seconds: None,
        },
    );
    ask(&mut hub, 2, Request::Nick { nick: nick("c") });
    let say = Request::Say {
        room: None,
        text: "x".into(),
    };
    assert_eq!(refused(&ask(&mut hub, 2, say)), &ErrorCode::Muted);
}

#[test]
fn a_note_at_the_limit_and_one_past_it() {
    let mut hub = hub();
    join(&mut hub, 1, "a");
    let away = |len| Request::Away {
        text: Some("x".repeat(len)),
    };
    assert!(matches!(
        ask(&mut hub, 1, away(NOTE_BYTES_MAX))[..],
        [Effect::Answer {
            event: Event::Done { .. },
            ..
        }]
    ));
    let one_more = ask(&mut hub, 1, away(NOTE_BYTES_MAX + 1));
    assert_eq!(
        refused(&one_more),
        &ErrorCode::MessageTooLong(NOTE_BYTES_MAX)
    );
}

#[test]
fn as_many_may_be_ignored_and_no_more() {
    let mut hub = hub();
    let crowd = IGNORED_MAX as u32 + 1;
    for slot in 0..=crowd {
        join(&mut hub, slot, &format!("n{slot}"));
    }
    let ignore = |slot: u32| Request::Ignore {
        name: format!("n{slot}"),
    };
    for slot in 1..crowd {
        let answer = ask(&mut hub, 0, ignore(slot));
        assert!(matches!(
            answer[0],
            Effect::Answer {
                event: Event::Done { .. },
                ..
            }
        ));
    }
    let one_more = ask(&mut hub, 0, ignore(crowd));
    assert_eq!(refused(&one_more), &ErrorCode::TooManyIgnored);
}

#[test]
fn as_many_may_be_invited_and_no_more() {
    let mut hub = hub();
    let crowd = ROOM_LIST_MAX as u32 + 1;
    for slot in 0..=crowd {
        join(&mut hub, slot, &format!("n{slot}"));
    }
    let (entry, key) = (EnterMode::Focus, None);
    let enter = Request::Enter {
        room: room("r"),
        entry,
        key,
        resume: None,
        replay: None,
    };
    ask(&mut hub, 0, enter.clone());
    let invite = |slot: u32| Request::Invite {
        room: None,
        name: format!("n{slot}"),
    };
    for slot in 1..crowd {
        assert_eq!(ask(&mut hub, 0, invite(slot)).len(), 2);
    }
    assert_eq!(
        refused(&ask(&mut hub, 0, invite(crowd))),
        &ErrorCode::TooManyBans
    );
    // Who came in has used the invitation up.
    ask(&mut hub, 1, enter);
    assert_eq!(ask(&mut hub, 0, invite(crowd)).len(), 2);
}

#[test]
fn a_message_is_for_the_room_but_those_in_it_who_ignore_its_author() {
    let mut hub = hub();
    for (slot, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        join(&mut hub, slot, name);
    }
    let ignore = |name: &str| Request::Ignore { name: name.into() };
    for slot in [4, 2, 3] {
        ask(&mut hub, slot, ignore("A"));
    }
    let (entry, key) = (EnterMode::Focus, None);
    let room = room("r");
    ask(
        &mut hub,
        3,
        Request::Enter {
            room,
            entry,
            key,
            resume: None,
            replay: None,
        },
    );
    let room = Some(RoomName::lobby());
    ask(&mut hub, 3, Request::Leave { room });
    let mut ignorers_of = |slot| {
        let (room, text) = (None, "hi".into());
        match ask(&mut hub, slot, Request::Say { room, text }).remove(0) {
            Effect::Broadcast {
                audience: Audience::Room { ignorers, .. },
                ..
            } => ignorers,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ignorers_of(1), [id(2), id(4)]);
    assert_eq!(ignorers_of(2), []);
}

#[test]
fn who_is_there_is_counted_up_only_for_who_wants_it() {
    let mut hub = hub();
    join(&mut hub, 1, "a");
    let mut users = |slot, name: &str, wants_users| {
        let nick = nick(name);
        match ask(&mut hub, slot, Request::join(nick, wants_users)).remove(0) {
            Effect::Answer {
                event: Event::Welcome { users, .. },
                ..
            } => users,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(users(2, "b", false), Roster::default());
    assert_eq!(
        users(3, "c", true),
        Roster::of(vec![nick("a"), nick("b"), nick("c")])
    );
}

#[test]
fn who_posts_speaks_without_a_session_and_under_nobody_elses_name() {
    let mut hub = hub();
    for (slot, name) in [(1, "a"), (2, "b")] {
        join(&mut hub, slot, name);
    }
    let mut post = |name: &str, room_name: &str, text: &str| {
        let (peer, nick, room) = ((id(9), Peer::Unix(9)), nick(name), room(room_name));
        hub.handle_post(peer, nick, false, room, text.into(), Moment::default())
            .map(|_| drain(&mut hub))
    };
    let said = post("bot", "LOBBY", "hi").expect("a good post");
    let [Effect::Broadcast { audience, event }] = &said[..] else {
        panic!("{said:?}")
    };
    assert!(matches!(
        audience,
        Audience::Room {
            room: LOBBY,
            except: None,
            ..
        }
    ));
    assert!(matches!(event, Event::Said { room, .. } if room.as_str() == "lobby"));
    for (name, room_name, text, code) in [
        ("A", "lobby", "hi", ErrorCode::NickTaken),
        ("Server", "lobby", "hi", ErrorCode::NickTaken),
        ("bot", "r", "hi", ErrorCode::NoRoomToShow(room("r"))),
        (
            "bot",
            "lobby",
            &"x".repeat(101),
            ErrorCode::MessageTooLong(100),
        ),
    ] {
        assert_eq!(post(name, room_name, text), Err(code));
    }
    assert_eq!(
        hub.users_in(&room("lobby"), &MembersPage::default()),
        Ok(Roster::of(vec![nick("a"), nick("b")]))
    );
    let gone = ErrorCode::NoRoomToShow(room("r"));
    assert_eq!(hub.users_in(&room("r"), &MembersPage::default()), Err(gone));
}

#[test]
fn who_is_muted_in_a_room_does_not_post_there_either() {
    let mut hub = hub();
    for (slot, name) in [(1, "moderator"), (2, "b")] {
        join(&mut hub, slot, name);
        let (room, entry, key) = (room("r"), EnterMode::Focus, None);
        ask(
            &mut hub,
            slot,
            Request::Enter {
                room,
                entry,
                key,
                resume: None,
                replay: None,
            },
        );
    }
    let mute = Request::Mute {
        room: Some(room("r")),
        name: "b".into(),
        seconds: None,
    };
    ask(&mut hub, 1, mute);
    hub.handle_leave(id(2), Moment::default());
    let mut post = |name: &str, room_name: &str| {
        let (peer, nick, room) = ((id(9), Peer::Unix(9)), nick(name), room(room_name));
        hub.handle_post(peer, nick, false, room, "hi".into(), Moment::default())
    };
    assert_eq!(post("B", "r"), Err(ErrorCode::Muted));
    assert!(post("b", "lobby").is_ok());
    assert!(post("c", "r").is_ok());
}
