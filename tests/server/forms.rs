//! What each dialect's client sends and is sent, as PROTOCOLS.md has it.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const PROMPT: &str = "Enter your name: ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Auto,
    Text,
    Json,
    JsonPadded,
    Pynet,
    Anon,
    Echo,
    Colon,
    Console,
    Http,
    Irc,
}

pub(crate) use Dialect::{
    Anon, Auto, Colon, Console, Echo, Http, Irc, Json, JsonPadded, Pynet, Text,
};

/// Those that meet in the world.
pub(crate) const CHATTING: [Dialect; 5] = [Text, Json, Pynet, Anon, Colon];

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Auto => "auto",
            Text => "text",
            Json => "json",
            JsonPadded => "json+padded",
            Pynet => "pynet",
            Anon => "anon",
            Echo => "echo",
            Colon => "colon",
            Console => "console",
            Http => "http",
            Irc => "irc",
        }
    }

    /// What is sent to come in, and to say something.
    pub(crate) fn join(self, nick: &str) -> String {
        match self {
            Json | JsonPadded => format!("{{\"type\":\"join\",\"username\":\"{nick}\"}}\n"),
            Pynet => format!("{{\"type\": \"join\", \"data\": \"{nick}\"}}"),
            Anon | Console => String::new(),
            _ => format!("{nick}\n"),
        }
    }

    pub(crate) fn say(self, text: &str) -> String {
        match self {
            Json | JsonPadded => format!("{{\"type\":\"chat\",\"message\":\"{text}\"}}\n"),
            Pynet => format!("{{\"type\": \"chat\", \"data\": \"{text}\"}}"),
            _ => format!("{text}\n"),
        }
    }

    /// A request that changes nothing, and its answer. Where silence ends a frame, it ends the one
    /// before it first.
    pub(crate) fn round_trip(self) -> (&'static [u8], Vec<u8>) {
        match self {
            Text | Auto => (b"/ping\n", b"[Server] Pong.\n".into()),
            Json => (b"{\"type\":\"ping\"}\n", b"{\"type\":\"pong\"}\n".into()),
            JsonPadded => (
                b"{\"type\":\"ping\"}\n",
                padded_line("{\"type\":\"pong\"}").into(),
            ),
            Pynet => (
                b"{\"type\":\"barrier\"}",
                server_message("Unknown request type barrier.").into(),
            ),
            Anon => (b"\n\xff\n", b"[Server] That is not UTF-8.\n".into()),
            Colon => (b"\n:pm barrier x\n", red("Client barrier not found").into()),
            Console => (b":barrier\n", "Invalid command\n".into()),
            Echo | Http | Irc => panic!("nothing of the kind is spoken there"),
        }
    }

    /// How somebody's coming is told, as [`Peer::expect_like`] takes it.
    pub(crate) fn joined(self, nick: &str, address: SocketAddr) -> String {
        match self {
            Text => format!("[Server] {nick} joined the chat!\n"),
            Json => format!(
                "{{\"type\":\"user_joined\",\"username\":\"{nick}\",\
                 \"message\":\"{nick} joined the chat\",\"timestamp\":<unix>}}\n"
            ),
            Colon => format!("\x1b[96m[<hms>] Client {address} CONNECTED Name: {nick}\x1b[0m"),
            _ => String::new(),
        }
    }

    /// The name that somebody who asked for `nick` goes by.
    pub(crate) fn nick(self, nick: &str, address: SocketAddr) -> String {
        match self {
            Anon => format!("anon-{}", address.port()),
            _ => nick.into(),
        }
    }

    /// How a message is told to another user.
    pub(crate) fn said(self, nick: &str, address: SocketAddr, text: &str) -> String {
        match self {
            Text => format!("[{nick}] {text}\n"),
            Json => format!(
                "{{\"type\":\"chat\",\"username\":\"{nick}\",\"message\":\"{text}\",\
                 \"id\":<id>,\"room\":\"lobby\",\"timestamp\":<unix>}}\n"
            ),
            Pynet => padded(&format!(
                "{{\"type\":\"message\",\"from\":\"{nick}\",\"data\":\"{text}\"}}"
            )),
            Anon => format!("('{}', {}) dice: {text}\n", address.ip(), address.port()),
            Colon => format!("\x1b[93m[<hms>] {nick} >> \x1b[0m{text}"),
            _ => String::new(),
        }
    }

    pub(crate) fn left(self, nick: &str) -> String {
        match self {
            Text => format!("[Server] {nick} left the chat!\n"),
            Json => format!(
                "{{\"type\":\"user_left\",\"username\":\"{nick}\",\
                 \"message\":\"{nick} left the chat\",\"timestamp\":<unix>}}\n"
            ),
            Pynet => server_message(&format!("{nick} has left the chat.")),
            Colon => format!("\x1b[91m[<hms>] {nick} DISCONNECTED\x1b[0m"),
            _ => String::new(),
        }
    }
}

