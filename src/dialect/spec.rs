//! What the server must know of a dialect beside how it reads and writes: one row each. Whoever needs to
//! know how a dialect is served reads its row, and names no dialect.

use crate::limits::{
    ECHO_BYTES_MAX, HTTP_HEAD_BYTES_MAX, HTTP_SENDQ_BYTES_MIN, Limits, UNJOINED_FRAME_BYTES_MAX,
    UNJOINED_SENDQ_BYTES_MAX,
};
use crate::model::{CameBy, Request};

use super::{Dialect, Stage};

/// How a dialect is served.
#[derive(Debug)]
pub(crate) struct Spec {
    /// Whose row it is.
    pub(crate) dialect: Dialect,
    /// Its name, as a door's address has it.
    pub(crate) name: &'static str,
    /// What ends a frame, where frames are not WebSocket messages.
    pub(crate) frame_end: FrameEnd,
    /// Which limits hold.
    pub(crate) class: Class,
    /// Which refusals end the connection, beside those that end every one.
    pub(crate) closes_on: ClosesOn,
    /// What is sent before anything was asked.
    pub(crate) greeting: &'static str,
    /// What is asked by coming, before any frame.
    pub(crate) arrival: Option<fn() -> Request>,
    /// Is the coming one told who is there?
    pub(crate) shows_users: bool,
    /// Is one who enters a room shown what was said there before, without asking?
    pub(crate) shows_history: bool,
    /// As what its users are shown to those who see a program's name.
    pub(crate) via: CameBy,
    /// What asks whether somebody is there, where nothing came for long; empty for nothing.
    pub(crate) ping: &'static str,
    /// Do its forms show users' addresses?
    pub(crate) shows_addresses: bool,
    /// Does what is sent fill whole reads of its client ([`crate::limits::CLIENT_READ_BYTES`])?
    pub(crate) is_padded: bool,
    /// Is who gave the name of an account asked for its password next?
    pub(crate) asks_again: bool,
    /// May telnet's commands (RFC 854) be among its bytes?
    pub(crate) has_telnet: bool,
}

/// What ends a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameEnd {
    /// A line feed.
    Line,
    /// The end of a line as terminals send it: CR LF, LF, CR NUL or CR.
    TypedLine,
    /// The closing brace of a JSON object.
    Object,
    /// The end of a typed line, or silence.
    Silence,
    /// Silence, the limit or the end of input, of the only frame.
    Block,
    /// The end of a request of HTTP, with its body.
    Http,
}

impl FrameEnd {
    /// Does it make a difference that nothing comes for a while?
    pub(crate) fn heeds_silence(self) -> bool {
        match self {
            FrameEnd::Silence | FrameEnd::Block => true,
            FrameEnd::Line | FrameEnd::TypedLine | FrameEnd::Object | FrameEnd::Http => false,
        }
    }
}

/// Which refusals end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClosesOn {
    /// None: one may try again.
    Nothing,
    /// The refusal of a name.
    RefusedName,
    /// Any, before the join.
    AnyRefusal,
}

/// Who speaks a dialect, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Users, who must join within a time, and strangers, who are held to less until they have.
    User,
    /// The operator, who never joins and is held to what users are.
    Console,
    /// Whoever sends one frame, and is sent it back.
    Echo,
    /// Whoever asks over HTTP.
    Http,
}

impl Class {
    /// Does it carry a chat, with frames that could be another protocol's?
    pub(crate) fn is_chat(self) -> bool {
        match self {
            Class::User | Class::Console => true,
            Class::Echo | Class::Http => false,
        }
    }

    /// Does nobody count what is asked? What echo takes in is one frame, and a console is the operator's.
    pub(crate) fn is_unmetered(self) -> bool {
        match self {
            Class::Console | Class::Echo => true,
            Class::User | Class::Http => false,
        }
    }

    /// Is something to come within the time that a join may take: a name, or the frame to be sent back? On a
    /// WebSocket no message need ever come to be sent back.
    pub(crate) fn must_join(self, is_websocket: bool) -> bool {
        match self {
            Class::User => true,
            Class::Console | Class::Http => false,
            Class::Echo => !is_websocket,
        }
    }

    /// How long a frame may be, in bytes. A stranger's frames are held to less than a user's.
    pub(crate) fn frame_bytes_max(self, stage: Stage, limits: &Limits) -> usize {
        match (self, stage) {
            (Class::Echo, _) => ECHO_BYTES_MAX,
            (Class::Http, _) => HTTP_HEAD_BYTES_MAX,
            (Class::Console, _) | (Class::User, Stage::Joined) => limits.frame_bytes,
            (Class::User, Stage::Locked | Stage::Joining | Stage::Proving) => {
                limits.frame_bytes.min(UNJOINED_FRAME_BYTES_MAX)
            }
        }
    }

