//! The vocabulary that the hub, the dialects and the reactor share: who, where, what is asked and
//! what is told. Values only: nothing here reads a socket or a clock.

use std::fmt;
use std::rc::Rc;

use core::net::{IpAddr, SocketAddr};

use crate::limits::{NICK_CHARS_MAX, QUOTED_CHARS_MAX, ROOM_NAME_CHARS_MAX};

/// One connection for the whole life of the server: a slab slot and the generation that used it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// Index in the slab of connections.
    pub slot: u32,
    /// Invariant: no two connections of one slot that could meet in a batch share it.
    pub generation: u32,
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// An address and port, IPv4 also where it came mapped into IPv6.
    Ip(SocketAddr),
    /// A Unix-domain connection, by the order of its coming.
    Unix(u32),
}

impl Peer {
    /// The port, or what stands for it.
    pub fn number(&self) -> u32 {
        match self {
            Peer::Ip(address) => u32::from(address.port()),
            Peer::Unix(serial) => *serial,
        }
    }

    /// The address that limits count by: none for Unix-domain peers and loopback; the /64 for IPv6.
    pub fn counted_address(&self) -> Option<IpAddr> {
        match self {
            Peer::Unix(_) => None,
            Peer::Ip(address) if address.ip().is_loopback() => None,
            Peer::Ip(address) => Some(match address.ip() {
                IpAddr::V4(ip) => IpAddr::V4(ip),
                IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
            }),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Ip(address) => address.fmt(f),
            Peer::Unix(serial) => write!(f, "unix:{serial}"),
        }
    }
}

/// The time of a turn: everything told in it carries this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since 1970, UTC.
    pub unix_ms: u64,
    /// The local zone's offset from UTC.
    pub offset_s: i32,
}

impl Moment {
    /// Hours, minutes and seconds of the local day.
    pub fn local_hms(self) -> (u32, u32, u32) {
        let local_s = (self.unix_ms / 1000) as i64 + i64::from(self.offset_s);
        let s = local_s.rem_euclid(86_400) as u32;
        (s / 3600, s / 60 % 60, s % 60)
    }
}

/// What names are compared by: full Unicode case folding, so `Alice` and `alice` are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Box<str>);

impl Key {
    /// The key of a name as typed, be it a good one or not.
    pub fn of(name: &str) -> Key {
        Key(unicase::UniCase::unicode(name).to_folded_case().into())
    }
}

/// A user's name: 1 to 20 letters and digits of any script, `_`, `-`, `.`, beginning with a letter,
/// a digit or `_`. One that exists is a good one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nick(Rc<str>);

