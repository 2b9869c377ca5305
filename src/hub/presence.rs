//! Comings and goings. In a room of many they are counted, and told as one line a second: to tell each
//! to all costs the square of the crowd.

use std::collections::VecDeque;

use crate::limits::{PRESENCE_MS, UNTOLD_MS};
use crate::model::{ConnId, Event, Moment, UserId};

use super::{Audience, Hub, LOBBY, RoomId, User};

impl Hub {
    /// When [`Hub::handle_timeout`] is to be called, in milliseconds since the start; `None` while
    /// nothing is waited for.
    pub fn poll_timeout(&self) -> Option<u64> {
        let at_once = self.has_more_to_do().then_some(0);
        let untold = self.untold.front().map(|&(due_ms, _)| due_ms);
        let due = [
            at_once,
            self.rooms.next_due(),
            self.next_grace(),
            untold,
            self.next_expiry(),
        ];
        due.into_iter().flatten().min()
    }

    /// Goes on with what takes several turns, renames who had its grace, or tells of who has come without a
    /// word, or what was counted and whose second is over, or ends what was not used for long: one of these, so
    /// that there is time for others in between.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.now = now;
        let is_due = |due_ms: u64| due_ms <= now.uptime_ms;
        if self.has_more_to_do() {
            self.do_some();
        } else if self.next_grace().is_some_and(is_due) {
            self.end_grace();
        } else if self.next_expiry().is_some_and(is_due) {
            self.end_unused();
        } else if let Some(&(due_ms, id)) = self.untold.front()
            && is_due(due_ms)
        {
            self.untold.pop_front();
            if self.untold.is_empty() {
                self.untold = VecDeque::new();
            }
            self.tell_of_coming(id);
        } else if let Some((id, churn)) = self.rooms.pop_due(now.uptime_ms) {
            let room = self.rooms.get(id);
            let event = Event::Presence {
                room: room.name.clone(),
                joined: churn.joined,
                left: churn.left,
                members: room.count(),
            };
            let audience = Audience::Room {
                room: id,
                except: None,
                ignorers: Vec::new(),
            };
            self.broadcast(audience, event);
        }
    }

    /// Tells the others in a room that somebody has entered it, or counts it where they are many now.
    pub(super) fn tell_of_entering(&mut self, user: UserId, id: RoomId, event: Event) {
        if self.is_crowded(id) {
            self.rooms.churn_mut(id, self.presence_due()).joined += 1;
        } else {
            let mut own = self.users.sessions_of(user);
            let except = own.next();
            let mut ignorers: Vec<ConnId> = own.collect();
            ignorers.sort_unstable();
            let audience = Audience::Room {
                room: id,
                except,
                ignorers,
            };
            self.broadcast(audience, event);
        }
    }

    /// The others are told of a user later: when it asks for something, or after [`UNTOLD_MS`].
    pub(super) fn tell_later(&mut self, id: UserId) {
        self.change(id, |rare| rare.is_untold = true);
        let due_ms = self.now.uptime_ms + UNTOLD_MS;
        self.untold.push_back((due_ms, id));
    }

    /// Tells the others of a user whom they were not told of yet.
    pub(super) fn tell_of_coming(&mut self, id: UserId) {
        if !self.users.get(id).is_some_and(User::is_untold) {
            return;
        }
        self.change(id, |rare| rare.is_untold = false);
        let who = self.users.first_of(id);
        if let Some(who) = who
            && let Ok(author) = self.author(who)
        {
            self.tell_of_entering(id, LOBBY, Event::Joined { author });
        }
    }

    /// How many in the lobby nobody was told of yet.
    pub(super) fn untold_count(&self) -> usize {
        let is_untold =
            |&&(_, id): &&(u64, UserId)| self.users.get(id).is_some_and(User::is_untold);
        self.untold.iter().filter(is_untold).count()
    }

    /// A connection has sent something that cannot be asked: it speaks its dialect, however badly.
    pub fn handle_refused(&mut self, who: ConnId, now: Moment) {
        self.now = now;
        if let Some(id) = self.users.of(who) {
            self.tell_of_coming(id);
        }
    }

    /// Takes a user out of the members of a room. Returns whether the others are to be told of it: where they were many
    /// it is counted instead.
    pub(super) fn remove_member(&mut self, user: UserId, id: RoomId) -> bool {
        let is_crowded = self.is_crowded(id);
        if is_crowded {
            self.rooms.churn_mut(id, self.presence_due()).left += 1;
        }
        let forgotten_bytes = self.rooms.leave(id, user);
        self.forget_room(forgotten_bytes);
        if self.rooms.try_get(id).is_some() {
            self.use_room(id);
        }
        !is_crowded
    }

    fn is_crowded(&self, id: RoomId) -> bool {
        self.rooms.get(id).count() > self.rules.presence_limit
    }

    fn presence_due(&self) -> u64 {
        self.now.uptime_ms + PRESENCE_MS
    }
}
