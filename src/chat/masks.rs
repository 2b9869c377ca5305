//! Whom a room's masks and modes let in, and let speak.

use crate::model::{ErrorCode, MaskKind, MemberRank, RoomMask, UserId, matches};

use super::entry::Actor;
use super::room::{Role, RoomId};
use super::state::Chat;
use super::user::User;

/// What masks of accounts begin with: the name of the account follows.
const OF_ACCOUNT: &str = "~a:";

/// What masks begin with whose users may enter, and say nothing: a mask of users follows.
const QUIET: &str = "~m:";

impl Chat {
    /// Is a user kept out of a room by its masks?
    pub(super) fn is_kept_out(&self, user: UserId, room: RoomId) -> bool {
        self.is_on_list(user, room, MaskKind::Ban)
            && !self.is_on_list(user, room, MaskKind::Exception)
    }

    /// Is a user covered by a mask of one of a room's lists?
    pub(super) fn is_on_list(&self, user: UserId, room: RoomId, kind: MaskKind) -> bool {
        let masks = &self.rooms.get(room).modes.masks;
        if !masks.iter().any(|mask| mask.kind == kind) {
            return false;
        }
        self.note_steps(masks.len());
        let Some(user) = self.users.get(user) else {
            return false;
        };
        let account = user.account().and_then(|id| self.directory.get(id));
        let account = account.map(|account| account.record.nick.as_str().to_lowercase());
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
    fn is_quieted(&self, user: UserId, room: RoomId) -> bool {
        let Some(own) = self.users.get(user) else {
            return false;
        };
        let forms = self.forms_of(own);
        let is_by = |kind: MaskKind| {
            let mut masks = self.rooms.get(room).modes.masks.iter();
            masks.any(|mask| {
                let pattern = mask.mask.to_lowercase();
                let pattern = pattern.strip_prefix(QUIET).filter(|_| mask.kind == kind);
                pattern.is_some_and(|pattern| forms.iter().any(|form| matches(pattern, form)))
            })
        };
        let is_excepted =
            || is_by(MaskKind::Exception) || self.is_on_list(user, room, MaskKind::Exception);
        is_by(MaskKind::Ban) && !is_excepted()
    }

    /// May a user speak in a room, as far as its modes go?
    pub(super) fn check_voice(&self, user: UserId, room: RoomId) -> Result<(), ErrorCode> {
        let found = self.rooms.get(room);
        let is_quiet = found.modes.is_moderated || !found.modes.masks.is_empty();
        if !is_quiet {
            return Ok(());
        }
        let role = found.role_of(user);
        if role.is_some_and(|role| role != Role::Member) || self.moderates(Actor::User(user), room)
        {
            return Ok(());
        }
        match found.modes.is_moderated
            || self.is_kept_out(user, room)
            || self.is_quieted(user, room)
        {
            true => Err(ErrorCode::MayNotSpeak(found.name.clone())),
            false => Ok(()),
        }
    }

    /// What a member of a role may do in a room, by that or by its account.
    pub(crate) fn rank_of(&self, user: &User, role: Role, room: RoomId) -> MemberRank {
        let modes = &self.rooms.get(room).modes;
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
