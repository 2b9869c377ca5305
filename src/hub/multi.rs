//! Several connections of one account, which are one user to everybody else: a presence. One of them is
//! its lead, to which its name leads, and which moderates; the others are its seconds. Each is a member
//! of the rooms that all are in, and speaks where it likes; what concerns the user concerns them all.

use crate::limits::CONNECTIONS_PER_ACCOUNT_MAX;
use crate::model::{
    ConnId, Departure, ErrorCode, Event, MessageId, Peer, PutOut, RoomName, Roster,
};

use super::accounts::Coming;
use super::session::Rare;
use super::{Audience, Effect, Hub, LOBBY, RoomId, Session};

impl Hub {
    /// Every connection of a user, the lead first.
    pub(super) fn connections(&self, who: ConnId) -> Vec<ConnId> {
        let lead = self.sessions.lead(who);
        let seconds = self.sessions.get(lead).map_or(&[][..], Session::seconds);
        [lead].into_iter().chain(seconds.iter().copied()).collect()
    }

    /// The other connections of a user, in ascending order.
    pub(super) fn twins(&self, who: ConnId) -> Vec<ConnId> {
        let is_alone = |session: &Session| !session.is_second() && session.seconds().is_empty();
        if self.sessions.get(who).is_none_or(is_alone) {
            return Vec::new();
        }
        let mut twins = self.connections(who);
        twins.retain(|&id| id != who);
        twins.sort_unstable();
        twins
    }

    /// Tells every connection of a user.
    pub(super) fn tell_all(&mut self, who: ConnId, event: Event) {
        self.tell_twins(who, &event);
        self.tell(who, event);
    }

    /// Tells the other connections of a user.
    pub(super) fn tell_twins(&mut self, who: ConnId, event: &Event) {
        for id in self.twins(who) {
            self.tell(id, event.clone());
        }
    }

    /// Changes what concerns all connections of a user.
    pub(super) fn change_all(&mut self, who: ConnId, change: impl Fn(&mut Rare)) {
        for id in self.connections(who) {
            if let Some(session) = self.sessions.get_mut(id) {
                session.change_rare(&change);
            }
        }
    }

    /// A lead that goes, or stays as a second, has its first second take its place.
    pub(super) fn hand_on(&mut self, old: ConnId) {
        let Some(new) = self.sessions.hand_on(old) else {
            return;
        };
        let session = &self.sessions[old];
        for &room in session.rooms() {
            self.rooms.get_mut(room).hand_on(old, new);
        }
        for (_, room) in self.rooms.iter_mut() {
            if room.modes.invited.remove(&old) {
                room.modes.invited.insert(new);
            }
        }
        if let Some(due_ms) = self.stop_grace(old) {
            self.start_grace(new, due_ms);
        }
    }

    /// Takes a second out of its presence, which stays as it is.
    pub(super) fn take_second_away(&mut self, who: ConnId, session: &Session) {
        for &room in session.rooms() {
            self.end_catching_up(room, who);
            self.rooms.get_mut(room).remove_second(who);
        }
    }

    /// A connection without a session becomes a second of a user who is here, and who has one connection
    /// less where that would be too many. It speaks in `focus`, in the lobby, or where the lead does,
    /// whichever of them the user is in, and is shown the last `replay` messages of rooms that it enters.
    pub(super) fn attach(
        &mut self,
        who: ConnId,
        peer: Peer,
        beside: ConnId,
        focus: RoomId,
        replay: u16,
    ) {
        let oldest = self.sessions.lead(beside);
        let lead = match self.connections(oldest).len() < CONNECTIONS_PER_ACCOUNT_MAX {
            true => oldest,
            false => {
                let next = self.sessions[oldest].seconds()[0];
                self.put_out_connection(oldest, PutOut::LoggedInElsewhere);
                next
            }
        };
        let mut twin = self.sessions[lead].twin(peer);
        let focus = [focus, LOBBY].into_iter().find(|&room| twin.is_in(room));
        let focus = focus.unwrap_or(twin.focus());
        twin.set_focus(focus);
        twin.replay = replay;
        for key in twin.ignored() {
            self.ignorers.insert(key.clone(), who);
        }
        for &room in twin.rooms() {
            self.rooms.get_mut(room).enter_second(who);
        }
        self.sessions.insert_second(who, lead, twin);
        self.rooms.get_mut(focus).set_here(who, true);
    }

