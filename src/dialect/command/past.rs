//! What was said before.

use crate::model::{ErrorCode, MessageId, Nick, Range, Request, TicketClaim};

use super::super::time;
use super::super::words::{after_first, one, rest, two};
use super::{
    CommandRank::{Operator, User},
    CommandRow, room, row,
};

/// What begins the words of a search that is gone on with.
const BEFORE: &str = "--before";

pub(super) const COMMANDS: [CommandRow; 7] = [
    row(
        User,
        &["history"],
        "/history [#ROOM|@NAME] [N] [ids] [events] [before ID|after ID] [since TIME]",
        "what was said; TIME is as in 30m, 7d, 14:05 or 2026-11-21",
        history,
    ),
    row(
        User,
        &["search"],
        "/search [--before ID] WORDS",
        "what was said with all of these words in it",
        search,
    ),
    row(
        User,
        &["delete"],
        "/delete [ID] [REASON]",
        "delete what you said; left out, the last of it in this room",
        |words| {
            let id = match one(words) {
                None => None,
                Some(word) => Some(word.parse().ok().map(MessageId)?),
            };
            Some(Ok(delete(id, words)))
        },
    ),
    row(
        User,
        &["unsend"],
        "/unsend ID [REASON]",
        "delete a file that was shared, by its number of /files",
        |words| {
            let id = one(words)?.parse().ok().map(MessageId)?;
            Some(Ok(delete(Some(id), words)))
        },
    ),
    row(
        User,
        &["send"],
        "/send NAME",
        "send a file of yours: answers with the line that does",
        |words| {
            Some(Ok(Request::Upload(TicketClaim {
                room: None,
                name: rest(words)?.trim_end().into(),
                size: None,
                mime: None,
            })))
        },
    ),
    row(
        User,
        &["files"],
        "/files [#ROOM] [N] [before ID|after ID] [since TIME]",
        "which files were shared, with their numbers; /unsend ID deletes one",
        |words| history(words).map(|request| request.map(only_files)),
    ),
    row(
        Operator,
        &["export"],
        "/export ROOM",
        "write all that was said in a room to a file",
        |words| Some(room(one(words)?).map(|room| Request::Export { room })),
    ),
];

/// Behind the number, if there is one, stands why.
fn delete(id: Option<MessageId>, words: &str) -> Request {
    Request::Delete {
        within: None,
        id,
        reason: after_first(words).map(Into::into),
    }
}

/// Of what was said, the files, by the numbers that they are deleted by.
fn only_files(request: Request) -> Request {
    match request {
        Request::History { room, range, .. } => Request::History {
            room,
            with: None,
            range: Range {
                shows_ids: true,
                has_events: false,
                only_files: true,
                ..range
            },
        },
        other => other,
    }
}

fn history(words: &str) -> Option<Result<Request, ErrorCode>> {
    let (mut room, mut with, mut range) = (None, None, Range::default());
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        let read = match word.to_ascii_lowercase().as_str() {
            "before" => message_id(words.next()?).map(|id| range.before = Some(id)),
            "after" => message_id(words.next()?).map(|id| range.after = Some(id)),
            "ids" => {
                range.shows_ids = true;
                Ok(())
            }
            "events" => {
                range.has_events = true;
                Ok(())
            }
            "since" => time::since(words.next()?).map(|since| range.since = Some(since)),
            _ => match (word.strip_prefix('@'), word.strip_prefix('#')) {
                (Some(name), _) => Nick::parse(name)
                    .ok_or(ErrorCode::BadNick)
                    .map(|nick| with = Some(nick)),
                (_, Some(name)) => super::room(name).map(|name| room = Some(name)),
                _ => {
                    range.limit = Some(word.parse().ok().filter(|&limit| limit > 0)?);
                    Ok(())
                }
            },
        };
        if let Err(code) = read {
            return Some(Err(code));
        }
    }
    let room = room.filter(|_| with.is_none());
    Some(Ok(Request::History { room, with, range }))
}

fn search(words: &str) -> Option<Result<Request, ErrorCode>> {
    let words = rest(words)?;
    let (before, words) = match one(words) {
        Some(BEFORE) => {
            let (id, words) = two(two(words)?.1)?;
            (Some(message_id(id)), words)
        }
        _ => (None, words),
    };
    Some(before.transpose().map(|before| Request::Search {
        room: None,
        words: words.into(),
        range: Range {
            before,
            ..Range::default()
        },
    }))
}

fn message_id(word: &str) -> Result<MessageId, ErrorCode> {
    let id = word.parse().map(MessageId);
    id.map_err(|_| ErrorCode::BadMessageId)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::model::{RoomName, Since};

    #[test]
    fn a_history_is_bounded_in_any_order() {
        let history = |range| Request::History {
            room: None,
            with: None,
            range,
        };
        let (before, after) = (Some(MessageId(123)), Some(MessageId(7)));
        let all = Range {
            limit: Some(50),
            before,
            after,
            since: Some(Since::Ago(1800)),
            ..Range::default()
        };
        assert_eq!(parse("history"), Ok(history(Range::default())));
        for line in [
            "history 50 before 123 after 7 since 30m",
            "HISTORY since 30m BEFORE 123  After 7 50 ",
        ] {
            assert_eq!(parse(line), Ok(history(all)), "{line}");
        }
        let range = Range::default();
        assert_eq!(
            parse("history @Bob #rust"),
            Ok(Request::History {
                room: None,
                with: Nick::parse("Bob"),
                range
            })
        );
        assert_eq!(
            parse("history #rust"),
            Ok(Request::History {
                room: RoomName::parse("rust"),
                with: None,
                range
            })
        );
        for (line, code) in [
            ("history before x", ErrorCode::BadMessageId),
            ("history after -1", ErrorCode::BadMessageId),
            ("history since then", ErrorCode::BadTime),
            ("history @", ErrorCode::BadNick),
            ("history #a.b", ErrorCode::BadRoomName),
        ] {
            assert_eq!(parse(line), Err(code), "{line}");
        }
        for line in [
            "history 0",
            "history before",
            "history since",
            "history -3",
            "history all",
        ] {
            assert!(matches!(parse(line), Err(ErrorCode::Usage(_))), "{line}");
        }
    }

    #[test]
    fn a_search_is_for_the_rest_of_the_line() {
        let search = |words: &str, before| {
            let range = Range {
                before,
                ..Range::default()
            };
            Ok(Request::Search {
                room: None,
                words: words.into(),
                range,
            })
        };
        assert_eq!(parse("search two  words"), search("two  words", None));
        assert_eq!(parse("search before 7"), search("before 7", None));
        let before = Some(MessageId(7));
        assert_eq!(parse("search --before 7 a b"), search("a b", before));
        assert_eq!(parse("search --before x a"), Err(ErrorCode::BadMessageId));
        for line in ["search", "search  ", "search --before", "search --before 7"] {
            assert!(matches!(parse(line), Err(ErrorCode::Usage(_))), "{line}");
        }
    }
}
