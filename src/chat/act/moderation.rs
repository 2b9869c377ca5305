//! What operators do.

use crate::limits::BANS_MAX;
use crate::model::{Ban, ErrorCode, Mask, RoomName, UserId};

use crate::chat::{Actor, Applying, Fact};

impl Applying<'_> {
    pub(super) fn mute(
        &mut self,
        by: Actor,
        user: UserId,
        until_ms: Option<u64>,
    ) -> Result<(), ErrorCode> {
        self.chat.check_operator(by)?;
        self.chat.check_here(user)?;
        self.chat.settings.tidy(self.at_ms);
        if self.chat.settings.mutes.len() >= BANS_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        let mute = self.chat.mute_of(user, until_ms);
        self.chat.settings.mutes.put(mute);
        self.facts.push(Fact::SettingsChanged);
        self.facts.push(Fact::Muted {
            by,
            user: Some(user),
            name: self.chat.users[user].nick().to_string(),
            room: None,
            is_muted: true,
        });
        Ok(())
    }

    /// Whoever was muted need not be here to be unmuted.
    pub(super) fn unmute(&mut self, by: Actor, name: String) -> Result<(), ErrorCode> {
        self.chat.check_operator(by)?;
        self.chat.settings.tidy(self.at_ms);
        let marks = self.chat.marks_of_name(&name);
        let was_muted = self.chat.settings.mutes.remove(&marks);
        let user = self.chat.users.find(&name);
        if was_muted {
            self.facts.push(Fact::SettingsChanged);
        } else if user.is_none() {
            return Err(ErrorCode::NoSuchNick(name));
        }
        self.facts.push(Fact::Muted {
            by,
            user,
            name: user.map_or(name, |user| self.chat.users[user].nick().to_string()),
            room: None,
            is_muted: false,
        });
        Ok(())
    }

    pub(super) fn ban(&mut self, by: Actor, ban: Ban) -> Result<(), ErrorCode> {
        self.chat.check_operator(by)?;
        let settings = &mut self.chat.settings;
        settings.tidy(self.at_ms);
        settings.bans.retain(|old| old.mask != ban.mask);
        if settings.bans.len() >= BANS_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        let (mask, reason) = (ban.mask.clone(), ban.reason.clone());
        settings.bans.push(ban);
        self.facts.push(Fact::Banned { by, mask, reason });
        self.facts.push(Fact::SettingsChanged);
        Ok(())
    }

    pub(super) fn unban(&mut self, by: Actor, mask: String) -> Result<(), ErrorCode> {
        self.chat.check_operator(by)?;
        let settings = &mut self.chat.settings;
        settings.tidy(self.at_ms);
        let wanted = Mask::parse(&mask).ok_or(ErrorCode::BadMask)?;
        let before = settings.bans.len();
        settings.bans.retain(|ban| ban.mask != wanted);
        if settings.bans.len() == before {
            return Err(ErrorCode::NoSuchBan(mask));
        }
        self.facts.push(Fact::SettingsChanged);
        Ok(())
    }

    pub(super) fn lock(
        &mut self,
        by: Actor,
        room: RoomName,
        is_locked: bool,
    ) -> Result<(), ErrorCode> {
        self.chat.check_operator(by)?;
        let locked = &mut self.chat.settings.locked;
        let is_new = match is_locked {
            true if locked.len() >= BANS_MAX => return Err(ErrorCode::TooManyBans),
            true => {
                locked.insert(room.key(), room.clone());
                true
            }
            false => locked.remove(&room.key()).is_some(),
        };
        self.facts.push(Fact::Locked {
            room,
            is_locked,
            is_new,
        });
        if is_new {
            self.facts.push(Fact::SettingsChanged);
        }
        Ok(())
    }
}
