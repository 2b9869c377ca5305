//! From events to those whom they are for: answers and private words at once, what is said in a room
//! once a turn.
//!
//! A turn's words in one room are a [`RoomBatch`]: kept as events, rendered once for each kind of reader,
//! and handed out to each reader as one range of a page when the turn ends, or before an event for other
//! readers. A reader that is owed nothing else is written to straight from the page.

use std::mem;

use crate::buffer::{Chunk, joined};
use crate::dialect::spec::{Class, ClosesOn};
use crate::dialect::{Stage, View};
use crate::hub::{Audience, Hub, Reader, Readers, RoomId};
use crate::limits::{
    BATCH_BYTES_MAX, BYTES_PER_DELIVERY, BYTES_PER_WRITE, DELIVERIES_PER_IGNORER, REFUSED_NAMES_MAX,
};
use crate::model::{ConnId, ErrorCode, Event, Links, Moment, Person, RequestId, World};
use crate::sys::System;

use super::Reactor;
use super::links::Template;
use super::pages::{Kind, Pages};
use super::phase::Reason;

/// Something that happened.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) event: Event,
    /// What was known then of whose doing it is, where somebody may be told of that.
    pub(super) source: Option<Box<Person>>,
}

/// What is being said in one room, and was not handed out to all of its readers yet.
#[derive(Debug, Default)]
pub(super) struct RoomBatch {
    /// The room, with its readers as they were when this was said: who came or went since then is no matter.
    audience: Option<(RoomId, Readers)>,
    events: Vec<Happened>,
    /// Bytes of text in the events.
    bytes: usize,
    /// Does any of them tell of files, to each reader by a link of its own?
    has_files: bool,
    /// Where they do: what is in them, by kind of reader and what its links begin with.
    templates: Vec<Template>,
    /// The chunks of the reader that was looked at last, likewise.
    own: Vec<Chunk>,
    /// By slot of a connection: it had, or is to miss, so many of the first events. Invariant: of
    /// connections that are open.
    ahead: Vec<u32>,
    /// The slots of which that is not 0.
    ahead_slots: Vec<u32>,
    /// A chunk an event, by kind of reader, as far as anybody needed it. Invariant: no kind twice.
    rendered: Vec<(Kind, Vec<Chunk>)>,
}

impl RoomBatch {
    /// What is told to people here and there, and belongs to no room.
    fn apart(event: Happened) -> RoomBatch {
        RoomBatch {
            events: vec![event],
            ..RoomBatch::default()
        }
    }

    /// Is it for those who read a room now?
    fn is_for(&self, room: RoomId, readers: &Readers) -> bool {
        let audience = self.audience.as_ref();
        audience.is_some_and(|(known, known_readers)| *known == room && known_readers.is(readers))
    }

    /// A connection as one of those whom it is for.
    fn reader(&self, id: ConnId, hub: &Hub) -> Option<Reader> {
        let (room, readers) = self.audience.as_ref()?;
        match readers.is(hub.readers(*room)) {
            true => hub.reader(id, *room),
            false => readers.iter().find(|reader| reader.id == id),
        }
    }

    /// How many of the events are behind a connection.
    fn delivered_to(&self, id: ConnId) -> usize {
        self.ahead
            .get(id.slot as usize)
            .map_or(0, |&count| count as usize)
    }

    /// All of the events are behind a connection.
    fn mark_delivered(&mut self, id: ConnId) {
        let slot = id.slot as usize;
        if slot >= self.ahead.len() {
            self.ahead.resize(slot + 1, 0);
        }
        if mem::replace(&mut self.ahead[slot], self.events.len() as u32) == 0 {
            self.ahead_slots.push(id.slot);
        }
    }

