//! What is told and has to wait until messages are on disk: an answer that says that one is; and where nothing may be
//! seen before ([`Durability::Seen`]) all that is told, in one queue, so that everybody sees one order.

use std::collections::{HashMap, VecDeque};

use crate::limits::{HELD_BYTES_MAX, HELD_MAX, HELD_MS};
use crate::model::{ConnId, Durability, ErrorCode, Event, MessageId, Moment, Record};
use crate::session::{Reader, Readers};

use super::effect::{Audience, Effect};
use super::state::Hub;

/// Places for effects that are kept while none waits.
const IDLE_HELD: usize = 64;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct HeldOutput {
    /// Invariant: each waits for no earlier message than the one before it.
    queue: VecDeque<HeldEffect>,
    /// How many of them tell of no message that is not on disk, and may pass those that do.
    passing: usize,
    /// Did what may pass the first pass it? Then what comes may, too.
    is_passed: bool,
    /// How many of them are for one connection, by that.
    by_connection: HashMap<ConnId, u32>,
    /// What they take, in bytes; about.
    bytes: usize,
    /// The readers of the last effect for a room, which further ones most often share.
    readers: Readers,
}

#[derive(Debug)]
struct HeldEffect {
    /// Everything up to this is to be on disk before.
    after: MessageId,
    /// Does it tell of a message that is not on disk?
    tells_more: bool,
    /// When that was handed over, in milliseconds since the start.
    since_ms: u64,
    bytes: usize,
    /// Has something passed it that was to be told behind it?
    is_passed: bool,
    effect: Effect,
}

impl HeldOutput {
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Is as much held as may be?
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= HELD_MAX || self.bytes > HELD_BYTES_MAX
    }

    /// Is something for that connection alone among them?
    pub(super) fn is_for(&self, who: ConnId) -> bool {
        self.by_connection.contains_key(&who)
    }

    /// Nobody waits for what is for that connection: it is not told.
    pub(super) fn forget(&mut self, who: ConnId) {
        self.by_connection.remove(&who);
    }

    /// May the first go?
    pub(super) fn is_due(&self, kept: MessageId) -> bool {
        self.queue.front().is_some_and(|held| held.after <= kept)
    }

    /// When the first has waited for so long that what may pass it does, where there is anything to pass it, in milliseconds since the start.
    pub(super) fn passes_ms(&self) -> Option<u64> {
        let first = self.queue.front().filter(|_| self.passing > 0)?;
        Some(first.since_ms + HELD_MS)
    }

    fn push(&mut self, effect: Effect, (after, since_ms): (MessageId, u64), tells_more: bool) {
        if let Some(to) = connection_of(&effect) {
            *self.by_connection.entry(to).or_default() += 1;
        }
        let mut bytes = size_of::<HeldEffect>() + bytes_of(&effect);
        if let Effect::Broadcast {
            audience: Audience::Room { readers, .. },
            ..
        } = &effect
            && !readers.is(&self.readers)
        {
            self.readers = readers.clone();
            bytes += readers.len() * size_of::<ConnId>();
        }
        self.bytes += bytes;
        self.passing += usize::from(!tells_more);
        self.queue.push_back(HeldEffect {
            after,
            tells_more,
            since_ms,
            bytes,
            is_passed: self.is_passed,
            effect,
        });
    }

    /// Takes out the first, with nothing in its place where nobody waits for it any more; and whether anything has passed
    /// it.
    pub(super) fn pop(&mut self) -> Option<(Effect, bool)> {
        let held = self.queue.pop_front()?;
        let is_passed = held.is_passed;
        self.is_passed = false;
        if self.queue.is_empty() {
            self.queue.shrink_to(IDLE_HELD);
            self.readers = Readers::default();
        }
        Some((self.let_go(held)?, is_passed))
    }

    /// Takes out those that may pass the others.
    fn pass(&mut self) -> Vec<Effect> {
        let queue = std::mem::take(&mut self.queue);
        let (stay, pass): (VecDeque<_>, VecDeque<_>) =
            queue.into_iter().partition(|held| held.tells_more);
        self.queue = stay;
        self.is_passed = true;
        self.queue.iter_mut().for_each(|held| held.is_passed = true);
        pass.into_iter()
            .filter_map(|held| self.let_go(held))
            .collect()
    }

    fn let_go(&mut self, held: HeldEffect) -> Option<Effect> {
        self.bytes -= held.bytes;
        self.passing -= usize::from(!held.tells_more);
        if let Some(to) = connection_of(&held.effect) {
            let count = self.by_connection.get_mut(&to)?;
            *count -= 1;
            if *count == 0 {
                self.by_connection.remove(&to);
            }
        }
        Some(held.effect)
    }
}

