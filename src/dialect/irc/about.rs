//! Replies, reactions and edits: the client tags `+draft/reply`, `+draft/react` and `+draft/unreact`. There is no way of
//! editing that is agreed on: what was edited is told in words, as a reply to what it was.

use std::borrow::Cow;

use crate::model::{
    AboutMessage, Addressee, Amended, Amendment, Doing, Message, MessageId, Nick, Reaction,
    ReplyTo, Target,
};

use super::super::about;
use super::caps::Caps;
use super::line::{escaped, unescaped};
use super::names::channel_of;
use super::write::{Listener, Source, Tags};

const REPLY: &str = "+draft/reply";
const REACT: &str = "+draft/react";
const UNREACT: &str = "+draft/unreact";

/// The value of one of the tags that clients have for each other.
fn value_of(tags: &str, key: &str) -> Option<String> {
    let value = |tag: &str| tag.strip_prefix(key)?.strip_prefix('=').map(unescaped);
    tags.split(';').find_map(value)
}

/// The message that words are about.
pub(super) fn replied(tags: &str) -> Option<MessageId> {
    value_of(tags, REPLY)?.parse().ok().map(MessageId)
}

/// What tags without words do about a message, where they do.
pub(super) fn reaction(tags: &str, to: &Addressee) -> Option<AboutMessage> {
    let (word, is_on) = match value_of(tags, REACT) {
        Some(word) => (word, true),
        None => (value_of(tags, UNREACT)?, false),
    };
    let reaction = Reaction::parse(&word)?;
    let within = match to {
        Addressee::Room(room) => Target::Room(room.clone()),
        Addressee::User(name) => Target::User(Nick::parse(name)?),
        Addressee::Moderators(_) => return None,
    };
    Some(AboutMessage {
        within: Some(within),
        id: Some(replied(tags)?),
        what: Doing::React { reaction, is_on },
    })
}

/// The tags of a message's client, with that of the message that it answers.
pub(super) fn with_reply<'a>(tags: &'a str, reply_to: Option<&ReplyTo>) -> Cow<'a, str> {
    match reply_to.filter(|_| value_of(tags, REPLY).is_none()) {
        None => Cow::Borrowed(tags),
        Some(to) if tags.is_empty() => Cow::Owned(format!("{REPLY}={}", to.id)),
        Some(to) => Cow::Owned(format!("{tags};{REPLY}={}", to.id)),
    }
}

impl Listener<'_> {
    /// A message is another. Of reactions nothing is told to who knows no tags.
    pub(super) fn amended(&self, amended: &Amended, out: &mut Vec<u8>) {
        let target = match &amended.target {
            Target::Room(room) => channel_of(room),
            // What the other did is told to oneself.
            Target::User(nick) if *nick == amended.by => self.nick.into(),
            Target::User(nick) => nick.to_string(),
        };
        match &amended.amendment {
            Amendment::Edited(_) => {
                let tags = format!("{REPLY}={}", amended.id);
                let message = Message {
                    // It is no message of its own.
                    id: MessageId::default(),
                    tags: Some(tags.into()),
                    ..about::told(amended)
                };
                self.words(&message, &target, None, out);
            }
            Amendment::Reacted {
                reaction, is_on, ..
            } if self.caps.has(Caps::MESSAGE_TAGS) => {
                let key = if *is_on { REACT } else { UNREACT };
                let client = format!(
                    "{key}={};{REPLY}={}",
                    escaped(reaction.as_str()),
                    amended.id
                );
                let tags = Tags {
                    at_ms: Some(amended.unix_ms),
                    by: Some(&amended.by),
                    client: &client,
                    ..Tags::default()
                };
                self.line(&tags, Source::User(&amended.by), "TAGMSG", &[&target], out);
            }
            Amendment::Reacted { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RoomName;

    #[test]
    fn tags_that_are_reactions() {
        let room = Addressee::Room(RoomName::lobby());
        let read = |tags: &str| reaction(tags, &room).map(|it| (it.id, it.what));
        let react = |word: &str, is_on| Doing::React {
            reaction: Reaction::parse(word).expect("a reaction"),
            is_on,
        };
        let id = Some(MessageId(7));
        assert_eq!(
            read("+draft/react=👍;+draft/reply=7"),
            Some((id, react("👍", true)))
        );
        assert_eq!(
            read("+a;+draft/reply=7;+draft/unreact=a\\:"),
            Some((id, react("a;", false)))
        );
        for none in [
            "",
            "+draft/react=👍",
            "+draft/reply=7",
            "+draft/react=👍;+draft/reply=x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn a_reply_is_told_by_its_tag() {
        let to = ReplyTo {
            id: MessageId(7),
            nick: Nick::parse("al").expect("a nick"),
        };
        assert_eq!(with_reply("", Some(&to)), "+draft/reply=7");
        assert_eq!(with_reply("+a=b", Some(&to)), "+a=b;+draft/reply=7");
        assert_eq!(with_reply("+draft/reply=7", Some(&to)), "+draft/reply=7");
        assert_eq!(with_reply("+a", None), "+a");
    }
}