    /// The events as one kind of reader sees them, a chunk each; or as one reader does that has links of its own.
    fn chunks(
        &mut self,
        kind: Kind,
        links: Option<Links<'_>>,
        pages: &mut Pages,
        now: Moment,
        world: &dyn World,
    ) -> &[Chunk] {
        let view = View {
            stage: Stage::Joined,
            own: false,
            here: kind.here(),
            id: None,
            now,
            world,
            source: None,
            links,
            form: kind.form(),
        };
        if let Some(links) = links {
            self.own.clear();
            let is_for = |it: &Template| it.is_for(kind, links.base, self.events.len());
            let known = self.templates.iter().position(is_for);
            let at = known.unwrap_or_else(|| {
                let template = Template::new(kind, &self.events, &view, links, pages);
                self.templates.push(template);
                self.templates.len() - 1
            });
            self.templates[at].fill(&links, &pages.ledger, &mut self.own);
            return &self.own;
        }
        let known = self.rendered.iter().position(|&(known, _)| known == kind);
        let at = known.unwrap_or_else(|| {
            self.rendered.push((kind, Vec::new()));
            self.rendered.len() - 1
        });
        let chunks = &mut self.rendered[at].1;
        if chunks.len() < self.events.len() {
            let events = &self.events[chunks.len()..];
            let room = self.audience.as_ref().map(|&(room, _)| room);
            pages.render(room, kind, events, &view, chunks);
        }
        chunks
    }

    /// Begins anew; what it holds is kept for the next turn, unless that is much.
    fn clear(&mut self) {
        self.audience = None;
        self.events.clear();
        self.events.shrink_to(KEPT);
        self.bytes = 0;
        self.has_files = false;
        self.templates = Vec::new();
        self.own = Vec::new();
        for slot in self.ahead_slots.drain(..) {
            self.ahead[slot as usize] = 0;
        }
        self.ahead_slots.shrink_to(KEPT);
        if self.ahead.len() > KEPT_SLOTS {
            self.ahead = Vec::new();
        }
        // Kinds that nobody is of go: there are few to look through.
        self.rendered.retain(|(_, chunks)| !chunks.is_empty());
        for (_, chunks) in &mut self.rendered {
            chunks.clear();
            chunks.shrink_to(KEPT);
        }
    }
}

/// Entries of its tables that a talk keeps between turns.
const KEPT: usize = 64;

/// Slots that it keeps a count for between turns.
const KEPT_SLOTS: usize = 2048;

impl<S: System> Reactor<S> {
    /// Tells a connection what it asked for. A name that is refused ends it in some dialects.
    pub(super) fn answer(&mut self, id: ConnId, event: &Event, request_id: Option<&RequestId>) {
        let now = self.clock.moment;
        let event = match self.is_last_name(id, event) {
            true => &Event::Error(ErrorCode::TooManyNames),
            false => event,
        };
        self.flush_batch_to(id);
        let here = self.hub.is_here(id, event);
        let base = self.link_base(id, event);
        let Some(connection) = self.connections.touch(id) else {
            return;
        };
        self.counters.deliveries += 1;
        let wants_login = self.hub.wants_login();
        match (event, connection.stage) {
            (Event::Unlocked, _) => connection.stage = Stage::Joining,
            (Event::Error(ErrorCode::NameRegistered), Stage::Joining)
                if wants_login && connection.spoken().spec().asks_again =>
            {
                connection.stage = Stage::Proving;
            }
            (Event::Error(_), Stage::Proving) => connection.stage = Stage::Joining,
            _ => {}
        }
        let (dialect, stage) = (connection.spoken(), connection.stage);
        let view = View {
            stage,
            own: true,
            here,
            id: request_id,
            now,
            world: &self.hub,
            source: None,
            links: base.as_deref().map(|base| self.links.links(base, id, now)),
            form: 0,
        };
        let before = connection.outbox.len();
        connection.render(event, &view, &self.pages.ledger);
        self.budget
            .charge((connection.outbox.len() - before) / BYTES_PER_DELIVERY);
        connection.note_answer(&self.limits);
        if let Event::Error(code) = event
            && stage != Stage::Joined
            && (code.is_final() || closes(dialect.spec().closes_on, code))
        {
            connection.drain(Reason::Refused, self.clock.now);
        }
        if connection.has_moves() {
            self.connections.make_ready(id);
        }
    }

