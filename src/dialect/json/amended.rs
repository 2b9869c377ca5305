//! What is done about a message, as objects.

use serde_json::{Map, Value};

use crate::model::{
    AboutMessage, Amended, Amendment, Doing, ErrorCode, Manner, Message, Nick, Reaction, Target,
};

use super::super::object::{Object, string};
use super::event::within;
use super::fields::{flag, is_there, message_id, room, within as named};

/// What is asked about a message by an object of that type.
pub(super) fn about(object: &Map<String, Value>, kind: &str) -> Result<AboutMessage, ErrorCode> {
    let id = message_id(object, "message_id")?;
    let what = match kind {
        "edit" => Doing::Edit {
            text: string(object, "message")?.trim().into(),
        },
        _ => {
            id.ok_or(ErrorCode::MissingField("message_id"))?;
            let reaction = Reaction::parse(string(object, "reaction")?);
            Doing::React {
                reaction: reaction.ok_or(ErrorCode::BadReaction)?,
                is_on: !is_there(object, "on") || flag(object, "on")?,
            }
        }
    };
    if matches!(&what, Doing::Edit { text } if text.is_empty()) {
        return Err(ErrorCode::WrongField("message"));
    }
    Ok(AboutMessage {
        within: named(object)?,
        id,
        what,
    })
}

/// What is said about a message, where it is.
pub(super) fn reply(
    object: &Map<String, Value>,
    kind: &str,
    text: &str,
) -> Result<Option<AboutMessage>, ErrorCode> {
    let Some(id) = message_id(object, "reply_to")? else {
        return Ok(None);
    };
    let (manner, within) = match kind {
        "pm" => {
            let to = string(object, "to")?;
            let nick = Nick::parse(to.trim()).ok_or(ErrorCode::NoSuchNick(to.into()))?;
            (Manner::Said, Target::User(nick))
        }
        "me" => (Manner::Acted, Target::Room(room(object)?)),
        _ => (Manner::Said, Target::Room(room(object)?)),
    };
    let text = text.into();
    Ok(Some(AboutMessage {
        within: Some(within),
        id: Some(id),
        what: Doing::Reply { manner, text },
    }))
}

/// What has become of a message.
pub(super) fn push(amended: &Amended, out: &mut Vec<u8>) {
    let kind = match &amended.amendment {
        Amendment::Edited(_) => "edited",
        Amendment::Reacted { .. } => "reacted",
    };
    let object = Object::new(out, kind).number("id", Some(amended.id.0));
    let object = within(object, &amended.target).text("username", amended.by.as_str());
    let object = match &amended.amendment {
        Amendment::Edited(text) => object.text("message", text),
        Amendment::Reacted {
            reaction, is_on, ..
        } => object
            .text("reaction", reaction.as_str())
            .flag("on", *is_on),
    };
    object.timestamp(amended.unix_ms).close();
    out.push(b'\n');
}

impl<'a> Object<'a> {
    /// What there is of a message beside what was said.
    pub(crate) fn marks(self, message: &Message) -> Object<'a> {
        let Some(marks) = &message.marks else {
            return self;
        };
        let object = self.number("reply_to", marks.reply_to.as_ref().map(|to| to.id.0));
        let object = match marks.is_edited {
            true => object.flag("edited", true),
            false => object,
        };
        match marks.reactions.is_empty() {
            true => object,
            false => {
                let reactions = marks.reactions.iter().map(|(reaction, all)| {
                    let names = all.iter().map(|it| it.nick.as_str());
                    (reaction.as_str(), names)
                });
                object.lists("reactions", reactions)
            }
        }
    }
}
