//! The commands that a line may begin with, from one table.

use crate::model::{Entry, ErrorCode, Request, RoomName};

/// A row of the table.
pub(super) struct Command {
    /// What is typed after the `/`; the first name is the one shown.
    names: &'static [&'static str],
    /// The whole command with its words.
    pub(super) usage: &'static str,
    /// What it does, for `/help`.
    pub(super) summary: &'static str,
    /// What its words ask; `None` where words are missing.
    read: fn(&str) -> Option<Result<Request, ErrorCode>>,
}

/// Every command.
pub(super) const COMMANDS: [Command; 9] = [
    Command {
        names: &["help"],
        usage: "/help",
        summary: "this list",
        read: |_| Some(Ok(Request::Help)),
    },
    Command {
        names: &["list"],
        usage: "/list",
        summary: "who is in the room you speak in",
        read: |_| Some(Ok(Request::List)),
    },
    Command {
        names: &["who"],
        usage: "/who ROOM",
        summary: "who is in a room",
        read: |words| Some(room(one(words)?).map(|room| Request::Members { room })),
    },
    Command {
        names: &["pm", "msg"],
        usage: "/pm NAME TEXT",
        summary: "a message for one person",
        read: |words| {
            let (to, text) = two(words)?;
            Some(Ok(Request::Private {
                to: to.into(),
                text: text.into(),
            }))
        },
    },
    Command {
        names: &["join"],
        usage: "/join ROOM",
        summary: "enter a room, or make it, and speak there",
        read: |words| {
            let entry = Entry::Focus;
            Some(room(one(words)?).map(|room| Request::Enter { room, entry }))
        },
    },
    Command {
        names: &["leave", "part"],
        usage: "/leave [ROOM]",
        summary: "leave a room, or the one you speak in",
        read: |words| {
            let room = one(words).map(room).transpose();
            Some(room.map(|room| Request::Leave { room }))
        },
    },
    Command {
        names: &["say"],
        usage: "/say ROOM TEXT",
        summary: "speak in another room that you are in",
        read: |words| {
            let (name, text) = two(words)?;
            let text = text.into();
            Some(room(name).map(|room| Request::Say {
                room: Some(room),
                text,
            }))
        },
    },
    Command {
        names: &["ping"],
        usage: "/ping",
        summary: "is the server there?",
        read: |_| Some(Ok(Request::Ping)),
    },
    Command {
        names: &["quit"],
        usage: "/quit",
        summary: "leave the chat",
        read: |_| Some(Ok(Request::Quit)),
    },
];

/// Reads a command without the character that began it; names match without regard to case.
///
/// # Errors
/// [`ErrorCode::UnknownCommand`] and [`ErrorCode::Usage`], or what is wrong with its words.
pub(super) fn parse(line: &str) -> Result<Request, ErrorCode> {
    let (name, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let command = COMMANDS
        .iter()
        .find(|command| {
            command
                .names
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
        .ok_or_else(|| ErrorCode::UnknownCommand(format!("/{name}")))?;
    (command.read)(words).unwrap_or(Err(ErrorCode::Usage(command.usage)))
}

/// The line of a request, with the `/`, such that [`parse`] reads it; `None` where it has none.
pub(super) fn render(request: &Request) -> Option<String> {
    match request {
        Request::Say {
            room: Some(room),
            text,
        } if is_rest(text) => Some(format!("/say {room} {text}")),
        Request::Private { to, text } if is_word(to) && is_rest(text) => {
            Some(format!("/pm {to} {text}"))
        }
        Request::List => Some("/list".into()),
        Request::Members { room } => Some(format!("/who {room}")),
        Request::Enter {
            room,
            entry: Entry::Focus,
        } => Some(format!("/join {room}")),
        Request::Leave { room: Some(room) } => Some(format!("/leave {room}")),
        Request::Leave { room: None } => Some("/leave".into()),
        Request::Ping => Some("/ping".into()),
        Request::Help => Some("/help".into()),
        Request::Quit => Some("/quit".into()),
        Request::Join { .. }
        | Request::JoinUnnamed
        | Request::Say { .. }
        | Request::Private { .. }
        | Request::Enter { .. } => None,
    }
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

/// The first word and the rest as it was typed.
pub(super) fn two(words: &str) -> Option<(&str, &str)> {
    let (first, rest) = words.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    (!rest.is_empty()).then_some((first, rest))
}

pub(super) fn room(name: &str) -> Result<RoomName, ErrorCode> {
    RoomName::parse(name).ok_or(ErrorCode::BadRoomName)
}
