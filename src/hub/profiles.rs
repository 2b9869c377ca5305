//! Users who say more of themselves than a name, and hear of what changes about the others.

use crate::chat::{Entry, User};
use crate::limits::STEPS_PER_NAME_COVERED;
use crate::model::{
    AccountId, Change, ConnId, ErrorCode, Event, Key, Nick, Peer, Profile, ProfileChange,
};
use crate::session::Reader;

use super::effect::{Audience, Effect};
use super::hear::{Asker, Wants};
use super::state::{Hub, check_note};

impl Hub {
    /// Comes in under a name, in no room, as the account that the connection has proven to be.
    pub(super) fn come_in_nowhere(
        &mut self,
        who: ConnId,
        peer: Peer,
        nick: Nick,
        profile: Box<Profile>,
        account: Option<AccountId>,
    ) -> Result<(), ErrorCode> {
        if self.sessions.user_of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        let wants = Wants::Nowhere {
            replay: self.replay_of(None),
        };
        let entry = Entry::ComeIn {
            nick,
            peer,
            profile,
            account,
        };
        self.commit(Some(Asker { who, wants }), entry)?;
        self.ask_mail(who);
        Ok(())
    }

    /// Somebody proved to be an account: before the join that is told, later it is logged in, whatever its
    /// name is.
    pub(super) fn prove_as(
        &mut self,
        who: ConnId,
        account: AccountId,
        nick: Nick,
        signature: Option<String>,
    ) -> Result<(), ErrorCode> {
        let user = self.sessions.user_of(who);
        if let Some(user) = user {
            self.commit(None, Entry::Prove { user, account })?;
        }
        let proven = Event::Proven {
            account,
            nick,
            signature,
        };
        self.answer(who, proven);
        if user.is_some() {
            self.ask_mail(who);
        }
        Ok(())
    }

    pub(super) fn describe(&mut self, who: ConnId, change: ProfileChange) -> Result<(), ErrorCode> {
        if let ProfileChange::Realname(text) = &change {
            check_note(text)?;
        }
        let user = self.own_id(who)?;
        self.commit(Asker::new(who), Entry::Describe { user, change })
    }

    /// Speaks, as an operator, to those who want to hear that.
    pub(super) fn wallops(&mut self, who: ConnId, text: String) -> Result<(), ErrorCode> {
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
        self.answer(who, Event::Done { what: None });
        Ok(())
    }

    pub(super) fn rehash(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        self.check_operator(who)?;
        self.effects.push_back(Effect::Reload);
        self.answer(who, Event::Done { what: None });
        Ok(())
    }

    /// Tells how far one has read, and each connection of the user where that is farther now.
    pub(super) fn mark_read(
        &mut self,
        who: ConnId,
        target: String,
        to_ms: Option<u64>,
    ) -> Result<(), ErrorCode> {
        check_note(&target)?;
        let user = self.own_id(who)?;
        let key = Key::of(&target);
        let known = self.chat.read_to(user, &key);
        let farther = to_ms.filter(|_| to_ms > known);
        if let Some(to_ms) = farther {
            self.commit(None, Entry::MarkRead { user, key, to_ms })?;
        }
        let to_ms = known.max(to_ms);
        let change = Change::ReadTo { target, to_ms };
        let is_watched = false;
        let event = Event::Changed { change, is_watched };
        if farther.is_some() {
            self.tell_others_of(who, &event);
        }
        self.answer(who, event);
        Ok(())
    }
}
