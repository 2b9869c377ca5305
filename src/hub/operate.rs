//! What operators do, in band or from the console.

use std::sync::Arc;

use crate::limits::{
    BANS_MAX, OPER_FAILURES_MAX, OPER_FAILURES_REMEMBERED, OPER_WAIT_MS, STEPS_PER_NAME_COVERED,
};
use crate::model::{
    Ban, ClientEntry, ConnId, Deed, Departure, Done, ErrorCode, Event, Incident, Mask, Nick,
    Notice, Peer, PutOut, RoomName, UserId,
};

use super::later::Later;
use super::throttle::Allowance;
use super::{Audience, Effect, Hub, LOBBY, Reader, check_note};

/// What is allowed who does not know the operators' password.
pub(super) const OPER_ALLOWANCE: Allowance = Allowance {
    failures: OPER_FAILURES_MAX,
    wait_ms: OPER_WAIT_MS,
    wait_ms_max: OPER_WAIT_MS,
    memory_ms: OPER_WAIT_MS,
    remembered: OPER_FAILURES_REMEMBERED,
};

impl Hub {
    pub(super) fn oper(
        &mut self,
        who: ConnId,
        peer: Peer,
        password: &str,
    ) -> Result<(), ErrorCode> {
        let (own, nick) = (self.own_id(who)?, self.own(who)?.nick().clone());
        let (now_ms, address) = (self.now.uptime_ms, peer.counted_address(true));
        if let Some(wait_s) = self.failures.wait_s(&address, now_ms) {
            return Err(ErrorCode::OperThrottled(wait_s));
        }
        let wanted = self.rules.oper_password.as_ref();
        if !wanted.is_some_and(|wanted| wanted.is_same(password)) {
            self.failures.note_failure(&address, now_ms);
            self.log(Deed::Oper { is_good: false }, Some(nick), peer);
            return Err(ErrorCode::WrongPassword);
        }
        self.failures.forget(&address);
        self.log(Deed::Oper { is_good: true }, Some(nick), peer);
        self.change(own, |rare| rare.is_operator = true);
        self.done(who, Done::Operator)
    }

    /// Has the log tell of somebody at an address.
    pub(super) fn log(&mut self, deed: Deed, name: Option<Nick>, peer: Peer) {
        let peer = Some(peer);
        self.effects
            .push_back(Effect::Log(Incident { deed, name, peer }));
    }

    /// Has the log tell that somebody is put out, of the server or a room.
    pub(super) fn log_kick(
        &mut self,
        who: ConnId,
        target: UserId,
        room: Option<RoomName>,
        reason: Option<String>,
    ) {
        let by = self.user(who).map(|by| by.nick().clone());
        if let Some(user) = self.users.get(target) {
            let (name, peer) = (user.nick().clone(), user.peer);
            self.log(Deed::Kick { room, by, reason }, Some(name), peer);
        }
    }

    pub(super) fn check_operator(&self, who: ConnId) -> Result<(), ErrorCode> {
        if self.is_operator(who) {
            Ok(())
        } else {
            Err(ErrorCode::NotOperator)
        }
    }

    /// Out of the server as an operator, out of a room as its moderator, or where a room is named.
    pub(super) fn kick(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        name: &str,
        reason: Option<String>,
    ) -> Result<(), ErrorCode> {
        reason.as_deref().map_or(Ok(()), check_note)?;
        if room.is_some() || !self.is_operator(who) {
            let id = self.moderated(who, room)?;
            let target = self.find_nick(name)?;
            return self.kick_from_room(who, id, target, reason);
        }
        let target = self.find_nick(name)?;
        let nick = self.users[target].nick().clone();
        let is_own = self.users.of(who) == Some(target);
        self.log_kick(who, target, None, reason.clone());
        let by = self.nick_of(who).cloned();
        self.put_out(target, PutOut::Kicked { by, reason });
        match is_own {
            true => Ok(()),
            false => self.answer(who, Event::KickedOut { nick }),
        }
    }

    /// Puts a user out of the server, at all of its connections.
    pub(super) fn put_out(&mut self, target: UserId, why: PutOut) {
        let mut connections: Vec<_> = self.users.sessions_of(target).collect();
        connections.reverse();
        for id in connections {
            self.put_out_connection(id, why.clone());
        }
    }

    /// Ends a session and its connection, with the last word.
    pub(super) fn put_out_connection(&mut self, target: ConnId, why: PutOut) {
        self.tell(target, Event::Kicked { why: why.clone() });
        self.end_session(target, Departure::PutOut(why));
        self.effects.push_back(Effect::Close { who: target });
    }

