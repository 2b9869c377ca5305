//! The commands that a line may begin with: one table that all dialects of lines share.

use crate::model::{Entry, ErrorCode, ModeChange, Nick, Request, RoomName, Secret};

use super::words::{after_first, on_or_off, one, rest, second, seconds, two};

/// A row of the table.
pub(super) struct Command {
    /// What is typed after the `/`; the first name is the one shown.
    names: &'static [&'static str],
    /// The whole command with its words.
    pub(super) usage: &'static str,
    /// What it does, for `/help`.
    pub(super) summary: &'static str,
    /// Who is shown it.
    rank: Rank,
    /// What its words ask; `None` where words are missing.
    read: Reader,
}

type Reader = fn(&str) -> Option<Result<Request, ErrorCode>>;

/// Whom a command is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    User,
    Moderator,
    Operator,
}

const fn row(
    rank: Rank,
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    read: Reader,
) -> Command {
    Command {
        names,
        usage,
        summary,
        rank,
        read,
    }
}

use Rank::{Moderator, Operator, User};

/// Every command.
pub(super) const COMMANDS: [Command; 36] = [
    row(
        User,
        &["help"],
        "/help [COMMAND]",
        "this list, or one command",
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
        "/rooms",
        "the rooms, the largest first",
        |_| Some(Ok(Request::Rooms)),
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
                entry: Entry::Focus,
                key,
                resume: None,
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
        Some(maybe_room(words).map(|room| Request::Members { room }))
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
        &["shutdown"],
        "/shutdown [SECONDS]",
        "stop the server",
        |words| {
            let seconds = one(words).map_or(Some(0), |seconds| seconds.parse().ok())?;
            Some(Ok(Request::Shutdown { seconds }))
        },
    ),
];

/// Reads a command without the character that began it; names match without regard to case.
///
/// # Errors
/// [`ErrorCode::UnknownCommand`] and [`ErrorCode::Usage`], or what is wrong with its words.
pub(super) fn parse(line: &str) -> Result<Request, ErrorCode> {
    let (name, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let command = find(name).ok_or_else(|| ErrorCode::UnknownCommand(format!("/{name}")))?;
    (command.read)(words).unwrap_or(Err(ErrorCode::Usage(command.usage)))
}

fn find(name: &str) -> Option<&'static Command> {
    let is_called = |command: &&Command| {
        command
            .names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    COMMANDS.iter().find(is_called)
}

/// The lines of `/help`: all commands, or the one asked about.
pub(super) fn help(command: Option<&str>) -> Result<Vec<String>, ErrorCode> {
    let line = |command: &Command| format!("{:26} {}", command.usage, command.summary);
    if let Some(name) = command {
        let name = name.trim_start_matches(['/', ':']);
        let command = find(name).ok_or_else(|| ErrorCode::UnknownCommand(format!("/{name}")))?;
        return Ok(vec![line(command)]);
    }
    let of = |rank: Rank| COMMANDS.iter().filter(move |c| c.rank == rank).map(line);
    Ok(of(User)
        .chain(["In a room that you made:".into()])
        .chain(of(Moderator))
        .chain(["For operators:".into()])
        .chain(of(Operator))
        .collect())
}

pub(super) fn room(name: &str) -> Result<RoomName, ErrorCode> {
    RoomName::parse(name).ok_or(ErrorCode::BadRoomName)
}

fn maybe_room(words: &str) -> Result<Option<RoomName>, ErrorCode> {
    one(words).map(room).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_each_of_its_names_in_any_case() {
        for command in &COMMANDS {
            for name in command.names {
                let found = find(&name.to_uppercase()).expect("a command");
                assert_eq!(found.usage, command.usage);
            }
            assert!(command.usage.starts_with(&format!("/{}", command.names[0])));
        }
    }

    #[test]
    fn a_ban_has_a_time_a_reason_both_or_none() {
        let ban = |seconds, reason: Option<&str>| {
            Ok(Request::Ban {
                mask: "10.0.0.0/8".into(),
                seconds,
                reason: reason.map(Into::into),
            })
        };
        assert_eq!(parse("ban 10.0.0.0/8"), ban(None, None));
        assert_eq!(parse("ban 10.0.0.0/8 2h"), ban(Some(7200), None));
        assert_eq!(
            parse("ban 10.0.0.0/8 2h too  loud"),
            ban(Some(7200), Some("too  loud"))
        );
        assert_eq!(
            parse("ban 10.0.0.0/8 too loud"),
            ban(None, Some("too loud"))
        );
        assert_eq!(
            parse("ban"),
            Err(ErrorCode::Usage("/ban MASK [TIME] [REASON]"))
        );
    }

    #[test]
    fn missing_words_are_answered_with_the_usage() {
        for line in [
            "nick", "pm", "pm bob", "pm bob ", "me", "join", "say", "say r", "kick", "ban",
        ] {
            assert!(matches!(parse(line), Err(ErrorCode::Usage(_))), "{line}");
        }
        assert_eq!(
            parse("mute bob soon"),
            Err(ErrorCode::Usage("/mute NAME [TIME]"))
        );
    }
}
