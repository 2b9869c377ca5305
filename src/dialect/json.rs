//! The json dialect: newline-delimited JSON, ASCII on the way out (RFC 8259 section 7 escapes).

use serde_json::{Map, Value};

use crate::model::{
    Author, BanEntry, ClientEntry, Entry, ErrorCode, Event, Manner, Message, ModeChange, Nick,
    Request, RequestId, RoomEntry, RoomName, Secret, Stats,
};

use super::object::{self, Object, string};
use super::{Ask, Parsed, Stage, View, ask, command};

/// Every request's type.
const TYPES: &str = "join, chat, me, pm, nick, users, rooms, join_room, leave_room, topic, ignore, \
    unignore, away, whois, ping, help, quit, oper, kick, mute, unmute, topic_lock, invite_only, \
    invite, key, ban, unban, bans, rename, announce, close_room, lock_room, clients, stats, shutdown";

pub(super) fn parse(frame: &[u8], stage: Stage) -> Parsed {
    if frame.trim_ascii().is_empty() {
        return Parsed {
            ask: Ask::Nothing,
            id: None,
        };
    }
    let object = match stage {
        Stage::Joining => object::read_first(frame),
        Stage::Joined => object::read(frame),
    };
    match object.and_then(|object| Ok((request_id(&object)?, object))) {
        Ok((id, object)) => match stage {
            Stage::Joining => Parsed {
                ask: ask(join(&object, "username", true)),
                id,
            },
            Stage::Joined => Parsed {
                ask: ask(request(&object)),
                id,
            },
        },
        Err(code) => Parsed {
            ask: Ask::Refused(code),
            id: None,
        },
    }
}

/// Reads the first object, whose `name_field` is the name asked for; any other is a bad name. Its
/// dialect shows who is there already if it `wants_users`.
pub(super) fn join(
    object: &Map<String, Value>,
    name_field: &str,
    wants_users: bool,
) -> Result<Option<Request>, ErrorCode> {
    let is_join = object.get("type").and_then(Value::as_str) == Some("join");
    let name = object
        .get(name_field)
        .and_then(Value::as_str)
        .filter(|_| is_join);
    let nick = name
        .and_then(|name| Nick::parse(name.trim()))
        .ok_or(ErrorCode::BadNick)?;
    Ok(Some(Request::join(nick, wants_users)))
}

