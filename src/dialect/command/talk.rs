//! What everybody asks: who is where, and what is said.

use crate::model::{EnterMode, ErrorCode, MembersPage, Nick, Request, RoomsFrom, Secret};

use super::super::words::{one, rest, second, two};
use super::{CommandRank::User, CommandRow, maybe_room, room, row};

pub(super) const COMMANDS: [CommandRow; 18] = [
    row(
        User,
        &["help"],
        "/help [COMMAND|all]",
        "what is needed first, one command, or all",
        |words| {
            Some(Ok(Request::Help {
                command: one(words).map(Into::into),
            }))
        },
    ),
    row(
        User,
        &["nick"],
        "/nick NAME",
        "go by another name",
        |words| {
            let nick = Nick::parse(rest(words)?.trim_end()).ok_or(ErrorCode::BadNick);
            Some(nick.map(|nick| Request::Nick { nick }))
        },
    ),
    row(
        User,
        &["pm", "msg"],
        "/pm NAME TEXT",
        "a message for one person",
        |words| {
            let (to, text) = two(words)?;
            Some(Ok(Request::Private {
                to: to.into(),
                text: text.into(),
            }))
        },
    ),
    row(User, &["me"], "/me TEXT", "do something", |words| {
        Some(Ok(Request::Act {
            room: None,
            text: rest(words)?.into(),
        }))
    }),
    row(
        User,
        &["rooms"],
        "/rooms [PAGE|#ROOM]",
        "the rooms, the largest first; those behind one",
        |words| {
            let from = match one(words) {
                None => Ok(RoomsFrom::default()),
                Some(word) => match word.parse() {
                    Ok(0) => return None,
                    Ok(page) => Ok(RoomsFrom::Page(page)),
                    Err(_) => room(word).map(RoomsFrom::After),
                },
            };
            Some(from.map(|from| Request::Rooms { from }))
        },
    ),
    row(
        User,
        &["join"],
        "/join ROOM [KEY]",
        "enter a room, or make it, and speak there",
        |words| {
            let (name, key) = (one(words)?, second(words).map(Into::into));
            Some(room(name).map(|room| Request::Enter {
                room,
                entry: EnterMode::Focus,
                key,
                resume: None,
                replay: None,
            }))
        },
    ),
    row(
        User,
        &["leave", "part"],
        "/leave [ROOM]",
        "leave a room, or the one you speak in",
        |words| Some(maybe_room(words).map(|room| Request::Leave { room })),
    ),
    row(
        User,
        &["say"],
        "/say ROOM TEXT",
        "speak in another room that you are in",
        |words| {
            let (name, text) = two(words)?;
            Some(room(name).map(|room| Request::Say {
                room: Some(room),
                text: text.into(),
            }))
        },
    ),
    row(
        User,
        &["list"],
        "/list",
        "who is in the room you speak in",
        |_| Some(Ok(Request::List)),
    ),
    row(User, &["who"], "/who [ROOM]", "who is in a room", |words| {
        Some(maybe_room(words).map(|room| Request::Members {
            room,
            page: MembersPage::default(),
        }))
    }),
    row(
        User,
        &["topic"],
        "/topic [TEXT]",
        "what the room is about",
        |words| {
            Some(Ok(Request::Topic {
                room: None,
                text: rest(words).map(Into::into),
            }))
        },
    ),
    row(
        User,
        &["ignore"],
        "/ignore NAME",
        "hear nothing from somebody",
        |words| {
            Some(Ok(Request::Ignore {
                name: one(words)?.into(),
            }))
        },
    ),
    row(
        User,
        &["unignore"],
        "/unignore NAME",
        "hear from somebody again",
        |words| {
            Some(Ok(Request::Unignore {
                name: one(words)?.into(),
            }))
        },
    ),
    row(
        User,
        &["away"],
        "/away [TEXT]",
        "tell those who write that you are away; or be back",
        |words| {
            Some(Ok(Request::Away {
                text: rest(words).map(Into::into),
            }))
        },
    ),
    row(
        User,
        &["whois"],
        "/whois NAME",
        "who somebody is",
        |words| {
            Some(Ok(Request::Whois {
                name: one(words)?.into(),
            }))
        },
    ),
    row(User, &["ping"], "/ping", "is the server there?", |_| {
        Some(Ok(Request::Ping))
    }),
    row(
        User,
        &["quit"],
        "/quit [WORDS]",
        "leave the chat",
        |words| {
            Some(Ok(Request::Quit {
                words: rest(words).map(Into::into),
            }))
        },
    ),
    row(
        User,
        &["oper"],
        "/oper PASSWORD",
        "become an operator",
        |words| {
            Some(Ok(Request::Oper {
                password: Secret::new(rest(words)?),
            }))
        },
    ),
];