impl Hub {
    /// May a message be said now? Where nothing is to be seen that is not on disk, there must be room for it on its way.
    ///
    /// # Errors
    /// [`ErrorCode::KeepingFailed`], and it is counted.
    pub(super) fn check_room(&mut self) -> Result<(), ErrorCode> {
        if self.has_room || self.chat.rules().durability != Some(Durability::Seen) {
            return Ok(());
        }
        self.effects.push_back(Effect::Lost(None));
        Err(ErrorCode::KeepingFailed)
    }

    /// Something is told behind what has passed it: its readers may have been told since that they speak elsewhere.
    pub(super) fn look_where_readers_are(&self, effect: &mut Effect) {
        if let Effect::Broadcast {
            audience: Audience::Room { room, readers, .. },
            ..
        } = effect
        {
            let room = *room;
            let mut now = Readers::default();
            for Reader { id, here } in readers.iter() {
                let session = self.sessions.get(id);
                let here = session.map_or(here, |session| session.focus == Some(room));
                now.add(Reader { id, here });
            }
            *readers = now;
        }
    }

    /// Hands a message over to be kept, where there is a disk and room for it.
    pub(super) fn keep_said(&mut self, id: MessageId, record: Record, now: Moment) {
        match self.has_room {
            _ if self.chat.rules().durability.is_none() => {}
            true => {
                self.history.handed = (id, now.uptime_ms);
                self.effects.push_back(Effect::Keep(record));
            }
            false => self.effects.push_back(Effect::Lost(Some(id))),
        }
    }

    /// Has something told: at once, or when all that is told before it may be.
    pub(super) fn put(&mut self, effect: Effect) {
        let kept = self.history.kept;
        let is_at_once = self.chat.rules().durability != Some(Durability::Seen)
            || self.held.queue.is_empty() && self.history.handed.0 <= kept;
        // Who has no session sees nothing of what the others see.
        let is_apart = || matches!(&effect, Effect::Answer { to, .. } if self.is_stranger(*to));
        if is_at_once || is_apart() {
            return self.effects.push_back(effect);
        }
        let tells_more = newest_of(&effect) > kept;
        if !tells_more && self.held.is_passed {
            return self.effects.push_back(effect);
        }
        self.held.push(effect, self.history.handed, tells_more);
    }

    /// Does what a connection's dialect answers by itself wait behind what is held? Of more than may be held it does not:
    /// that is sent at once.
    pub fn holds_before(&self, who: ConnId) -> bool {
        let is_seen = self.chat.rules().durability == Some(Durability::Seen);
        let waits = !self.held.queue.is_empty() || self.history.handed.0 > self.history.kept;
        is_seen && waits && !self.held.is_full() && !self.is_stranger(who)
    }

