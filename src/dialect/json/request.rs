//! What an object asks.

use serde_json::{Map, Value};

use crate::limits::ROOMS_PER_SESSION_MAX;
use crate::model::{
    CodeChange, EnterMode, ErrorCode, Login, MaskKind, MemberRank, MembersPage, MessageId,
    ModeChange, Nick, Range, Request, RoomName, Secret, Since, TicketClaim, TokenChange,
};

use super::super::object::string;
use super::super::spec::Spec;
use super::super::{command, time};
use super::amended;
use super::fields::{
    flag, is_there, maybe_nick, maybe_password, maybe_room, maybe_string, message_id, named_room,
    password, room, rooms_from, seconds, whole, within,
};

/// Reads the first object, whose `name_field` is the name asked for; one that asks for none is a bad
/// name. Who has no account may come in by making one.
pub(in super::super) fn join(
    object: &Map<String, Value>,
    name_field: &str,
    spec: &Spec,
) -> Result<Option<Request>, ErrorCode> {
    let kind = object.get("type").and_then(Value::as_str);
    let is_new = kind == Some("register");
    let name = object
        .get(name_field)
        .and_then(Value::as_str)
        .filter(|_| is_new || kind == Some("join"));
    let nick = name
        .and_then(|name| Nick::parse(name.trim()))
        .ok_or(ErrorCode::BadNick)?;
    let join = Request::Join {
        nick: nick.clone(),
        wants_users: spec.shows_users,
        login: if is_new { None } else { login(object)? },
        resume: resume(object)?,
        replay: replay(object)?,
    };
    let join = match is_new {
        true => Request::RegisterEarly {
            name: nick,
            password: password(object, "password")?,
            code: maybe_password(object, "code")?,
            then: Some(Box::new(join)),
        },
        false => join,
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
        "edit" | "react" => Request::About(Box::new(amended::about(object, kind)?)),
        "delete" => Request::Delete {
            within: within(object)?,
            id: message_id(object, "message_id")?,
            reason: maybe_string(object, "reason")?,
        },
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
        "invite_code" => Request::InviteCode(code_change(object)?),
        "history" | "search" | "files" | "export" => return past(object, kind).map(Some),
        "upload" => Request::Upload(TicketClaim {
            room: Some(room(object)?),
            name: string(object, "name")?.into(),
            size: whole(object, "size")?,
            mime: maybe_string(object, "mime")?,
        }),
        _ => return moderation(object, kind).map(Some),
    };
    Ok(Some(request))
}

/// What is said: trimmed, and nothing where it is blank.
fn speech(object: &Map<String, Value>, kind: &str) -> Result<Option<Request>, ErrorCode> {
    let text = string(object, "message")?.trim().to_owned();
    if let Some(reply) = amended::reply(object, kind, &text)? {
        return Ok((!text.is_empty()).then(|| Request::About(Box::new(reply))));
    }
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
            code: maybe_password(object, "code")?,
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

fn code_change(object: &Map<String, Value>) -> Result<CodeChange, ErrorCode> {
    Ok(match string(object, "action")? {
        "new" => CodeChange::New {
            uses: match whole(object, "uses")?.map(u32::try_from) {
                None => 1,
                Some(Ok(uses @ 1..)) => uses,
                Some(_) => return Err(ErrorCode::WrongField("uses")),
            },
            seconds: seconds(object)?,
        },
        "drop" => CodeChange::Drop(string(object, "code")?.into()),
        "list" => CodeChange::List,
        _ => return Err(ErrorCode::WrongField("action")),
    })
}

/// What was said before.
fn past(object: &Map<String, Value>, kind: &str) -> Result<Request, ErrorCode> {
    Ok(match kind {
        "history" => {
            let with = maybe_nick(object, "with")?;
            let room = with.is_none().then(|| room(object)).transpose()?;
            let range = Range {
                since: since(object)?,
                has_events: is_there(object, "events") && flag(object, "events")?,
                ..range(object)?
            };
            Request::History { room, with, range }
        }
        "files" => Request::History {
            room: Some(room(object)?),
            with: None,
            range: Range {
                only_files: true,
                ..range(object)?
            },
        },
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
        "inside" => return mode(ModeChange::Open(!flag(object, "on")?)),
        "no_ctcp" => return mode(ModeChange::NoCtcp(flag(object, "on")?)),
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
        "nodes" => Request::Nodes,
        "drain" => Request::Drain {
            node: string(object, "node")?.into(),
        },
        "shutdown" => Request::Shutdown {
            seconds: seconds(object)?.unwrap_or(0),
        },
        other => return Err(ErrorCode::UnknownType(other.into())),
    })
}
