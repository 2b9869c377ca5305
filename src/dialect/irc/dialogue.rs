//! What is known of a connection between its lines, and how it is spoken to.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

use crate::model::{ConnId, Moment, Nick, RoomName, World};

use super::caps::Caps;
use super::multiline::Multiline;
use super::registration::Registration;
use super::sasl::Sasl;
use super::work::Work;
use super::write::{Listener, Source, Tags};

/// What the dialect remembers of one connection: [`Dialogue::brief`] while nothing is under way.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Dialogue {
    pub(super) caps: Caps,
    /// The name it goes by, once it has come in.
    pub(super) nick: Option<Nick>,
    /// What is known of it before.
    pub(super) registration: Option<Box<Registration>>,
    pub(super) sasl: Option<Box<Sasl>>,
    /// Lines that are not answered yet, in order.
    #[serde(skip)]
    pub(super) work: Option<Box<Queue>>,
    /// The number of the last request.
    pub(super) last_request: u32,
    /// The number of the last batch.
    last_batch: u32,
    /// Keys that it hears of.
    pub(super) subscribed: BTreeSet<String>,
    /// A message of which it has sent some lines.
    pub(super) multiline: Option<Box<Multiline>>,
    /// A room that it was put out of and is not out of yet.
    pub(super) put_out_of: Option<Box<RoomName>>,
}

/// Lines in order. Most connections wait for no answer, and pay for a pointer only.
pub(super) type Queue = VecDeque<Work>;

/// Where a dialogue takes place, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// What is known of the chat.
    pub(crate) world: &'a dyn World,
    /// Whose dialogue it is.
    pub(crate) who: ConnId,
    /// The time of the turn.
    pub(crate) now: Moment,
    /// Can nobody between read along?
    pub(crate) is_secure: bool,
}

impl Dialogue {
    /// Of a connection that said nothing yet.
    pub(crate) fn begun() -> Dialogue {
        Dialogue {
            registration: Some(Box::default()),
            ..Dialogue::default()
        }
    }

    /// Of a connection that has come in, from what there was to remember.
    pub(crate) fn resumed(brief: u32, scene: &Scene<'_>) -> Dialogue {
        Dialogue {
            caps: Caps::of_form(brief),
            nick: scene.world.nick_at(scene.who),
            ..Dialogue::default()
        }
    }

    /// What there is to remember, where it is in brief.
    pub(crate) fn brief(&self) -> u32 {
        self.caps.number()
    }

    /// Is that all? It is of who has come in and waits for nothing.
    pub(crate) fn is_brief(&self) -> bool {
        self.nick.is_some()
            && self.registration.is_none()
            && self.sasl.is_none()
            && self.work.is_none()
            && self.subscribed.is_empty()
            && self.multiline.is_none()
            && self.put_out_of.is_none()
    }

    /// Is something asked that is not answered yet?
    pub(crate) fn awaits_answers(&self) -> bool {
        self.work.is_some()
    }

    /// A number that those share who are told things in the same bytes, by what there is to remember in brief.
    pub(crate) fn form_of(brief: u32) -> u32 {
        Caps::of_form(brief).form()
    }

    /// It has come in under that name.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn come_in_as(&mut self, nick: &str) {
        self.registration = None;
        self.nick = Nick::parse(nick);
    }

    /// May it ask what operators may?
    pub(super) fn is_operator(&self, scene: &Scene<'_>) -> bool {
        let own = scene.world.user_at(scene.who);
        let person = own.and_then(|own| scene.world.person(own));
        person.is_some_and(|person| person.is_operator)
    }

    /// Has it come in?
    pub(super) fn has_come_in(&self) -> bool {
        self.nick.is_some()
    }

    pub(super) fn listener<'a>(&'a self, scene: &Scene<'a>) -> Listener<'a> {
        let asked = self.registration.as_ref().and_then(|it| it.nick.as_ref());
        let nick = self.nick.as_ref().or(asked);
        Listener {
            caps: self.caps,
            nick: nick.map_or("*", Nick::as_str),
            world: scene.world,
            source: None,
            now: scene.now,
        }
    }

    /// A standard reply that something failed (IRCv3).
    pub(super) fn fail(&self, scene: &Scene<'_>, params: &[&str], out: &mut Vec<u8>) {
        let listener = self.listener(scene);
        listener.line(&Tags::default(), Source::Server, "FAIL", params, out);
    }

    /// The number of a batch that begins.
    pub(super) fn next_batch(&mut self) -> String {
        self.last_batch = self.last_batch.wrapping_add(1);
        self.last_batch.to_string()
    }
}