pub(crate) fn red(text: &str) -> String {
    format!("\x1b[91m{text}\x1b[0m")
}

pub(crate) fn green(text: &str) -> String {
    format!("\x1b[92m{text}\x1b[0m")
}

/// A pynet object as it is sent: 1,024 bytes.
pub(crate) fn padded(object: &str) -> String {
    // What stands for a time is shorter than that by one.
    let width = 1024 - object.matches("<hm>").count();
    format!("{object:<width$}")
}

/// A line to the existing JSON client as it is sent: of 1,024 bytes, its end among them.
pub(crate) fn padded_line(object: &str) -> String {
    format!("{object:<1023}\n")
}

pub(crate) fn server_message(text: &str) -> String {
    padded(&format!(
        "{{\"type\":\"server_message\",\"data\":\"{text}\"}}"
    ))
}

/// `bytes` with `<hms>` and `<unix>` in place of the times that the dialects carry, and `<id>` in
/// place of messages' ids: more fields stand behind one of those, and none behind a request's.
pub(crate) fn timeless(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['[', '"']) {
        let (before, found) = rest.split_at(at);
        out += before;
        let time = found
            .as_bytes()
            .get(1..9)
            .filter(|time| is_time_of_day(time));
        let short = found.get(1..6).map(|time| format!("{time}:00"));
        let short =
            short.filter(|time| is_time_of_day(time.as_bytes()) && found[6..].starts_with(']'));
        let number = found.strip_prefix("\"timestamp\":");
        let id = ["\"id\":", "\"message_id\":"]
            .iter()
            .find_map(|key| Some((*key, found.strip_prefix(key)?)))
            .map(|(key, rest)| (key, rest.trim_start_matches(|c: char| c.is_ascii_digit())))
            .filter(|(key, rest)| key.starts_with("\"m") || rest.starts_with(','));
        (out, rest) = if let (Some(_), true) = (time, found.starts_with('[')) {
            (out + "[<hms>", &found[9..])
        } else if let (Some(_), true) = (short, found.starts_with('[')) {
            (out + "[<hm>", &found[6..])
        } else if let Some(number) = number {
            let rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            (out + "\"timestamp\":<unix>", rest)
        } else if let Some((key, rest)) = id {
            (out + key + "<id>", rest)
        } else {
            (out + &found[..1], &found[1..])
        };
    }
    out + rest
}

pub(crate) fn is_time_of_day(time: &[u8]) -> bool {
    let at_most = |at: usize, most: u32| {
        let number = std::str::from_utf8(&time[at..at + 2]).ok();
        number.is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n <= most))
    };
    time[2] == b':' && time[5] == b':' && at_most(0, 23) && at_most(3, 59) && at_most(6, 60)
}

pub(crate) fn unix_now() -> f64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.expect("after 1970").as_secs_f64()
}

pub(crate) fn is_about_now(number: &str) -> bool {
    let seconds: f64 = number.parse().expect(number);
    number.contains('.') && (unix_now() - seconds).abs() < 60.0
}
