//! Answers: what the requests of a line came to.

use std::sync::Arc;

use crate::model::{Change, Done, Event, Manner, Message, MessageId, SaidBy};

use super::super::sentence;
use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::numerics::word;
use super::work::{About, Work};

impl Dialogue {
    /// Writes the answer to a request, for what it was asked.
    pub(super) fn answered(
        &mut self,
        event: &Event,
        about: &About,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        match (event, about) {
            (Event::Error(code), About::Register | About::Pass) => {
                self.not_welcome(code, scene, work)
            }
            (Event::Error(code), _) => self.refused(code, about, scene, work),
            (Event::Unlocked, _) => {}
            (Event::Welcome { nick, .. }, _) => self.welcome(&nick.clone(), scene, work),
            (Event::EnteredRoom { room, .. }, _) => self.entered(room, scene, work),
            (Event::LeftRoom { room, .. }, About::Part { words, .. }) => {
                if let Some(nick) = &self.nick {
                    let listener = self.listener(scene);
                    listener.parted(nick, room, words.as_deref(), &mut work.out);
                }
            }
            (Event::Renamed { from, to }, _) => {
                self.listener(scene).renamed(from, to, &mut work.out);
                self.nick = Some(to.clone());
            }
            (Event::Amended(amended), _) => {
                if self.caps.has(Caps::ECHO_MESSAGE) {
                    self.listener(scene).amended(amended, &mut work.out);
                }
            }
            (Event::Changed { change, .. }, About::Words { .. }) => {
                if self.caps.has(Caps::ECHO_MESSAGE) {
                    self.listener(scene).tagged(change, &mut work.out);
                }
            }
            (Event::Changed { change, .. }, _) => {
                let is_empty =
                    matches!(change, Change::Modes { changes, .. } if changes.is_empty());
                if !is_empty {
                    self.listener(scene).changed(change, false, &mut work.out);
                }
            }
            (Event::Kept { .. }, _) => {}
            (Event::PrivateSent { .. }, _) => self.echo(event, scene, work),
            (Event::Proven { account, nick, .. }, About::Account { .. }) => {
                self.account_made(nick, scene, &mut work.out);
                self.note_proven(*account, nick);
            }
            (Event::Proven { account, nick, .. }, About::Pass) => {
                self.passed((*account, nick), scene, work);
            }
            (Event::Challenge(challenge), _) => self.challenged(challenge, scene, work),
            (
                Event::Proven {
                    account,
                    nick,
                    signature,
                },
                About::Proof { is_sasl },
            ) => match signature {
                Some(signature) => self.signed((*account, nick), signature, scene, work),
                None => self.proven(*account, nick, *is_sasl, scene, work),
            },
            (Event::Done { what }, _) => self.done(what.as_ref(), about, scene, work),
            (
                Event::History { messages, .. },
                About::History {
                    target, is_last, ..
                },
            ) => {
                work.found.extend(messages.iter().cloned());
                if *is_last {
                    let found = std::mem::take(&mut work.found);
                    self.write_history(target, &found, scene, &mut work.out);
                }
            }
            (Event::Bans { bans }, _) => {
                let listener = self.listener(scene);
                for ban in bans {
                    let reason = ban.reason.as_deref().unwrap_or_default();
                    let params = ["K", word(&ban.mask), "*", "*", reason];
                    listener.numeric("216", &params, &mut work.out);
                }
                listener.numeric("219", &["k", "End of /STATS report"], &mut work.out);
            }
            (Event::KickedOut { .. }, _) => {}
            _ => {
                let mut out = Vec::new();
                self.told(event, scene, &mut out);
                work.out.append(&mut out);
            }
        }
    }

