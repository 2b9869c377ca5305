//! What operators do, in band or from the console.

use crate::chat::{Entry, Muting};
use crate::limits::{OPER_FAILURES_MAX, OPER_FAILURES_REMEMBERED, OPER_WAIT_MS};
use crate::model::{
    AccountAsk, AccountRecord, Ban, ClientEntry, ConnId, Deed, Done, ErrorCode, Event, Key, Moment,
    Nick, Peer, PutOut, RoomName, Secret, UserId,
};
use crate::session::{Allowance, Reader};

use super::asking::What;
use super::decision::{Caller, Decision, Then, Wants};
use super::effect::{Audience, Report};
use super::state::{Hub, check_note};

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
        Caller { who, peer, now }: Caller,
        password: &str,
    ) -> Result<Decision, ErrorCode> {
        let (user, nick) = (self.own_id(who)?, self.own(who)?.nick().clone());
        let (now_ms, address) = (now.uptime_ms, peer.counted_address(true));
        if let Some(wait_s) = self.failures.wait_s(&address, now_ms) {
            return Err(ErrorCode::OperThrottled(wait_s));
        }
        let wanted = self.chat.rules().oper_password.as_ref();
        if !wanted.is_some_and(|wanted| wanted.is_same(password)) {
            self.failures.note_failure(&address, now_ms);
            self.log(Deed::Oper { is_good: false }, Some(nick), peer);
            return Err(ErrorCode::WrongPassword);
        }
        self.failures.forget(&address);
        self.log(Deed::Oper { is_good: true }, Some(nick), peer);
        Decision::entry(Entry::Oper { user })
    }

    /// Where that is not the operators' password, it may be that of an operator's account.
    pub(super) fn oper_as(
        &mut self,
        caller: Caller,
        name: &str,
        password: Secret,
    ) -> Result<Decision, ErrorCode> {
        let wanted = self.chat.rules().oper_password.as_ref();
        let is_theirs = wanted.is_some_and(|wanted| wanted.is_same(password.reveal()));
        let account = self.chat.directory().find(&Key::of(name));
        let account = account.filter(|account| account.record.is_operator && !is_theirs);
        match account.map(|account| account.record.nick.clone()) {
            Some(name) if password.is_password() => {
                let ask = AccountAsk::Login {
                    name: name.key(),
                    secret: password,
                };
                self.ask_account(caller, name, ask, What::Oper)
            }
            _ => self.oper(caller, password.reveal()),
        }
    }

    /// Somebody proved to be an account, to become an operator.
    pub(super) fn oper_by(
        &mut self,
        who: ConnId,
        peer: Peer,
        account: &AccountRecord,
    ) -> Result<Decision, ErrorCode> {
        let (user, nick) = (self.own_id(who)?, self.own(who)?.nick().clone());
        let is_good = account.is_operator;
        self.log(Deed::Oper { is_good }, Some(nick), peer);
        match is_good {
            true => Decision::entry(Entry::Oper { user }),
            false => Err(ErrorCode::WrongPassword),
        }
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
        if let Some(user) = self.chat.users().get(target) {
            let (name, peer) = (user.nick().clone(), user.peer());
            self.log(Deed::Kick { room, by, reason }, Some(name), peer);
        }
    }

    /// Out of the server as an operator, out of a room as its moderator, or where a room is named.
    pub(super) fn kick(
        &mut self,
        who: ConnId,
        room: Option<RoomName>,
        name: &str,
        reason: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        reason.as_deref().map_or(Ok(()), check_note)?;
        if room.is_some() || !self.is_operator(who) {
            let room = self.moderated(who, room)?;
            let user = self.find_nick(name)?;
            if self.chat.users()[user].is_in(room) {
                let name = self.chat.rooms().get(room).name.clone();
                self.log_kick(who, user, Some(name), reason.clone());
            }
            let by = self.own_id(who)?;
            let entry = Entry::Kick {
                by,
                room,
                user,
                reason,
            };
            return Decision::entry(entry);
        }
        let (by, user) = (self.actor(who)?, self.find_nick(name)?);
        let nick = self.name_of(user);
        let is_own = by.user() == Some(user);
        self.log_kick(who, user, None, reason.clone());
        let why = PutOut::Kicked {
            by: self.nick_of(who).cloned(),
            reason,
        };
        let then = match is_own {
            true => Then::Nothing,
            false => Then::Answer(Event::KickedOut { nick }),
        };
        Decision::entry_then(Entry::PutOut { by, user, why }, then)
    }

    /// On the server as an operator, in a room as its moderator, or where a room is named. `seconds` as
    /// [`Some`] mutes, for a time or until it is undone; `None` undoes it.
    pub(super) fn mute(
        &mut self,
        Caller { who, now, .. }: Caller,
        room: Option<RoomName>,
        name: &str,
        seconds: Option<Option<u64>>,
    ) -> Result<Decision, ErrorCode> {
        let until_ms = seconds.map(|seconds| seconds.map(|seconds| after(now, seconds)));
        if room.is_some() || !self.is_operator(who) {
            let room = self.moderated(who, room)?;
            let (by, user) = (self.own_id(who)?, self.find_nick(name)?);
            let entry = Entry::MuteIn {
                by,
                room,
                user,
                muting: match until_ms {
                    Some(Some(ms)) => Muting::Until(ms),
                    Some(None) => Muting::ForGood,
                    None => Muting::Over,
                },
            };
            return Decision::entry(entry);
        }
        let by = self.actor(who)?;
        let entry = match until_ms {
            Some(until_ms) => Entry::Mute {
                by,
                user: self.find_nick(name)?,
                until_ms,
            },
            None => Entry::Unmute {
                by,
                name: name.into(),
            },
        };
        Decision::entry(entry)
    }

    pub(super) fn ban(
        &mut self,
        Caller { who, now, .. }: Caller,
        mask: &str,
        seconds: Option<u64>,
        reason: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        reason.as_deref().map_or(Ok(()), check_note)?;
        let until_ms = seconds.map(|seconds| after(now, seconds));
        let ban = Ban::new(mask, until_ms, reason.clone()).ok_or(ErrorCode::BadMask)?;
        let by = self.actor(who)?;
        let then = Then::Ban {
            mask: mask.into(),
            seconds,
            reason,
        };
        Ok(Decision::Entry(
            Entry::Ban { by, ban },
            Wants::Nothing,
            then,
        ))
    }

    pub(super) fn unban(&mut self, who: ConnId, mask: &str) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        let (by, mask) = (self.actor(who)?, mask.to_owned());
        let wanted = mask.clone();
        let what = Some(Done::Unbanned { mask });
        let then = Then::Answer(Event::Done { what });
        Decision::entry_then(Entry::Unban { by, mask: wanted }, then)
    }

    pub(super) fn tell_bans(
        &mut self,
        Caller { who, now, .. }: Caller,
    ) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        let bans = self
            .chat
            .settings()
            .bans_at(now.unix_ms)
            .map(|ban| ban.entry(now.unix_ms))
            .collect();
        Ok(Decision::Answer(Event::Bans { bans }))
    }

    pub(super) fn rename(
        &mut self,
        who: ConnId,
        from: &str,
        to: &str,
    ) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        let user = self.find_nick(from)?;
        let to = Nick::parse(to).ok_or(ErrorCode::BadNick)?;
        let by = Some(self.actor(who)?);
        Decision::entry(Entry::Rename { by, user, to })
    }

    pub(super) fn announce(&mut self, who: ConnId, text: String) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        self.check_message(&text)?;
        self.tell_everyone(Event::Announced { text });
        Ok(Decision::Answer(Event::Done { what: None }))
    }

    /// The server is to be stopped, and others are reached at these addresses: everybody here is told so.
    pub fn handle_moving(&mut self, addresses: Vec<String>) {
        self.tell_everyone(Event::Moving(addresses));
    }

    fn tell_everyone(&mut self, event: Event) {
        let everyone = self.sessions.iter();
        let everyone = everyone.map(|(id, _)| Reader { id, here: true });
        self.broadcast(Audience::Each(everyone.collect()), event);
    }

    /// Ends a room, as an operator or as its owner, and puts out who is in it.
    pub(super) fn close_room(
        &mut self,
        who: ConnId,
        name: RoomName,
    ) -> Result<Decision, ErrorCode> {
        let by = self.actor(who)?;
        let Some(room) = self.chat.rooms().find(&name) else {
            self.check_operator(who)?;
            return Err(ErrorCode::NoRoomToShow(name));
        };
        let name = self.chat.rooms().get(room).name.clone();
        let entry = Entry::Close { by, room };
        Ok(Decision::Entry(entry, Wants::Nothing, Then::Close(name)))
    }

    pub(super) fn lock_room(
        &mut self,
        who: ConnId,
        room: RoomName,
        is_locked: bool,
    ) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        if room.is_lobby() {
            return Err(ErrorCode::NotInLobby);
        }
        let by = self.actor(who)?;
        let entry = Entry::Lock {
            by,
            room,
            is_locked,
        };
        Decision::entry(entry)
    }

    pub(super) fn tell_clients(&mut self, who: ConnId) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        let mut clients: Vec<_> = self.clients().collect();
        clients.sort_unstable_by_key(|(id, ..)| (id.generation, id.slot));
        let entry = |(_, nick, peer): (ConnId, &Nick, Peer)| ClientEntry {
            nick: nick.clone(),
            peer,
        };
        let clients = clients.into_iter().map(entry).collect();
        Ok(Decision::Answer(Event::Clients { clients }))
    }

    pub(super) fn report(&mut self, who: ConnId, report: Report) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        Ok(Decision::Report(report))
    }

    pub(super) fn shut_down(&mut self, who: ConnId, seconds: u64) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        if seconds > 0 {
            self.tell_everyone(Event::StopsIn { seconds });
        }
        Ok(Decision::Stop { seconds })
    }
}

/// The time that many seconds later, in milliseconds since 1970.
pub(super) fn after(now: Moment, seconds: u64) -> u64 {
    now.unix_ms.saturating_add(seconds.saturating_mul(1000))
}