    /// Is that the refusal of a name which is one too many?
    fn is_last_name(&mut self, id: ConnId, event: &Event) -> bool {
        let Event::Error(code) = event else {
            return false;
        };
        let Some(connection) = self.connections.get_mut(id).filter(|it| !it.has_joined()) else {
            return false;
        };
        let counts = code.is_join_refusal() && connection.class() != Class::Console;
        let is_question = *code == ErrorCode::NameRegistered
            && self.hub.wants_login()
            && connection.spoken().spec().asks_again;
        counts && !is_question && connection.count_refused_name() >= REFUSED_NAMES_MAX
    }

    /// Tells a connection what it did not ask for.
    pub(super) fn tell(&mut self, id: ConnId, event: &Event) {
        let now = self.clock.moment;
        self.counters.note_deliveries(event, 1);
        self.flush_batch_to(id);
        let here = self.hub.is_here(id, event);
        let base = self.link_base(id, event);
        if let Some(connection) = self.connections.touch(id) {
            if matches!(event, Event::Kicked { .. }) {
                connection.reason = Some(Reason::Kicked);
            }
            let view = View {
                stage: connection.stage,
                own: false,
                here,
                id: None,
                now,
                world: &self.hub,
                source: None,
                links: base.as_deref().map(|base| self.links.links(base, id, now)),
                form: 0,
            };
            connection.render(event, &view, &self.pages.ledger);
            if matches!(event, Event::History { .. }) {
                connection.note_answer(&self.limits);
            }
            if connection.has_moves() {
                self.connections.make_ready(id);
            }
        }
    }

    /// Tells many the same.
    pub(super) fn broadcast(&mut self, audience: &Audience, event: Event) {
        // Everyone was told that the server stops: that all leave then is no news.
        if self.stops_at.is_some() {
            return;
        }
        if matches!(event, Event::Said { .. } | Event::Amended(_)) {
            self.show_event(&event);
        }
        match audience {
            Audience::Room {
                room,
                readers,
                except,
                ignorers,
            } => self.say_in((*room, readers), *except, ignorers, event),
            Audience::Each(each) => {
                self.hand_out(0);
                let now = self.clock.moment;
                self.budget.charge(each.len());
                self.counters.note_deliveries(&event, each.len());
                let mut batch = RoomBatch::apart(self.happening(event));
                for reader in each {
                    if let Some(connection) = self.connections.get_open(reader.id) {
                        let kind = connection.kind(reader.here);
                        let chunks = batch.chunks(kind, None, &mut self.pages, now, &self.hub);
                        self.connections.owe(reader.id, chunks, &self.limits);
                    }
                }
            }
        }
    }

    /// An event for the members of a room but one of them and those who hear nothing of its speaker. The
    /// turn takes in no more when enough is said.
    fn say_in(
        &mut self,
        (room, readers): (RoomId, &Readers),
        except: Option<ConnId>,
        ignorers: &[ConnId],
        event: Event,
    ) {
        if !self.batch.is_for(room, readers) {
            let readers = readers.clone();
            self.hand_out(0);
            self.batch.audience = Some((room, readers));
        }
        // Who said it may be gone, and its slot another's, who is to hear it.
        let except = except.filter(|&id| self.connections.get_open(id).is_some());
        let passed_by = || except.iter().chain(ignorers).copied();
        passed_by().for_each(|id| self.flush_batch_to(id));
        let passed_by_count = ignorers.len() + usize::from(except.is_some());
        self.budget
            .charge(1 + passed_by_count * DELIVERIES_PER_IGNORER);
        let hearers = readers.len().saturating_sub(passed_by_count);
        self.counters.note_deliveries(&event, hearers);
        self.batch.bytes += event.text_bytes();
        self.batch.has_files |= event.has_files();
        let happening = self.happening(event);
        self.batch.events.push(happening);
        if self.batch.bytes > BATCH_BYTES_MAX {
            self.budget.exhaust();
        }
        passed_by().for_each(|id| self.batch.mark_delivered(id));
    }

