//! What a room's moderators set.

use crate::limits::ROOM_LIST_MAX;
use crate::model::{ErrorCode, Happening, MaskKind, MemberRank, ModeChange, RoomMask, in_letters};

use crate::chat::room::Role;
use crate::chat::{Actor, Applying, Fact, LOBBY, RoomId};

impl Applying<'_> {
    /// Sets several of a room's modes; what cannot be set is left out, and the last of the reasons is told.
    pub(super) fn set_modes(
        &mut self,
        by: Actor,
        room: RoomId,
        changes: Vec<ModeChange>,
    ) -> Result<(), ErrorCode> {
        self.chat.check_room(room)?;
        if !self.chat.moderates(by, room) {
            let name = self.chat.rooms.get(room).name.clone();
            return Err(ErrorCode::NotModerator(name));
        }
        if room == LOBBY {
            return Err(ErrorCode::NotInLobby);
        }
        let (mut changed, mut refusal) = (Vec::new(), None);
        for change in changes {
            match self.set_mode(by, room, &change) {
                Ok(true) => changed.push(change),
                Ok(false) => {}
                Err(code) => refusal = Some(code),
            }
        }
        match refusal {
            Some(refusal) if changed.is_empty() => return Err(refusal),
            _ if changed.is_empty() => {}
            _ => self.note_change(room),
        }
        let event = by
            .user()
            .filter(|_| !changed.is_empty())
            .map(|user| self.happening(user, Happening::Modes, in_words(&changed)));
        self.facts.push(Fact::ModesSet {
            by,
            room,
            changes: changed,
            refusal,
            event,
        });
        Ok(())
    }

    /// Sets a mode. Returns whether that makes a difference.
    fn set_mode(
        &mut self,
        by: Actor,
        room: RoomId,
        change: &ModeChange,
    ) -> Result<bool, ErrorCode> {
        let modes = &mut self.chat.rooms.get_mut(room).modes;
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
                let is_new = modes.key != *key;
                modes.key.clone_from(key);
                Ok(is_new)
            }
            ModeChange::Rank {
                name,
                rank,
                is_given,
            } => self.set_rank(room, name, *rank, *is_given),
            ModeChange::Mask { kind, mask, is_set } => {
                self.set_mask(by, room, *kind, mask, *is_set)
            }
        }
    }

    fn set_rank(
        &mut self,
        room: RoomId,
        name: &str,
        rank: MemberRank,
        is_given: bool,
    ) -> Result<bool, ErrorCode> {
        let nobody = || ErrorCode::NoSuchNick(name.into());
        let target = self.chat.users.find(name).ok_or_else(nobody)?;
        let room = self.chat.rooms.get_mut(room);
        let before = room.role_of(target).ok_or_else(nobody)?;
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
        by: Actor,
        room: RoomId,
        kind: MaskKind,
        mask: &str,
        is_set: bool,
    ) -> Result<bool, ErrorCode> {
        let by = self.chat.nick_of(by);
        let masks = &mut self.chat.rooms.get_mut(room).modes.masks;
        let is_it = |other: &RoomMask| {
            other.kind == kind && other.mask.to_lowercase() == mask.to_lowercase()
        };
        let known = masks.iter().position(is_it);
        match (known, is_set) {
            (None, true) if masks.len() >= ROOM_LIST_MAX => Err(ErrorCode::TooManyBans),
            (None, true) => {
                masks.push(RoomMask {
                    kind,
                    mask: mask.into(),
                    by: by.map_or("Server".into(), |by| by.to_string()),
                    at_ms: self.at_ms,
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
}

/// What is kept of changes: without the key, which who comes later need not know.
fn in_words(changes: &[ModeChange]) -> String {
    let shown = |change: &ModeChange| match change {
        ModeChange::Key(Some(_)) => ModeChange::Key(Some("*".into())),
        other => other.clone(),
    };
    let shown: Vec<ModeChange> = changes.iter().map(shown).collect();
    in_letters(&shown).join(" ")
}
