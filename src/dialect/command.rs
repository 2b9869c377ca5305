//! The commands that a line may begin with: one table that all dialects of lines share.

use std::fmt::Write as _;

use crate::model::{Entry, ErrorCode, ModeChange, Nick, Request, RoomName};

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
#[derive(PartialEq, Eq)]
enum Rank {
    User,
    Moderator,
    Operator,
}

const fn user(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    read: Reader,
) -> Command {
    Command {
        names,
        usage,
        summary,
        rank: Rank::User,
        read,
    }
}

const fn moderator(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    read: Reader,
) -> Command {
    Command {
        names,
        usage,
        summary,
        rank: Rank::Moderator,
        read,
    }
}

const fn operator(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    read: Reader,
) -> Command {
    Command {
        names,
        usage,
        summary,
        rank: Rank::Operator,
        read,
    }
}

/// Every command.
pub(super) const COMMANDS: [Command; 36] = [
    user(
        &["help"],
        "/help [COMMAND]",
        "this list, or one command",
        |words| {
            Some(Ok(Request::Help {
                command: one(words).map(Into::into),
            }))
        },
    ),
    user(&["nick"], "/nick NAME", "go by another name", |words| {
        let nick = Nick::parse(one(words)?).ok_or(ErrorCode::BadNick);
        Some(nick.map(|nick| Request::Nick { nick }))
    }),
    user(
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
    user(&["me"], "/me TEXT", "do something", |words| {
        Some(Ok(Request::Act {
            room: None,
            text: rest(words)?.into(),
        }))
    }),
    user(&["rooms"], "/rooms", "the rooms, the largest first", |_| {
        Some(Ok(Request::Rooms))
    }),
    user(
        &["join"],
        "/join ROOM [KEY]",
        "enter a room, or make it, and speak there",
        |words| {
            let (name, key) = (one(words)?, second(words).map(Into::into));
            Some(room(name).map(|room| Request::Enter {
                room,
                entry: Entry::Focus,
                key,
            }))
        },
    ),
    user(
        &["leave", "part"],
        "/leave [ROOM]",
        "leave a room, or the one you speak in",
        |words| Some(maybe_room(words).map(|room| Request::Leave { room })),
    ),
    user(
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
    user(
        &["list"],
        "/list",
        "who is in the room you speak in",
        |_| Some(Ok(Request::List)),
    ),
    user(&["who"], "/who [ROOM]", "who is in a room", |words| {
        Some(maybe_room(words).map(|room| Request::Members { room }))
    }),
    user(
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
    user(
        &["ignore"],
        "/ignore NAME",
        "hear nothing from somebody",
        |words| {
            Some(Ok(Request::Ignore {
                name: one(words)?.into(),
            }))
        },
    ),
    user(
        &["unignore"],
        "/unignore NAME",
        "hear from somebody again",
        |words| {
            Some(Ok(Request::Unignore {
                name: one(words)?.into(),
            }))
        },
    ),
    user(
        &["away"],
        "/away [TEXT]",
        "tell those who write that you are away; or be back",
        |words| {
            Some(Ok(Request::Away {
                text: rest(words).map(Into::into),
            }))
        },
    ),
    user(&["whois"], "/whois NAME", "who somebody is", |words| {
        Some(Ok(Request::Whois {
            name: one(words)?.into(),
        }))
    }),
    user(&["ping"], "/ping", "is the server there?", |_| {
        Some(Ok(Request::Ping))
    }),
    user(&["quit"], "/quit [WORDS]", "leave the chat", |words| {
        Some(Ok(Request::Quit {
            words: rest(words).map(Into::into),
        }))
    }),
    user(&["oper"], "/oper PASSWORD", "become an operator", |words| {
        Some(Ok(Request::Oper {
            password: rest(words)?.into(),
        }))
    }),
    moderator(
        &["kick"],
        "/kick NAME [REASON]",
        "put somebody out",
        |words| {
            let reason = after_first(words).map(Into::into);
            Some(Ok(Request::Kick {
                name: one(words)?.into(),
                reason,
            }))
        },
    ),
    moderator(
        &["mute"],
        "/mute NAME [TIME]",
        "let somebody say nothing",
        |words| {
            let name = one(words)?.into();
            match second(words).map(seconds) {
                Some(None) => None,
                time => Some(Ok(Request::Mute {
                    name,
                    seconds: time.flatten(),
                })),
            }
        },
    ),
    moderator(
        &["unmute"],
        "/unmute NAME",
        "let somebody speak again",
        |words| {
            Some(Ok(Request::Unmute {
                name: one(words)?.into(),
            }))
        },
    ),
    moderator(
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
    moderator(
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
    moderator(&["invite"], "/invite NAME", "let somebody in", |words| {
        Some(Ok(Request::Invite {
            room: None,
            name: one(words)?.into(),
        }))
    }),
    moderator(
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
    operator(
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
    operator(&["unban"], "/unban MASK", "let it in again", |words| {
        Some(Ok(Request::Unban {
            mask: one(words)?.into(),
        }))
    }),
    operator(&["bans"], "/bans", "who is kept out", |_| {
        Some(Ok(Request::Bans))
    }),
    operator(
        &["rename"],
        "/rename OLD NEW",
        "give somebody another name",
        |words| {
            let (from, to) = (one(words)?.into(), second(words)?.into());
            Some(Ok(Request::Rename { from, to }))
        },
    ),
    operator(
        &["announce"],
        "/announce TEXT",
        "speak to all as the server",
        |words| {
            Some(Ok(Request::Announce {
                text: rest(words)?.into(),
            }))
        },
    ),
    operator(
        &["close"],
        "/close ROOM",
        "put everyone out of a room",
        |words| Some(room(one(words)?).map(|room| Request::CloseRoom { room })),
    ),
    operator(
        &["lock"],
        "/lock ROOM",
        "let nobody enter a room",
        |words| Some(room(one(words)?).map(|room| Request::LockRoom { room, locked: true })),
    ),
    operator(
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
    operator(
        &["clients"],
        "/clients",
        "who is connected, with addresses",
        |_| Some(Ok(Request::Clients)),
    ),
    operator(&["stats"], "/stats", "how the server does", |_| {
        Some(Ok(Request::Stats))
    }),
    operator(
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
    Ok(of(Rank::User)
        .chain(["In a room that you made:".into()])
        .chain(of(Rank::Moderator))
        .chain(["For operators:".into()])
        .chain(of(Rank::Operator))
        .collect())
}

/// The line of a request, with the `/`, such that [`parse`] reads it; `None` where it has none.
pub(super) fn render(request: &Request) -> Option<String> {
    let line = match request {
        Request::Help { command: None } => "/help".into(),
        Request::Help {
            command: Some(name),
        } if is_word(name) => format!("/help {name}"),
        Request::Nick { nick } => format!("/nick {nick}"),
        Request::Private { to, text } if is_word(to) && is_rest(text) => format!("/pm {to} {text}"),
        Request::Act { room: None, text } if is_rest(text) => format!("/me {text}"),
        Request::Rooms => "/rooms".into(),
        Request::Enter {
            room,
            entry: Entry::Focus,
            key,
        } => words("/join", room, key.as_deref())?,
        Request::Leave { room } => optional("/leave", room.as_ref().map(RoomName::as_str))?,
        Request::Say {
            room: Some(room),
            text,
        } if is_rest(text) => format!("/say {room} {text}"),
        Request::List => "/list".into(),
        Request::Members { room } => optional("/who", room.as_ref().map(RoomName::as_str))?,
        Request::Topic { room: None, text } => optional("/topic", text.as_deref())?,
        Request::Ignore { name } if is_word(name) => format!("/ignore {name}"),
        Request::Unignore { name } if is_word(name) => format!("/unignore {name}"),
        Request::Away { text } => optional("/away", text.as_deref())?,
        Request::Whois { name } if is_word(name) => format!("/whois {name}"),
        Request::Ping => "/ping".into(),
        Request::Quit { words } => optional("/quit", words.as_deref())?,
        Request::Oper { password } if is_rest(password) => format!("/oper {password}"),
        Request::Kick { name, reason } if is_word(name) => {
            optional(&format!("/kick {name}"), reason.as_deref())?
        }
        Request::Mute { name, seconds } if is_word(name) => {
            timed(&format!("/mute {name}"), *seconds)
        }
        Request::Unmute { name } if is_word(name) => format!("/unmute {name}"),
        Request::Mode { room: None, change } => match change {
            ModeChange::TopicLock(on) => format!("/topiclock {}", if *on { "on" } else { "off" }),
            ModeChange::InviteOnly(on) => format!("/inviteonly {}", if *on { "on" } else { "off" }),
            ModeChange::Key(None) => "/key".into(),
            ModeChange::Key(Some(key)) if is_word(key) => format!("/key {key}"),
            ModeChange::Key(Some(_)) => return None,
        },
        Request::Invite { room: None, name } if is_word(name) => format!("/invite {name}"),
        Request::Ban {
            mask,
            seconds: Some(s),
            reason,
        } if is_word(mask) => {
            optional(&timed(&format!("/ban {mask}"), Some(*s)), reason.as_deref())?
        }
        Request::Ban {
            mask,
            seconds: None,
            reason: None,
        } if is_word(mask) => {
            format!("/ban {mask}")
        }
        Request::Unban { mask } if is_word(mask) => format!("/unban {mask}"),
        Request::Bans => "/bans".into(),
        Request::Rename { from, to } if is_word(from) && is_word(to) => {
            format!("/rename {from} {to}")
        }
        Request::Announce { text } if is_rest(text) => format!("/announce {text}"),
        Request::CloseRoom { room } => format!("/close {room}"),
        Request::LockRoom { room, locked: true } => format!("/lock {room}"),
        Request::LockRoom {
            room,
            locked: false,
        } => format!("/unlock {room}"),
        Request::Clients => "/clients".into(),
        Request::Stats => "/stats".into(),
        Request::Shutdown { seconds } => format!("/shutdown {seconds}"),
        Request::Join { .. }
        | Request::JoinUnnamed
        | Request::Help { .. }
        | Request::Say { .. }
        | Request::Act { .. }
        | Request::Private { .. }
        | Request::Enter { .. }
        | Request::Topic { .. }
        | Request::Ignore { .. }
        | Request::Unignore { .. }
        | Request::Whois { .. }
        | Request::Oper { .. }
        | Request::Kick { .. }
        | Request::Mute { .. }
        | Request::Unmute { .. }
        | Request::Mode { .. }
        | Request::Invite { .. }
        | Request::Ban { .. }
        | Request::Unban { .. }
        | Request::Rename { .. }
        | Request::Announce { .. } => return None,
    };
    Some(line)
}

/// A command with a last word or text, or without.
fn optional(command: &str, text: Option<&str>) -> Option<String> {
    match text {
        None => Some(command.into()),
        Some(text) => is_rest(text).then(|| format!("{command} {text}")),
    }
}

fn words(command: &str, room: &RoomName, key: Option<&str>) -> Option<String> {
    match key {
        None => Some(format!("{command} {room}")),
        Some(key) => is_word(key).then(|| format!("{command} {room} {key}")),
    }
}

fn timed(command: &str, seconds: Option<u64>) -> String {
    let mut line = command.to_string();
    if let Some(seconds) = seconds {
        // Writing to a String cannot fail.
        let _ = write!(line, " {seconds}s");
    }
    line
}

/// Can `text` stand as one word of a command?
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// Can `text` stand as the rest of a command's line?
pub(super) fn is_rest(text: &str) -> bool {
    is_line(text) && !text.starts_with(char::is_whitespace)
}

/// Can `text` stand as a line that says something?
pub(super) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains('\n') && !text.ends_with('\r')
}

/// The first word.
pub(super) fn one(words: &str) -> Option<&str> {
    words.split_whitespace().next()
}

fn second(words: &str) -> Option<&str> {
    words.split_whitespace().nth(1)
}

/// All of it as it was typed, if there is any.
fn rest(words: &str) -> Option<&str> {
    let words = words.trim_start();
    (!words.is_empty()).then_some(words)
}

/// What follows the first word, as it was typed.
fn after_first(words: &str) -> Option<&str> {
    two(words).map(|(_, rest)| rest)
}

/// The first word and the rest as it was typed.
pub(super) fn two(words: &str) -> Option<(&str, &str)> {
    let (first, rest) = words.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    (!rest.is_empty()).then_some((first, rest))
}

pub(super) fn room(name: &str) -> Result<RoomName, ErrorCode> {
    RoomName::parse(name).ok_or(ErrorCode::BadRoomName)
}

fn maybe_room(words: &str) -> Result<Option<RoomName>, ErrorCode> {
    one(words).map(room).transpose()
}

fn on_or_off(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// A time as `90s`, `10m`, `2h` or `7d`, in seconds.
fn seconds(word: &str) -> Option<u64> {
    let (digits, unit_s) = match word.char_indices().next_back()? {
        (at, 's') => (&word[..at], 1),
        (at, 'm') => (&word[..at], 60),
        (at, 'h') => (&word[..at], 3600),
        (at, 'd') => (&word[..at], 86_400),
        _ => return None,
    };
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(unit_s)
        .filter(|&seconds| seconds > 0)
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

    #[test]
    fn times() {
        for (word, expected) in [
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("2h", Some(7200)),
            ("7d", Some(604_800)),
            ("0s", None),
            ("s", None),
            ("2é", None),
            ("99999999999999999999d", None),
            ("18446744073709551615d", None),
        ] {
            assert_eq!(seconds(word), expected, "{word}");
        }
    }
}
