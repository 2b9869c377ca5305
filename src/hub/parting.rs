//! Going: how a session ends, and with a user's last one the user.

use std::sync::Arc;

use crate::chat::{RoomId, User};
use crate::model::{AccountId, ConnId, Departure, Event, Key, Moment, Nick, PutOut, UserId};

use super::effect::{Audience, Effect};
use super::later::Later;
use super::state::Hub;

/// What of a user its session takes along when it ends.
pub(super) struct Parting {
    nick: Nick,
    account: Option<AccountId>,
    ignored: Vec<Key>,
    rooms: Vec<RoomId>,
}

impl Parting {
    pub(super) fn of(user: &User) -> Parting {
        Parting {
            nick: user.nick().clone(),
            account: user.account(),
            ignored: user.ignored().cloned().collect(),
            rooms: user.rooms().to_vec(),
        }
    }
}

impl Hub {
    /// Who is logged in no more does not stay in where only who is comes in.
    pub(super) fn let_out(&mut self, user: UserId) {
        if self.chat.rules().server.requires_account {
            let why = Arc::new(PutOut::LoggedOut);
            let all = self.sessions.of(user).map(|who| Later::PutOut {
                who,
                why: Arc::clone(&why),
            });
            let all: Vec<Later> = all.collect();
            self.later.extend(all);
        }
    }

    /// Nobody waits for answers any more.
    pub(super) fn forget_questions(&mut self, who: ConnId) {
        self.forget_scans(who);
        self.accounts.asking.remove(&who);
    }

    pub(super) fn end_parted(&mut self, who: ConnId, parting: &Parting, now: Moment) {
        let nick = parting.nick.clone();
        self.effects.push_back(Effect::Gone { who, nick });
        self.watches.forget(who);
        self.part(who, parting, now);
    }

    /// Takes a session out of everything that knows of it.
    pub(super) fn part(&mut self, who: ConnId, parting: &Parting, now: Moment) {
        if let Some(account) = parting.account {
            self.use_account(account, now);
        }
        for key in &parting.ignored {
            self.ignorers.remove(key, who);
        }
        for &room in &parting.rooms {
            self.end_catching_up(room, who);
            self.local.get_mut(room).readers.remove(who);
        }
        if let Some(session) = self.sessions.remove(who)
            && self.sessions.first_of(session.user()).is_none()
        {
            self.graces.stop(session.user());
        }
    }

    /// A user is gone, and put out where it has sessions yet.
    pub(super) fn hear_gone(
        &mut self,
        (id, user): (UserId, &User),
        members: &[usize],
        why: Departure,
        now: Moment,
    ) {
        let mut connections: Vec<_> = self.sessions.of(id).collect();
        connections.reverse();
        let parting = Parting::of(user);
        for who in connections {
            if let Departure::PutOut(why) = &why {
                let (nick, why) = (user.nick().clone(), why.clone());
                self.tell(who, Event::Kicked { nick, why });
            }
            self.forget_questions(who);
            self.end_parted(who, &parting, now);
            self.put(Effect::Close { who });
        }
        self.tell_of_gone(user, members, why, now);
    }

    /// Tells those who shared a room with a user, where they knew of it.
    fn tell_of_gone(&mut self, user: &User, members: &[usize], why: Departure, now: Moment) {
        if user.is_untold() {
            return;
        }
        self.watches
            .note_former(&self.chat, user, user.nick().clone(), now);
        self.tell_watchers_of_name(user.nick(), false);
        let rooms = user.rooms().iter().copied().zip(members);
        let (told, counted): (Vec<_>, Vec<_>) =
            rooms.partition(|&(room, &members)| self.count_leaving(room, members, now));
        let ids = |rooms: Vec<(RoomId, &usize)>| rooms.into_iter().map(|(room, _)| room).collect();
        let (told, counted): (Vec<RoomId>, Vec<RoomId>) = (ids(told), ids(counted));
        let nick = user.nick().clone();
        let event = Event::Left { nick, why };
        let mut eager = self.eager_in(&counted, None);
        eager.retain(|reader| {
            told.iter()
                .all(|&room| self.reader(reader.id, room).is_none())
        });
        if !eager.is_empty() {
            self.broadcast(Audience::Each(eager), event.clone());
        }
        if !told.is_empty() {
            self.broadcast(self.neighbours(None, &told), event);
        }
    }

    /// The first session of a user is one too many.
    pub(super) fn hear_replaced(&mut self, user: UserId, now: Moment) {
        let Some(who) = self.sessions.first_of(user) else {
            return;
        };
        let why = PutOut::LoggedInElsewhere;
        let user = &self.chat.users()[user];
        let (nick, parting) = (user.nick().clone(), Parting::of(user));
        self.tell(who, Event::Kicked { nick, why });
        self.forget_questions(who);
        self.end_parted(who, &parting, now);
        self.put(Effect::Close { who });
    }

    /// A user is another from now on: its sessions are taken out.
    pub(super) fn part_from(
        &mut self,
        (id, user): (UserId, &User),
        members: &[usize],
        now: Moment,
    ) {
        let parting = Parting::of(user);
        let mut connections: Vec<_> = self.sessions.of(id).collect();
        connections.reverse();
        for who in connections {
            self.part(who, &parting, now);
        }
        self.tell_of_gone(user, members, Departure::Quit(None), now);
    }
}