    /// On the server as an operator, in a room as its moderator, or where a room is named. `seconds` as
    /// [`Some`] mutes, for a time or until it is undone; `None` undoes it.
    pub(super) fn mute(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        name: &str,
        seconds: Option<Option<u64>>,
    ) -> Result<(), ErrorCode> {
        let until_ms = seconds.map(|seconds| seconds.map(|seconds| self.after(seconds)));
        if room.is_some() || !self.is_operator(who) {
            let id = self.moderated(who, room)?;
            let target = self.find_nick(name)?;
            return self.mute_in_room(who, id, target, until_ms);
        }
        self.settings.tidy(self.now);
        let Some(until_ms) = until_ms else {
            return self.unmute(who, name);
        };
        if self.settings.mutes.len() >= BANS_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        let target = self.find_nick(name)?;
        let nick = self.users[target].nick().clone();
        let mute = self.mute_of(target, until_ms);
        self.settings.mutes.put(mute);
        self.effects.push_back(Effect::KeepSettings);
        self.done_muting(who, Some(target), nick.to_string(), None, true)
    }

    /// Whoever was muted need not be here to be unmuted.
    fn unmute(&mut self, who: ConnId, name: &str) -> Result<(), ErrorCode> {
        let marks = self.marks_of_name(name);
        let was_muted = self.settings.mutes.remove(&marks);
        if was_muted {
            self.effects.push_back(Effect::KeepSettings);
        }
        let (target, name) = match self.find_nick(name) {
            Ok(target) => (Some(target), self.users[target].nick().to_string()),
            Err(code) if !was_muted => return Err(code),
            Err(_) => (None, name.into()),
        };
        self.done_muting(who, target, name, None, false)
    }

    /// Tells who is muted, or is not any more, if it is here, and then who saw to it.
    pub(super) fn done_muting(
        &mut self,
        who: ConnId,
        target: Option<UserId>,
        name: String,
        room: Option<RoomName>,
        is_muted: bool,
    ) -> Result<(), ErrorCode> {
        if let Some(target) = target {
            let notice = Notice::Muted {
                by: self.nick_of(who).cloned(),
                room: room.clone(),
                is_muted,
            };
            self.tell_user(target, &Event::Notice(notice));
        }
        let done = Done::Muted {
            name,
            room,
            is_muted,
        };
        self.done(who, done)
    }

