//! How values stand in the rows of the database.

use rusqlite::{Connection, OptionalExtension as _, Result as Done, Row};

use crate::model::{
    AccountId, Happening, Manner, Marks, Message, MessageId, Nick, RoomName, RoomRecord, SaidBy,
    UserId,
};

/// What a message's row takes beside its text and its name, in bytes: ids, time, flags, the index by
/// room and the pages' own.
const ROW_BYTES: usize = 32;

/// What a message is counted as where a room's bytes are bounded: about what it takes on disk, the
/// index for searching not counted.
pub(super) fn weight(text_bytes: usize, nick_bytes: usize) -> u64 {
    (text_bytes + nick_bytes + ROW_BYTES) as u64
}

/// SQLite's integers have a sign; an id beyond them was never given out.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn id_of(integer: i64) -> MessageId {
    MessageId(u64::try_from(integer).unwrap_or(0))
}

/// The account of a number that is one.
pub(super) fn account_of(integer: i64) -> Option<AccountId> {
    let id = u64::try_from(integer).ok().filter(|&id| id > 0)?;
    Some(AccountId(id))
}

/// 0 is nobody's.
pub(super) fn account(account: Option<AccountId>) -> i64 {
    account.map_or(0, |AccountId(id)| integer(id))
}

/// How it stands in a row that a message shares a file.
const FILE: i64 = -1;

/// How it stands in a row. Below 3 are messages; what happened follows, which only who asks for it is told of.
pub(super) fn manner(manner: Manner) -> i64 {
    match manner {
        Manner::Said => 0,
        Manner::Acted => 1,
        Manner::Noticed => 2,
        Manner::File => FILE,
        Manner::Happened(Happening::Topic) => 3,
        Manner::Happened(Happening::Kick) => 4,
        Manner::Happened(Happening::Modes) => 5,
    }
}

pub(super) fn manner_of(integer: i64) -> Manner {
    match integer {
        1 => Manner::Acted,
        2 => Manner::Noticed,
        FILE => Manner::File,
        3 => Manner::Happened(Happening::Topic),
        4 => Manner::Happened(Happening::Kick),
        5 => Manner::Happened(Happening::Modes),
        _ => Manner::Said,
    }
}

/// How it stands in a row whose a message is.
pub(super) fn author(origin: SaidBy) -> i64 {
    match origin {
        SaidBy::Unknown => 0,
        SaidBy::Account(AccountId(id)) => integer(id),
        SaidBy::User(user) => -integer(user.number()),
        SaidBy::Program => i64::MIN,
    }
}

pub(super) fn origin(author: i64) -> SaidBy {
    let user = || UserId::of(author.unsigned_abs()).map(SaidBy::User);
    match author {
        i64::MIN => SaidBy::Program,
        _ if author < 0 => user().unwrap_or_default(),
        _ => account_of(author).map_or(SaidBy::Unknown, SaidBy::Account),
    }
}

/// How it stands in a row; nothing, where there is none.
pub(super) fn marks(marks: Option<&Marks>) -> Option<String> {
    // Writing to a String cannot fail.
    marks.and_then(|marks| serde_json::to_string(marks).ok())
}

/// What stands so at a place of a row.
pub(super) fn marks_at(row: &Row<'_>, at: usize) -> Done<Option<Box<Marks>>> {
    let text = row.get_ref(at)?.as_str().ok();
    Ok(text.and_then(|text| serde_json::from_str(text).ok()))
}

/// The message in a row that begins with id, ms, nick, manner, text, author, marks. Its name may have been one for an older
/// program only.
pub(super) fn message(row: &Row<'_>) -> Done<Message> {
    Ok(Message {
        id: id_of(row.get(0)?),
        unix_ms: u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
        nick: Nick::nearest(row.get_ref(2)?.as_str()?),
        origin: origin(row.get(5)?),
        manner: manner_of(row.get(3)?),
        text: row.get(4)?,
        tags: None,
        marks: marks_at(row, 6)?,
    })
}

/// The columns of a room's record, as [`room`] reads them.
pub(super) const ROOM_COLUMNS: &str =
    "name, owner, topic, room_key, topic_locked, invite_only, moderators, rest";

/// The record of an owned room. `None`: nobody wrote that there through this program.
pub(super) fn room(row: &Row<'_>) -> Done<Option<RoomRecord>> {
    let name = RoomName::parse(row.get_ref(0)?.as_str()?);
    let moderators = serde_json::from_str(row.get_ref(6)?.as_str()?);
    let owner = account_of(row.get(1)?);
    let (Some(name), Some(owner), Ok(serde_json::Value::Array(moderators))) =
        (name, owner, moderators)
    else {
        return Ok(None);
    };
    Ok(Some(RoomRecord {
        name,
        owner,
        topic: row.get(2)?,
        key: row.get(3)?,
        is_topic_locked: row.get(4)?,
        is_invite_only: row.get(5)?,
        moderators: moderators
            .iter()
            .filter_map(serde_json::Value::as_i64)
            .filter_map(account_of)
            .collect(),
        rest: Box::new(super::rest::read(row.get_ref(7)?.as_str()?)),
    }))
}

pub(super) fn moderators(room: &RoomRecord) -> String {
    let ids: Vec<u64> = room.moderators.iter().map(|&AccountId(id)| id).collect();
    serde_json::json!(ids).to_string()
}

/// A number in the table `meta`; 0 where there is none.
pub(super) fn meta(connection: &Connection, key: &str) -> Done<i64> {
    let mut statement = connection.prepare("SELECT value FROM meta WHERE key = ?1")?;
    let found = statement.query_row([key], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}
