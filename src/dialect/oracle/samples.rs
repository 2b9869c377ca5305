//! The values that the tests of dialects share.

use std::sync::Arc;

use crate::model::{
    Absence, Amended, Amendment, Author, Deletion, Departure, ErrorCode, Event, Kick, Manner,
    Message, MessageId, Moment, Nick, Notice, Nowhere, Part, Peer, ReactedBy, Reaction, RoomName,
    SaidBy, Secret, Target, opening,
};

use super::super::{Stage, View};

/// A joined reader in the room of the event, at the beginning of 1970.
pub fn view() -> View<'static> {
    View {
        stage: Stage::Joined,
        own: false,
        here: true,
        id: None,
        now: Moment::default(),
        world: &Nowhere,
        source: None,
        links: None,
        form: 0,
    }
}

/// Alice at 127.0.0.1:44692.
pub fn author() -> Author {
    Author {
        nick: Nick::parse("Alice").expect("a nick"),
        peer: Peer::Ip {
            ip: [127, 0, 0, 1].into(),
            port: 44692,
        },
    }
}

/// Said by Alice in the lobby.
pub fn said(text: &str) -> Event {
    said_in(RoomName::lobby(), text)
}

/// Said by Alice in a room.
pub fn said_in(room: RoomName, text: &str) -> Event {
    let peer = author().peer;
    let message = message(text);
    Event::Said {
        peer,
        room,
        message,
    }
}

/// A message of Alice's, of 2020-09-13 12:26:40.125 UTC.
pub fn message(text: &str) -> Arc<Message> {
    Arc::new(Message {
        id: MessageId(7),
        unix_ms: 1_600_000_000_125,
        nick: author().nick,
        origin: SaidBy::Unknown,
        manner: Manner::Said,
        text: text.into(),
        tags: None,
        marks: None,
    })
}

/// Said in the lobby by Alice at another address.
pub fn said_from(peer: Peer, text: &str) -> Event {
    Event::Said {
        peer,
        room: RoomName::lobby(),
        message: message(text),
    }
}

/// Events with earlier messages.
pub const PAST_EVENTS: usize = 6;

/// One of the [`PAST_EVENTS`]: earlier messages with that text, as they are shown unasked and as answers.
///
/// # Panics
/// Where there is no such event.
pub fn past_event(which: usize, text: &str) -> Event {
    let acted = Message {
        id: MessageId(8),
        manner: Manner::Acted,
        ..message(text).as_ref().clone()
    };
    let messages = vec![message(text), Arc::new(acted)];
    let has_more = text.len().is_multiple_of(2);
    let answer = |newest| Part::Answer {
        has_more,
        newest,
        shows_ids: has_more,
        only_files: false,
    };
    let lobby = Target::Room(RoomName::lobby());
    let room = RoomName::parse("g").expect("a room name");
    let with = |name| Target::User(Nick::parse(name).expect("a nick"));
    let (target, part) = match which {
        0 => (lobby, Part::First),
        1 => (Target::Room(room), Part::Next { after_ms: 0 }),
        2 => (lobby, answer(true)),
        3 => (with("Alice"), Part::First),
        4 => (with("bob"), answer(false)),
        5 => {
            let found = messages.into_iter().map(|m| (room.clone(), m));
            return Event::Found {
                messages: found.collect(),
                has_more,
            };
        }
        _ => panic!("{which} of {PAST_EVENTS}"),
    };
    Event::History {
        target,
        messages,
        part,
    }
}

/// Events that carry a text.
pub(super) const EVENTS: usize = 20 + PAST_EVENTS;

/// One of the [`EVENTS`].
pub(super) fn event(which: usize, text: &str) -> Event {
    let room = RoomName::parse("g").expect("a room name");
    let text = || text.to_owned();
    match which {
        0 => said(&text()),
        1 => said_in(room, &text()),
        2 => Event::Private {
            message: message(&text()),
        },
        3 => Event::PrivateSent {
            to: author().nick,
            id: Some(MessageId(7)),
            text: text(),
            away: Some(Absence::Away(text())),
        },
        4 => Event::Said {
            peer: author().peer,
            room: RoomName::lobby(),
            message: Arc::new(Message {
                manner: Manner::Acted,
                ..message(&text()).as_ref().clone()
            }),
        },
        5 => Event::Left {
            nick: author().nick,
            why: Departure::Quit(Some(text())),
        },
        6 => Event::Topic {
            room: RoomName::lobby(),
            topic: Some(text()),
            by: Some(author().nick),
            set: None,
            id: Some(MessageId(7)),
        },
        7 => Event::Presence {
            room,
            joined: text().len() as u32,
            left: 1,
            members: text().len() * 1000,
        },
        8 => Event::Notice(Notice::PutOut {
            room,
            kick: Kick {
                by: author().nick,
                reason: Some(text()),
                id: MessageId(7),
            },
        }),
        9 => Event::Announced { text: text() },
        10 => Event::OperatorTold { text: text() },
        11 => Event::Error(ErrorCode::UnknownCommand(text())),
        12 => Event::Error(ErrorCode::UnknownType(text())),
        13 => Event::Error(ErrorCode::NoSuchNick(text())),
        14 => Event::Error(ErrorCode::NoSuchAccount(text())),
        15 => Event::Kept {
            id: MessageId(7),
            room,
        },
        16 => Event::Token {
            bot: author().nick,
            token: Secret::new(text()),
        },
        17 => Event::Deleted(Box::new(Deletion {
            target: Target::Room(room),
            id: MessageId(7),
            author: author().nick,
            by: Some(author().nick),
            is_own: true,
            reason: Some(text()),
        })),
        18 => Event::Amended(Box::new(amended(
            Target::Room(room),
            Amendment::Edited(text()),
            &text(),
        ))),
        19 => {
            let by = ReactedBy {
                origin: SaidBy::Unknown,
                nick: author().nick,
            };
            let reaction = Reaction::parse("+1").expect("a reaction");
            let is_on = text().len().is_multiple_of(2);
            let amendment = Amendment::Reacted {
                reaction,
                by,
                is_on,
            };
            let target = Target::User(author().nick);
            Event::Amended(Box::new(amended(target, amendment, &text())))
        }
        past => past_event(past - 20, &text()),
    }
}

fn amended(target: Target, amendment: Amendment, text: &str) -> Amended {
    Amended {
        target,
        id: MessageId(7),
        author: author().nick,
        opening: opening(text),
        by: author().nick,
        peer: author().peer,
        unix_ms: view().now.unix_ms,
        amendment,
    }
}