    pub(super) fn ban(
        &mut self,
        who: ConnId,
        mask: &str,
        seconds: Option<u64>,
        reason: Option<String>,
    ) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        reason.as_deref().map_or(Ok(()), check_note)?;
        let until_ms = seconds.map(|seconds| self.after(seconds));
        let ban = Ban::new(mask, until_ms, reason.clone()).ok_or(ErrorCode::BadMask)?;
        self.settings.tidy(self.now);
        self.settings.bans.retain(|old| old.mask != ban.mask);
        if self.settings.bans.len() >= BANS_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        let deed = Deed::Ban {
            mask: mask.into(),
            seconds,
            reason: reason.clone(),
        };
        let name = self.user(who).map(|own| own.nick().clone());
        let peer = self.users.peer_of(who);
        let incident = Incident { deed, name, peer };
        self.effects.push_back(Effect::Log(incident));
        let own = self.users.of(who);
        self.note_steps(STEPS_PER_NAME_COVERED * self.users.slots());
        let is_covered = |nick: &Nick, peer: Peer| {
            ban.mask.covers_name(&nick.key()) || peer.ip().is_some_and(|ip| ban.mask.covers_ip(ip))
        };
        let covered = self.clients().filter(|&(id, nick, peer)| {
            is_covered(nick, peer) && (own.is_none() || self.users.of(id) != own)
        });
        let covered: Vec<ConnId> = covered.map(|(id, ..)| id).collect();
        self.settings.bans.push(ban);
        self.effects.push_back(Effect::KeepSettings);
        let count = covered.len();
        let by = self.nick_of(who).cloned();
        let why = Arc::new(PutOut::Banned { by, reason });
        self.do_now_or_later(covered.into_iter().map(|who| Later::PutOut {
            who,
            why: Arc::clone(&why),
        }));
        let mask = mask.into();
        self.done(who, Done::Banned { mask, count })
    }

    pub(super) fn unban(&mut self, who: ConnId, mask: &str) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        self.settings.tidy(self.now);
        let wanted = Mask::parse(mask).ok_or(ErrorCode::BadMask)?;
        let before = self.settings.bans.len();
        self.settings.bans.retain(|ban| ban.mask != wanted);
        if self.settings.bans.len() == before {
            return Err(ErrorCode::NoSuchBan(mask.into()));
        }
        self.effects.push_back(Effect::KeepSettings);
        self.done(who, Done::Unbanned { mask: mask.into() })
    }

    pub(super) fn tell_bans(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        let bans = self
            .settings
            .bans_at(self.now)
            .map(|ban| ban.entry(self.now.unix_ms))
            .collect();
        self.answer(who, Event::Bans { bans })
    }

    pub(super) fn rename(&mut self, who: ConnId, from: &str, to: &str) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        let target = self.find_nick(from)?;
        let to = Nick::parse(to).ok_or(ErrorCode::BadNick)?;
        let first = self.users.first_of(target);
        let first = first.ok_or_else(|| ErrorCode::NoSuchNick(from.into()))?;
        let (from, to) = self.set_nick(first, to)?;
        if from != to {
            let told = Event::Renamed {
                from: from.clone(),
                to: to.clone(),
            };
            self.tell(first, told);
        }
        self.begin_grace(target);
        self.answer(who, Event::RenamedOther { from, to })
    }

    pub(super) fn announce(&mut self, who: ConnId, text: String) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        self.check_message(&text)?;
        self.tell_everyone(Event::Announced { text });
        self.answer(who, Event::Done { what: None })
    }

    fn tell_everyone(&mut self, event: Event) {
        let everyone = self.users.sessions();
        let everyone = everyone.map(|(id, _)| Reader { id, here: true });
        self.broadcast(Audience::Each(everyone.collect()), event);
    }

    /// Ends a room, as an operator or as its owner, and puts out who is in it.
    pub(super) fn close_room(&mut self, who: ConnId, name: RoomName) -> Result<(), ErrorCode> {
        let known = self.rooms.find(&name);
        if !known.is_some_and(|id| self.owns(who, id)) {
            self.check_operator(who)?;
        }
        let id = match known {
            Some(LOBBY) => return Err(ErrorCode::NotInLobby),
            Some(id) => id,
            None => return Err(ErrorCode::NoRoomToShow(name)),
        };
        let room = self.rooms.get(id).name.clone();
        let readers = self.readers(id).iter().collect();
        let members = self.rooms.get(id).members().iter();
        let connections = members.flat_map(|member| self.users.sessions_of(member.user));
        let connections: Vec<ConnId> = connections.collect();
        let notice = Notice::Closed {
            by: self.nick_of(who).cloned(),
            room: room.clone(),
        };
        self.broadcast(Audience::Each(readers), Event::Notice(notice));
        self.disown(id);
        self.do_now_or_later(connections.into_iter().map(|who| Later::TakeOut {
            who,
            id,
            room: room.clone(),
        }));
        self.done(who, Done::Closed(room))
    }

    pub(super) fn lock_room(
        &mut self,
        who: ConnId,
        name: RoomName,
        locked: bool,
    ) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        if name.is_lobby() {
            return Err(ErrorCode::NotInLobby);
        }
        match locked {
            true if self.settings.locked.len() >= BANS_MAX => return Err(ErrorCode::TooManyBans),
            true => {
                self.settings.locked.insert(name.key(), name.clone());
            }
            false => {
                if self.settings.locked.remove(&name.key()).is_none() {
                    return self.done(who, Done::NotLocked(name));
                }
            }
        }
        self.effects.push_back(Effect::KeepSettings);
        let (room, is_locked) = (name, locked);
        self.done(who, Done::Locked { room, is_locked })
    }

    pub(super) fn tell_clients(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        let mut clients: Vec<_> = self.clients().collect();
        clients.sort_unstable_by_key(|(id, ..)| (id.generation, id.slot));
        let entry = |(_, nick, peer): (ConnId, &Nick, Peer)| ClientEntry {
            nick: nick.clone(),
            peer,
        };
        let clients = clients.into_iter().map(entry).collect();
        self.answer(who, Event::Clients { clients })
    }

    /// The connections of users, with their names and addresses, in the order of slots.
    fn clients(&self) -> impl Iterator<Item = (ConnId, &Nick, Peer)> {
        self.users.sessions().filter_map(|(id, session)| {
            let user = self.users.get(session.user())?;
            Some((id, user.nick(), self.users.peer_of(id)?))
        })
    }

    pub(super) fn report(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        let id = self.request_id.take();
        self.effects.push_back(Effect::Report { to: who, id });
        Ok(())
    }

    pub(super) fn shut_down(&mut self, who: ConnId, seconds: u64) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        if seconds > 0 {
            self.tell_everyone(Event::StopsIn { seconds });
        }
        self.done(who, Done::Stops { seconds })?;
        self.effects.push_back(Effect::Stop { seconds });
        Ok(())
    }

    /// The time that many seconds from now, in milliseconds since 1970.
    fn after(&self, seconds: u64) -> u64 {
        self.now
            .unix_ms
            .saturating_add(seconds.saturating_mul(1000))
    }
}
