//! What is asked of the hub, as two bytes spell it.

use crate::model::{
    AboutMessage, Doing, EnterMode, Manner, MembersPage, MessageId, ModeChange, Nick, Range,
    Reaction, Request, RoomName, RoomsFrom, Secret, Target,
};

use super::accounts;

const NICKS: [&str; 6] = ["alice", "ALICE", "bob", "anon-3", "Ωmega", "server"];
const ROOMS: [&str; 5] = ["lobby", "Lobby", "rust", "RUST", "c"];
const MASKS: [&str; 5] = ["al*", "b?b", "10.0.0.0/8", "10.0.0.2", "::/0"];
/// The operators' password, and another.
pub(super) const PASSWORDS: [&str; 2] = ["secret", "guess"];

/// What is done next.
pub(crate) enum Operation {
    /// Something that was asked before is answered.
    Answer,
    /// Somebody asks for something.
    Ask(Request),
    /// A connection ends.
    Leave,
}

/// What is done, to or with which of all that have names.
pub(crate) fn operation(what: u8, which: usize) -> Operation {
    let number = what / 4;
    match what % 4 {
        0 => Operation::Answer,
        1 => Operation::Ask(accounts::request(number, which)),
        rest => match request(2 * number + rest - 2, which) {
            Some(request) => Operation::Ask(request),
            None => Operation::Leave,
        },
    }
}

/// A name that comes often.
pub(super) fn nick_of(which: usize) -> Nick {
    Nick::parse(NICKS[which % NICKS.len()]).expect("a nick")
}

/// A request, or `None` for the end of the connection.
fn request(number: u8, which: usize) -> Option<Request> {
    let name = NICKS[which % NICKS.len()].to_string();
    let nick = nick_of(which);
    let room = RoomName::parse(ROOMS[which % ROOMS.len()]).expect("a room name");
    let mask = MASKS[which % MASKS.len()].to_string();
    let text = "x".repeat(which % 20);
    let flag = which.is_multiple_of(2);
    let maybe_room = flag.then(|| room.clone());
    let maybe_text = flag.then(|| text.clone());
    let seconds = flag.then_some(which as u64);
    let key = (!which.is_multiple_of(3)).then(|| "key".to_string());
    Some(match number % 43 {
        0..=3 => Request::join(nick, flag),
        4 => Request::JoinUnnamed,
        5 => Request::Say {
            room: maybe_room,
            text,
        },
        6 => Request::Act {
            room: maybe_room,
            text,
        },
        7 => Request::Private { to: name, text },
        8 => Request::List,
        9 => Request::Members {
            room: maybe_room,
            page: MembersPage::default(),
        },
        10 => Request::Enter {
            room,
            entry: EnterMode::Create,
            key,
            resume: None,
            replay: None,
        },
        11 => Request::Enter {
            room,
            entry: EnterMode::Existing,
            key,
            resume: None,
            replay: None,
        },
        12..=14 => Request::Enter {
            room,
            entry: EnterMode::Focus,
            key,
            resume: None,
            replay: None,
        },
        15 => Request::Leave { room: maybe_room },
        16 => Request::Ping,
        17 => Request::Quit { words: maybe_text },
        18 => Request::Nick { nick },
        19 => Request::Rooms {
            from: match which.is_multiple_of(2) {
                true => RoomsFrom::After(room),
                false => RoomsFrom::Page(which),
            },
        },
        20 => Request::Topic {
            room: maybe_room,
            text: maybe_text,
        },
        21 => Request::Ignore { name },
        22 => Request::Unignore { name },
        23 => Request::Away { text: maybe_text },
        24 => Request::Whois { name },
        25 => Request::Oper {
            password: Secret::new(PASSWORDS[which % PASSWORDS.len()]),
        },
        26 => Request::Kick {
            room: None,
            name,
            reason: maybe_text,
        },
        27 => Request::Mute {
            room: maybe_room,
            name,
            seconds,
        },
        28 => Request::Unmute {
            room: maybe_room,
            name,
        },
        29 => Request::Mode {
            room: maybe_room,
            change: ModeChange::Key(key),
        },
        30 => Request::Mode {
            room: maybe_room,
            change: ModeChange::InviteOnly(flag),
        },
        31 => Request::Invite {
            room: maybe_room,
            name,
        },
        32 => Request::Ban {
            mask,
            seconds,
            reason: maybe_text,
        },
        33 => Request::Unban { mask },
        34 => Request::Bans,
        35 => Request::Rename {
            from: name,
            to: NICKS[which % 3].into(),
        },
        36 => Request::CloseRoom { room },
        37 => Request::LockRoom { room, locked: flag },
        38 => Request::Clients,
        39 => Request::Search {
            room: maybe_room,
            words: match which % 3 {
                0 => "xxx*".into(),
                _ => text,
            },
            range: range(which),
        },
        40 => Request::History {
            room: maybe_room,
            with: (!flag).then_some(nick),
            range: range(which),
        },
        41 => Request::About(Box::new(AboutMessage {
            within: maybe_room.map(Target::Room),
            id: (!which.is_multiple_of(5)).then_some(MessageId(which as u64 / 4)),
            what: match which % 3 {
                0 => Doing::Edit { text },
                1 => Doing::React {
                    reaction: Reaction::parse("+1").expect("a reaction"),
                    is_on: !which.is_multiple_of(4),
                },
                _ => Doing::Reply {
                    manner: Manner::Said,
                    text,
                },
            },
        })),
        _ => return None,
    })
}

/// Some of what was said.
fn range(which: usize) -> Range {
    Range {
        limit: which.is_multiple_of(4).then_some(which / 4),
        before: which.is_multiple_of(5).then_some(MessageId(which as u64)),
        after: which.is_multiple_of(7).then_some(MessageId(which as u64)),
        ..Range::default()
    }
}
