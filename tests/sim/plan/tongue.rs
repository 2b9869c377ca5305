//! What clients speak, and where.

use hubbub::testing::Dialect;

use crate::forms::{Form, Http};

/// What a client speaks, and at which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    Text,
    AutoText,
    Json,
    AutoJson,
    Padded,
    Pynet,
    AutoPynet,
    Anon,
    Colon,
    Echo,
    Http,
    Status,
    WsJson,
    WsText,
    WsEcho,
    Irc,
    Console,
    /// The console at standard input and output, and the same at a terminal.
    Stdio,
    Terminal,
}

/// The doors, in the order in which they are opened; the operators' two come last.
pub(crate) const DOORS: [&str; 10] = [
    AUTO,
    "text",
    "json",
    "json+padded",
    "pynet",
    "anon",
    "echo",
    "colon",
    "http",
    "irc",
];

/// How many of them there were at first.
pub(super) const FIRST_DOORS: usize = 9;

/// The door where it is found out what is spoken, TLS, too.
pub(super) const AUTO: &str = "auto";

/// The door of the operator's console, a Unix-domain socket.
pub(crate) const OPERATORS_DOOR: usize = DOORS.len() + 1;

impl Tongue {
    /// Those that come by a door.
    pub(super) const ALL: [Tongue; 16] = [
        Tongue::Text,
        Tongue::AutoText,
        Tongue::Json,
        Tongue::AutoJson,
        Tongue::Padded,
        Tongue::Pynet,
        Tongue::AutoPynet,
        Tongue::Anon,
        Tongue::Colon,
        Tongue::Echo,
        Tongue::Http,
        Tongue::Status,
        Tongue::WsJson,
        Tongue::WsText,
        Tongue::WsEcho,
        Tongue::Console,
    ];

    /// The number of its door.
    pub(crate) fn door(self) -> usize {
        let name = match self {
            Tongue::AutoText | Tongue::AutoJson | Tongue::AutoPynet => "auto",
            Tongue::Text => "text",
            Tongue::Json => "json",
            Tongue::Padded => "json+padded",
            Tongue::Pynet => "pynet",
            Tongue::Anon => "anon",
            Tongue::Colon => "colon",
            Tongue::Echo => "echo",
            Tongue::Http | Tongue::WsJson | Tongue::WsText | Tongue::WsEcho => "http",
            Tongue::Irc => "irc",
            Tongue::Status => return DOORS.len(),
            Tongue::Console | Tongue::Stdio | Tongue::Terminal => return OPERATORS_DOOR,
        };
        DOORS.iter().position(|door| *door == name).expect("a door")
    }

    /// The dialect of its frames; `None` where it has no chat.
    pub(crate) fn dialect(self) -> Option<Dialect> {
        match self {
            Tongue::Text | Tongue::AutoText | Tongue::WsText => Some(Dialect::Text),
            Tongue::Json | Tongue::AutoJson | Tongue::WsJson => Some(Dialect::Json),
            Tongue::Padded => Some(Dialect::JsonPadded),
            Tongue::Pynet | Tongue::AutoPynet => Some(Dialect::Pynet),
            Tongue::Anon => Some(Dialect::Anon),
            Tongue::Colon => Some(Dialect::Colon),
            Tongue::Irc => Some(Dialect::Irc),
            Tongue::Console | Tongue::Stdio | Tongue::Terminal => Some(Dialect::Console),
            Tongue::Echo | Tongue::Http | Tongue::Status | Tongue::WsEcho => None,
        }
    }

    pub(crate) fn form(self) -> Form {
        let http = |wants_text, is_echo| Form::Http(Http::new(wants_text, is_echo));
        match self {
            Tongue::Text | Tongue::AutoText => Form::Text,
            Tongue::Json | Tongue::AutoJson => Form::Json,
            Tongue::Padded => Form::Padded,
            Tongue::Pynet | Tongue::AutoPynet => Form::Pynet,
            Tongue::Anon => Form::Anon,
            Tongue::Colon => Form::Colon,
            Tongue::Echo => Form::Echo,
            Tongue::Http | Tongue::Status | Tongue::WsJson => http(false, false),
            Tongue::WsText => http(true, false),
            Tongue::WsEcho => http(false, true),
            Tongue::Irc => Form::Irc(Box::default()),
            Tongue::Console | Tongue::Stdio => Form::Console,
            Tongue::Terminal => Form::Terminal,
        }
    }

    /// Does silence end its frames?
    pub(crate) fn is_ended_by_silence(self) -> bool {
        matches!(self, Tongue::Anon | Tongue::Colon | Tongue::Echo)
    }

    /// Is it told nothing where it comes in?
    pub(crate) fn is_silent_about_joins(self) -> bool {
        matches!(
            self,
            Tongue::Pynet | Tongue::AutoPynet | Tongue::Colon | Tongue::Anon
        )
    }

    pub(crate) fn is_websocket(self) -> bool {
        matches!(self, Tongue::WsJson | Tongue::WsText | Tongue::WsEcho)
    }

    /// Is it the operator's?
    pub(crate) fn is_console(self) -> bool {
        self.dialect() == Some(Dialect::Console)
    }

    /// Is it at the server's own standard input and output?
    pub(crate) fn is_stdio(self) -> bool {
        matches!(self, Tongue::Stdio | Tongue::Terminal)
    }

    /// Is it a user of the chat?
    pub(crate) fn is_user(self) -> bool {
        self.dialect().is_some() && !self.is_console()
    }

    /// Is it told its own words as everybody else is?
    pub(crate) fn hears_itself(self) -> bool {
        matches!(
            self,
            Tongue::Json | Tongue::AutoJson | Tongue::WsJson | Tongue::Padded
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tongue_has_a_door() {
        for tongue in Tongue::ALL {
            assert!(tongue.door() <= DOORS.len() + 1);
        }
    }
}
