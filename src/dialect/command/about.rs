//! What is done about something that was said.

use crate::model::{AboutMessage, Doing, ErrorCode, Manner, MessageId, Reaction, Request};

use super::super::words::{rest, second, two};
use super::{CommandRank::User, CommandRow, row};

pub(super) const COMMANDS: [CommandRow; 4] = [
    row(
        User,
        &["edit"],
        "/edit [ID] TEXT",
        "say it in other words, within 10 minutes; left out, your last message",
        |words| {
            let text = rest(words)?;
            let numbered = two(words).and_then(|(id, text)| Some((message_id(id)?, text)));
            let (id, text) = numbered.map_or((None, text), |(id, text)| (Some(id), text));
            let text = text.into();
            Some(Ok(about(id, Doing::Edit { text })))
        },
    ),
    row(
        User,
        &["reply"],
        "/reply ID TEXT",
        "say something about a message",
        |words| {
            let (id, text) = two(words)?;
            let (manner, text) = (Manner::Said, text.into());
            Some(Ok(about(
                Some(message_id(id)?),
                Doing::Reply { manner, text },
            )))
        },
    ),
    row(
        User,
        &["react"],
        "/react ID EMOJI",
        "react to a message",
        |words| react(words, true),
    ),
    row(
        User,
        &["unreact"],
        "/unreact ID EMOJI",
        "take a reaction back",
        |words| react(words, false),
    ),
];

fn react(words: &str, is_on: bool) -> Option<Result<Request, ErrorCode>> {
    let (id, _) = two(words)?;
    let (id, word) = (message_id(id)?, second(words)?);
    let reaction = Reaction::parse(word).ok_or(ErrorCode::BadReaction);
    Some(reaction.map(|reaction| about(Some(id), Doing::React { reaction, is_on })))
}

fn about(id: Option<MessageId>, what: Doing) -> Request {
    let within = None;
    Request::About(Box::new(AboutMessage { within, id, what }))
}

fn message_id(word: &str) -> Option<MessageId> {
    word.parse().ok().map(MessageId)
}