    /// The SendQ above which requests wait, in bytes.
    pub(crate) fn sendq_soft_bytes(self, stage: Stage, limits: &Limits) -> usize {
        let soft = match self {
            Class::Http => UNJOINED_SENDQ_BYTES_MAX,
            Class::Echo => ECHO_BYTES_MAX,
            Class::User | Class::Console => self.sendq_hard_bytes(stage, limits),
        };
        soft.min(limits.sendq_soft_bytes)
    }

    /// The SendQ above which the connection ends, in bytes.
    pub(crate) fn sendq_hard_bytes(self, stage: Stage, limits: &Limits) -> usize {
        match (self, stage) {
            (Class::Console, _) | (Class::User, Stage::Joined) => limits.sendq_hard_bytes,
            // What one frame is answered with must always fit.
            (Class::Echo, _) => 3 * ECHO_BYTES_MAX,
            // As for users: the one answer that is above the soft limit may list them all.
            (Class::Http, _) => limits.sendq_hard_bytes.max(HTTP_SENDQ_BYTES_MIN),
            (Class::User, Stage::Locked | Stage::Joining | Stage::Proving) => {
                limits.sendq_hard_bytes.min(UNJOINED_SENDQ_BYTES_MAX)
            }
        }
    }
}

/// What most dialects have in common: a row says where it differs.
const USUAL: Spec = Spec {
    dialect: Dialect::Text,
    name: "text",
    frame_end: FrameEnd::TypedLine,
    class: Class::User,
    closes_on: ClosesOn::Nothing,
    greeting: "",
    arrival: None,
    shows_users: false,
    shows_history: false,
    via: CameBy::Line,
    ping: "",
    shows_addresses: false,
    is_padded: false,
    asks_again: false,
    has_telnet: false,
};

/// What a name is asked with; no line end, so that the name stands behind it.
pub(super) const PROMPT: &str = "Enter your name: ";

/// What is asked before it where the server wants a word of who comes in.
pub(crate) const PASSWORD_PROMPT: &str = "Password: ";

/// A row each, in the order of [`Dialect`].
pub(super) static SPECS: [Spec; 11] = [
    Spec {
        dialect: Dialect::Text,
        name: "text",
        greeting: PROMPT,
        shows_history: true,
        asks_again: true,
        has_telnet: true,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Json,
        name: "json",
        frame_end: FrameEnd::Line,
        via: CameBy::Json,
        closes_on: ClosesOn::RefusedName,
        shows_users: true,
        ..USUAL
    },
    Spec {
        dialect: Dialect::JsonPadded,
        name: "json+padded",
        frame_end: FrameEnd::Line,
        via: CameBy::Json,
        closes_on: ClosesOn::RefusedName,
        shows_users: true,
        is_padded: true,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Pynet,
        name: "pynet",
        frame_end: FrameEnd::Object,
        closes_on: ClosesOn::RefusedName,
        is_padded: true,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Anon,
        name: "anon",
        frame_end: FrameEnd::Silence,
        closes_on: ClosesOn::RefusedName,
        arrival: Some(|| Request::JoinUnnamed),
        shows_addresses: true,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Echo,
        name: "echo",
        frame_end: FrameEnd::Block,
        class: Class::Echo,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Colon,
        name: "colon",
        asks_again: true,
        frame_end: FrameEnd::Silence,
        shows_addresses: true,
        is_padded: true,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Console,
        name: "console",
        class: Class::Console,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Terminal,
        name: "terminal",
        class: Class::Console,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Http,
        name: "http",
        frame_end: FrameEnd::Http,
        class: Class::Http,
        closes_on: ClosesOn::AnyRefusal,
        ..USUAL
    },
    Spec {
        dialect: Dialect::Irc,
        name: "irc",
        shows_history: true,
        ping: "PING :hubbub\r\n",
        ..USUAL
    },
];

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; SPECS.len()] = {
        let mut all = [Dialect::Text; SPECS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = SPECS[at].dialect;
            assert!(
                all[at] as usize == at,
                "the rows are in the order of the dialects"
            );
            at += 1;
        }
        all
    };

    /// Its row.
    pub(crate) fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// Its name, as a door's address has it.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Is it what pages speak over their WebSocket?
    pub(crate) fn is_of_pages(self) -> bool {
        self == Dialect::Json
    }

    /// Is it spoken at the operator's console? Such a one has no door of its own among those that are asked
    /// for by a dialect's name.
    pub(crate) fn is_console(self) -> bool {
        self.spec().class == Class::Console
    }

    /// Is it HTTP's?
    pub(crate) fn is_http(self) -> bool {
        self.spec().class == Class::Http
    }

    /// What the operator's console speaks, at a terminal or elsewhere.
    pub(crate) fn of_console(is_terminal: bool) -> Dialect {
        match is_terminal {
            true => Dialect::Terminal,
            false => Dialect::Console,
        }
    }
}
