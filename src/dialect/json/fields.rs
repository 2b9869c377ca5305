//! The fields of an object, as they are read.

use serde_json::{Map, Value};

use crate::model::{ErrorCode, MessageId, Nick, RoomName, RoomsFrom, Secret, Target};

use super::super::command;
use super::super::object::string;

/// The room, or with whom, where that is said.
pub(super) fn within(object: &Map<String, Value>) -> Result<Option<Target>, ErrorCode> {
    match maybe_nick(object, "with")? {
        Some(nick) => Ok(Some(Target::User(nick))),
        None => Ok(maybe_room(object)?.map(Target::Room)),
    }
}

pub(super) fn maybe_nick(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<Nick>, ErrorCode> {
    let name = maybe_string(object, field)?;
    let nick = name.map(|name| Nick::parse(name.trim()).ok_or(ErrorCode::BadNick));
    nick.transpose()
}

/// The room of a request; left out, it is the lobby.
pub(super) fn room(object: &Map<String, Value>) -> Result<RoomName, ErrorCode> {
    Ok(maybe_room(object)?.unwrap_or_else(RoomName::lobby))
}

/// The room of a request that may be about the whole server.
pub(super) fn maybe_room(object: &Map<String, Value>) -> Result<Option<RoomName>, ErrorCode> {
    let is_named = is_there(object, "room");
    is_named.then(|| named_room(object)).transpose()
}

/// From where on the list of rooms is wanted.
pub(super) fn rooms_from(object: &Map<String, Value>) -> Result<RoomsFrom, ErrorCode> {
    if let Some(after) = maybe_string(object, "after")? {
        return command::room(&after).map(RoomsFrom::After);
    }
    match whole(object, "page")? {
        Some(page) => match usize::try_from(page) {
            Ok(page @ 1..) => Ok(RoomsFrom::Page(page)),
            _ => Err(ErrorCode::WrongField("page")),
        },
        None => Ok(RoomsFrom::default()),
    }
}

pub(super) fn named_room(object: &Map<String, Value>) -> Result<RoomName, ErrorCode> {
    command::room(string(object, "room")?)
}

pub(super) fn maybe_string(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<String>, ErrorCode> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => string(object, field).map(|text| Some(text.into())),
    }
}

/// A password or token, taken as it is.
pub(super) fn password(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Secret, ErrorCode> {
    command::password(string(object, field)?)
}

pub(super) fn maybe_password(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<Secret>, ErrorCode> {
    let is_there = is_there(object, field);
    is_there.then(|| password(object, field)).transpose()
}

/// Is the field given? `null` is as if it were not.
pub(super) fn is_there(object: &Map<String, Value>, field: &str) -> bool {
    !object.get(field).is_none_or(Value::is_null)
}

/// A whole number from 1 up; left out, there is no end.
pub(super) fn seconds(object: &Map<String, Value>) -> Result<Option<u64>, ErrorCode> {
    match whole(object, "seconds")? {
        Some(0) => Err(ErrorCode::WrongField("seconds")),
        seconds => Ok(seconds),
    }
}

pub(super) fn message_id(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<MessageId>, ErrorCode> {
    Ok(whole(object, field)?.map(MessageId))
}

pub(super) fn whole(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<u64>, ErrorCode> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(ErrorCode::WrongField(field)),
    }
}

pub(super) fn flag(object: &Map<String, Value>, field: &'static str) -> Result<bool, ErrorCode> {
    match object.get(field) {
        Some(Value::Bool(is_set)) => Ok(*is_set),
        None | Some(Value::Null) => Err(ErrorCode::MissingField(field)),
        Some(_) => Err(ErrorCode::WrongField(field)),
    }
}