fn request(object: &Map<String, Value>) -> Result<Option<Request>, ErrorCode> {
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
        },
        "rooms" => Request::Rooms,
        "join_room" => {
            let key = maybe_string(object, "key")?;
            Request::Enter {
                room: named_room(object)?,
                entry: Entry::Focus,
                key,
                resume: None,
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

pub(super) fn render_request(request: &Request) -> Option<Vec<u8>> {
    let is_trimmed = |text: &str| !text.is_empty() && text.trim() == text;
    let mut frame = Vec::new();
    let out = &mut frame;
    let object = match request {
        Request::Join { nick, .. } => Object::new(out, "join").text("username", nick.as_str()),
        Request::Nick { nick } => Object::new(out, "nick").text("username", nick.as_str()),
        Request::Say {
            room: Some(room),
            text,
        } if is_trimmed(text) => Object::new(out, "chat").text("message", text).room(room),
        Request::Act {
            room: Some(room),
            text,
        } if is_trimmed(text) => Object::new(out, "me").text("message", text).room(room),
        Request::Private { to, text } if is_trimmed(text) => {
            Object::new(out, "pm").text("to", to).text("message", text)
        }
        Request::Members { room: Some(room) } => Object::new(out, "users").room(room),
        Request::Rooms => Object::new(out, "rooms"),
        Request::Enter {
            room,
            entry: Entry::Focus,
            key,
            resume: None,
        } => Object::new(out, "join_room")
            .text("room", room.as_str())
            .maybe("key", key.as_deref()),
        Request::Leave { room: Some(room) } => {
            Object::new(out, "leave_room").text("room", room.as_str())
        }
        Request::Topic {
            room: Some(room),
            text,
        } => Object::new(out, "topic")
            .room(room)
            .maybe("topic", text.as_deref()),
        Request::Ignore { name } => Object::new(out, "ignore").text("username", name),
        Request::Unignore { name } => Object::new(out, "unignore").text("username", name),
        Request::Away { text } => Object::new(out, "away").maybe("message", text.as_deref()),
        Request::Whois { name } => Object::new(out, "whois").text("username", name),
        Request::Ping => Object::new(out, "ping"),
        Request::Help { command: None } => Object::new(out, "help"),
        Request::Quit { words } => Object::new(out, "quit").maybe("message", words.as_deref()),
        Request::Oper { password } => Object::new(out, "oper").text("password", password.reveal()),
        Request::Kick { room, name, reason } => Object::new(out, "kick")
            .text("username", name)
            .maybe("room", room.as_ref().map(RoomName::as_str))
            .maybe("reason", reason.as_deref()),
        Request::Mute {
            room,
            name,
            seconds,
        } => Object::new(out, "mute")
            .text("username", name)
            .maybe("room", room.as_ref().map(RoomName::as_str))
            .number("seconds", *seconds),
        Request::Unmute { room, name } => Object::new(out, "unmute")
            .text("username", name)
            .maybe("room", room.as_ref().map(RoomName::as_str)),
        Request::Mode {
            room: Some(room),
            change,
        } => match change {
            ModeChange::TopicLock(on) => Object::new(out, "topic_lock").room(room).flag("on", *on),
            ModeChange::InviteOnly(on) => {
                Object::new(out, "invite_only").room(room).flag("on", *on)
            }
            ModeChange::Key(key) => Object::new(out, "key")
                .room(room)
                .maybe("key", key.as_deref()),
        },
        Request::Invite {
            room: Some(room),
            name,
        } => Object::new(out, "invite").room(room).text("username", name),
        Request::Ban {
            mask,
            seconds,
            reason,
        } => Object::new(out, "ban")
            .text("mask", mask)
            .number("seconds", *seconds)
            .maybe("reason", reason.as_deref()),
        Request::Unban { mask } => Object::new(out, "unban").text("mask", mask),
        Request::Bans => Object::new(out, "bans"),
        Request::Rename { from, to } => Object::new(out, "rename")
            .text("username", from)
            .text("to", to),
        Request::Announce { text } => Object::new(out, "announce").text("message", text),
        Request::CloseRoom { room } => Object::new(out, "close_room").text("room", room.as_str()),
        Request::LockRoom { room, locked } => Object::new(out, "lock_room")
            .text("room", room.as_str())
            .flag("locked", *locked),
        Request::Clients => Object::new(out, "clients"),
        Request::Stats => Object::new(out, "stats"),
        Request::Shutdown { seconds } => Object::new(out, "shutdown")
            .number("seconds", Some(*seconds).filter(|&seconds| seconds > 0)),
        // A room is always named here, except the lobby.
        Request::JoinUnnamed
        | Request::Register { .. }
        | Request::Login { .. }
        | Request::Logout
        | Request::Passwd { .. }
        | Request::Unregister { .. }
        | Request::Token { .. }
        | Request::Appoint { .. }
        | Request::History { .. }
        | Request::Search { .. }
        | Request::Export { .. }
        | Request::Say { .. }
        | Request::Act { .. }
        | Request::Private { .. }
        | Request::List
        | Request::Members { room: None }
        | Request::Enter { .. }
        | Request::Leave { room: None }
        | Request::Topic { room: None, .. }
        | Request::Help { command: Some(_) }
        | Request::Mode { room: None, .. }
        | Request::Invite { room: None, .. } => return None,
    };
    object.close();
    Some(frame)
}

pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    if matches!(event, Event::Done { note: None }) && view.id.is_none() {
        return;
    }
    let object = object_of(event, view, out);
    let object = match view.id {
        Some(id) => object.raw("id", &id.0),
        None => object,
    };
    object.close();
    out.push(b'\n');
}

fn object_of<'a>(event: &Event, view: &View<'_>, out: &'a mut Vec<u8>) -> Object<'a> {
    let now = view.now;
    match event {
        Event::Welcome { nick, users } => Object::new(out, "welcome")
            .text("message", &format!("Welcome to the chat, {nick}!"))
            .names("users", users)
            .time(now),
        Event::Joined {
            author: Author { nick, .. },
        } => came_or_went(
            Object::new(out, "user_joined"),
            nick,
            "joined the chat",
            None,
            None,
        )
        .time(now),
        Event::Left { nick, words } => came_or_went(
            Object::new(out, "user_left"),
            nick,
            "left the chat",
            None,
            words.as_deref(),
        )
        .time(now),
        Event::RoomJoined { nick, room } => came_or_went(
            Object::new(out, "user_joined"),
            nick,
            "joined",
            Some(room),
            None,
        )
        .time(now),
        Event::RoomLeft { nick, room, reason } => came_or_went(
            Object::new(out, "user_left"),
            nick,
            "left",
            Some(room),
            reason.as_deref(),
        )
        .time(now),
        Event::Presence {
            room,
            joined,
            left,
            members,
        } => Object::new(out, "presence")
            .text("room", room.as_str())
            .number("joined", Some(u64::from(*joined)))
            .number("left", Some(u64::from(*left)))
            .number("members", Some(*members as u64))
            .time(now),
        Event::Renamed { from, to } | Event::RenamedOther { from, to } => Object::new(out, "nick")
            .text("username", from.as_str())
            .text("to", to.as_str())
            .time(now),
        Event::Said { room, message, .. } => {
            let kind = match message.manner {
                Manner::Said => "chat",
                Manner::Acted => "me",
            };
            spoken(Object::new(out, kind), message)
                .text("room", room.as_str())
                .time(now)
        }
        Event::Private { message } => spoken(Object::new(out, "pm"), message).time(now),
        Event::PrivateSent { id, away, .. } => Object::new(out, "ok")
            .number("message_id", id.map(|id| id.0))
            .maybe("away", away.as_deref()),
        Event::Kept { id, room } => Object::new(out, "ok")
            .number("message_id", Some(id.0))
            .text("room", room.as_str()),
        Event::History { .. } | Event::Found { .. } => Object::new(out, "history_end"),
        Event::Token { bot, token } => Object::new(out, "token")
            .text("name", bot.as_str())
            .text("token", token.reveal()),
        Event::Listing { nicks } => Object::new(out, "users").names("users", nicks),
        Event::Members { room, nicks } => {
            Object::new(out, "users").room(room).names("users", nicks)
        }
        Event::Rooms { rooms } => {
            Object::new(out, "rooms").objects("rooms", rooms, |object, entry: &RoomEntry| {
                object
                    .text("room", entry.name.as_str())
                    .number("members", Some(entry.members as u64))
                    .maybe("topic", entry.topic.as_deref())
            })
        }
        Event::EnteredRoom {
            room,
            created,
            nicks,
            topic,
        } => Object::new(out, "room_joined")
            .text("room", room.as_str())
            .flag("created", *created)
            .names("users", nicks)
            .maybe("topic", topic.as_deref())
            .time(now),
        Event::LeftRoom { room, now_in } => Object::new(out, "room_left")
            .text("room", room.as_str())
            .text("now_in", now_in.as_str())
            .time(now),
        Event::Topic { room, topic, by } => Object::new(out, "topic")
            .room(room)
            .maybe("topic", topic.as_deref())
            .maybe("username", by.as_ref().map(Nick::as_str))
            .time(now),
        Event::Whois(entry) => {
            let rooms: Vec<&str> = entry.rooms.iter().map(RoomName::as_str).collect();
            Object::new(out, "whois")
                .text("username", entry.nick.as_str())
                .text("address", &entry.peer.to_string())
                .texts("rooms", rooms.into_iter())
                .flag("operator", entry.is_operator)
                .maybe("away", entry.away.as_deref())
        }
        Event::Pong => Object::new(out, "pong"),
        Event::Help { .. } => Object::new(out, "help").text("message", TYPES),
        Event::Done { note } => Object::new(out, "ok").maybe("message", note.as_deref()),
        Event::KickedOut { nick } => {
            Object::new(out, "ok").text("message", &format!("{nick} has been kicked."))
        }
        Event::Notice { text } => Object::new(out, "notice").text("message", text).time(now),
        Event::Announced { text } => Object::new(out, "announcement")
            .text("message", text)
            .time(now),
        Event::OperatorTold { text } => Object::new(out, "operator_message")
            .text("message", text)
            .time(now),
        Event::Kicked { reason } => Object::new(out, "kicked")
            .text("message", "You have been kicked")
            .maybe("reason", reason.as_deref()),
        Event::Bans { bans } => {
            Object::new(out, "bans").objects("bans", bans, |object, ban: &BanEntry| {
                object
                    .text("mask", &ban.mask)
                    .number("seconds", ban.seconds_left)
                    .maybe("reason", ban.reason.as_deref())
            })
        }
        Event::Clients { clients } => Object::new(out, "clients").objects(
            "clients",
            clients,
            |object, client: &ClientEntry| {
                object
                    .text("username", client.nick.as_str())
                    .text("address", &client.peer.to_string())
            },
        ),
        Event::Stats(Stats(stats)) => stats
            .iter()
            .fold(Object::new(out, "stats"), |object, (name, value)| {
                object.number(&name.replace(' ', "_"), Some(*value))
            }),
        Event::Shutdown => Object::new(out, "shutdown")
            .text("message", "The server is shutting down")
            .time(now),
        Event::Error(ErrorCode::NickTaken) => {
            Object::new(out, "error").text("message", "Username already taken")
        }
        Event::Error(ErrorCode::BadNick) => {
            Object::new(out, "error").text("message", "Invalid username")
        }
        Event::Error(code) => Object::new(out, "error").text("message", &code.to_string()),
    }
}

fn spoken<'a>(object: Object<'a>, message: &Message) -> Object<'a> {
    object
        .text("username", message.nick.as_str())
        .text("message", &message.text)
        .number("id", Some(message.id.0))
}

