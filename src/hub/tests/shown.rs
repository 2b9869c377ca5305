//! Whom a mute holds for, and what is shown to whom.

use super::*;
use crate::model::{MembersPage, ModeChange, RoomsFrom, WhoisEntry};

const OPER: &str = "x";

/// A chat of users at addresses of their own.
struct ShownWorld(Hub);

impl ShownWorld {
    fn new(addresses: Addresses) -> ShownWorld {
        let rules = Rules {
            addresses,
            oper_password: Some(crate::model::Secret::new(OPER)),
            ..Rules::default()
        };
        ShownWorld(Hub::new(rules, Settings::default()))
    }

    fn at(&mut self, ip: [u8; 4], slot: u32, request: Request) -> Vec<Effect> {
        let peer = Peer::Ip {
            ip: ip.into(),
            port: 4000,
        };
        self.0
            .handle_request(id(slot), peer, request, None, Moment::default());
        drain(&mut self.0)
    }

    fn ask(&mut self, slot: u32, request: Request) -> Vec<Effect> {
        self.at([192, 0, 2, slot as u8], slot, request)
    }

    fn join(&mut self, slot: u32, name: &str) {
        self.ask(slot, Request::join(nick(name), false));
    }

    fn enter(&mut self, slot: u32, name: &str) {
        let (room, entry, key) = (room(name), EnterMode::Focus, None);
        let resume = None;
        let replay = None;
        let request = Request::Enter {
            room,
            entry,
            key,
            resume,
            replay,
        };
        self.ask(slot, request);
    }

    fn leave(&mut self, slot: u32, name: &str) {
        let room = Some(room(name));
        self.ask(slot, Request::Leave { room });
    }

    fn call(&mut self, slot: u32, name: &str) {
        self.ask(slot, Request::Nick { nick: nick(name) });
    }

    fn is_heard(&mut self, slot: u32, name: &str) -> bool {
        let request = Request::Say {
            room: Some(room(name)),
            text: "hi".into(),
        };
        let told = self.ask(slot, request);
        let is_muted = |effect: &Effect| {
            matches!(
                effect,
                Effect::Answer {
                    event: Event::Error(ErrorCode::Muted),
                    ..
                }
            )
        };
        assert!(!told.is_empty());
        !told.iter().any(is_muted)
    }

    fn whois(&mut self, slot: u32, name: &str) -> WhoisEntry {
        let told = self.ask(slot, Request::Whois { name: name.into() });
        match told.into_iter().next() {
            Some(Effect::Answer {
                event: Event::Whois(entry),
                ..
            }) => *entry,
            other => panic!("{other:?}"),
        }
    }
}

fn mute(room_name: Option<&str>, name: &str) -> Request {
    Request::Mute {
        room: room_name.map(room),
        name: name.into(),
        seconds: None,
    }
}

/// A moderator of `r`, and bob, whom it has muted there.
fn with_bob_muted() -> ShownWorld {
    let mut chat = ShownWorld::new(Addresses::OfDoors);
    for (slot, name) in [(1, "moderator"), (2, "bob")] {
        chat.join(slot, name);
        chat.enter(slot, "r");
    }
    chat.ask(1, mute(Some("r"), "bob"));
    chat
}

#[test]
fn a_room_mute_is_not_evaded_by_leaving_renaming_and_coming_back() {
    let mut chat = with_bob_muted();
    assert!(!chat.is_heard(2, "r"));
    for name in ["rob", "BOB", "tom"] {
        chat.leave(2, "r");
        chat.call(2, name);
        chat.enter(2, "r");
        assert!(!chat.is_heard(2, "r"), "{name}");
        assert!(chat.is_heard(2, "lobby"));
    }
    // Nor by coming again, under an old name, a new one, or one of one's own from the same address.
    chat.0.handle_leave(id(2), Moment::default());
    for (slot, name) in [(3, "bob"), (4, "tom")] {
        chat.join(slot, name);
        chat.enter(slot, "r");
        assert!(!chat.is_heard(slot, "r"), "{name}");
    }
    let bob_s = [192, 0, 2, 2];
    chat.at(bob_s, 5, Request::join(nick("another"), false));
    chat.enter(5, "r");
    assert!(!chat.is_heard(5, "r"));
    chat.join(6, "innocent");
    chat.enter(6, "r");
    assert!(chat.is_heard(6, "r"));
}

