//! Events as objects.

use crate::model::{
    Author, BanEntry, ClientEntry, Deletion, ErrorCode, Event, MemberRank, Message, Nick,
    NodeEntry, Part, RoomEntry, RoomName, Stats, Target, WhoisEntry,
};

use super::super::object::Object;
use super::super::{View, past, sentence};
use super::amended;

/// Every request's type.
const TYPES: &str = "join, chat, me, pm, edit, react, delete, nick, users, rooms, join_room, leave_room, topic, ignore, \
    unignore, away, whois, ping, help, quit, oper, kick, mute, unmute, topic_lock, invite_only, \
    invite, key, ban, unban, bans, rename, announce, close_room, lock_room, clients, stats, nodes, drain, shutdown";

pub(in super::super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    let is_silent = match event {
        Event::Done { what: None } => view.id.is_none(),
        // Of these it has no form.
        Event::Changed { .. } | Event::Proven { .. } | Event::Challenge(_) | Event::Unlocked => {
            true
        }
        _ => false,
    };
    if is_silent {
        return;
    }
    push_past(event, out);
    let is_all = match event {
        Event::History { part, .. } => !matches!(part, Part::Answer { .. }),
        // Whose request it was is told that it is done, too.
        Event::Deleted(deletion) => {
            push_deleted(deletion, view, out);
            view.id.is_none()
        }
        Event::Amended(it) => {
            amended::push(it, out);
            view.id.is_none()
        }
        _ => false,
    };
    if is_all {
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
        Event::Welcome { nick, users } => {
            let object = Object::new(out, "welcome")
                .text("message", &format!("Welcome to the chat, {nick}!"))
                .roster(users)
                .time(now);
            match view.world.server().has_files {
                true => object.flag("files", true),
                false => object,
            }
        }
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
        Event::Left { nick, why } => came_or_went(
            Object::new(out, "user_left"),
            nick,
            "left the chat",
            None,
            sentence::departure(why).as_deref(),
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
        Event::RoomLeft {
            nick,
            room,
            kick,
            words,
        } => came_or_went(
            Object::new(out, "user_left"),
            nick,
            "left",
            Some(room),
            sentence::leaving(kick.as_ref(), words.as_ref()).as_deref(),
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
        Event::Renamed { from, to } | Event::RenamedOther { from, to } => {
            let object = Object::new(out, "nick")
                .text("username", from.as_str())
                .text("to", to.as_str())
                .time(now);
            match from.key() == to.key() {
                true => object.flag("same", true),
                false => object,
            }
        }
        Event::Said { room, message, .. } => {
            spoken(Object::new(out, message.manner.name()), message)
                .text("room", room.as_str())
                .timestamp(message.unix_ms)
        }
        Event::Private { message } => {
            let object = spoken(Object::new(out, "pm"), message);
            fold(object.timestamp(message.unix_ms), &message.nick)
        }
        Event::PrivateSent { to, id, away, .. } => {
            let object = Object::new(out, "ok")
                .number("message_id", id.map(|id| id.0))
                .maybe("away", away.as_ref().map(sentence::absence))
                .text("to", to.as_str());
            fold(object, to)
        }
        Event::Kept { id, room } => Object::new(out, "ok")
            .number("message_id", Some(id.0))
            .text("room", room.as_str()),
        Event::History {
            target,
            messages,
            part,
        } => {
            let object = within(Object::new(out, "history_end"), target);
            let has_more = matches!(part, Part::Answer { has_more: true, .. });
            counted(object, messages.len(), has_more)
        }
        Event::Found { messages, has_more } => {
            counted(Object::new(out, "search_end"), messages.len(), *has_more)
        }
        Event::Ticket(ticket) => Object::new(out, "upload")
            .text("url", &ticket.path)
            .text("room", ticket.room.as_str())
            .text("name", &ticket.file)
            .number("seconds", Some(ticket.seconds)),
        Event::Token { bot, token } => Object::new(out, "token")
            .text("name", bot.as_str())
            .text("token", token.reveal()),
        Event::Listing { users } => Object::new(out, "users").roster(users),
        Event::Members { room, users } => Object::new(out, "users").room(room).roster(users),
        Event::Rooms { rooms, more } => {
            let list =
                Object::new(out, "rooms").objects("rooms", rooms, |object, entry: &RoomEntry| {
                    object
                        .text("room", entry.name.as_str())
                        .number("members", Some(entry.members as u64))
                        .maybe("topic", entry.topic.as_deref())
                });
            match more {
                Some(_) => list.flag("more", true),
                None => list,
            }
        }
        Event::EnteredRoom {
            room,
            created,
            users,
            topic,
        } => Object::new(out, "room_joined")
            .text("room", room.as_str())
            .flag("created", *created)
            .roster(users)
            .maybe("topic", topic.as_deref())
            .time(now),
        Event::LeftRoom { room, now_in } => Object::new(out, "room_left")
            .text("room", room.as_str())
            .text("now_in", now_in.as_str())
            .time(now),
        Event::Topic {
            room,
            topic,
            by,
            set,
            ..
        } => Object::new(out, "topic")
            .room(room)
            .maybe("topic", topic.as_deref())
            .maybe("username", by.as_ref().map(Nick::as_str))
            .maybe("set_by", set.as_ref().map(|(by, _)| by.as_str()))
            .number("set_at", set.as_ref().map(|(_, ms)| ms / 1000))
            .time(now),
        Event::Deleted(_) => Object::new(out, "ok"),
        Event::Amended(it) => Object::new(out, "ok").number("message_id", Some(it.id.0)),
        Event::Whois(entry) => whois(entry, view, out),
        Event::Pong
        | Event::Changed { .. }
        | Event::Proven { .. }
        | Event::Challenge(_)
        | Event::Unlocked => Object::new(out, "pong"),
        Event::Motd { lines } => Object::new(out, "motd").text("message", &lines.join("\n")),
        Event::Codes { codes } => Object::new(out, "invite_codes").objects(
            "codes",
            codes,
            |object, (code, seconds_left)| {
                object
                    .text("code", &code.code)
                    .number("uses", Some(code.uses.into()))
                    .number("seconds_left", *seconds_left)
            },
        ),
        Event::Help { .. } => Object::new(out, "help").text("message", TYPES),
        Event::Done { what } => {
            let message = what.as_ref().map(sentence::done);
            Object::new(out, "ok").maybe("message", message.as_deref())
        }
        Event::KickedOut { nick } => {
            Object::new(out, "ok").text("message", &format!("{nick} has been kicked."))
        }
        Event::Notice(notice) => Object::new(out, "notice")
            .text("message", &sentence::notice(notice))
            .time(now),
        Event::StopsIn { seconds } => Object::new(out, "announcement")
            .text("message", &sentence::stops_in(*seconds))
            .time(now),
        Event::Moving(addresses) => Object::new(out, "moving")
            .text("message", &sentence::moving(addresses))
            .texts("addresses", addresses.iter().map(String::as_str))
            .time(now),
        Event::Nodes(nodes) => Object::new(out, "nodes")
            .objects("nodes", nodes, |object, node: &NodeEntry| {
                object
                    .text("node", &node.name)
                    .maybe("address", node.address.as_deref())
                    .flag("here", node.is_here)
                    .flag("member", node.is_member)
                    .flag("lease", node.has_lease)
                    .flag("draining", node.is_draining)
            })
            .texts("addresses", NodeEntry::others(nodes)),
        Event::Announced { text } => Object::new(out, "announcement")
            .text("message", text)
            .time(now),
        Event::OperatorTold { text } => Object::new(out, "operator_message")
            .text("message", text)
            .time(now),
        Event::Kicked { why, .. } => Object::new(out, "kicked")
            .text("message", "You have been kicked")
            .maybe("reason", sentence::put_out(why).as_deref()),
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
        Event::Error(code) => {
            let object = Object::new(out, "error");
            match code {
                ErrorCode::NickTaken => object.text("message", "Username already taken"),
                ErrorCode::BadNick => object.text("message", "Invalid username"),
                _ => object.text("message", &code.to_string()),
            }
            .text("code", code.code())
        }
    }
}

/// What is known of somebody.
fn whois<'a>(entry: &WhoisEntry, view: &View<'_>, out: &'a mut Vec<u8>) -> Object<'a> {
    let user = view.world.find(entry.nick.as_str());
    let moderates = |room: &RoomName| {
        let rank = user.and_then(|user| view.world.rank(user, room));
        rank.is_some_and(MemberRank::moderates)
    };
    let moderated: Vec<&RoomName> = entry.rooms.iter().filter(|it| moderates(it)).collect();
    let object = Object::new(out, "whois")
        .text("username", entry.nick.as_str())
        .maybe(
            "address",
            entry.peer.map(|peer| peer.to_string()).as_deref(),
        )
        .texts("rooms", entry.rooms.iter().map(RoomName::as_str))
        .flag("operator", entry.is_operator)
        .maybe("away", entry.away.as_deref());
    match moderated.is_empty() {
        true => object,
        false => object.texts("moderates", moderated.into_iter().map(RoomName::as_str)),
    }
}

/// Something that was said is to be forgotten.
fn push_deleted(deletion: &Deletion, view: &View<'_>, out: &mut Vec<u8>) {
    let object = Object::new(out, "deleted").number("id", Some(deletion.id.0));
    within(object, &deletion.target)
        .maybe("username", deletion.by.as_ref().map(Nick::as_str))
        .text("author", deletion.author.as_str())
        .maybe("reason", deletion.reason.as_deref())
        .time(view.now)
        .close();
    out.push(b'\n');
}

pub(super) fn within<'a>(object: Object<'a>, target: &Target) -> Object<'a> {
    match target {
        Target::Room(room) => object.text("room", room.as_str()),
        Target::User(nick) => object.text("with", nick.as_str()),
    }
}

