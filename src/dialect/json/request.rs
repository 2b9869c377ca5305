//! What an object asks.

use serde_json::{Map, Value};

use crate::limits::ROOMS_PER_SESSION_MAX;
use crate::model::{
    EnterMode, ErrorCode, Login, MaskKind, MemberRank, MembersPage, MessageId, ModeChange, Nick,
    Range, Request, RoomName, RoomsFrom, Secret, Since, TokenChange,
};

use super::super::object::string;
use super::super::spec::Spec;
use super::super::{command, time};

/// Reads the first object, whose `name_field` is the name asked for; one that asks for none is a bad
/// name.
pub(in super::super) fn join(
    object: &Map<String, Value>,
    name_field: &str,
    spec: &Spec,
) -> Result<Option<Request>, ErrorCode> {
    let is_join = object.get("type").and_then(Value::as_str) == Some("join");
    let name = object
        .get(name_field)
        .and_then(Value::as_str)
        .filter(|_| is_join);
    let nick = name
        .and_then(|name| Nick::parse(name.trim()))
        .ok_or(ErrorCode::BadNick)?;
    let join = Request::Join {
        nick,
        wants_users: spec.shows_users,
        login: login(object)?,
        resume: resume(object)?,
        replay: replay(object)?,
    };
    Ok(Some(match maybe_password(object, "server_password")? {
        Some(password) => Request::Unlock {
            password,
            then: Some(Box::new(join)),
        },
        None => join,
    }))
}

/// A password, or a token instead of it.
fn login(object: &Map<String, Value>) -> Result<Option<Login>, ErrorCode> {
    let secret = match maybe_password(object, "password")? {
        None => maybe_password(object, "token")?,
        password => password,
    };
    let is_multi = is_there(object, "multi") && flag(object, "multi")?;
    Ok(secret.map(|secret| Login { secret, is_multi }))
}

/// How many of the last messages one wants to be shown: none, unless one asks.
fn replay(object: &Map<String, Value>) -> Result<Option<usize>, ErrorCode> {
    let count = whole(object, "replay")?.unwrap_or(0);
    Ok(Some(usize::try_from(count).unwrap_or(usize::MAX)))
}

/// The last message that one has of each room.
fn resume(object: &Map<String, Value>) -> Result<Vec<(RoomName, MessageId)>, ErrorCode> {
    const FIELD: &str = "resume";
    let rooms = match object.get(FIELD) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(rooms)) => rooms,
        Some(_) => return Err(ErrorCode::WrongField(FIELD)),
    };
    if rooms.len() > ROOMS_PER_SESSION_MAX {
        return Err(ErrorCode::TooManyRooms);
    }
    let mut resume: Vec<(RoomName, MessageId)> = Vec::with_capacity(rooms.len());
    for (name, id) in rooms.iter().filter(|(_, id)| !id.is_null()) {
        let room = command::room(name)?;
        let id = id.as_u64().map(MessageId);
        let is_named_twice = resume.iter().any(|(known, _)| known.key() == room.key());
        let id = id.filter(|_| !is_named_twice);
        resume.push((room, id.ok_or(ErrorCode::WrongField(FIELD))?));
    }
    Ok(resume)
}

pub(super) fn request(object: &Map<String, Value>) -> Result<Option<Request>, ErrorCode> {
    let name = || string(object, "username").map(String::from);
    let kind = string(object, "type")?;
    let request = match kind {
        "chat" | "me" | "pm" => return speech(object, kind),
        "nick" => {
            let nick = Nick::parse(string(object, "username")?.trim());
            Request::Nick {
                nick: nick.ok_or(ErrorCode::BadNick)?,
            }
        }
        "users" => Request::Members {
            room: Some(room(object)?),
            page: MembersPage {
                after: maybe_string(object, "after")?,
                limit: limit(object)?,
            },
        },
        "rooms" => Request::Rooms {
            from: rooms_from(object)?,
        },
        "join_room" => {
            let key = maybe_string(object, "key")?;
            Request::Enter {
                room: named_room(object)?,
                entry: EnterMode::Focus,
                key,
                resume: message_id(object, "resume")?,
                replay: replay(object)?,
            }
        }
        "leave_room" => Request::Leave {
            room: Some(named_room(object)?),
        },
        "topic" => {
            let text = maybe_string(object, "topic")?;
            Request::Topic {
                room: Some(room(object)?),
                text,
            }
        }
        "ignore" => Request::Ignore { name: name()? },
        "unignore" => Request::Unignore { name: name()? },
        "away" => Request::Away {
            text: maybe_string(object, "message")?,
        },
        "whois" => Request::Whois { name: name()? },
        "ping" => Request::Ping,
        "help" => Request::Help { command: None },
        "quit" => Request::Quit {
            words: maybe_string(object, "message")?,
        },
        "oper" => Request::Oper {
            password: Secret::new(string(object, "password")?),
        },
        "join" => return Err(ErrorCode::AlreadyJoined),
        "register" | "login" | "logout" | "passwd" | "unregister" | "token" => {
            return account(object, kind).map(Some);
        }
        "history" | "search" | "export" => return past(object, kind).map(Some),
        _ => return moderation(object, kind).map(Some),
    };
    Ok(Some(request))
}