impl Nick {
    /// `None` for anything that is not a nick; nothing is trimmed.
    pub fn parse(name: &str) -> Option<Nick> {
        let good = name.chars().count() <= NICK_CHARS_MAX
            && name.starts_with(|c| is_letter_or_digit(c) || c == '_')
            && name
                .chars()
                .all(|c| is_letter_or_digit(c) || "_-.".contains(c));
        good.then(|| Nick(name.into()))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is compared by.
    pub fn key(&self) -> Key {
        Key::of(&self.0)
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The Hangul fillers are letters to Unicode and blanks to a reader: no name is made of them.
fn is_letter_or_digit(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}

/// A room's name: 1 to 32 letters, digits, `_` and `-`. One that exists is a good one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomName(Rc<str>);

impl RoomName {
    /// The room that everyone starts in.
    pub const LOBBY: &'static str = "lobby";

    /// `None` for anything that is not a room name. A leading `#` is not part of it.
    pub fn parse(name: &str) -> Option<RoomName> {
        let name = name.strip_prefix('#').unwrap_or(name);
        let good = (1..=ROOM_NAME_CHARS_MAX).contains(&name.chars().count())
            && name
                .chars()
                .all(|c| is_letter_or_digit(c) || "_-".contains(c));
        let name = match name.eq_ignore_ascii_case(RoomName::LOBBY) {
            true => RoomName::LOBBY,
            false => name,
        };
        good.then(|| RoomName(name.into()))
    }

    /// The lobby's name.
    pub fn lobby() -> RoomName {
        RoomName(RoomName::LOBBY.into())
    }

    /// As it was typed by who created the room.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is compared by.
    pub fn key(&self) -> Key {
        Key::of(&self.0)
    }

    /// Is this the lobby, however it was typed?
    pub fn is_lobby(&self) -> bool {
        self.0.eq_ignore_ascii_case(RoomName::LOBBY)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an entered room must be new, must be there, or may be either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Make the room; it must not exist. One goes on speaking where one spoke.
    Create,
    /// Enter the room; it must exist. One goes on speaking where one spoke.
    Existing,
    /// Make or enter the room, and speak in it from now on.
    Focus,
}

/// What a client asks. Text is as it was sent; each dialect cleans what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Come in under a name.
    Join {
        /// The name asked for.
        nick: Nick,
    },
    /// Come in under a free name made of the address (the anon dialect).
    JoinUnnamed,
    /// Speak: in `room`, or in the room one speaks in.
    Say {
        /// A room one is in.
        room: Option<RoomName>,
        /// 1 byte up to the message limit.
        text: String,
    },
    /// Speak to one user alone.
    Private {
        /// The name as typed: it need not be anybody's, nor a good one.
        to: String,
        /// 1 byte up to the message limit.
        text: String,
    },
    /// Who is in the room one speaks in.
    List,
    /// Who is in a room; one need not be in it.
    Members {
        /// The room asked about.
        room: RoomName,
    },
    /// Enter a room.
    Enter {
        /// The room to enter.
        room: RoomName,
        /// New, existing, or either.
        entry: Entry,
    },
    /// Leave a room; leaving the last one puts one back in the lobby.
    Leave {
        /// The room to leave, or the one spoken in.
        room: Option<RoomName>,
    },
    /// Are you there?
    Ping,
    /// What can be asked?
    Help,
    /// Go.
    Quit,
}

/// Who did something: the name for most dialects, the address for anon and colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub nick: Nick,
    /// The address.
    pub peer: Peer,
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To the one who joined.
    Welcome {
        /// The name it goes by.
        nick: Nick,
        /// Everyone in the lobby in the order of their joining, the joiner last.
        users: Vec<Nick>,
    },
    /// Somebody joined the server.
    Joined {
        /// Who.
        author: Author,
    },
    /// Somebody left the server.
    Left {
        /// Who.
        nick: Nick,
    },
    /// Somebody spoke in a room.
    Said {
        /// Who.
        author: Author,
        /// Where.
        room: RoomName,
        /// What.
        text: String,
    },
    /// Somebody spoke to the reader alone.
    Private {
        /// Who.
        author: Author,
        /// What.
        text: String,
    },
    /// To the sender of a private message: it was delivered.
    PrivateSent {
        /// To whom.
        to: Nick,
        /// What.
        text: String,
    },
    /// Who is in the room that the reader speaks in, in the order of their coming.
    Listing {
        /// The members.
        nicks: Vec<Nick>,
    },
    /// Who is in a room, in the order of their coming.
    Members {
        /// The room.
        room: RoomName,
        /// The members.
        nicks: Vec<Nick>,
    },
    /// To the one who entered a room.
    EnteredRoom {
        /// The room.
        room: RoomName,
        /// Was it made by this?
        created: bool,
        /// Its members, the reader last.
        nicks: Vec<Nick>,
    },
    /// To the one who left a room.
    LeftRoom {
        /// The room left.
        room: RoomName,
        /// The room spoken in now.
        now_in: RoomName,
    },
    /// Somebody else entered a room that the reader is in.
    RoomJoined {
        /// Who.
        nick: Nick,
        /// Where.
        room: RoomName,
    },
    /// Somebody else left a room that the reader is in, and stays on the server.
    RoomLeft {
        /// Who.
        nick: Nick,
        /// Where.
        room: RoomName,
    },
    /// I am here.
    Pong,
    /// What can be asked.
    Help,
    /// Done; told only where a request carried an id.
    Done,
    /// The operator speaks to all.
    Announced {
        /// What.
        text: String,
    },
    /// The operator speaks to the reader alone.
    OperatorTold {
        /// What.
        text: String,
    },
    /// The operator put the reader out.
    Kicked,
    /// The server is stopping.
    Shutdown,
    /// A request, or the connection itself, was refused.
    Error(ErrorCode),
}

/// Why something was refused: the peer's fault, told in its dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// Not a name.
    BadNick,
    /// Somebody goes by that name.
    NickTaken,
    /// A second join.
    AlreadyJoined,
    /// A request before the join.
    NotJoined,
    /// Not a room name.
    BadRoomName,
    /// Nobody goes by that name.
    NoSuchNick(String),
    /// The room asked to be entered is not there.
    NoRoomToEnter(RoomName),
    /// The room asked about is not there.
    NoRoomToShow(RoomName),
    /// The room asked to be made is there.
    RoomExists(RoomName),
    /// Already in that room.
    AlreadyInRoom(RoomName),
    /// Not in that room.
    NotInRoom(RoomName),
    /// In as many rooms as one may be.
    TooManyRooms,
    /// A command that is none, as typed.
    UnknownCommand(String),
    /// A request type that is none, as sent.
    UnknownType(String),
    /// A command without its words.
    Usage(&'static str),
    /// A field that is not there.
    MissingField(&'static str),
    /// A field of the wrong kind.
    WrongField(&'static str),
    /// A frame that is not a JSON object.
    NotJson,
    /// A frame that is not UTF-8.
    NotUtf8,
    /// JSON nested too deeply.
    TooDeep,
    /// A frame over the limit, in bytes.
    FrameTooLong(usize),
    /// A message over the limit, in bytes.
    MessageTooLong(usize),
    /// The time to join is over, in seconds.
    JoinTimeout(u64),
    /// Too long silent, in seconds.
    IdleTimeout(u64),
    /// No connection is free.
    ServerFull,
    /// No connection is free for that address.
    AddressFull,
}

impl ErrorCode {
    /// Is this the refusal of a name?
    pub fn is_join_refusal(&self) -> bool {
        matches!(self, ErrorCode::BadNick | ErrorCode::NickTaken)
    }

    /// Does the connection end with it, so that nothing more is asked of the peer?
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            ErrorCode::JoinTimeout(_)
                | ErrorCode::IdleTimeout(_)
                | ErrorCode::ServerFull
                | ErrorCode::AddressFull
        )
    }
}

impl fmt::Display for ErrorCode {
    /// One plain sentence, for the dialects that have no form of their own. What the peer sent is
    /// quoted as it is: the dialect cleans it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorCode::BadNick => {
                write!(
                    f,
                    "A name is 1 to {NICK_CHARS_MAX} letters, digits, _ - or ."
                )
            }
            ErrorCode::NickTaken => f.write_str("That name is taken."),
            ErrorCode::AlreadyJoined => f.write_str("You have joined already."),
            ErrorCode::NotJoined => f.write_str("You have not joined yet."),
            ErrorCode::BadRoomName => {
                write!(
                    f,
                    "A room name is 1 to {ROOM_NAME_CHARS_MAX} letters, digits, _ or -"
                )
            }
            ErrorCode::NoSuchNick(name) => write!(f, "Nobody here is called {}.", quoted(name)),
            ErrorCode::NoRoomToEnter(room) | ErrorCode::NoRoomToShow(room) => {
                write!(f, "There is no room #{room}.")
            }
            ErrorCode::RoomExists(room) => write!(f, "There is a room #{room} already."),
            ErrorCode::AlreadyInRoom(room) => write!(f, "You are in #{room} already."),
            ErrorCode::NotInRoom(room) => write!(f, "You are not in #{room}."),
            ErrorCode::TooManyRooms => f.write_str("You are in as many rooms as one can be."),
            ErrorCode::UnknownCommand(word) => {
                write!(f, "Unknown command {}. Try /help.", quoted(word))
            }
            ErrorCode::UnknownType(word) => write!(f, "Unknown request type {}.", quoted(word)),
            ErrorCode::Usage(usage) => write!(f, "Usage: {usage}"),
            ErrorCode::MissingField(field) => write!(f, "The field {field} is missing."),
            ErrorCode::WrongField(field) => write!(f, "The field {field} has the wrong type."),
            ErrorCode::NotJson => f.write_str("That is not a JSON object."),
            ErrorCode::NotUtf8 => f.write_str("That is not UTF-8."),
            ErrorCode::TooDeep => f.write_str("That is nested too deeply."),
            ErrorCode::FrameTooLong(max) => write!(f, "That is too long: {max} bytes at most."),
            ErrorCode::MessageTooLong(max) => {
                write!(f, "That message is too long: {max} bytes at most.")
            }
            ErrorCode::JoinTimeout(s) => write!(f, "No name came within {s} s. Goodbye."),
            ErrorCode::IdleTimeout(s) => write!(f, "Nothing came for {s} s. Goodbye."),
            ErrorCode::ServerFull => f.write_str("The server is full. Please try again later."),
            ErrorCode::AddressFull => {
                f.write_str("There are too many connections from your address.")
            }
        }
    }
}