/// What was said before, an object a message.
fn push_past(event: &Event, out: &mut Vec<u8>) {
    match event {
        Event::History {
            target: Target::Room(room),
            messages,
            ..
        } => {
            for message in messages {
                push_past_of(room, "history", message, out);
            }
        }
        Event::History {
            target: Target::User(other),
            messages,
            ..
        } => {
            for message in messages {
                let to = (!past::is_by(other, message)).then_some(other.as_str());
                let object = Object::new(out, "history").text("kind", "pm");
                let object = spoken(object, message)
                    .maybe("to", to)
                    .timestamp(message.unix_ms)
                    .text("with", other.as_str());
                fold(object, other).close();
                out.push(b'\n');
            }
        }
        Event::Found { messages, .. } => {
            for (room, message) in messages {
                push_past_of(room, "search", message, out);
            }
        }
        _ => {}
    }
}

/// What tells that two names are one person's, where the name itself is not that: clients need no folding
/// of their own.
fn fold<'a>(object: Object<'a>, nick: &Nick) -> Object<'a> {
    let key = nick.key();
    object.maybe(
        "fold",
        (key.as_str() != nick.as_str()).then_some(key.as_str()),
    )
}

/// What was said in a room.
fn push_past_of(room: &RoomName, what: &str, message: &Message, out: &mut Vec<u8>) {
    let object = Object::new(out, what).text("kind", message.manner.name());
    spoken(object, message)
        .text("room", room.as_str())
        .timestamp(message.unix_ms)
        .close();
    out.push(b'\n');
}

fn counted(object: Object<'_>, count: usize, has_more: bool) -> Object<'_> {
    object
        .number("count", Some(count as u64))
        .flag("more", has_more)
}

fn spoken<'a>(object: Object<'a>, message: &Message) -> Object<'a> {
    object
        .text("username", message.nick.as_str())
        .message(message)
        .number("id", Some(message.id.0))
        .marks(message)
}

pub(super) fn came_or_went<'a>(
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