/// What is said: trimmed, and nothing where it is blank.
fn speech(object: &Map<String, Value>, kind: &str) -> Result<Option<Request>, ErrorCode> {
    let text = string(object, "message")?.trim().to_owned();
    let request = match kind {
        "pm" => Request::Private {
            to: string(object, "to")?.into(),
            text: text.clone(),
        },
        "me" => Request::Act {
            room: Some(room(object)?),
            text: text.clone(),
        },
        _ => Request::Say {
            room: Some(room(object)?),
            text: text.clone(),
        },
    };
    Ok((!text.is_empty()).then_some(request))
}

/// What makes a name one's own.
fn account(object: &Map<String, Value>, kind: &str) -> Result<Request, ErrorCode> {
    let nick = |field| Nick::parse(string(object, field)?.trim()).ok_or(ErrorCode::BadNick);
    Ok(match kind {
        "register" => Request::Register {
            password: password(object, "password")?,
        },
        "login" => Request::Login {
            name: nick("username")?,
            login: login(object)?.ok_or(ErrorCode::MissingField("password"))?,
        },
        "logout" => Request::Logout,
        "passwd" => Request::Passwd {
            old: maybe_password(object, "old")?,
            new: password(object, "password")?,
        },
        "unregister" => Request::Unregister {
            password: maybe_password(object, "password")?,
        },
        _ => Request::Token {
            change: match string(object, "action")? {
                "new" => TokenChange::New(nick("name")?),
                "drop" => TokenChange::Drop(nick("name")?),
                "list" => TokenChange::List,
                "session" => TokenChange::Session,
                "end" => TokenChange::End(password(object, "token")?),
                _ => return Err(ErrorCode::WrongField("action")),
            },
        },
    })
}

/// What was said before.
fn past(object: &Map<String, Value>, kind: &str) -> Result<Request, ErrorCode> {
    Ok(match kind {
        "history" => {
            let with = maybe_string(object, "with")?;
            let with = with.map(|name| Nick::parse(name.trim()).ok_or(ErrorCode::BadNick));
            let with = with.transpose()?;
            let room = with.is_none().then(|| room(object)).transpose()?;
            let range = Range {
                since: since(object)?,
                ..range(object)?
            };
            Request::History { room, with, range }
        }
        "search" => Request::Search {
            room: maybe_room(object)?,
            words: string(object, "query")?.into(),
            range: range(object)?,
        },
        _ => Request::Export {
            room: named_room(object)?,
        },
    })
}

/// How many are wanted at most: at least 1.
fn limit(object: &Map<String, Value>) -> Result<Option<usize>, ErrorCode> {
    let limit = whole(object, "limit")?.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    match limit {
        Some(0) => Err(ErrorCode::WrongField("limit")),
        limit => Ok(limit),
    }
}

fn range(object: &Map<String, Value>) -> Result<Range, ErrorCode> {
    Ok(Range {
        limit: limit(object)?,
        before: message_id(object, "before")?,
        after: message_id(object, "after")?,
        ..Range::default()
    })
}

/// Seconds since 1970, or a time as people write it.
fn since(object: &Map<String, Value>) -> Result<Option<Since>, ErrorCode> {
    match object.get("since") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(word)) => time::since(word.trim()).map(Some),
        Some(value) => {
            // A timestamp as events carry it has decimals.
            let fraction = || value.as_f64().filter(|s| (0.0..1e15).contains(s));
            let unix_s = value.as_u64().or_else(|| fraction().map(|s| s as u64));
            let unix_s = unix_s.ok_or(ErrorCode::WrongField("since"))?;
            Ok(Some(Since::Unix(unix_s)))
        }
    }
}

