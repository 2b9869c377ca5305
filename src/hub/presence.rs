//! Comings and goings. In a room of many they are counted, and told as one line a second: to tell each
//! to all costs the square of the crowd.

use crate::limits::PRESENCE_MS;
use crate::model::{ConnId, Event, Moment};

use super::{Audience, Hub, RoomId};

impl Hub {
    /// When [`Hub::handle_timeout`] is to be called, in milliseconds since the start; `None` while
    /// nothing is waited for.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.rooms.next_due()
    }

    /// Tells what was counted and whose second is over.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some((id, churn)) = self.rooms.pop_due(now.uptime_ms) {
            let room = self.rooms.get(id);
            let event = Event::Presence {
                room: room.name.clone(),
                joined: churn.joined,
                left: churn.left,
                members: room.members().len(),
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
    pub(super) fn tell_of_entering(&mut self, who: ConnId, id: RoomId, event: Event) {
        if self.is_crowded(id) {
            self.rooms.churn_mut(id, self.presence_due()).joined += 1;
        } else {
            self.broadcast(Audience::others(id, who), event);
        }
    }

    /// Takes a member out of a room. Returns whether the others are to be told of it: where they were
    /// many it is counted instead.
    pub(super) fn remove_member(&mut self, who: ConnId, id: RoomId) -> bool {
        let is_crowded = self.is_crowded(id);
        if is_crowded {
            self.rooms.churn_mut(id, self.presence_due()).left += 1;
        }
        self.end_catching_up(id, who);
        let forgotten_bytes = self.rooms.leave(id, who);
        self.forget_room(forgotten_bytes);
        !is_crowded
    }

    fn is_crowded(&self, id: RoomId) -> bool {
        self.members(id).len() > self.rules.presence_limit
    }

    fn presence_due(&self) -> u64 {
        self.now.uptime_ms + PRESENCE_MS
    }
}
