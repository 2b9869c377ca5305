//! Users who say more of themselves than a name, and hear of what changes about the others.

use crate::chat::{Entry, User};
use crate::limits::STEPS_PER_NAME_COVERED;
use crate::model::{
    AccountId, AccountRecord, Change, ConnId, ErrorCode, Event, Key, Nick, Profile, ProfileChange,
};
use crate::session::Reader;

use super::decision::{Caller, Decision, Then, Wants};
use super::effect::{Audience, Effect};
use super::state::{Hub, check_note};

impl Hub {
    /// Comes in under a name, in no room, as the account that the connection has proven to be.
    pub(super) fn come_in_nowhere(
        &mut self,
        Caller { who, peer, .. }: Caller,
        nick: Nick,
        profile: Box<Profile>,
        account: Option<AccountId>,
    ) -> Result<Decision, ErrorCode> {
        if self.sessions.user_of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        let server = &self.chat.rules().server;
        if server.requires_account && account.is_none() {
            return Err(ErrorCode::AccountRequired(server.registration));
        }
        let wants = Wants::Nowhere {
            replay: self.replay_of(None),
        };
        let account = account.and_then(|id| self.chat.directory().get(id));
        let entry = Entry::ComeIn {
            nick,
            peer,
            profile,
            account: account.map(|account| account.record.credential()),
        };
        Ok(Decision::Entry(entry, wants, Then::ComeInNowhere))
    }

    /// Somebody proved to be an account: before the join that is told, later it is logged in, whatever its
    /// name is.
    pub(super) fn prove_as(
        &mut self,
        who: ConnId,
        record: AccountRecord,
        signature: Option<String>,
    ) -> Result<Decision, ErrorCode> {
        let user = self.sessions.user_of(who);
        let account = record.credential();
        let known = self.chat.directory().get(record.id);
        let proven = Event::Proven {
            account: record.id,
            nick: record.nick,
            signature,
        };
        match user {
            Some(user) => Decision::entry_then(Entry::Prove { user, account }, Then::Prove(proven)),
            // It is void by now.
            None if known.is_none_or(|it| it.record.credential() != account) => {
                Err(ErrorCode::WrongLogin)
            }
            None => Ok(Decision::Answer(proven)),
        }
    }

    pub(super) fn describe(
        &mut self,
        who: ConnId,
        change: ProfileChange,
    ) -> Result<Decision, ErrorCode> {
        if let ProfileChange::Realname(text) = &change {
            check_note(text)?;
        }
        let user = self.own_id(who)?;
        Decision::entry(Entry::Describe { user, change })
    }

    /// Speaks, as an operator, to those who want to hear that.
    pub(super) fn wallops(&mut self, who: ConnId, text: String) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        self.check_message(&text)?;
        let by = self.own(who)?.nick().clone();
        let hears = |id: &ConnId| {
            let profile = self.user(*id).and_then(User::profile);
            profile.is_some_and(|profile| profile.hears_wallops)
        };
        self.note_steps(STEPS_PER_NAME_COVERED * self.sessions.slots());
        let readers = self.sessions.iter().map(|(id, _)| id).filter(hears);
        let readers = readers.map(|id| Reader { id, here: true }).collect();
        let (change, is_watched) = (Change::Wallops { by, text }, false);
        self.broadcast(
            Audience::Each(readers),
            Event::Changed { change, is_watched },
        );
        Ok(Decision::Answer(Event::Done { what: None }))
    }

    pub(super) fn rehash(&mut self, who: ConnId) -> Result<Decision, ErrorCode> {
        self.check_operator(who)?;
        self.effects.push_back(Effect::Reload);
        Ok(Decision::Answer(Event::Done { what: None }))
    }

    /// Tells how far one has read, and each connection of the user where that is farther now.
    pub(super) fn mark_read(
        &mut self,
        who: ConnId,
        target: String,
        to_ms: Option<u64>,
    ) -> Result<Decision, ErrorCode> {
        check_note(&target)?;
        let user = self.own_id(who)?;
        let key = Key::of(&target);
        let known = self.chat.read_to(user, &key);
        let farther = to_ms.filter(|_| to_ms > known);
        let change = Change::ReadTo {
            target,
            to_ms: known.max(to_ms),
        };
        let is_watched = false;
        let event = Event::Changed { change, is_watched };
        match farther {
            Some(to_ms) => {
                Decision::entry_then(Entry::MarkRead { user, key, to_ms }, Then::Tell(event))
            }
            None => Ok(Decision::Answer(event)),
        }
    }
}
