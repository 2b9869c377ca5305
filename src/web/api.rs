//! The REST layer for bots and scripts: what is posted, and the forms of answers. An object is what the
//! json dialect tells, with the room always named.

use serde_json::Value;

use crate::dialect::http::{HttpRequest, Response, StatusCode, status_of};
use crate::dialect::object::{self, Object};
use crate::model::{
    ErrorCode, Excerpt, MembersPage, Message, MessageId, Nick, Range, RoomEntry, RoomName,
    RoomsFrom, Roster, Since, Stats,
};

use super::site::sha256;
use super::{Poster, Reply, Site};

/// From where on the list of rooms is wanted (`?after=ROOM` or `?page=N`).
pub(super) fn rooms_from(query: Option<&str>) -> Result<RoomsFrom, ErrorCode> {
    let fields = query.unwrap_or_default().split('&');
    let mut fields = fields.map(|field| field.split_once('=').unwrap_or((field, "")));
    let is_known = |(name, _): &(&str, &str)| matches!(*name, "after" | "page");
    match fields.find(is_known) {
        None => Ok(RoomsFrom::default()),
        Some(("after", name)) => room(name).map(RoomsFrom::After),
        Some((_, page)) => match page.parse() {
            Ok(page @ 1..) => Ok(RoomsFrom::Page(page)),
            _ => Err(ErrorCode::WrongField("page")),
        },
    }
}

/// Which room's users are wanted, and behind which of them (`?after=NAME`).
pub(super) fn users_of(
    segment: &str,
    query: Option<&str>,
) -> Result<(RoomName, MembersPage), ErrorCode> {
    let fields = query.unwrap_or_default().split('&');
    let after = fields.filter_map(|field| field.strip_prefix("after="));
    let page = MembersPage {
        after: after
            .map(|name| percent_decoded(name).ok_or(ErrorCode::WrongField("after")))
            .next()
            .transpose()?,
        limit: None,
    };
    Ok((room(segment)?, page))
}

/// The rooms there are, or a page of them.
pub(crate) fn rooms(rooms: &[RoomEntry], has_more: bool) -> Response {
    object(StatusCode::Ok, "rooms", |object| {
        let list = object.objects("rooms", rooms, |object, entry| {
            object
                .text("room", entry.name.as_str())
                .number("members", Some(entry.members as u64))
                .maybe("topic", entry.topic.as_deref())
        });
        match has_more {
            true => list.flag("more", true),
            false => list,
        }
    })
}

/// Who is in a room, or a page of them.
pub(crate) fn users(room: &RoomName, users: &Roster) -> Response {
    object(StatusCode::Ok, "users", |object| {
        object.text("room", room.as_str()).roster(users)
    })
}

/// What was said, as its readers are told it.
pub(crate) fn posted(room: &RoomName, message: &Message) -> Response {
    object(StatusCode::Created, "chat", |object| {
        object
            .text("username", message.nick.as_str())
            .message(message)
            .number("id", Some(message.id.0))
            .text("room", room.as_str())
            .timestamp(message.unix_ms)
    })
}

/// Why it cannot be done.
pub(crate) fn refused(code: &ErrorCode) -> Response {
    Response::refusal(status_of(code), &code.to_string(), true)
}

/// How the server does.
pub(crate) fn stats(Stats(stats): &Stats) -> Response {
    object(StatusCode::Ok, "stats", |object| {
        stats.iter().fold(object, |object, (name, value)| {
            object.number(&name.replace(' ', "_"), Some(*value))
        })
    })
}

fn object(
    status: StatusCode,
    kind: &str,
    write: impl for<'a> FnOnce(Object<'a>) -> Object<'a>,
) -> Response {
    let mut body = Vec::new();
    write(Object::new(&mut body, kind)).close();
    Response::json(status, body)
}

/// The room of a segment of a path.
pub(super) fn room(segment: &str) -> Result<RoomName, ErrorCode> {
    let name = percent_decoded(segment);
    name.and_then(|name| RoomName::parse(&name))
        .ok_or(ErrorCode::BadRoomName)
}

/// What is posted to a room, if it is something that may be.
pub(super) fn post(site: &Site, request: &HttpRequest, segment: &str) -> Reply {
    let posted = permitted(site, request).and_then(|poster| message(request, segment, poster));
    posted.unwrap_or_else(Reply::Respond)
}

/// What was said, as the json dialect's `history` has it.
pub(crate) fn messages(excerpt: &Excerpt) -> Response {
    object(StatusCode::Ok, "messages", |object| {
        object
            .text("room", excerpt.room.as_str())
            .objects("messages", &excerpt.messages, |object, message| {
                object
                    .number("id", Some(message.id.0))
                    .text("username", message.nick.as_str())
                    .message(message)
                    .text("kind", message.manner.name())
                    .timestamp(message.unix_ms)
                    .marks(message)
            })
            .raw("more", if excerpt.has_more { "true" } else { "false" })
    })
}