#[test]
fn whoever_is_unmuted_under_one_name_is_so_under_all() {
    let mut chat = with_bob_muted();
    chat.leave(2, "r");
    chat.call(2, "rob");
    chat.enter(2, "r");
    let unmute = Request::Unmute {
        room: Some(room("r")),
        name: "rob".into(),
    };
    chat.ask(1, unmute);
    assert!(chat.is_heard(2, "r"));
    chat.call(2, "bob");
    assert!(chat.is_heard(2, "r"));
}

/// Others at the same address go on, where they are there already.
#[test]
fn a_mute_is_not_of_those_who_are_there_from_the_same_address() {
    let mut chat = ShownWorld::new(Addresses::OfDoors);
    chat.join(1, "op");
    let password = crate::model::Secret::new(OPER);
    chat.ask(1, Request::Oper { password });
    for (slot, name) in [(2, "bob"), (3, "sister")] {
        chat.at([192, 0, 2, 9], slot, Request::join(nick(name), false));
    }
    chat.ask(1, mute(None, "bob"));
    assert!(!chat.is_heard(2, "lobby") && chat.is_heard(3, "lobby"));
    chat.at([192, 0, 2, 9], 4, Request::join(nick("again"), false));
    assert!(!chat.is_heard(4, "lobby"));
}

/// Loopback is many people behind a proxy.
#[test]
fn a_mute_is_not_of_loopback() {
    let mut chat = ShownWorld::new(Addresses::OfDoors);
    chat.join(1, "op");
    let password = crate::model::Secret::new(OPER);
    chat.ask(1, Request::Oper { password });
    chat.at([127, 0, 0, 1], 2, Request::join(nick("bob"), false));
    chat.ask(1, mute(None, "bob"));
    chat.at([127, 0, 0, 1], 3, Request::join(nick("other"), false));
    assert!(chat.is_heard(3, "lobby"));
}

/// A room that is closed to some has its members and its topic for itself; its name and its size are
/// told.
#[test]
fn what_is_in_closed_rooms_is_told_to_their_members() {
    let changes = [
        ModeChange::InviteOnly(true),
        ModeChange::Key(Some("sesame".into())),
    ];
    for change in changes {
        let mut chat = ShownWorld::new(Addresses::OfDoors);
        for (slot, name) in [(1, "owner"), (2, "member"), (3, "stranger"), (4, "op")] {
            chat.join(slot, name);
        }
        chat.enter(1, "r");
        chat.enter(2, "r");
        let text = Some("about secrets".into());
        chat.ask(1, Request::Topic { room: None, text });
        chat.ask(1, Request::Mode { room: None, change });
        let password = crate::model::Secret::new(OPER);
        chat.ask(4, Request::Oper { password });
        let members = || Request::Members {
            room: Some(room("r")),
            page: MembersPage::default(),
        };
        let refusal = ErrorCode::NotInRoom(room("r"));
        assert_eq!(refused(&chat.ask(3, members())), &refusal);
        assert_eq!(
            chat.0.users_in(&room("r"), &MembersPage::default()),
            Err(refusal)
        );
        let topic = |hub: &Hub, reader| {
            let (rooms, _) = hub
                .list_rooms(reader, &RoomsFrom::default())
                .expect("a list");
            let entry = rooms.into_iter().find(|entry| entry.name == room("r"));
            entry.map(|entry| (entry.members, entry.topic.is_some()))
        };
        for (reader, sees) in [(Some(id(3)), false), (None, false), (Some(id(2)), true)] {
            assert_eq!(topic(&chat.0, reader), Some((2, sees)), "{reader:?}");
        }
        assert_eq!(topic(&chat.0, Some(id(4))), Some((2, true)), "an operator");
        for slot in [2, 4] {
            let told = chat.ask(slot, members());
            let [Effect::Answer { event, .. }] = &told[..] else {
                panic!("{told:?}")
            };
            assert!(matches!(event, Event::Members { users, .. } if users.nicks.len() == 2));
            assert_eq!(chat.whois(slot, "owner").rooms.len(), 2);
        }
        assert_eq!(chat.whois(3, "owner").rooms, [RoomName::lobby()]);
    }
}

