//! What a client understands of what it is sent, whatever its dialect.

/// Where a message was said, as its reader is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Where {
    /// In the room of that name.
    Room(String),
    /// In the room that the reader speaks in.
    Here,
    /// To the reader alone.
    ToMe,
    /// By the reader, to somebody of that name alone.
    ByMe(String),
}

/// A message, as it was said or of before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) place: Where,
    /// The name or the address of who said it, as it is shown; `None` where it is the reader.
    pub(crate) by: Option<String>,
    /// Its id, in dialects that show it.
    pub(crate) id: Option<u64>,
    /// Is it told as it is said? `None`, where the form does not tell.
    pub(crate) is_live: Option<bool>,
    pub(crate) text: String,
}

/// What one frame tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Heard(Heard),
    /// The reader is in, under this name.
    Welcome(String),
    /// The reader is in the chat under this name, and in no room.
    Registered(String),
    /// Somebody came into the lobby. In text a reader is told so of itself.
    Joined(String),
    /// Somebody left the chat. At the padded door that is how a change of names begins.
    Gone(String),
    Renamed {
        from: String,
        to: String,
    },
    /// The reader entered a room.
    Entered(String),
    /// The reader is no more in a room; where it speaks now, if that is told.
    Left {
        room: String,
        now_in: Option<String>,
    },
    /// Who is in a room, or where the reader speaks. Not all of them where it `is_cut`.
    Roster {
        room: Option<String>,
        names: Vec<String>,
        is_cut: bool,
    },
    /// A request was done: which, what message it was, and where it was said.
    Done {
        request: Option<u64>,
        message: Option<u64>,
        room: Option<String>,
    },
    /// A message was deleted.
    Deleted(u64),
    /// A refusal: its word for programs, or the sentence.
    Refused(String),
    /// The server is going to close the connection.
    Farewell(&'static str),
    /// An answer over HTTP.
    Response {
        status: u16,
        body: String,
    },
    /// A ping of WebSocket or IRC, which is to be answered.
    Ping(Vec<u8>),
    /// Anything else: a text in which words of others may stand.
    Other(String),
}

/// How sentences begin with which a connection is turned away.
const FINAL: [&str; 5] = [
    "The server is full.",
    "There are too many connections",
    "You connect too often.",
    "Your address is banned",
    "You have been kicked",
];

/// How sentences begin with which a name is refused, before one is in and later.
const NAME_REFUSALS: [&str; 9] = [
    "A name is 1 to ",
    "That name is taken.",
    "That name is banned",
    "That name is registered",
    "The name or the password is wrong.",
    "Too many wrong passwords.",
    "There are no accounts here",
    "A password is 1 to ",
    "The server is busy.",
];

/// A name was refused, in a dialect that has sentences only.
pub(crate) const NAME_REFUSED: &str = "name";

/// What the server says in a sentence, in the dialects that have no form of their own for it.
pub(crate) fn sentence(text: &str) -> Told {
    let between = |start: &str, end: &str| {
        let middle = text.strip_prefix(start)?.strip_suffix(end)?;
        (!middle.is_empty() && !middle.contains(' ')).then(|| middle.to_owned())
    };
    if let Some(nick) = between("", " joined the chat!") {
        return Told::Joined(nick);
    }
    if let Some((from, to)) = text.split_once(" is now called ")
        && let Some(to) = to.strip_suffix('.')
        && !from.contains(' ')
        && !to.contains(' ')
    {
        let (from, to) = (from.into(), to.into());
        return Told::Renamed { from, to };
    }
    if let Some(room) = between("You made the room #", ".") {
        return Told::Entered(room);
    }
    if let Some((room, _)) = text
        .strip_prefix("You entered #")
        .and_then(|rest| rest.split_once(". Here: "))
    {
        return Told::Entered(room.into());
    }
    if let Some((room, now_in)) = text
        .strip_prefix("You left #")
        .and_then(|rest| rest.split_once(". You speak in #"))
        && let Some(now_in) = now_in.strip_suffix(" now.")
    {
        let now_in = Some(now_in.into());
        let room = room.into();
        return Told::Left { room, now_in };
    }
    if let Some(id) = deleted(text) {
        return Told::Deleted(id);
    }
    if text.starts_with("You have been kicked.") {
        return Told::Farewell("kicked");
    }
    if text == "The server is shutting down." {
        return Told::Farewell("shutdown");
    }
    if text.ends_with(" Goodbye.") {
        return Told::Farewell("goodbye");
    }
    if FINAL.iter().any(|start| text.starts_with(start)) {
        return Told::Farewell("refused");
    }
    if NAME_REFUSALS.iter().any(|start| text.starts_with(start)) {
        return Told::Refused(NAME_REFUSED.into());
    }
    if let Some((room, names)) = text
        .strip_prefix("In #")
        .and_then(|rest| rest.split_once(": "))
        && !names.ends_with(" here")
    {
        return roster(Some(room), names);
    }
    Told::Other(text.into())
}

/// Which message was deleted, where a sentence tells that: by a name or the operator.
fn deleted(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(" deleted message ")?;
    let digits = rest.split_once(['.', ' '])?.0;
    digits.parse().ok()
}

/// Names with commas between them.
pub(crate) fn roster(room: Option<&str>, names: &str) -> Told {
    let (names, is_cut) = match names.split_once(" … and ") {
        Some((names, _)) => (names, true),
        None => (names, false),
    };
    Told::Roster {
        room: room.map(Into::into),
        names: names.split(", ").map(Into::into).collect(),
        is_cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_that_tell_where_one_is() {
        let left = Told::Left {
            room: "den".into(),
            now_in: Some("lobby".into()),
        };
        for (text, told) in [
            ("Al joined the chat!", Told::Joined("Al".into())),
            ("You made the room #den.", Told::Entered("den".into())),
            (
                "You entered #den. Here: Al, Bo",
                Told::Entered("den".into()),
            ),
            ("You left #den. You speak in #lobby now.", left),
            ("You have been kicked. (loud)", Told::Farewell("kicked")),
            (
                "In #den: 1 joined, 0 left, 3 here",
                Told::Other("In #den: 1 joined, 0 left, 3 here".into()),
            ),
            ("In #den: Al, Bo", roster(Some("den"), "Al, Bo")),
        ] {
            assert_eq!(sentence(text), told);
        }
        let cut = roster(None, "Al, Bo … and 1,000 more");
        let names = vec!["Al".into(), "Bo".into()];
        assert_eq!(
            cut,
            Told::Roster {
                room: None,
                names,
                is_cut: true
            }
        );
    }
}
