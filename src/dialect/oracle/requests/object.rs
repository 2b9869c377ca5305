//! Requests as the objects that ask them: the other direction of the json dialect.

use crate::model::{
    AboutMessage, Doing, EnterMode, Login, Manner, MaskKind, MemberRank, ModeChange, Nick, Range,
    Request, RoomName, RoomsFrom, Secret, Since, Target, TicketClaim, TokenChange,
};

use super::super::super::object::Object;
use super::line::shown;

pub(super) fn render(request: &Request) -> Option<Vec<u8>> {
    let is_trimmed = |text: &str| !text.is_empty() && text.trim() == text;
    let mut frame = Vec::new();
    let out = &mut frame;
    let object = match request {
        Request::Join { .. } => join(request, "username", out)?,
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
        Request::Delete { within, id, reason } => {
            let object = Object::new(out, "delete").number("message_id", id.map(|id| id.0));
            place(object, within.as_ref()).maybe("reason", reason.as_deref())
        }
        Request::About(it) => about(it, out)?,
        Request::Members {
            room: Some(room),
            page,
        } => Object::new(out, "users")
            .room(room)
            .maybe("after", page.after.as_deref())
            .number("limit", page.limit.map(|limit| limit as u64)),
        Request::Rooms { from } => match from {
            RoomsFrom::Page(1) => Object::new(out, "rooms"),
            RoomsFrom::Page(page) => Object::new(out, "rooms").number("page", Some(*page as u64)),
            RoomsFrom::After(room) => Object::new(out, "rooms").text("after", room.as_str()),
        },
        Request::Enter {
            room,
            entry: EnterMode::Focus,
            key,
            resume,
            replay: Some(replay),
        } => Object::new(out, "join_room")
            .text("room", room.as_str())
            .maybe("key", key.as_deref())
            .number("resume", resume.map(|id| id.0))
            .number("replay", asked(*replay)),
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
        Request::Register {
            password,
            code: None,
        } => Object::new(out, "register").text("password", password.reveal()),
        Request::Login { name, login } => proof(
            Object::new(out, "login").text("username", name.as_str()),
            login,
        ),
        Request::Logout => Object::new(out, "logout"),
        Request::Passwd { old, new } => Object::new(out, "passwd")
            .text("password", new.reveal())
            .maybe("old", old.as_ref().map(Secret::reveal)),
        Request::Unregister { password } => {
            Object::new(out, "unregister").maybe("password", password.as_ref().map(Secret::reveal))
        }
        Request::Token { change } => {
            let object = Object::new(out, "token");
            match change {
                TokenChange::New(bot) => object.text("action", "new").text("name", bot.as_str()),
                TokenChange::Drop(bot) => object.text("action", "drop").text("name", bot.as_str()),
                TokenChange::List => object.text("action", "list"),
                TokenChange::Session => object.text("action", "session"),
                TokenChange::End(token) => {
                    object.text("action", "end").text("token", token.reveal())
                }
            }
        }
        Request::Appoint {
            room: Some(room),
            name,
            moderates,
        } => Object::new(out, "moderator")
            .room(room)
            .text("username", name)
            .flag("on", *moderates),
        Request::Upload(TicketClaim {
            room: Some(room),
            name,
            size,
            mime,
        }) => Object::new(out, "upload")
            .room(room)
            .text("name", name)
            .number("size", *size)
            .maybe("mime", mime.as_deref()),
        Request::History {
            room: Some(room),
            with: None,
            range,
        } if range.only_files => {
            let is_plain = range.since.is_none() && !range.has_events;
            let object = Object::new(out, "files").room(room);
            bounded(object, range).filter(|_| is_plain)?
        }
        Request::History { room, with, range } if room.is_some() != with.is_some() => {
            let object = Object::new(out, "history")
                .maybe("room", room.as_ref().map(RoomName::as_str))
                .maybe("with", with.as_ref().map(Nick::as_str));
            bounded(object, range)?
        }
        Request::Search { room, words, range } if range.since.is_none() => {
            let object = Object::new(out, "search")
                .text("query", words)
                .maybe("room", room.as_ref().map(RoomName::as_str));
            bounded(object, range)?
        }
        Request::Export { room } => Object::new(out, "export").text("room", room.as_str()),
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
            ModeChange::Moderated(on) => Object::new(out, "moderated").room(room).flag("on", *on),
            ModeChange::Secret(on) => Object::new(out, "secret").room(room).flag("on", *on),
            ModeChange::Limit(limit) => Object::new(out, "room_limit")
                .room(room)
                .number("limit", limit.map(u64::from)),
            ModeChange::Rank {
                name,
                rank: MemberRank::Voice,
                is_given,
            } => Object::new(out, "voice")
                .room(room)
                .text("username", name)
                .flag("on", *is_given),
            ModeChange::Mask { kind, mask, is_set } => Object::new(out, "room_mask")
                .room(room)
                .text("list", list_of(*kind))
                .text("mask", mask)
                .flag("on", *is_set),
            ModeChange::Open(on) => Object::new(out, "inside").room(room).flag("on", !on),
            ModeChange::NoCtcp(on) => Object::new(out, "no_ctcp").room(room).flag("on", *on),
            ModeChange::Rank { .. } => return None,
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
        Request::Nodes => Object::new(out, "nodes"),
        Request::Drain { node } => Object::new(out, "drain").text("node", node),
        Request::Shutdown { seconds } => Object::new(out, "shutdown")
            .number("seconds", Some(*seconds).filter(|&seconds| seconds > 0)),
        // A room is always named here, except the lobby.
        Request::ComeIn { .. }
        | Request::Prove { .. }
        | Request::Challenge { .. }
        | Request::HearEach { .. }
        | Request::OperAs { .. }
        | Request::Unlock { .. }
        | Request::RegisterEarly { .. }
        | Request::Answer(_)
        | Request::Register { code: Some(_), .. }
        | Request::InviteCode(_)
        | Request::ProveBy { .. }
        | Request::Utter(_)
        | Request::Modes { .. }
        | Request::Part { .. }
        | Request::Describe { .. }
        | Request::Watch { .. }
        | Request::SetMetadata { .. }
        | Request::MarkRead { .. }
        | Request::Rehash
        | Request::Wallops { .. }
        | Request::JoinUnnamed
        | Request::Upload(TicketClaim { room: None, .. })
        | Request::Appoint { room: None, .. }
        | Request::History { .. }
        | Request::Search { .. }
        | Request::Say { .. }
        | Request::Act { .. }
        | Request::Private { .. }
        | Request::List
        | Request::Members { room: None, .. }
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

/// A join, whose name stands as `name_field`; `None` for any other request.
pub(super) fn join<'a>(
    request: &Request,
    name_field: &str,
    out: &'a mut Vec<u8>,
) -> Option<Object<'a>> {
    let Request::Join {
        nick,
        login,
        resume,
        replay,
        ..
    } = request
    else {
        return None;
    };
    let object = Object::new(out, "join").text(name_field, nick.as_str());
    let object = match login {
        Some(login) => proof(object, login),
        None => object,
    };
    let last = resume.iter().map(|(room, id)| (room.as_str(), id.0));
    let object = match resume.is_empty() {
        true => object,
        false => object.numbers("resume", last),
    };
    Some(object.number("replay", replay.and_then(asked)))
}

