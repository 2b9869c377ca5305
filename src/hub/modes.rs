//! What a room's moderators set, and what that lets others do.

use crate::limits::ROOM_LIST_MAX;
use crate::model::{
    Change, ConnId, ErrorCode, Event, MaskKind, MemberRank, ModeChange, RoomName, UserId,
    World as _, matches,
};

use super::room::{Role, RoomMask};
use super::{Hub, LOBBY, RoomId, User, check_note};

/// What masks of accounts begin with: the name of the account follows.
const OF_ACCOUNT: &str = "~a:";

/// What masks begin with whose users may enter, and say nothing: a mask of users follows.
const QUIET: &str = "~m:";

impl Hub {
    /// Sets several of a room's modes; what cannot be set is left out.
    pub(super) fn change_modes(
        &mut self,
        who: ConnId,
        name: RoomName,
        changes: Vec<ModeChange>,
    ) -> Result<(), ErrorCode> {
        let known = self.rooms.find(&name);
        let id = known.ok_or_else(|| ErrorCode::NoRoomToShow(name.clone()))?;
        if !self.moderates(who, id) {
            return Err(ErrorCode::NotModerator(name));
        }
        if id == LOBBY {
            return Err(ErrorCode::NotInLobby);
        }
        let mut refusal = None;
        let mut changed = Vec::new();
        for change in changes {
            match self.set_mode(who, id, &change) {
                Ok(true) => changed.push(change),
                Ok(false) => {}
                Err(code) => refusal = Some(code),
            }
        }
        if !changed.is_empty() {
            self.keep_room(id);
            self.tell_of_modes(who, id, changed.clone());
        }
        if let Some(code) = refusal {
            return Err(code);
        }
        let by = self.nick_of(who).cloned();
        let (room, changes) = (self.rooms.get(id).name.clone(), changed);
        let change = Change::Modes { room, by, changes };
        let is_watched = false;
        self.answer(who, Event::Changed { change, is_watched })
    }

    /// Tells those in a room who are at doors where that is told that its modes are different.
    pub(super) fn tell_of_modes(&mut self, who: ConnId, id: RoomId, changes: Vec<ModeChange>) {
        let (room, by) = (self.rooms.get(id).name.clone(), self.nick_of(who).cloned());
        self.tell_watchful(id, who, &Change::Modes { room, by, changes });
    }

    /// Sets a mode. Returns whether that makes a difference.
    pub(super) fn set_mode(
        &mut self,
        who: ConnId,
        id: RoomId,
        change: &ModeChange,
    ) -> Result<bool, ErrorCode> {
        let modes = &mut self.rooms.get_mut(id).modes;
        let set = |mode: &mut bool, on: bool| Ok(std::mem::replace(mode, on) != on);
        match change {
            ModeChange::TopicLock(on) => set(&mut modes.is_topic_locked, *on),
            ModeChange::InviteOnly(on) => set(&mut modes.is_invite_only, *on),
            ModeChange::Moderated(on) => set(&mut modes.is_moderated, *on),
            ModeChange::Secret(on) => set(&mut modes.is_secret, *on),
            ModeChange::Open(on) => set(&mut modes.is_open, *on),
            ModeChange::NoCtcp(on) => set(&mut modes.has_no_ctcp, *on),
            ModeChange::Limit(limit) => Ok(std::mem::replace(&mut modes.limit, *limit) != *limit),
            ModeChange::Key(key) => {
                key.as_deref().map_or(Ok(()), check_note)?;
                let is_new = modes.key != *key;
                modes.key.clone_from(key);
                Ok(is_new)
            }
            ModeChange::Rank {
                name,
                rank,
                is_given,
            } => self.set_rank(id, name, *rank, *is_given),
            ModeChange::Mask { kind, mask, is_set } => self.set_mask(who, id, *kind, mask, *is_set),
        }
    }

    fn set_rank(
        &mut self,
        id: RoomId,
        name: &str,
        rank: MemberRank,
        is_given: bool,
    ) -> Result<bool, ErrorCode> {
        let target = self.find_nick(name)?;
        let room = self.rooms.get_mut(id);
        let before = room.role_of(target);
        let before = before.ok_or_else(|| ErrorCode::NoSuchNick(name.into()))?;
        let after = match rank {
            MemberRank::Moderator | MemberRank::VoicedModerator => {
                Role::of(is_given, before.has_voice())
            }
            MemberRank::Voice | MemberRank::Member => Role::of(before.moderates(), is_given),
        };
        room.set_role(target, after);
        Ok(before != after)
    }