    /// Has a connection sent what its dialect answers by itself, behind what is held.
    pub fn handle_written(&mut self, to: ConnId, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.put(Effect::Written { to, bytes });
        }
    }

    /// Has something told when a message is on disk, which was said just now.
    pub(super) fn put_when_kept(&mut self, effect: Effect) {
        self.held.push(effect, self.history.handed, true);
    }

    /// Is so much held that no more is to be asked of the archive, whose answers are long?
    pub fn holds_much(&self) -> bool {
        self.held.queue.len() > HELD_MAX / 2 || self.held.bytes > HELD_BYTES_MAX / 2
    }

    /// What tells of no message passes those that wait for the disk for too long. `false`: there is nothing, or it is
    /// too early.
    pub(super) fn pass_held(&mut self, now: Moment) -> bool {
        let is_due = self
            .held
            .passes_ms()
            .is_some_and(|due_ms| due_ms <= now.uptime_ms);
        if is_due {
            let passing = self.held.pass();
            self.effects.extend(passing);
        }
        is_due
    }
}

/// The connection that an effect is for, if that is one.
fn connection_of(effect: &Effect) -> Option<ConnId> {
    match effect {
        Effect::Answer { to, .. }
        | Effect::Tell { to, .. }
        | Effect::Written { to, .. }
        | Effect::Posted { to, .. }
        | Effect::Read { to, .. }
        | Effect::Ticket { to, .. }
        | Effect::Report { to, .. } => Some(*to),
        Effect::Broadcast { .. }
        | Effect::Came { .. }
        | Effect::Gone { .. }
        | Effect::Close { .. }
        | Effect::Hold { .. }
        | Effect::Release { .. }
        | Effect::KeepSettings
        | Effect::Keep(_)
        | Effect::Lost(_)
        | Effect::Ask { .. }
        | Effect::AskAccount { .. }
        | Effect::Log(_)
        | Effect::Reload
        | Effect::Stop { .. } => None,
    }
}

fn event_of(effect: &Effect) -> Option<&Event> {
    match effect {
        Effect::Answer { event, .. }
        | Effect::Tell { event, .. }
        | Effect::Broadcast { event, .. } => Some(event),
        _ => None,
    }
}

/// The newest message that an effect tells of.
fn newest_of(effect: &Effect) -> MessageId {
    let newest = match (effect, event_of(effect)) {
        (Effect::Read { excerpt, .. }, _) => {
            let last = excerpt.as_ref().ok().and_then(|it| it.messages.last());
            last.map(|message| message.id)
        }
        (_, Some(Event::Said { message, .. } | Event::Private { message })) => Some(message.id),
        (_, Some(Event::PrivateSent { id, .. })) => *id,
        (_, Some(Event::Kept { id, .. })) => Some(*id),
        // It has a place of its own in the order of messages, later than what it is about.
        (_, Some(Event::Deleted(_) | Event::Amended(_))) => Some(MessageId::MAX),
        (_, Some(Event::History { messages, .. })) => messages.last().map(|message| message.id),
        (_, Some(Event::Found { messages, .. })) => messages.last().map(|(_, message)| message.id),
        _ => None,
    };
    newest.unwrap_or_default()
}

/// What is rendered of an effect that tells of a message or is long, in bytes of text.
pub(super) fn text_of(effect: &Effect) -> usize {
    if let Effect::Written { bytes, .. } = effect {
        return bytes.len();
    }
    match event_of(effect) {
        Some(Event::History { messages, .. }) => {
            messages.iter().map(|message| message.text.len()).sum()
        }
        Some(event) => event.text_bytes(),
        None => 0,
    }
}

/// What an effect takes beside itself, in bytes; about. Texts of messages are shared with the archive or counted
/// there.
fn bytes_of(effect: &Effect) -> usize {
    let audience = match effect {
        Effect::Broadcast {
            audience: Audience::Each(readers),
            ..
        } => size_of_val(&readers[..]),
        _ => 0,
    };
    let names = match event_of(effect) {
        Some(
            Event::Welcome { users, .. }
            | Event::Listing { users }
            | Event::Members { users, .. }
            | Event::EnteredRoom { users, .. },
        ) => size_of_val(&users.nicks[..]),
        Some(Event::Rooms { rooms, .. }) => size_of_val(&rooms[..]),
        Some(Event::Clients { clients }) => size_of_val(&clients[..]),
        _ => 0,
    };
    audience + names + text_of(effect)
}

#[cfg(test)]
mod tests;
