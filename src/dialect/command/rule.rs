//! What moderators and operators ask.

use crate::model::{CodeChange, ErrorCode, ModeChange, Request};

use super::super::words::{after_first, on_or_off, one, rest, second, seconds};
use super::{
    CommandRank::{Moderator, Operator},
    CommandRow, room, row,
};

pub(super) const COMMANDS: [CommandRow; 23] = [
    row(
        Moderator,
        &["kick"],
        "/kick NAME [REASON]",
        "put somebody out",
        |words| {
            let reason = after_first(words).map(Into::into);
            Some(Ok(Request::Kick {
                room: None,
                name: one(words)?.into(),
                reason,
            }))
        },
    ),
    row(
        Moderator,
        &["mute"],
        "/mute NAME [TIME]",
        "let somebody say nothing",
        |words| {
            let name = one(words)?.into();
            match second(words).map(seconds) {
                Some(None) => None,
                time => Some(Ok(Request::Mute {
                    room: None,
                    name,
                    seconds: time.flatten(),
                })),
            }
        },
    ),
    row(
        Moderator,
        &["unmute"],
        "/unmute NAME",
        "let somebody speak again",
        |words| {
            Some(Ok(Request::Unmute {
                room: None,
                name: one(words)?.into(),
            }))
        },
    ),
    row(
        Moderator,
        &["topiclock"],
        "/topiclock on|off",
        "only you set the topic",
        |words| {
            let on = on_or_off(one(words)?)?;
            Some(Ok(Request::Mode {
                room: None,
                change: ModeChange::TopicLock(on),
            }))
        },
    ),
    row(
        Moderator,
        &["inviteonly"],
        "/inviteonly on|off",
        "only the invited enter",
        |words| {
            let on = on_or_off(one(words)?)?;
            Some(Ok(Request::Mode {
                room: None,
                change: ModeChange::InviteOnly(on),
            }))
        },
    ),
    row(
        Moderator,
        &["invite"],
        "/invite NAME",
        "let somebody in",
        |words| {
            Some(Ok(Request::Invite {
                room: None,
                name: one(words)?.into(),
            }))
        },
    ),
    row(
        Moderator,
        &["key"],
        "/key [KEY]",
        "one needs the key to enter; or needs none",
        |words| {
            let key = one(words).map(Into::into);
            Some(Ok(Request::Mode {
                room: None,
                change: ModeChange::Key(key),
            }))
        },
    ),
    row(
        Moderator,
        &["mod"],
        "/mod NAME",
        "let an account moderate the room, which is yours",
        |words| appoint(words, true),
    ),
    row(
        Moderator,
        &["unmod"],
        "/unmod NAME",
        "let it moderate no more",
        |words| appoint(words, false),
    ),
    row(
        Operator,
        &["ban"],
        "/ban MASK [TIME] [REASON]",
        "keep a name or address out",
        |words| {
            let mask = one(words)?.into();
            let seconds = second(words).and_then(seconds);
            let reason = match seconds {
                Some(_) => after_first(words).and_then(after_first),
                None => after_first(words),
            };
            Some(Ok(Request::Ban {
                mask,
                seconds,
                reason: reason.map(Into::into),
            }))
        },
    ),
    row(
        Operator,
        &["unban"],
        "/unban MASK",
        "let it in again",
        |words| {
            Some(Ok(Request::Unban {
                mask: one(words)?.into(),
            }))
        },
    ),
    row(Operator, &["bans"], "/bans", "who is kept out", |_| {
        Some(Ok(Request::Bans))
    }),
    row(
        Operator,
        &["rename"],
        "/rename OLD NEW",
        "give somebody another name",
        |words| {
            let (from, to) = (one(words)?.into(), second(words)?.into());
            Some(Ok(Request::Rename { from, to }))
        },
    ),
    row(
        Operator,
        &["announce"],
        "/announce TEXT",
        "speak to all as the server",
        |words| {
            Some(Ok(Request::Announce {
                text: rest(words)?.into(),
            }))
        },
    ),
    row(
        Operator,
        &["close"],
        "/close ROOM",
        "put everyone out of a room",
        |words| Some(room(one(words)?).map(|room| Request::CloseRoom { room })),
    ),
    row(
        Operator,
        &["lock"],
        "/lock ROOM",
        "let nobody enter a room",
        |words| Some(room(one(words)?).map(|room| Request::LockRoom { room, locked: true })),
    ),
    row(
        Operator,
        &["unlock"],
        "/unlock ROOM",
        "let them enter again",
        |words| {
            Some(room(one(words)?).map(|room| Request::LockRoom {
                room,
                locked: false,
            }))
        },
    ),
    row(
        Operator,
        &["clients"],
        "/clients",
        "who is connected, with addresses",
        |_| Some(Ok(Request::Clients)),
    ),
    row(
        Operator,
        &["stats"],
        "/stats",
        "how the server does",
        |_| Some(Ok(Request::Stats)),
    ),
    row(
        Operator,
        &["nodes"],
        "/nodes",
        "which servers are in the cluster",
        |_| Some(Ok(Request::Nodes)),
    ),
    row(
        Operator,
        &["drain"],
        "/drain NODE",
        "tell the users of a server of the cluster to go elsewhere",
        |words| {
            Some(Ok(Request::Drain {
                node: one(words)?.into(),
            }))
        },
    ),
    row(
        Operator,
        &["shutdown"],
        "/shutdown [SECONDS]",
        "stop the server",
        |words| {
            let seconds = one(words).map_or(Some(0), |seconds| seconds.parse().ok())?;
            Some(Ok(Request::Shutdown { seconds }))
        },
    ),
    row(
        Operator,
        &["invitecode"],
        "/invitecode new [N] [TIME] | drop CODE | list",
        "let N people, or one, register with a code, or no more",
        |words| {
            let change = match one(words)?.to_ascii_lowercase().as_str() {
                "new" => new_code(after_first(words).unwrap_or_default())?,
                "drop" => CodeChange::Drop(second(words)?.into()),
                "list" => CodeChange::List,
                _ => return None,
            };
            Some(Ok(Request::InviteCode(change)))
        },
    ),
];

/// How many may use it, and for how long, in this order; either may be left out.
fn new_code(words: &str) -> Option<CodeChange> {
    let mut words = words.split_whitespace().peekable();
    let uses = words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let uses = uses.map_or(Some(1), |uses| uses.parse().ok().filter(|&uses| uses > 0))?;
    let seconds = match words.next() {
        Some(time) => Some(seconds(time)?),
        None => None,
    };
    words
        .next()
        .is_none()
        .then_some(CodeChange::New { uses, seconds })
}

fn appoint(words: &str, moderates: bool) -> Option<Result<Request, ErrorCode>> {
    Some(Ok(Request::Appoint {
        room: None,
        name: one(words)?.into(),
        moderates,
    }))
}