fn came_or_went<'a>(
    object: Object<'a>,
    nick: &Nick,
    did: &str,
    room: Option<&RoomName>,
    reason: Option<&str>,
) -> Object<'a> {
    let object = object.text("username", nick.as_str());
    match room {
        Some(room) => object
            .text("message", &format!("{nick} {did} #{room}"))
            .room(room),
        None => object.text("message", &format!("{nick} {did}")),
    }
    .maybe("reason", reason)
}

/// The room of a request; left out, it is the lobby.
fn room(object: &Map<String, Value>) -> Result<RoomName, ErrorCode> {
    match object.get("room") {
        Some(_) => named_room(object),
        None => Ok(RoomName::lobby()),
    }
}

/// The room of a request that may be about the whole server.
fn maybe_room(object: &Map<String, Value>) -> Result<Option<RoomName>, ErrorCode> {
    let is_named = object.contains_key("room");
    is_named.then(|| named_room(object)).transpose()
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

/// A whole number from 1 up; left out, there is no end.
fn seconds(object: &Map<String, Value>) -> Result<Option<u64>, ErrorCode> {
    match object.get("seconds") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let seconds = value.as_u64().filter(|&seconds| seconds > 0);
            seconds.map(Some).ok_or(ErrorCode::WrongField("seconds"))
        }
    }
}

fn flag(object: &Map<String, Value>, field: &'static str) -> Result<bool, ErrorCode> {
    match object.get(field) {
        Some(Value::Bool(is_set)) => Ok(*is_set),
        Some(_) => Err(ErrorCode::WrongField(field)),
        None => Err(ErrorCode::MissingField(field)),
    }
}

fn request_id(object: &Map<String, Value>) -> Result<Option<RequestId>, ErrorCode> {
    match object.get("id") {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(RequestId(number.to_string().into()))),
        Some(Value::String(text)) => {
            let mut json = String::from('"');
            text.chars()
                .for_each(|c| object::escape(c, |part| json.push_str(part)));
            json.push('"');
            Ok(Some(RequestId(json.into())))
        }
        Some(_) => Err(ErrorCode::WrongField("id")),
    }
}

#[cfg(test)]
mod tests;
