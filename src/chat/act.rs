//! What each entry does.

mod accounts;
mod accounts_changed;
mod amending;
mod deletion;
mod identity;
mod moderation;
mod modes;
mod ownership;
mod profiles;
mod rooms;
mod talk;

pub(crate) use identity::is_given;

use crate::model::ErrorCode;

use super::{Applying, Entry, Fact};

impl Applying<'_> {
    /// Does what an entry says.
    pub(super) fn take(&mut self, entry: Entry) -> Result<(), ErrorCode> {
        match entry {
            Entry::Join {
                nick,
                peer,
                is_untold,
            } => self.join(nick, peer, is_untold),
            Entry::JoinAs {
                account,
                nick,
                peer,
                is_multi,
            } => self.join_as(account, nick, peer, is_multi),
            Entry::LogIn {
                user,
                account,
                is_multi,
            } => self.log_in(user, account, is_multi),
            Entry::ComeIn {
                nick,
                peer,
                profile,
                account,
            } => self.come_in(nick, peer, profile, account),
            Entry::NoteVia { user, via } => {
                if let Some(user) = self.chat.users.get_mut(user) {
                    user.via = via;
                }
                Ok(())
            }
            Entry::Prove { user, account } => self.prove(user, account),
            Entry::Describe { user, change } => self.describe(user, change),
            Entry::MarkRead { user, key, to_ms } => self.mark_read(user, key, to_ms),
            Entry::SetMetadata { by, of, key, value } => self.set_metadata(by, of, key, value),
            Entry::LogOut { user } => self.log_out(user),
            Entry::Show { user } => {
                self.show(user);
                Ok(())
            }
            Entry::End { user, at, why } => self.end(user, at, why),
            Entry::PutOut { by, user, why } => {
                self.chat.check_operator(by)?;
                self.put_out(user, why);
                Ok(())
            }
            Entry::Rename { by, user, to } => self.rename(by, user, to),
            Entry::EndGrace { user } => self.end_grace(user),
            Entry::Oper { user } => self.change(user, Fact::Operator, |rare| {
                rare.is_operator = true;
            }),
            Entry::Away { user, text } => self.set_away(user, text),
            Entry::Ignore { user, key } => self.ignore(user, key),
            Entry::Unignore { user, key } => self.unignore(user, key),
            Entry::Say {
                user,
                room,
                words,
                is_outside,
                shown,
            } => self.say((user, is_outside), room, shown, words),
            Entry::Post {
                nick,
                peer,
                as_account,
                room,
                words,
                shown,
            } => {
                let chat = &self.chat;
                chat.check_post(&nick, peer, as_account, room, self.at_ms)?;
                let origin = chat.origin_of_post(&nick, as_account);
                self.speak((nick, origin), room, shown, words);
                Ok(())
            }
            Entry::Private { from, to, words } => self.say_privately(from, to, words),
            Entry::Tag { user, to, words } => self.tag(user, to, words),
            Entry::Mail {
                from,
                to,
                text,
                reply_to,
            } => self.leave_mail(from, to, text, reply_to),
            Entry::Amend {
                user,
                message,
                amendment,
            } => self.amend(user, message, amendment),
            Entry::Delete {
                by,
                message,
                reason,
            } => self.delete(by, message, reason),
            Entry::MailTold { to, through } => {
                self.note_mail_told(to, through);
                Ok(())
            }
            Entry::Enter {
                user,
                room,
                mode,
                key,
                may_own,
            } => self.enter(user, room, mode, key.as_deref(), may_own),
            Entry::Leave { user, room, words } => self.leave_room(user, room, words),
            Entry::Kick {
                by,
                room,
                user,
                reason,
            } => self.kick(by, room, user, reason),
            Entry::SetTopic { user, room, topic } => self.set_topic(user, room, topic),
            Entry::SetModes { by, room, changes } => self.set_modes(by, room, changes),
            Entry::Invite { by, room, guest } => self.invite(by, room, guest),
            Entry::MuteIn {
                by,
                room,
                user,
                muting,
            } => self.mute_in(by, room, user, muting),
            Entry::Appoint {
                by,
                room,
                account,
                moderates,
            } => self.appoint(by, room, account, moderates),
            Entry::Close { by, room } => self.close(by, room),
            Entry::TakeOut { user, room } => self.take_out_of_closed(user, room),
            Entry::Disown { room } => {
                self.disown(room);
                Ok(())
            }
            Entry::Mute { by, user, until_ms } => self.mute(by, user, until_ms),
            Entry::Unmute { by, name } => self.unmute(by, name),
            Entry::Ban { by, ban } => self.ban(by, ban),
            Entry::Unban { by, mask } => self.unban(by, mask),
            Entry::Lock {
                by,
                room,
                is_locked,
            } => self.lock(by, room, is_locked),
            Entry::NodeGone { node } => {
                self.end_node(node);
                Ok(())
            }
            Entry::NewEpoch => {
                self.chat.skip_ids();
                Ok(())
            }
            Entry::Set { mut settings } => {
                settings.mutes.take_over_users(&self.chat.settings.mutes);
                self.chat.settings = settings;
                Ok(())
            }
            Entry::Registered { record, by } => self.register(record, by),
            Entry::Account { change, by } => self.change_account(change, by),
            Entry::Known { record } => {
                self.learn(record);
                Ok(())
            }
            Entry::AccountsGone { accounts } => {
                accounts.into_iter().for_each(|id| self.forget(id));
                Ok(())
            }
            Entry::Token { bot, digest } => self.take_token(bot, digest),
        }
    }
}