    /// An event with what is known now of whose doing it is, where a reader may be told of that. It is
    /// rendered later, and somebody else may go by the name then.
    fn happening(&self, event: Event) -> Happened {
        let actor = event.actor().filter(|_| self.connections.dialogues > 0);
        let source = actor.and_then(|nick| self.hub.known_as(nick));
        Happened {
            event,
            source: source.map(Box::new),
        }
    }

    /// Sends what a dialogue wrote that was held.
    pub(super) fn send_written(&mut self, id: ConnId, bytes: &[u8]) {
        self.flush_batch_to(id);
        if let Some(connection) = self.connections.touch(id) {
            connection.append(&self.pages.ledger, |out| out.extend_from_slice(bytes));
            connection.note_answer(&self.limits);
        }
    }

    /// Hands a connection what was said so far, if it is a reader of the room: what it is told next
    /// comes behind it.
    pub(super) fn flush_batch_to(&mut self, id: ConnId) {
        let heard = self.batch.delivered_to(id);
        if heard == self.batch.events.len() {
            return;
        }
        let Some(reader) = self.batch.reader(id, &self.hub) else {
            return;
        };
        let now = self.clock.moment;
        let Some(connection) = self.connections.get_open(id) else {
            return;
        };
        let kind = connection.kind(reader.here);
        let base = self.batch.has_files.then(|| self.links.base(connection));
        let links = base.as_deref().map(|base| self.links.links(base, id, now));
        let chunks = self
            .batch
            .chunks(kind, links, &mut self.pages, now, &self.hub);
        self.connections.owe(id, &chunks[heard..], &self.limits);
        self.batch.mark_delivered(id);
    }

    /// Hands out what is being said to the readers who did not hear it yet. As many as `writes` of
    /// those who are owed nothing else are written to at once, the others when it is their turn.
    /// Returns the writes left.
    pub(super) fn hand_out(&mut self, mut writes: usize) -> usize {
        let Some((_, readers)) = self.batch.audience.clone() else {
            return writes;
        };
        let now = self.clock.moment;
        self.budget.charge(readers.len());
        for reader in readers.iter() {
            let heard = self.batch.delivered_to(reader.id);
            if heard == self.batch.events.len() {
                continue;
            }
            let Some(connection) = self.connections.get_open(reader.id) else {
                continue;
            };
            let kind = connection.kind(reader.here);
            let base = self.batch.has_files.then(|| self.links.base(connection));
            let links = base
                .as_deref()
                .map(|base| self.links.links(base, reader.id, now));
            let chunks = self
                .batch
                .chunks(kind, links, &mut self.pages, now, &self.hub);
            let chunks = &chunks[heard..];
            let at_once = match writes > 0 && connection.owes_nothing() {
                true => joined(chunks),
                false => None,
            };
            match at_once.map(|chunk| connection.send(&chunk)) {
                None => self.connections.owe(reader.id, chunks, &self.limits),
                Some(Ok(count)) => {
                    writes = writes.saturating_sub(1 + count / BYTES_PER_WRITE);
                    self.counters.bytes_out += count as u64;
                    if !connection.owes_nothing() {
                        self.connections.touch(reader.id);
                    }
                }
                Some(Err(e)) => self.connections.doom(reader.id, Reason::Broken(e.kind())),
            }
        }
        self.batch.clear();
        writes
    }
}

/// Does this refusal, before the join, end a connection that closes on those?
fn closes(closes_on: ClosesOn, code: &ErrorCode) -> bool {
    match closes_on {
        ClosesOn::Nothing => false,
        ClosesOn::RefusedName => code.is_join_refusal(),
        ClosesOn::AnyRefusal => true,
    }
}
