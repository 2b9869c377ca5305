//! Several connections of one account, which are one user to everybody else: one comes in beside
//! another, or a user becomes one who is here already. Each speaks where it likes, in the rooms that
//! the user is in.

use std::rc::Rc;

use crate::chat::{LOBBY, RoomId, User};
use crate::model::{ConnId, Event, Moment, RoomName, Roster, UserId};
use crate::session::{Reader, Session};

use super::decision::{Asker, Wants};
use super::state::Hub;

/// A session of a user who has become another.
#[derive(Debug)]
pub(super) struct Moved {
    who: ConnId,
    focus: Option<RoomId>,
    replay: u16,
    /// What it was told of before: its user's new name, and where that was.
    renamed: Event,
    rooms: Rc<[RoomName]>,
}

impl Hub {
    /// A connection without a session becomes one of a user who is here. It speaks in `focus`, in the lobby, or where the
    /// first one does, whichever of them the user is in, and is shown the last `replay` messages of rooms that it enters.
    fn attach(&mut self, user: UserId, who: ConnId, focus: Option<RoomId>, replay: u16) {
        let first = self.sessions.first_of(user);
        let focus_of_first = first.and_then(|first| self.sessions.get(first)?.focus);
        let own = &self.chat.users()[user];
        let mut wanted = [focus, Some(LOBBY)].into_iter().flatten();
        let focus = wanted.find(|&room| own.is_in(room)).or(focus_of_first);
        for key in own.ignored() {
            self.ignorers.insert(key.clone(), who);
        }
        for &room in own.rooms() {
            let here = focus == Some(room);
            let readers = &mut self.local.get_mut(room).readers;
            readers.add(Reader { id: who, here });
        }
        let session = Session::new(user, focus, replay);
        self.sessions.insert(who, session);
    }

    /// A user has one more session: that of who comes in, or one of a user who has become this one.
    pub(super) fn hear_attached(
        &mut self,
        user: UserId,
        mut asker: Option<&mut Asker>,
        now: Moment,
    ) {
        if let Some(asker) = asker.as_deref_mut()
            && let Wants::Welcome { users, replay, .. } = asker.wants
        {
            self.attach(user, asker.who, Some(LOBBY), replay);
            return self.welcome_beside(user, asker, users);
        }
        if let Some(asker) = asker.as_deref_mut()
            && let Wants::Return(replay) = asker.wants
        {
            return self.attach(user, asker.who, Some(LOBBY), replay);
        }
        if let Some(asker) = asker
            && let Wants::Nowhere { replay } = asker.wants
        {
            let who = asker.who;
            self.attach(user, who, None, replay);
            let (nick, users) = (self.name_of(user), Roster::default());
            self.answer_welcome(asker, nick, users);
            for room in self.chat.users()[user].rooms().to_vec() {
                self.tell_own_entering(who, room);
                self.show_past(who, room, None, None);
            }
            return;
        }
        let Some(moved) = self.moved.pop_front() else {
            return self.end_orphan(user, now);
        };
        self.attach(user, moved.who, moved.focus, moved.replay);
        self.tell(moved.who, moved.renamed);
        self.tell_new_rooms(moved.who, user, &moved.rooms);
    }

    fn welcome_beside(&mut self, user: UserId, asker: &mut Asker, wants_users: bool) {
        let who = asker.who;
        let nick = self.name_of(user);
        let users = match wants_users {
            true => self.roster(LOBBY),
            false => Roster::default(),
        };
        self.answer_welcome(asker, nick, users);
        let rooms = self.chat.users()[user].rooms().to_vec();
        for &room in rooms.iter().filter(|&&room| room != LOBBY) {
            self.tell_own_entering(who, room);
        }
        if !rooms.contains(&LOBBY) {
            self.tell_own_leaving(who, &RoomName::lobby());
        }
    }

    /// A user has become another: its sessions are to be that one's.
    pub(super) fn hear_merged(
        &mut self,
        (id, user): (UserId, &User),
        members: &[usize],
        into: UserId,
        rooms: Vec<RoomName>,
        now: Moment,
    ) {
        let rooms: Rc<[RoomName]> = rooms.into();
        let renamed = Event::Renamed {
            from: user.nick().clone(),
            to: self.name_of(into),
        };
        let sessions = self.sessions.of(id).filter_map(|who| {
            let session = self.sessions.get(who)?;
            Some(Moved {
                who,
                focus: session.focus,
                replay: session.replay,
                renamed: renamed.clone(),
                rooms: Rc::clone(&rooms),
            })
        });
        let mut sessions: Vec<Moved> = sessions.collect();
        sessions.reverse();
        self.part_from((id, user), members, now);
        self.moved.extend(sessions);
    }

    /// Tells a connection which was in rooms of some names that it is in those of a user.
    fn tell_new_rooms(&mut self, who: ConnId, user: UserId, names: &[RoomName]) {
        for name in names {
            let is_in = |room| self.chat.users()[user].is_in(room);
            if !self.chat.rooms().find(name).is_some_and(is_in) {
                self.tell_own_leaving(who, name);
            }
        }
        // Those that it was in before, too: they have one user less.
        for room in self.chat.users()[user].rooms().to_vec() {
            self.tell_own_entering(who, room);
            if !names.contains(&self.chat.rooms().get(room).name) {
                self.show_past(who, room, None, None);
            }
        }
    }
}
