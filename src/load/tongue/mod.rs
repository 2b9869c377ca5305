//! How the clients of one kind of server speak: sans-IO, one module each.

mod irc;
mod json;
mod line;
mod mqtt;
mod nats;
mod object;
mod pynet;
mod redis;
mod text;
mod unit;

#[cfg(test)]
pub(super) mod oracle;

use std::fmt;

use crate::limits::CLIENT_READ_BYTES;

/// Every tongue, the first being what is spoken where nothing else is asked for.
pub(crate) const ALL: &[&dyn Tongue] = &[
    &text::Text,
    &json::Json,
    &pynet::Pynet,
    &line::LineTongue::ANON,
    &line::LineTongue::COLON,
    &line::LineTongue::PLAIN,
    &irc::Irc,
    &redis::Redis,
    &mqtt::Mqtt,
    &nats::Nats,
];

/// Appends blanks and `end`, so that what begins at `start` fills whole reads of the servers that Hubbub's
/// json and pynet dialects stand in for, which read as much at once as their clients do.
fn pad(start: usize, end: &[u8], out: &mut Vec<u8>) {
    let len = (out.len() - start + end.len()).next_multiple_of(CLIENT_READ_BYTES);
    out.resize(start + len - end.len(), b' ');
    out.extend_from_slice(end);
}

impl fmt::Debug for dyn Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The tongue of that name; what fills reads up is skipped.
pub(crate) fn named(name: &str) -> Option<&'static dyn Tongue> {
    let name = name.strip_suffix("+padded").unwrap_or(name);
    ALL.iter().copied().find(|tongue| tongue.name() == name)
}

/// How far a client of Hubbub has come where there are rooms.
mod step {
    /// The name was sent.
    pub(super) const NAMED: u8 = 0;
    /// The room was asked for.
    pub(super) const ENTERING: u8 = 1;
    /// The room that everybody is in at first is being left.
    pub(super) const LEAVING: u8 = 2;
    pub(super) const IN: u8 = 3;
}

/// Who speaks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Speaker {
    /// Its name: letters and digits, at most 9 of them (an IRC server's least).
    pub name: String,
    /// Its room, `None` for the room that everybody is in at first.
    pub room: Option<u32>,
    /// Does it listen? Where [`Tongue::speaks_apart`], those who speak do not.
    pub listens: bool,
}

/// What a client hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// It is in, in its room: whatever is said there from now on reaches it.
    Joined,
    /// The text of a message.
    Said(&'a [u8]),
    /// The server does not want it, or says that something went wrong.
    Refused(&'a [u8]),
    /// Anything else.
    Other,
}

/// How the clients of one kind of server speak.
pub(crate) trait Tongue: Sync {
    /// Its name, as `--dialect` has it.
    fn name(&self) -> &'static str;

    /// Does a speaker hear itself?
    fn echoes(&self) -> bool {
        false
    }

    /// Must speaking and listening be done on connections of their own?
    fn speaks_apart(&self) -> bool {
        false
    }

    /// Are there rooms?
    fn has_rooms(&self) -> bool {
        true
    }

    /// Does a server say when a client is in? Where it does not, a client counts as in when it is
    /// connected, and what it hears first shows that it is.
    fn welcomes(&self) -> bool {
        true
    }

    /// The longest text that one message carries, in bytes.
    fn size_max(&self) -> usize {
        usize::MAX
    }

    /// Does all that is sent fill reads of [`CLIENT_READ_BYTES`]? There are servers that lose what stands
    /// behind the first message in one. A segment is as long then.
    fn fills_reads(&self) -> bool {
        false
    }

    /// Can it be spoken on a WebSocket, a line a message?
    fn has_websocket(&self) -> bool {
        false
    }

    /// What a client sends as soon as it is connected.
    fn greet(&self, who: &Speaker, out: &mut Vec<u8>);

    /// Reads the first unit of `bytes`: how many bytes it takes and what it says; `None` where more
    /// bytes are needed. What must be sent at once because of it is appended to `out`. `step` is the
    /// client's own, begins with 0, and is the tongue's to count how far its joining has come.
    fn read<'a>(
        &self,
        who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)>;

    /// Appends what says `text` (printable ASCII without quotes and backslashes) in the speaker's room.
    fn say(&self, who: &Speaker, text: &[u8], out: &mut Vec<u8>);

    /// Appends what leaves the server in good order; nothing where that is just closing.
    fn leave(&self, who: &Speaker, out: &mut Vec<u8>) {
        let _ = (who, out);
    }
}