    fn set_mask(
        &mut self,
        who: ConnId,
        id: RoomId,
        kind: MaskKind,
        mask: &str,
        is_set: bool,
    ) -> Result<bool, ErrorCode> {
        check_note(mask)?;
        let by = self
            .own(who)
            .map_or("Server".into(), |own| own.nick().to_string());
        let at_ms = self.now.unix_ms;
        let masks = &mut self.rooms.get_mut(id).modes.masks;
        let is_it = |other: &RoomMask| {
            other.kind == kind && other.mask.to_lowercase() == mask.to_lowercase()
        };
        let known = masks.iter().position(is_it);
        match (known, is_set) {
            (None, true) if masks.len() >= ROOM_LIST_MAX => Err(ErrorCode::TooManyBans),
            (None, true) => {
                let mask = mask.into();
                masks.push(RoomMask {
                    kind,
                    mask,
                    by,
                    at_ms,
                });
                Ok(true)
            }
            (Some(at), false) => {
                masks.remove(at);
                Ok(true)
            }
            (Some(_), true) | (None, false) => Ok(false),
        }
    }

    /// Is a user kept out of a room by its masks?
    pub(super) fn is_kept_out(&self, who: ConnId, id: RoomId) -> bool {
        self.is_on_list(who, id, MaskKind::Ban) && !self.is_on_list(who, id, MaskKind::Exception)
    }

    /// Is a user covered by a mask of one of a room's lists?
    pub(super) fn is_on_list(&self, who: ConnId, id: RoomId, kind: MaskKind) -> bool {
        let masks = &self.rooms.get(id).modes.masks;
        if !masks.iter().any(|mask| mask.kind == kind) {
            return false;
        }
        self.note_steps(masks.len());
        let Some(user) = self.users.of(who) else {
            return false;
        };
        let person = self.person(user);
        let account = person.and_then(|person| person.account);
        let account = account.map(|account| account.as_str().to_lowercase());
        let forms = self.forms_of(user);
        let covers = |mask: &RoomMask| {
            let pattern = whole(&mask.mask);
            mask.kind == kind
                && match pattern.strip_prefix(OF_ACCOUNT) {
                    Some(pattern) => account.as_ref().is_some_and(|it| matches(pattern, it)),
                    None => forms.iter().any(|form| matches(&pattern, form)),
                }
        };
        masks.iter().any(covers)
    }

    /// May a user enter a room and say nothing there, by its masks?
    fn is_quieted(&self, who: ConnId, id: RoomId) -> bool {
        let Some(user) = self.users.of(who) else {
            return false;
        };
        let forms = self.forms_of(user);
        let is_by = |kind: MaskKind| {
            let mut masks = self.rooms.get(id).modes.masks.iter();
            masks.any(|mask| {
                let pattern = mask.mask.to_lowercase();
                let pattern = pattern.strip_prefix(QUIET).filter(|_| mask.kind == kind);
                pattern.is_some_and(|pattern| forms.iter().any(|form| matches(pattern, form)))
            })
        };
        let is_excepted =
            || is_by(MaskKind::Exception) || self.is_on_list(who, id, MaskKind::Exception);
        is_by(MaskKind::Ban) && !is_excepted()
    }

    /// What masks of a room are compared with: the user as it is shown, and with its address.
    fn forms_of(&self, user: UserId) -> Vec<String> {
        let Some(person) = self.person(user) else {
            return Vec::new();
        };
        let who = format!("{}!{}@", person.nick, person.username);
        let address = self.users[user].peer.ip().map(|ip| ip.to_string());
        let hosts = [Some(person.host), address].into_iter().flatten();
        hosts
            .map(|host| format!("{who}{host}").to_lowercase())
            .collect()
    }

    /// May a user speak in a room, as far as its modes go?
    pub(super) fn check_voice(&self, who: ConnId, id: RoomId) -> Result<(), ErrorCode> {
        let room = self.rooms.get(id);
        let own = self.own_id(who)?;
        let role = room.role_of(own);
        let is_quiet = room.modes.is_moderated || !room.modes.masks.is_empty();
        if !is_quiet || role.is_some_and(|role| role != Role::Member) {
            return Ok(());
        }
        if self.moderates(who, id) {
            return Ok(());
        }
        match room.modes.is_moderated || self.is_kept_out(who, id) || self.is_quieted(who, id) {
            true => Err(ErrorCode::MayNotSpeak(room.name.clone())),
            false => Ok(()),
        }
    }

    /// What a member of a role may do in a room, by that or by its account.
    pub(super) fn rank_of(&self, user: &User, role: Role, id: RoomId) -> MemberRank {
        let modes = &self.rooms.get(id).modes;
        let is_appointed =
            |account| modes.owner == Some(account) || modes.moderators.contains(&account);
        let by_account = modes.owner.is_some() && user.account().is_some_and(is_appointed);
        match (role.moderates() || by_account, role.has_voice()) {
            (true, true) => MemberRank::VoicedModerator,
            (true, false) => MemberRank::Moderator,
            (false, true) => MemberRank::Voice,
            (false, false) => MemberRank::Member,
        }
    }
}

/// A mask as it is compared: folded, and one of a name alone with all of its parts.
fn whole(mask: &str) -> String {
    let folded = mask.to_lowercase();
    match folded.contains(['!', '@', ':']) {
        true => folded,
        false => folded + "!*@*",
    }
}