/// The beginning of what a peer typed, short enough for an error.
fn quoted(typed: &str) -> &str {
    match typed.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => &typed[..end],
        None => typed,
    }
}

/// A request's own id, kept as the JSON text (ASCII) that its answer repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Box<str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_at_the_limits() {
        for good in [
            "a",
            "7",
            "_",
            "Žluťoučký",
            "日本",
            "a.b-c_d",
            &"x".repeat(20),
            &"é".repeat(20),
        ] {
            assert_eq!(
                Nick::parse(good).map(|n| n.to_string()).as_deref(),
                Some(good)
            );
        }
        let bad = [
            "",
            " ",
            "-a",
            ".a",
            "a b",
            "a\n",
            "a\u{202E}",
            "a\u{200B}",
            "a/b",
            "a:b",
            "\u{3164}",
            "a\u{0}",
            "[a]",
            "🎉",
            &"x".repeat(21),
            &"é".repeat(21),
        ];
        for name in bad {
            assert_eq!(Nick::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_collide_case_folded() {
        for (a, b) in [
            ("Alice", "aLICE"),
            ("straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("Ǆ", "ǆ"),
        ] {
            assert_eq!(Key::of(a), Key::of(b));
        }
        assert_ne!(Key::of("ı"), Key::of("i"));
        assert!(RoomName::parse("#LOBBY").is_some_and(|room| room.is_lobby()));
    }

    #[test]
    fn room_names_at_the_limits() {
        assert!(RoomName::parse(&"r".repeat(32)).is_some());
        for bad in ["", "#", "a.b", "a b", &"r".repeat(33)] {
            assert_eq!(RoomName::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn local_time_wraps_at_midnight() {
        let at = |unix_s: u64, offset_s| {
            Moment {
                unix_ms: unix_s * 1000,
                offset_s,
            }
            .local_hms()
        };
        assert_eq!(at(86_399, 0), (23, 59, 59));
        assert_eq!(at(86_399, 1), (0, 0, 0));
        assert_eq!(at(0, -1), (23, 59, 59));
        assert_eq!(at(5_400, 19_800), (7, 0, 0));
    }

    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(quoted(&"é".repeat(40)), "é".repeat(QUOTED_CHARS_MAX));
        assert_eq!(quoted("short"), "short");
    }

    #[test]
    fn limits_count_a_network_not_a_loopback() {
        let counted = |s: &str| Peer::Ip(s.parse().expect("an address")).counted_address();
        assert_eq!(counted("127.0.0.9:1"), None);
        assert_eq!(counted("[::1]:1"), None);
        assert_eq!(counted("192.0.2.7:1"), counted("192.0.2.7:2"));
        assert_eq!(counted("[2001:db8::1]:1"), counted("[2001:db8::2]:2"));
        assert_ne!(counted("[2001:db8::1]:1"), counted("[2001:db8:0:1::1]:1"));
        assert_eq!(Peer::Unix(3).counted_address(), None);
    }
}
