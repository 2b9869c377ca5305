//! What one case each shows.

use super::*;
use crate::limits::SCROLLBACK_MESSAGES;

/// A hub that keeps, with Alice, who speaks, and Bob in the lobby.
fn two(durability: Durability) -> World {
    let mut world = World::new(Some(durability), 20);
    for at in 0..2 {
        world.take(&Step::Join { at, resumes: false });
    }
    world
}

fn say_with_id(world: &mut World) -> Vec<Effect> {
    let request = Request::Say {
        room: None,
        text: "hi".into(),
    };
    let request_id = Some(RequestId("7".into()));
    let peer = Peer::Unix(0);
    world
        .hub
        .handle_request(id(0), peer, request, request_id, Moment::default());
    std::iter::from_fn(|| world.hub.poll_effect()).collect()
}

fn is_kept(effect: &Effect) -> bool {
    let answers_it = |request: &Option<RequestId>| *request == Some(RequestId("7".into()));
    matches!(effect, Effect::Answer { id, event: Event::Kept { .. }, .. } if answers_it(id))
}

fn is_told(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Broadcast {
            event: Event::Said { .. },
            ..
        }
    )
}

#[test]
fn an_answer_means_that_it_is_on_disk() {
    for durability in [Durability::Soon, Durability::Seen] {
        let mut world = two(durability);
        let effects = say_with_id(&mut world);
        assert!(matches!(effects[0], Effect::Keep(_)));
        assert_eq!(
            effects.iter().any(is_told),
            durability == Durability::Soon,
            "{effects:?}"
        );
        assert!(!effects.iter().any(is_kept));
        world.hub.handle_kept(MessageId(1), usize::MAX);
        let effects: Vec<Effect> = std::iter::from_fn(|| world.hub.poll_effect()).collect();
        assert_eq!(effects.iter().any(is_told), durability == Durability::Seen);
        assert!(effects.iter().any(is_kept));
    }
}

#[test]
fn what_could_not_be_taken_in_is_never_said_to_be_kept() {
    for (durability, wanted) in [
        (Durability::Soon, ErrorCode::NotKept),
        (Durability::Seen, ErrorCode::KeepingFailed),
    ] {
        let mut world = two(durability);
        world.hub.handle_room(false);
        let effects = say_with_id(&mut world);
        let is_seen = durability == Durability::Seen;
        let lost = if is_seen { None } else { Some(MessageId(1)) };
        assert_eq!(effects[0], Effect::Lost(lost));
        assert_eq!(effects.iter().any(is_told), !is_seen);
        let Some(Effect::Answer { id, event, .. }) = effects.last() else {
            panic!("{effects:?}");
        };
        assert_eq!(*id, Some(RequestId("7".into())));
        assert_eq!(*event, Event::Error(wanted));
        assert_eq!(world.hub.held.len(), 0);
    }
}

#[test]
fn a_room_made_anew_asks_for_nothing_that_was_closed_to_some() {
    let mut world = two(Durability::Soon);
    let room = RoomName::parse("den").expect("a room name");
    let enter = |entry| Request::Enter {
        room: room.clone(),
        entry,
        key: None,
        resume: None,
        replay: None,
    };
    world.hub.load(Kept {
        last_id: MessageId(6),
        ..Kept::default()
    });
    world.ask(0, enter(EnterMode::Create));
    world.take(&Step::Say { at: 0, count: 3 });
    world.take(&Step::Leave { at: 0 });
    world.disk.asked.clear();
    world.ask(1, enter(EnterMode::Create));
    let Some((_, Query::History { guarded_from, .. })) = world.disk.asked.pop_front() else {
        panic!("what was said before is on disk only");
    };
    assert_eq!(guarded_from, MessageId(10));
}

#[test]
fn a_disk_that_fails_holds_nobody_back() {
    let mut world = two(Durability::Soon);
    let room = RoomName::parse("den").expect("a room name");
    let (entry, key, resume) = (EnterMode::Create, None, None);
    world.hub.load(Kept {
        last_id: MessageId(3),
        ..Kept::default()
    });
    world.ask(
        0,
        Request::Enter {
            room,
            entry,
            key,
            resume,
            replay: None,
        },
    );
    let (ticket, _) = world.disk.asked.pop_front().expect("a question");
    world
        .hub
        .handle_found(ticket, Found::Failed, Moment::default());
    let effects: Vec<Effect> = std::iter::from_fn(|| world.hub.poll_effect()).collect();
    assert!(
        matches!(
            &effects[..],
            [Effect::Tell {
                event: Event::Notice(_),
                ..
            }]
        ),
        "{effects:?}"
    );
    assert!(world.hub.history.catching.is_empty());
}

#[test]
fn the_tails_together_are_bounded() {
    let mut world = two(Durability::Soon);
    world.hub.chat.rules_mut().durability = None;
    let window = Window {
        after: MessageId(0),
        before: MessageId::MAX,
        since_ms: 0,
        until_ms: u64::MAX,
        limit: usize::MAX,
        newest: true,
        has_events: false,
        only_files: false,
    };
    for _ in 0..SCROLLBACK_MESSAGES + 7 {
        world.take(&Step::Say { at: 0, count: 1 });
    }
    let scrollback = &world.hub.local.get(crate::chat::LOBBY).scrollback;
    assert_eq!(scrollback.after(window.after).count(), SCROLLBACK_MESSAGES);
    assert_eq!(scrollback.bytes(), world.hub.history.scrollback_bytes);
}

