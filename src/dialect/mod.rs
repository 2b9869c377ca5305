//! Dialects: what a frame means, and how an event is told.
//!
//! Each dialect reads a frame as an [`Ask`] and renders an [`Event`] as the bytes of its own form,
//! line ends and padding included. What a dialect must know of its reader comes as a [`View`]. Between frames
//! nothing is remembered, but by a dialect whose frames are steps of a [`Dialogue`].

mod about;
mod anon;
mod blocks;
mod colon;
mod command;
mod console;
mod echo;
mod file;
pub(crate) mod foreign;
pub(crate) mod http;
mod irc;
mod json;
pub(crate) mod object;
mod past;
mod plain;
mod pynet;
mod reading;
mod sentence;
pub(crate) mod sniff;
pub(crate) mod spec;
pub(crate) mod telnet;
mod text;
mod time;
mod words;

pub(crate) use file::localized;
pub(crate) use irc::{Dialogue, Move, Scene};
pub(crate) use plain::cleaned;
pub(crate) use time::{date, since};

use crate::model::{ErrorCode, Event, Links, Moment, Person, Request, RequestId, World};
use http::{HttpRequest, Refusal};
use reading::{answer, ask, unlock, unmarked, utf8};
use serde::{Deserialize, Serialize};

/// A fixed way to read requests and to render events. How each is served stands in [`spec`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// People with nc or telnet.
    Text,
    /// Newline-delimited JSON.
    Json,
    /// The same for the existing client, which shows some objects only and reads 1,024 bytes at a time.
    JsonPadded,
    /// JSON objects with nothing between them, padded for a client that reads 1,024 bytes.
    Pynet,
    /// Addresses instead of names.
    Anon,
    /// One frame in, the same out, and close. It never meets the hub.
    Echo,
    /// Coloured terminal lines with `:commands`.
    Colon,
    /// The operator's console. Its connections have no session, and may ask what operators may.
    Console,
    /// The same at a terminal: coloured, and shown what goes on.
    Terminal,
    /// Browsers, and programs that ask once.
    Http,
    /// Clients of IRC.
    Irc,
}

/// Has the peer joined?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// The word is expected that the server wants of who comes in.
    Locked,
    /// A name is expected.
    Joining,
    /// The password of the account is expected whose name was given.
    Proving,
    /// Requests are expected.
    Joined,
}

/// What a frame asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Nothing: a blank line, say.
    Nothing,
    /// Something for the hub.
    Request(Request),
    /// Something that cannot be asked.
    Refused(ErrorCode),
    /// Something answered on the spot with these bytes, after which the connection closes.
    Answered(Vec<u8>),
    /// A request of HTTP, or why it is none.
    Http(Box<Result<HttpRequest, Refusal>>),
    /// A line of a dialogue, which says itself what is asked ([`Dialogue::hear`]).
    Line(Box<[u8]>),
}

/// A frame, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is asked.
    pub ask: Ask,
    /// The request's own id, which its answer repeats.
    pub id: Option<RequestId>,
}

/// Who reads an event, and when.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Has the reader joined?
    pub stage: Stage,
    /// Is it told of its own doing?
    pub own: bool,
    /// Does the reader speak in the room of the event?
    pub here: bool,
    /// The id of the request that this answers.
    pub id: Option<&'a RequestId>,
    /// The time of the turn.
    pub now: Moment,
    /// What is known of the chat.
    pub world: &'a dyn World,
    /// What was known, when it happened, of whose doing it is; `None` is as now.
    pub source: Option<&'a Person>,
    /// What links to files are made with, where the event has any.
    pub links: Option<Links<'a>>,
    /// What else makes a difference to the bytes, as its dialogue says ([`Dialogue::form_of`]).
    pub form: u32,
}

impl Dialect {
    /// What is remembered of a connection between its frames, where the dialect remembers anything.
    pub(crate) fn dialogue(self) -> Option<Box<Dialogue>> {
        self.has_dialogue().then(|| Box::new(Dialogue::begun()))
    }

    /// The same, from what was remembered in brief ([`Dialogue::brief`]).
    pub(crate) fn resumed(self, brief: u32, scene: &Scene<'_>) -> Option<Box<Dialogue>> {
        self.has_dialogue()
            .then(|| Box::new(Dialogue::resumed(brief, scene)))
    }

    /// Does it remember anything between frames?
    pub(crate) fn has_dialogue(self) -> bool {
        self == Dialect::Irc
    }

    /// Reads one whole frame.
    pub fn parse(self, frame: &[u8], stage: Stage) -> Parsed {
        let plain = |ask| Parsed { ask, id: None };
        match self {
            Dialect::Text => plain(text::parse(frame, stage)),
            Dialect::Json => json::parse(frame, stage),
            Dialect::JsonPadded => json::parse_padded(frame, stage),
            Dialect::Pynet => plain(pynet::parse(frame, stage)),
            Dialect::Anon => plain(anon::parse(frame)),
            Dialect::Echo => plain(echo::parse(frame)),
            Dialect::Colon => plain(colon::parse(frame, stage)),
            Dialect::Console | Dialect::Terminal => plain(console::parse(frame)),
            Dialect::Http => plain(Ask::Http(Box::new(http::parse(frame)))),
            Dialect::Irc => plain(Ask::Line(frame.into())),
        }
    }

    /// Appends `event` as `view` is to see it; nothing where this dialect is silent about it.
    pub fn render(self, event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
        let own = localized(event, self, view.links.as_ref());
        let event = own.as_ref().unwrap_or(event);
        match self {
            Dialect::Text => text::render(event, view, out),
            Dialect::Json => json::render(event, view, out),
            Dialect::JsonPadded => json::render_padded(event, view, out),
            Dialect::Pynet => pynet::render(event, view, out),
            Dialect::Anon => anon::render(event, view, out),
            Dialect::Echo => {}
            Dialect::Colon => colon::render(event, view, out),
            Dialect::Console => console::render(event, false, view, out),
            Dialect::Terminal => console::render(event, true, view, out),
            Dialect::Http => http::render(event, view.now, out),
            Dialect::Irc => irc::render(event, view, out),
        }
    }
}

/// The oracle of the lines of IRC, likewise.
#[cfg(any(test, feature = "testing"))]
pub use irc::oracle as irc_oracle;

/// The oracle of the dialects' tests, used by the property tests here and by the fuzz target.
#[cfg(any(test, feature = "testing"))]
pub mod oracle;