    fn done(&self, what: Option<&Done>, about: &About, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let out = &mut work.out;
        match (what, about) {
            (Some(Done::Away), _) => {
                listener.numeric("306", &["You have been marked as being away"], out);
            }
            (Some(Done::Back), _) => {
                listener.numeric("305", &["You are no longer marked as being away"], out);
            }
            (Some(Done::Operator), _) => {
                listener.numeric("381", &["You are now an IRC operator"], out);
                if let Some(nick) = &self.nick {
                    listener.by(nick, "MODE", &[nick.as_str(), "+o"], out);
                }
            }
            (Some(Done::Invited { nick, .. }), About::Invite(room)) => {
                listener.numeric("341", &[nick.as_str(), room], out);
            }
            (Some(Done::PutOut { nick, room }), About::Kick { reason, .. }) => {
                // Who is in the room is told so with the others.
                let user = scene.world.user_at(scene.who);
                let is_in = user.is_some_and(|user| scene.world.rank(user, room).is_some());
                let facts = scene.world.room(room);
                let is_each_told = facts.is_some_and(|facts| !facts.was_crowded);
                let is_told = is_in && (is_each_told || self.caps.has(Caps::PRESENCE));
                if let Some(own) = self.nick.as_ref().filter(|_| !is_told) {
                    listener.kicked((own, None), nick, room, reason.as_deref(), out);
                }
            }
            (Some(Done::Registered { nick, .. }), About::Account { is_command, .. }) => {
                if *is_command {
                    return self.account_made(nick, scene, out);
                }
                self.say_as_service("Account created", scene, out);
                self.write_logged_in(nick, scene, out);
            }
            (Some(done), _) => listener.notice(&sentence::done(done), out),
            (None, About::Metadata { target, key, value }) => {
                self.metadata_set((target, key, value.as_deref()), scene, out);
            }
            (None, About::UserModes(letters)) => {
                if let Some(nick) = &self.nick {
                    listener.by(nick, "MODE", &[nick.as_str(), letters], out);
                }
            }
            (None, About::Setname(text)) => {
                let has_it = self.caps.has(Caps::SETNAME);
                if let Some(nick) = self.nick.as_ref().filter(|_| has_it) {
                    listener.by(nick, "SETNAME", &[text], out);
                }
            }
            (None, _) => {}
        }
    }

    /// Its own words, as they were told to others, and what is said of whom they are for.
    pub(super) fn echo(&self, event: &Event, scene: &Scene<'_>, work: &mut Work) {
        let wants_echo = self.caps.has(Caps::ECHO_MESSAGE);
        let listener = self.listener(scene);
        match event {
            Event::Said { room, message, .. } if wants_echo => {
                listener.words(message, &format!("#{room}"), None, &mut work.out);
            }
            Event::PrivateSent { to, id, away, .. } => {
                let asked = work.asked.iter().find_map(|(_, about)| match about {
                    About::Words {
                        manner, tags, text, ..
                    } => Some((*manner, tags.clone(), text.clone())),
                    _ => None,
                });
                if let (Some((manner, tags, text)), true) = (asked, wants_echo) {
                    let message = self.own_words(*id, manner, &tags, &text, scene);
                    if let Some(message) = message {
                        listener.words(&message, to.as_str(), None, &mut work.out);
                    }
                }
                if let Some(away) = away {
                    let away = sentence::absence(away);
                    listener.numeric("301", &[to.as_str(), away], &mut work.out);
                }
            }
            Event::Said { .. } => {}
            _ => {
                let mut out = Vec::new();
                listener.told(event, &mut out);
                work.out.append(&mut out);
            }
        }
    }

    fn own_words(
        &self,
        id: Option<MessageId>,
        manner: Manner,
        tags: &str,
        text: &str,
        scene: &Scene<'_>,
    ) -> Option<Arc<Message>> {
        Some(Arc::new(Message {
            id: id.unwrap_or_default(),
            unix_ms: scene.now.unix_ms,
            nick: self.nick.clone()?,
            origin: SaidBy::Unknown,
            manner,
            text: text.into(),
            tags: Some(tags.into()),
            marks: None,
        }))
    }
}