#[test]
fn an_address_is_told_to_operators_and_to_oneself() {
    for (addresses, others_see) in [
        (Addresses::OfDoors, false),
        (Addresses::None, false),
        (Addresses::All, true),
    ] {
        let mut chat = ShownWorld::new(addresses);
        for (slot, name) in [(1, "a"), (2, "b"), (3, "op")] {
            chat.join(slot, name);
        }
        let password = crate::model::Secret::new(OPER);
        chat.ask(3, Request::Oper { password });
        let sees = [1, 2, 3].map(|slot| chat.whois(slot, "b").peer.is_some());
        assert_eq!(sees, [others_see, true, true], "{addresses:?}");
    }
}

#[test]
fn those_at_doors_that_show_addresses_show_theirs() {
    let real = |slot: u32| Peer::Ip {
        ip: [192, 0, 2, slot as u8].into(),
        port: 4000,
    };
    let hidden = |slot: u32| Peer::Ip {
        ip: [0, 0, 0, 0].into(),
        port: slot as u16 + 1,
    };
    for (addresses, expected) in [
        (Addresses::OfDoors, [real(1), hidden(2)]),
        (Addresses::None, [hidden(1), hidden(2)]),
        (Addresses::All, [real(1), real(2)]),
    ] {
        let mut chat = ShownWorld::new(addresses);
        chat.0.handle_shown(id(1));
        for (slot, expected) in [(1, expected[0]), (2, expected[1])] {
            chat.join(slot, &format!("user{slot}"));
            for _ in 0..2 {
                let peer = chat.0.shown_peer(id(slot));
                assert_eq!(peer, expected, "{addresses:?}");
                chat.call(slot, "another");
            }
        }
    }
    assert_ne!(real(3).hidden(3999).number(), 4000, "not its port");
}

#[test]
fn the_list_of_rooms_is_told_by_pages() {
    let mut chat = ShownWorld::new(Addresses::OfDoors);
    let count = crate::limits::ROOMS_SHOWN_MAX as u32 + 20;
    for slot in 0..count {
        chat.join(slot, &format!("user{slot}"));
        chat.enter(slot, &format!("room{slot:03}"));
    }
    chat.enter(0, "room519");
    let list = |chat: &ShownWorld, from| {
        let (rooms, more) = chat.0.list_rooms(None, &from).expect("a page");
        let names: Vec<String> = rooms.iter().map(|it| it.name.to_string()).collect();
        (names, more)
    };
    let (first, more) = list(&chat, RoomsFrom::default());
    assert_eq!(first.len(), crate::limits::ROOMS_SHOWN_MAX);
    assert_eq!(first[..3], ["lobby", "room519", "room000"]);
    assert_eq!(more, Some(RoomsFrom::Page(2)));
    let (second, more) = list(&chat, RoomsFrom::Page(2));
    let after = RoomsFrom::After(room(first.last().expect("a room")));
    assert_eq!((list(&chat, after).0, more), (second.clone(), None));
    let mut all = [first, second].concat();
    assert_eq!(all.len(), count as usize + 1);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count as usize + 1, "each once");
    assert_eq!(list(&chat, RoomsFrom::Page(usize::MAX)), (vec![], None));
    let nowhere = chat.0.list_rooms(None, &RoomsFrom::After(room("none")));
    assert_eq!(nowhere, Err(ErrorCode::NoRoomToShow(room("none"))));
}

#[test]
fn anybody_reads_the_members_of_an_open_room_by_pages() {
    let mut chat = ShownWorld::new(Addresses::OfDoors);
    for (slot, name) in [(1, "a"), (2, "b"), (3, "c")] {
        chat.join(slot, name);
    }
    let lobby = RoomName::lobby();
    let behind = |name: &str| MembersPage {
        after: Some(name.into()),
        limit: None,
    };
    let rest = crate::model::Roster {
        nicks: vec![nick("b"), nick("c")],
        rest: 0,
        members: 3,
    };
    assert_eq!(chat.0.users_in(&lobby, &behind("A")), Ok(rest));
    let nobody = ErrorCode::NoSuchNick("d".into());
    assert_eq!(chat.0.users_in(&lobby, &behind("d")), Err(nobody));
}
