//! Comings and goings. In a room of many they are counted, and told as one line a second: to tell each
//! to all costs the square of the crowd.

use crate::chat::{LOBBY, RoomId};
use crate::limits::{PRESENCE_MS, UNTOLD_MS};
use crate::model::{ConnId, ErrorCode, Event, Moment, Nick, UserId};
use crate::session::Reader;

use super::decision::Decision;
use super::effect::Audience;
use super::state::Hub;

impl Hub {
    /// Tells the others in a room that somebody has entered it, or counts it where they are many now.
    pub(super) fn tell_of_entering(&mut self, user: UserId, id: RoomId, event: Event, now: Moment) {
        if self.is_crowded(id) {
            let churn = self.local.churn_mut(id, presence_due(now));
            churn.joined = churn.joined.saturating_add(1);
            self.tell_eager(&[id], Some(user), event);
        } else {
            let mut own = self.sessions.of(user);
            let except = own.next();
            let mut ignorers: Vec<ConnId> = own.collect();
            ignorers.sort_unstable();
            let audience = Audience::Room {
                room: id,
                readers: self.readers(id).clone(),
                except,
                ignorers,
            };
            self.broadcast(audience, event);
        }
    }

    /// Tells those of some rooms of many who hear of each.
    pub(super) fn tell_eager(&mut self, rooms: &[RoomId], but: Option<UserId>, event: Event) {
        let readers = self.eager_in(rooms, but);
        if !readers.is_empty() {
            self.broadcast(Audience::Each(readers), event);
        }
    }

    /// Those readers of some rooms, each once, who hear of each who comes and goes.
    pub(super) fn eager_in(&self, rooms: &[RoomId], but: Option<UserId>) -> Vec<Reader> {
        self.note_steps(self.eager.len() * rooms.len());
        let is_own = |who: &ConnId| but.is_some() && self.sessions.user_of(*who) == but;
        let eager = self.eager.iter().copied().filter(|who| !is_own(who));
        let reader = |who| rooms.iter().find_map(|&room| self.reader(who, room));
        eager.filter_map(reader).collect()
    }

    /// A connection hears of each who comes and goes, or no more.
    pub(super) fn hear_each(&mut self, who: ConnId, is_on: bool) -> Result<Decision, ErrorCode> {
        match is_on {
            true => self.eager.insert(who),
            false => self.eager.remove(&who),
        };
        Ok(Decision::Answer(Event::Done { what: None }))
    }

    /// The others are told of a user later: when it asks for something, or after [`UNTOLD_MS`].
    pub(super) fn tell_later(&mut self, id: UserId, now: Moment) {
        let due_ms = now.uptime_ms + UNTOLD_MS;
        self.untold.push_back((due_ms, id));
    }

    /// Tells the others of a user whom they were not told of yet.
    pub(super) fn tell_of_coming(&mut self, user: UserId, nick: Nick, now: Moment) {
        let author = match self.sessions.first_of(user) {
            Some(who) => self.author(who, nick),
            None => self.author_elsewhere(user, nick),
        };
        self.tell_of_entering(user, LOBBY, Event::Joined { author }, now);
    }

    /// A user has left a room of so many members. Returns whether the others are to be told of it: where they were
    /// many it is counted instead.
    pub(super) fn count_leaving(&mut self, id: RoomId, members: usize, now: Moment) -> bool {
        if self.chat.rooms().try_get(id).is_none() {
            return true;
        }
        let is_crowded = members > self.chat.rules().presence_limit;
        if is_crowded {
            let churn = self.local.churn_mut(id, presence_due(now));
            churn.left = churn.left.saturating_add(1);
        }
        self.use_room(id, now);
        !is_crowded
    }

    fn is_crowded(&self, id: RoomId) -> bool {
        self.chat.rooms().get(id).count() > self.chat.rules().presence_limit
    }
}

fn presence_due(now: Moment) -> u64 {
    now.uptime_ms + PRESENCE_MS
}