/// What moderators and operators ask.
fn moderation(object: &Map<String, Value>, kind: &str) -> Result<Request, ErrorCode> {
    let name = || string(object, "username").map(String::from);
    let mask = || string(object, "mask").map(String::from);
    let mode = |change| {
        Ok(Request::Mode {
            room: Some(room(object)?),
            change,
        })
    };
    Ok(match kind {
        "kick" => Request::Kick {
            room: maybe_room(object)?,
            name: name()?,
            reason: maybe_string(object, "reason")?,
        },
        "mute" => Request::Mute {
            room: maybe_room(object)?,
            name: name()?,
            seconds: seconds(object)?,
        },
        "unmute" => Request::Unmute {
            room: maybe_room(object)?,
            name: name()?,
        },
        "topic_lock" => return mode(ModeChange::TopicLock(flag(object, "on")?)),
        "invite_only" => return mode(ModeChange::InviteOnly(flag(object, "on")?)),
        "key" => return mode(ModeChange::Key(maybe_string(object, "key")?)),
        "moderated" => return mode(ModeChange::Moderated(flag(object, "on")?)),
        "secret" => return mode(ModeChange::Secret(flag(object, "on")?)),
        "room_limit" => {
            let limit = limit(object)?.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
            return mode(ModeChange::Limit(limit));
        }
        "voice" => {
            return mode(ModeChange::Rank {
                name: name()?,
                rank: MemberRank::Voice,
                is_given: flag(object, "on")?,
            });
        }
        "room_mask" => {
            let kind = match string(object, "list")? {
                "ban" => MaskKind::Ban,
                "exception" => MaskKind::Exception,
                "invitation" => MaskKind::Invitation,
                _ => return Err(ErrorCode::WrongField("list")),
            };
            return mode(ModeChange::Mask {
                kind,
                mask: mask()?,
                is_set: flag(object, "on")?,
            });
        }
        "moderator" => Request::Appoint {
            room: Some(room(object)?),
            name: name()?,
            moderates: flag(object, "on")?,
        },
        "invite" => Request::Invite {
            room: Some(room(object)?),
            name: name()?,
        },
        "ban" => {
            let (seconds, reason) = (seconds(object)?, maybe_string(object, "reason")?);
            Request::Ban {
                mask: mask()?,
                seconds,
                reason,
            }
        }
        "unban" => Request::Unban { mask: mask()? },
        "bans" => Request::Bans,
        "rename" => Request::Rename {
            from: name()?,
            to: string(object, "to")?.into(),
        },
        "announce" => Request::Announce {
            text: string(object, "message")?.into(),
        },
        "close_room" => Request::CloseRoom {
            room: named_room(object)?,
        },
        "lock_room" => Request::LockRoom {
            room: named_room(object)?,
            locked: flag(object, "locked")?,
        },
        "clients" => Request::Clients,
        "stats" => Request::Stats,
        "shutdown" => Request::Shutdown {
            seconds: seconds(object)?.unwrap_or(0),
        },
        other => return Err(ErrorCode::UnknownType(other.into())),
    })
}

/// The room of a request; left out, it is the lobby.
fn room(object: &Map<String, Value>) -> Result<RoomName, ErrorCode> {
    Ok(maybe_room(object)?.unwrap_or_else(RoomName::lobby))
}

/// The room of a request that may be about the whole server.
fn maybe_room(object: &Map<String, Value>) -> Result<Option<RoomName>, ErrorCode> {
    let is_named = is_there(object, "room");
    is_named.then(|| named_room(object)).transpose()
}

/// From where on the list of rooms is wanted.
fn rooms_from(object: &Map<String, Value>) -> Result<RoomsFrom, ErrorCode> {
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

fn named_room(object: &Map<String, Value>) -> Result<RoomName, ErrorCode> {
    command::room(string(object, "room")?)
}

fn maybe_string(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<String>, ErrorCode> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => string(object, field).map(|text| Some(text.into())),
    }
}

/// A password or token, taken as it is.
fn password(object: &Map<String, Value>, field: &'static str) -> Result<Secret, ErrorCode> {
    command::password(string(object, field)?)
}

fn maybe_password(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<Secret>, ErrorCode> {
    let is_there = is_there(object, field);
    is_there.then(|| password(object, field)).transpose()
}

/// Is the field given? `null` is as if it were not.
fn is_there(object: &Map<String, Value>, field: &str) -> bool {
    !object.get(field).is_none_or(Value::is_null)
}

/// A whole number from 1 up; left out, there is no end.
fn seconds(object: &Map<String, Value>) -> Result<Option<u64>, ErrorCode> {
    match whole(object, "seconds")? {
        Some(0) => Err(ErrorCode::WrongField("seconds")),
        seconds => Ok(seconds),
    }
}

fn message_id(
    object: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<MessageId>, ErrorCode> {
    Ok(whole(object, field)?.map(MessageId))
}

fn whole(object: &Map<String, Value>, field: &'static str) -> Result<Option<u64>, ErrorCode> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or(ErrorCode::WrongField(field)),
    }
}

fn flag(object: &Map<String, Value>, field: &'static str) -> Result<bool, ErrorCode> {
    match object.get(field) {
        Some(Value::Bool(is_set)) => Ok(*is_set),
        None | Some(Value::Null) => Err(ErrorCode::MissingField(field)),
        Some(_) => Err(ErrorCode::WrongField(field)),
    }
}
