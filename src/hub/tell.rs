//! What is told, and to whom: in one queue, in the order of its happening.

use std::mem;

use crate::chat::RoomId;
use crate::model::{ConnId, Deed, Done, Event, Incident, Nick, Peer, RequestId, RoomName, UserId};

use super::decision::Asker;
use super::effect::{Audience, Effect};
use super::state::Hub;

impl Hub {
    /// Answers a request, with its id where it has one.
    pub(super) fn answer(&mut self, to: ConnId, id: Option<RequestId>, event: Event) {
        self.put(Effect::Answer { to, id, event });
    }

    /// Answers who asked for an entry, with the request's id where it was not answered yet.
    pub(super) fn answer_asker(&mut self, asker: &mut Asker, event: Event) {
        let id = asker.id.take();
        self.answer(asker.who, id, event);
    }

    pub(super) fn answer_done(&mut self, asker: Option<&mut Asker>, done: Done) {
        if let Some(asker) = asker {
            self.answer_asker(asker, Event::Done { what: Some(done) });
        }
    }

    pub(super) fn tell(&mut self, to: ConnId, event: Event) {
        self.put(Effect::Tell { to, event });
    }

    /// Tells a user, at each of its connections.
    pub(super) fn tell_user(&mut self, id: UserId, event: &Event) {
        for to in self.sessions.of(id).collect::<Vec<_>>() {
            self.tell(to, event.clone());
        }
    }

    /// Tells the other connections of the user of one.
    pub(super) fn tell_others_of(&mut self, who: ConnId, event: &Event) {
        for to in self.others_of(who) {
            self.tell(to, event.clone());
        }
    }

    /// The other connections of the user of one.
    pub(super) fn others_of(&self, who: ConnId) -> Vec<ConnId> {
        let own = self.sessions.user_of(who).into_iter();
        let own = own.flat_map(|id| self.sessions.of(id));
        own.filter(|&other| other != who).collect()
    }

    pub(super) fn broadcast(&mut self, audience: Audience, event: Event) {
        self.put(Effect::Broadcast { audience, event });
    }

    /// The readers of a room but one.
    pub(super) fn others(&self, room: RoomId, except: Option<ConnId>) -> Audience {
        Audience::Room {
            room,
            readers: self.readers(room).clone(),
            except,
            ignorers: Vec::new(),
        }
    }

    /// The readers but one of the rooms that still exist, each once, as readers of the first that they share.
    pub(super) fn neighbours(&self, except: Option<ConnId>, rooms: &[RoomId]) -> Audience {
        if let &[room] = rooms {
            return self.others(room, except);
        }
        let mut seen = vec![false; self.sessions.slots()];
        let mut is_new = |id: ConnId| {
            let seen = seen.get_mut(id.slot as usize);
            seen.is_some_and(|seen| !mem::replace(seen, true))
        };
        except.map(&mut is_new);
        self.note_steps(rooms.iter().map(|&room| self.readers(room).len()).sum());
        let readers = rooms.iter().flat_map(|&room| self.readers(room).iter());
        Audience::Each(readers.filter(|reader| is_new(reader.id)).collect())
    }

    /// Tells a connection that its user is out of a room, where it did not ask for that.
    pub(super) fn tell_own_leaving(&mut self, who: ConnId, room: &RoomName) {
        let (room, now_in) = (room.clone(), self.name_of_focus(who));
        self.tell(who, Event::LeftRoom { room, now_in });
    }

    /// Tells a connection of a user who entered a room at another.
    pub(super) fn tell_own_entering(&mut self, who: ConnId, id: RoomId) {
        let room = self.chat.rooms().get(id);
        let event = Event::EnteredRoom {
            room: room.name.clone(),
            created: false,
            users: self.roster(id),
            topic: room.topic.clone(),
        };
        self.tell(who, event);
    }

    /// Has the log tell of somebody at an address.
    pub(super) fn log(&mut self, deed: Deed, name: Option<Nick>, peer: Peer) {
        let peer = Some(peer);
        self.effects
            .push_back(Effect::Log(Incident { deed, name, peer }));
    }
}