/// A number of messages, where one is to be asked for.
fn asked(replay: usize) -> Option<u64> {
    Some(replay as u64).filter(|&count| count > 0)
}

fn proof<'a>(object: Object<'a>, login: &Login) -> Object<'a> {
    let object = object.text("password", login.secret.reveal());
    match login.is_multi {
        true => object.flag("multi", true),
        false => object,
    }
}

/// `None` where a time has no form.
fn bounded<'a>(object: Object<'a>, range: &Range) -> Option<Object<'a>> {
    if range.shows_ids {
        return None;
    }
    let object = match range.has_events {
        true => object.flag("events", true),
        false => object,
    };
    let object = object
        .number("limit", range.limit.map(|limit| limit as u64))
        .number("before", range.before.map(|id| id.0))
        .number("after", range.after.map(|id| id.0));
    Some(match range.since {
        None => object,
        Some(Since::Unix(s)) => object.number("since", Some(s)),
        Some(since) => object.text("since", &shown(since)?),
    })
}

fn list_of(kind: MaskKind) -> &'static str {
    match kind {
        MaskKind::Ban => "ban",
        MaskKind::Exception => "exception",
        MaskKind::Invitation => "invitation",
    }
}

fn place<'a>(object: Object<'a>, within: Option<&Target>) -> Object<'a> {
    match within {
        Some(Target::Room(room)) => object.text("room", room.as_str()),
        Some(Target::User(nick)) => object.text("with", nick.as_str()),
        None => object,
    }
}

fn about<'a>(about: &AboutMessage, out: &'a mut Vec<u8>) -> Option<Object<'a>> {
    let is_trimmed = |text: &str| !text.is_empty() && text.trim() == text;
    let (id, within) = (about.id.map(|id| id.0), about.within.as_ref());
    Some(match &about.what {
        Doing::Edit { text } if is_trimmed(text) => {
            let object = Object::new(out, "edit").number("message_id", id);
            place(object, within).text("message", text)
        }
        Doing::React { reaction, is_on } if id.is_some() => {
            let object = Object::new(out, "react").number("message_id", id);
            let object = place(object, within).text("reaction", reaction.as_str());
            object.flag("on", *is_on)
        }
        Doing::Reply { manner, text } if id.is_some() && is_trimmed(text) => {
            let object = match (within, manner) {
                (Some(Target::Room(room)), Manner::Acted) => Object::new(out, "me").room(room),
                (Some(Target::Room(room)), Manner::Said) => Object::new(out, "chat").room(room),
                (Some(Target::User(nick)), Manner::Said) => {
                    Object::new(out, "pm").text("to", nick.as_str())
                }
                _ => return None,
            };
            object.text("message", text).number("reply_to", id)
        }
        Doing::Edit { .. } | Doing::React { .. } | Doing::Reply { .. } => return None,
    })
}