    /// Comes in at one more connection of a user who is here. Returns what is resumed.
    pub(super) fn come_in_beside(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
        lead: ConnId,
    ) -> Result<Vec<(RoomName, MessageId)>, ErrorCode> {
        self.attach(who, peer, lead, LOBBY, self.replay_of(coming.replay));
        let nick = self.own(who)?.nick().clone();
        let users = match coming.wants_users {
            true => self.roster(LOBBY),
            false => Roster::default(),
        };
        self.answer(who, Event::Welcome { nick, users })?;
        let rooms = self.own(who)?.rooms().to_vec();
        for &room in rooms.iter().filter(|&&room| room != LOBBY) {
            self.tell_own_entering(who, room);
        }
        if !rooms.contains(&LOBBY) {
            self.tell_own_leaving(who, &RoomName::lobby())?;
        }
        Ok(coming.resume)
    }

    /// A user becomes another, who is here already, with all of its connections.
    pub(super) fn merge(&mut self, who: ConnId, into: ConnId) -> Result<(), ErrorCode> {
        let (from, to) = (
            self.own(who)?.nick().clone(),
            self.own(into)?.nick().clone(),
        );
        let rooms = self.own(who)?.rooms().to_vec();
        let names: Vec<_> = rooms
            .iter()
            .map(|&id| self.rooms.get(id).name.clone())
            .collect();
        let mut moved = Vec::new();
        let first_effect = self.effects.len();
        for id in self.connections(who).into_iter().rev() {
            let session = self.own(id)?;
            let muted_in = session.muted_in().to_vec();
            moved.push((id, session.peer, session.focus(), session.replay, muted_in));
            self.take_away(id, Departure::Quit(None));
        }
        self.settle_audiences(first_effect);
        let mut beside = into;
        for (id, peer, focus, replay, muted_in) in moved {
            self.attach(id, peer, beside, focus, replay);
            beside = id;
            self.own_mut(id)?
                .change_rare(|rare| rare.muted_in = muted_in);
            self.follow_mutes(id);
            let event = Event::Renamed {
                from: from.clone(),
                to: to.clone(),
            };
            self.tell(id, event);
            for name in &names {
                let is_in = |room| self.sessions[id].is_in(room);
                if !self.rooms.find(name).is_some_and(is_in) {
                    self.tell_own_leaving(id, name)?;
                }
            }
            // Those that it was in before, too: they have one user less.
            for room in self.sessions[id].rooms().to_vec() {
                self.tell_own_entering(id, room);
                if !names.contains(&self.rooms.get(room).name) {
                    self.show_past(id, room, None, None);
                }
            }
        }
        Ok(())
    }

    /// Tells a connection of a user who entered a room at another.
    pub(super) fn tell_own_entering(&mut self, who: ConnId, id: RoomId) {
        let room = self.rooms.get(id);
        let event = Event::EnteredRoom {
            room: room.name.clone(),
            created: false,
            users: self.roster(id),
            topic: room.topic.clone(),
        };
        self.tell(who, event);
    }

    /// Whom the last effects are for does not change any more: who enters now is not among them.
    pub(super) fn settle_audiences(&mut self, first: usize) {
        for at in first..self.effects.len() {
            let Some(Effect::Broadcast { audience, .. }) = self.effects.get(at) else {
                continue;
            };
            let Audience::Room {
                room,
                except,
                ignorers,
            } = audience
            else {
                continue;
            };
            let members = self.members(*room).iter();
            let hears = |id: &ConnId| Some(*id) != *except && !ignorers.contains(id);
            let settled = members
                .filter(|member| hears(&member.id))
                .copied()
                .collect();
            if let Some(Effect::Broadcast { audience, .. }) = self.effects.get_mut(at) {
                *audience = Audience::Each(settled);
            }
        }
    }
}