/// What is to be read of a room, if it may be.
pub(super) fn read(site: &Site, request: &HttpRequest, segment: &str) -> Reply {
    let permitted = check_page(site, request).and_then(|()| bearer(site, request));
    let read = permitted.and_then(|reader| {
        let room = room(segment).map_err(|code| refused(&code))?;
        let range = range(request.query.as_deref().unwrap_or_default()).ok_or_else(|| {
            let sentence = "limit is 1 or more; before, after and since are numbers, each once.";
            Response::refusal(StatusCode::BadRequest, sentence, true)
        })?;
        Ok(Reply::Read {
            room,
            reader,
            range,
        })
    });
    read.unwrap_or_else(Reply::Respond)
}

/// What is to be forgotten that was said in a room, if it may be.
pub(super) fn delete(site: &Site, request: &HttpRequest, segment: &str, id: &str) -> Reply {
    let permitted = check_page(site, request).and_then(|()| bearer(site, request));
    let delete = permitted.and_then(|by| {
        let room = room(segment).map_err(|code| refused(&code))?;
        let id = number(id).map(MessageId);
        let id = id.ok_or_else(|| refused(&ErrorCode::BadMessageId))?;
        Ok(Reply::Delete { room, by, id })
    });
    delete.unwrap_or_else(Reply::Respond)
}

/// It is forgotten.
pub(crate) fn deleted(room: &RoomName, id: MessageId) -> Response {
    object(StatusCode::Ok, "deleted", |object| {
        object.number("id", Some(id.0)).text("room", room.as_str())
    })
}

/// A number without a sign.
fn number(text: &str) -> Option<u64> {
    let digits = percent_decoded(text)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number)
}

/// What a query asks for. A parameter that is not known is nothing.
fn range(query: &str) -> Option<Range> {
    let mut range = Range::default();
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let number = || number(value);
        let is_new = match name {
            "limit" => {
                let limit = number().filter(|&limit| limit > 0)?;
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                range.limit.replace(limit).is_none()
            }
            "before" => range.before.replace(MessageId(number()?)).is_none(),
            "after" => range.after.replace(MessageId(number()?)).is_none(),
            "since" => range.since.replace(Since::Unix(number()?)).is_none(),
            _ => true,
        };
        if !is_new {
            return None;
        }
    }
    Some(range)
}

/// As whom the request may post.
pub(super) fn permitted(site: &Site, request: &HttpRequest) -> Result<Poster, Response> {
    check_page(site, request)?;
    if site.tokens.is_none() && !site.has_bots {
        let sentence = "Nothing can be posted here: there are no tokens.";
        return Err(Response::refusal(StatusCode::Forbidden, sentence, true));
    }
    bearer(site, request)
}

/// May the page that asks, if one does?
pub(super) fn check_page(site: &Site, request: &HttpRequest) -> Result<(), Response> {
    let sentence = "Pages of other hosts may not do that here.";
    match site.admits(request.origin.as_deref(), &request.host) {
        true => Ok(()),
        false => Err(Response::refusal(StatusCode::Forbidden, sentence, true)),
    }
}

/// Who has the token of a request.
pub(crate) fn bearer(site: &Site, request: &HttpRequest) -> Result<Poster, Response> {
    let token = request.bearer.as_ref().ok_or_else(unauthorized)?.reveal();
    let tokens = site.tokens.as_ref();
    match tokens.and_then(|tokens| tokens.nick_of(token)) {
        Some(nick) => Ok(Poster::Named(nick.clone())),
        None if site.has_bots => Ok(Poster::Bot(sha256(token))),
        None => Err(unauthorized()),
    }
}

/// The token is nobody's.
pub(crate) fn unauthorized() -> Response {
    let sentence = "A good bearer token is wanted.";
    let response = Response::refusal(StatusCode::Unauthorized, sentence, true);
    response.with("WWW-Authenticate", "Bearer")
}

fn message(request: &HttpRequest, segment: &str, poster: Poster) -> Result<Reply, Response> {
    let refuse = |code: ErrorCode| refused(&code);
    let room = room(segment).map_err(refuse)?;
    let object = object::read(&request.body).map_err(refuse)?;
    let text = object::string(&object, "message").map_err(refuse)?.trim();
    if text.is_empty() {
        let sentence = "The message is blank.";
        return Err(Response::refusal(StatusCode::BadRequest, sentence, true));
    }
    let nick = match object.get("username") {
        None | Some(Value::Null) => None,
        Some(_) => {
            let name = object::string(&object, "username").map_err(refuse)?;
            let named = Nick::parse(name.trim()).filter(|nick| !nick.is_reserved());
            Some(named.ok_or_else(|| refuse(ErrorCode::BadNick))?)
        }
    };
    Ok(Reply::Post {
        room,
        poster,
        nick,
        text: text.into(),
    })
}

/// `%C3%A9` is `é`. `None` for a `%` without two digits, and for what is not UTF-8 then.
pub(super) fn percent_decoded(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        decoded.push(match byte {
            b'%' => u8::try_from(digit()? * 16 + digit()?).ok()?,
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}
