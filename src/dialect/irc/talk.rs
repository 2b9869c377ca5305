//! PRIVMSG, NOTICE and TAGMSG: words to channels and to users.

use crate::limits::TARGETS_MAX;
use crate::model::{Addressee, Manner, Request, Utterance};

use super::about;
use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::{IrcLine, LINE_BYTES_MAX};
use super::names::room_of;
use super::numerics::word;
use super::services;
use super::work::{About, Todo, Work};

/// The longest source, with what stands around it: a name, that of an account and an address.
const SOURCE_BYTES_MAX: usize = 200;

impl Dialogue {
    pub(super) fn privmsg(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        self.say("PRIVMSG", line, scene, work);
    }

    pub(super) fn notice(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        self.say("NOTICE", line, scene, work);
    }

    fn say(&mut self, command: &str, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let is_notice = command == "NOTICE";
        let listener = self.listener(scene);
        let Some(targets) = line.params.first().filter(|targets| !targets.is_empty()) else {
            if !is_notice {
                let params = ["No recipient given (PRIVMSG)"];
                listener.numeric("411", &params, &mut work.out);
            }
            return;
        };
        let Some(text) = line.params.get(1).filter(|text| !text.is_empty()) else {
            if !is_notice {
                listener.numeric("412", &["No text to send"], &mut work.out);
            }
            return;
        };
        let targets: Vec<&str> = targets.split(',').filter(|it| !it.is_empty()).collect();
        if targets.len() > TARGETS_MAX {
            let params = [word(targets[TARGETS_MAX]), "Too many targets"];
            return listener.numeric("407", &params, &mut work.out);
        }
        let tags = self.client_tags(line);
        for target in targets {
            if services::is_service(target) {
                self.ask_service(target, text, scene, work);
                continue;
            }
            if self.is_too_long_for(command, target, text, scene) {
                let params = ["Input line was too long: with your name before it"];
                self.listener(scene).numeric("417", &params, &mut work.out);
                continue;
            }
            let (manner, text) = match action(text) {
                Some(text) if !is_notice => (Manner::Acted, text),
                _ if is_notice => (Manner::Noticed, *text),
                _ => (Manner::Said, *text),
            };
            self.ask_utter(target, manner, text, &tags, scene, work);
        }
    }

    pub(super) fn tagmsg(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let tags = self.client_tags(line);
        let targets = line.params.first().copied().unwrap_or_default();
        if targets.is_empty() {
            return self
                .listener(scene)
                .need_more_params("TAGMSG", &mut work.out);
        }
        if tags.is_empty() {
            return;
        }
        for target in targets
            .split(',')
            .filter(|it| !it.is_empty())
            .take(TARGETS_MAX)
        {
            self.ask_utter(target, Manner::Said, "", &tags, scene, work);
        }
    }

    /// The tags that go on to others: of who has asked for tags.
    pub(super) fn client_tags(&self, line: &IrcLine<'_>) -> String {
        match self.caps.has(Caps::MESSAGE_TAGS) {
            true => line.client_tags(),
            false => String::new(),
        }
    }

    pub(super) fn ask_utter(
        &self,
        target: &str,
        manner: Manner,
        text: &str,
        tags: &str,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        let (channel, is_for_moderators) = match target.strip_prefix('@') {
            Some(channel) => (channel, true),
            None => (target, false),
        };
        let to = match channel.starts_with('#') {
            false => Addressee::User(target.into()),
            true => match room_of(channel) {
                Some(room) if is_for_moderators => Addressee::Moderators(room),
                Some(room) => Addressee::Room(room),
                None => {
                    if manner != Manner::Noticed {
                        self.listener(scene).no_such_channel(target, &mut work.out);
                    }
                    return;
                }
            },
        };
        let asked = About::Words {
            to: to.clone(),
            manner,
            tags: tags.into(),
            text: text.into(),
        };
        let reaction = about::reaction(tags, &to).filter(|_| text.is_empty());
        if let Some(reaction) = reaction {
            let request = Request::About(Box::new(reaction));
            return work.todo.push_back(Todo::Ask(request, asked));
        }
        let utterance = Utterance {
            to,
            manner,
            text: text.into(),
            tags: tags.into(),
            reply_to: about::replied(tags),
        };
        work.todo
            .push_back(Todo::Ask(Request::Utter(Box::new(utterance)), asked));
    }

    /// Would words not go in one line with their source before them?
    fn is_too_long_for(&self, command: &str, target: &str, text: &str, scene: &Scene<'_>) -> bool {
        if command.len() + target.len() + text.len() < LINE_BYTES_MAX - SOURCE_BYTES_MAX {
            return false;
        }
        let mut source = Vec::new();
        if let Some(nick) = &self.nick {
            scene.world.write_source(nick, &mut source);
        }
        let overhead = 1 + source.len() + 1 + command.len() + 1 + target.len() + 2;
        overhead + text.len() > LINE_BYTES_MAX
    }
}

/// What somebody does, where words tell that (CTCP ACTION).
pub(super) fn action(text: &str) -> Option<&str> {
    let action = text.strip_prefix("\u{1}ACTION ")?;
    let action = action.strip_suffix('\u{1}').unwrap_or(action);
    (!action.is_empty()).then_some(action)
}

#[cfg(test)]
mod tests {
    use super::action;

    #[test]
    fn what_is_an_action() {
        assert_eq!(action("\u{1}ACTION waves\u{1}"), Some("waves"));
        assert_eq!(action("\u{1}ACTION waves"), Some("waves"));
        assert_eq!(action("\u{1}ACTION \u{1}"), None);
        assert_eq!(action("\u{1}VERSION\u{1}"), None);
        assert_eq!(action("ACTION waves"), None);
    }
}