#[test]
fn what_is_on_disk_is_told_a_little_at_a_time_however_short_it_is() {
    let mut world = two(Durability::Seen);
    world.take(&Step::Say { at: 0, count: 10 });
    let last = world.hub.chat.last_id();
    let mut turns = 0;
    loop {
        world.hub.handle_kept(last, 2 * KEPT_BYTES);
        turns += 1;
        if !world.hub.has_more_kept() {
            break;
        }
    }
    // Each is told to the room and to who said it.
    assert!((7..=12).contains(&turns), "{turns}");
}

#[test]
fn who_comes_back_is_shown_what_was_kept_where_nothing_is_replayed() {
    let rules = Rules {
        durability: Some(Durability::Soon),
        replay: 0,
        ..Rules::default()
    };
    let mut hub = Hub::new(rules, Settings::default());
    hub.load(Kept {
        last_id: MessageId(9),
        scrollbacks: vec![KeptScrollback {
            room: RoomName::lobby(),
            messages: Vec::new(),
            has_more: true,
        }],
        ..Kept::default()
    });
    let scrollback = &hub.local.get(crate::chat::LOBBY).scrollback;
    assert!(scrollback.covers(MessageId(9)) && !scrollback.covers(MessageId(8)));
}

#[test]
fn that_a_message_is_deleted_is_answered_when_that_is_on_disk() {
    for durability in [Durability::Soon, Durability::Seen] {
        let mut world = two(durability);
        say_with_id(&mut world);
        let hub = &mut world.hub;
        hub.handle_kept(MessageId(1), usize::MAX);
        while hub.poll_effect().is_some() {}
        let request = Request::Delete {
            within: None,
            id: Some(MessageId(1)),
            reason: None,
        };
        let (peer, request_id) = (Peer::Unix(0), Some(RequestId("2".into())));
        hub.handle_request(id(0), peer, request, request_id, Moment::default());
        let is_answered = |hub: &mut Hub| {
            std::iter::from_fn(|| hub.poll_effect()).any(|effect| {
                matches!(
                    effect,
                    Effect::Answer {
                        id: Some(_),
                        event: Event::Deleted(_),
                        ..
                    }
                )
            })
        };
        assert!(!is_answered(hub) && hub.owes(id(0)));
        hub.handle_kept(hub.chat.last_id(), usize::MAX);
        assert!(is_answered(hub) && !hub.owes(id(0)));
    }
}

#[test]
fn who_posts_is_told_when_it_is_on_disk_or_that_it_is_not() {
    for durability in [Durability::Soon, Durability::Seen] {
        let mut world = two(durability);
        let poster = ConnId {
            slot: 99,
            generation: 0,
        };
        let post = |hub: &mut Hub| {
            let (peer, now) = (Peer::Unix(0), Moment::default());
            let nick = Nick::parse("post").expect("a nick");
            let said = hub.handle_post(
                (poster, peer),
                nick,
                false,
                RoomName::lobby(),
                "hi".into(),
                now,
            );
            hub.wait_for_post(poster, None);
            said.ok().flatten().expect("it is said").id
        };
        let answer = |hub: &mut Hub| {
            let effects = std::iter::from_fn(|| hub.poll_effect());
            effects.fold(None, |found, effect| match effect {
                Effect::Posted { to, failure, .. } if to == poster => Some(failure),
                _ => found,
            })
        };
        let hub = &mut world.hub;
        let id = post(hub);
        while hub.poll_effect().is_some() {}
        assert!(hub.owes(poster));
        hub.handle_kept(id, 1 << 20);
        assert_eq!((answer(hub), hub.owes(poster)), (Some(None), false));
        if durability == Durability::Soon {
            hub.handle_room(false);
            post(hub);
            assert_eq!(answer(hub), Some(Some(ErrorCode::NotKept)));
        }
        assert!(!hub.owes(poster) && hub.held.is_empty());
    }
}

#[test]
fn what_is_told_at_once_is_bounded_in_memory_too() {
    let mut world = World::new(None, 100);
    world.take(&Step::Join {
        at: 0,
        resumes: false,
    });
    world.hub.chat.rules_mut().message_bytes_max = usize::MAX;
    let text = "x".repeat(FOUND_BYTES_MAX / 3);
    for _ in 0..5 {
        let text = text.clone();
        world.ask(0, Request::Say { room: None, text });
    }
    world.take(&Step::Join {
        at: 1,
        resumes: false,
    });
    assert_eq!(world.readers[&1].told, [3, 4, 5].map(MessageId));
    let (room, with, range) = (None, None, Range::default());
    world.ask(1, Request::History { room, with, range });
    assert_eq!(world.readers[&1].told[3..], [3, 4, 5].map(MessageId));
}
