//! What is answered to whom on HTTP: the page, the upgrades to WebSocket, a small REST layer, and the
//! operator's figures. Pure: what must be asked of the hub is an [`Reply`] that says so, and the forms
//! of its results are here.

pub(crate) mod api;
mod assets;
pub(crate) mod files;
pub(crate) mod forwarded;
pub(crate) mod metrics;
mod site;
pub(crate) mod status;
mod upgrade;

use crate::dialect::Dialect;
use crate::dialect::http::{HttpRequest, Method, Response, StatusCode};
use crate::model::{MembersPage, MessageId, Moment, Nick, Range, RoomName, RoomsFrom};
use serde::{Deserialize, Serialize};

pub(crate) use assets::{Asset, Representation};
pub(crate) use files::{DownloadRequest, TicketPart, TicketRequest, UploadRequest};
pub(crate) use metrics::Metrics;
pub(crate) use site::{OriginRule, PublicHost, Site, Tokens};

/// Through which kind of door a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DoorKind {
    /// Everybody's.
    Public {
        /// Do only programs of this machine reach it?
        is_loopback: bool,
    },
    /// The operator's, which shows figures and nothing else.
    Status,
}

/// What is to be done about a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// Send this.
    Respond(Response),
    /// Send this file, whole; where it is the page, that may connect to these sources, too.
    Asset(&'static Representation, String),
    /// Send this head, and go on with WebSocket's frames.
    Upgrade {
        /// What is spoken there.
        dialect: Dialect,
        /// Are its messages binary ones?
        is_binary: bool,
        /// The whole response.
        response_head: Vec<u8>,
    },
    /// Send [`api::rooms`] from here on.
    Rooms(RoomsFrom),
    /// Send [`api::users`] of this room, from here on.
    Users(RoomName, MembersPage),
    /// Have this said, and send [`api::posted`].
    Post {
        /// Where.
        room: RoomName,
        /// Who has the right to.
        poster: Poster,
        /// Under which name, where the request says one.
        nick: Option<Nick>,
        /// What: not blank.
        text: String,
    },
    /// Send [`api::messages`].
    Read {
        /// Where.
        room: RoomName,
        /// Who has the right to.
        reader: Poster,
        /// Which.
        range: Range,
    },
    /// Have this forgotten, and send [`api::deleted`].
    Delete {
        /// Where it was said.
        room: RoomName,
        /// Who has the right to.
        by: Poster,
        /// Which message.
        id: MessageId,
    },
    /// Take in a file that follows, and send [`files::stored`].
    Upload(Box<UploadRequest>),
    /// Go on with a file that follows, or tell how much of it is here.
    Part(Box<TicketRequest>),
    /// Send a file.
    Download(Box<DownloadRequest>),
    /// Send [`status::ready`].
    Ready,
    /// Send [`status::page`].
    StatusPage,
    /// Send [`Metrics::response`].
    Metrics,
    /// Send [`api::stats`].
    Stats,
}

/// Who may post, or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Poster {
    /// Whoever has one of the operator's tokens: under this name, or any that is free.
    Named(Nick),
    /// Whoever has the token with this SHA-256, if it is a bot's: under the bot's name.
    Bot([u8; 32]),
}

/// What is found at a path.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Route<'a> {
    /// The server itself.
    Server,
    Asset(&'static Asset),
    Health,
    Ready,
    StatusPage,
    WebSocket,
    Echo,
    Rooms,
    /// The users of a room, whose name is as it stands in the path.
    Users(&'a str),
    /// What is said in a room.
    Messages(&'a str),
    /// One message of a room, by its id.
    Message(&'a str, &'a str),
    /// Files of a room, to be sent.
    Files(&'a str),
    /// A file that is sent by ticket.
    Ticket(&'a str),
    /// A file, by its id.
    File(&'a str),
    Metrics,
    Stats,
}

/// What is to be done about a request that came through a door, at a time.
pub(crate) fn answer(site: &Site, door: DoorKind, now: Moment, request: &HttpRequest) -> Reply {
    let is_api = request.path.starts_with("/api/");
    let refuse = |status: StatusCode| Response::refusal(status, status.reason(), is_api);
    let is_irc = door != DoorKind::Status && upgrade::is_anywhere(request);
    let is_guarded = is_api || is_irc || matches!(request.path.as_str(), "/ws" | "/echo");
    if let DoorKind::Public { is_loopback } = door
        && is_guarded
        && !site.is_host(&request.host, is_loopback)
    {
        let sentence = "This server is not known under that name (--public-host).";
        let response = Response::refusal(StatusCode::Forbidden, sentence, is_api);
        return Reply::Respond(response);
    }
    if is_irc && request.method == Method::Get {
        return upgrade::answer(site, now, request, false);
    }
    let Some(place) = place(site, door, &request.path) else {
        return Reply::Respond(refuse(StatusCode::NotFound));
    };
    let methods = place.methods();
    if request.method == Method::Options {
        let response = Response::empty(StatusCode::NoContent).with("Allow", methods);
        return Reply::Respond(response);
    }
    if !place.allows(request.method) {
        let response = refuse(StatusCode::MethodNotAllowed).with("Allow", methods);
        return Reply::Respond(response);
    }
    match place {
        // Only its options can be asked for.
        Route::Server => Reply::Respond(refuse(StatusCode::BadRequest)),
        Route::Asset(asset) => asset.answer(request, site),
        Route::Health => Reply::Respond(Response::text(StatusCode::Ok, "ok\n")),
        Route::Ready => Reply::Ready,
        Route::StatusPage => Reply::StatusPage,
        Route::WebSocket => upgrade::answer(site, now, request, false),
        Route::Echo => upgrade::answer(site, now, request, true),
        Route::Rooms => match api::rooms_from(request.query.as_deref()) {
            Ok(from) => Reply::Rooms(from),
            Err(code) => Reply::Respond(api::refused(&code)),
        },
        Route::Users(name) => match api::users_of(name, request.query.as_deref()) {
            Ok((room, page)) => Reply::Users(room, page),
            Err(code) => Reply::Respond(api::refused(&code)),
        },
        Route::Messages(name) if request.method == Method::Post => api::post(site, request, name),
        Route::Messages(name) => api::read(site, request, name),
        Route::Message(name, id) => api::delete(site, request, name, id),
        Route::Files(name) => files::upload(site, request, name),
        Route::Ticket(ticket) => files::send_part(site, request, ticket),
        Route::File(id) => files::download(site, request, id),
        Route::Metrics => Reply::Metrics,
        Route::Stats => Reply::Stats,
    }
}

/// Is this a browser that loads the page? Programs ask for nothing compressed, unless they are told to.
pub(crate) fn loads_page(request: &HttpRequest) -> bool {
    request.prefers_gzip && assets::find(&request.path).is_some()
}

fn place<'a>(site: &Site, door: DoorKind, path: &'a str) -> Option<Route<'a>> {
    match (door, path) {
        (_, "*") => Some(Route::Server),
        (_, "/healthz") => Some(Route::Health),
        (_, "/healthz/ready") => Some(Route::Ready),
        (DoorKind::Status, "/") => Some(Route::StatusPage),
        (DoorKind::Status, "/metrics") => Some(Route::Metrics),
        (DoorKind::Status, "/stats") => Some(Route::Stats),
        (DoorKind::Status, _) => None,
        (DoorKind::Public { .. }, "/ws") => Some(Route::WebSocket),
        (DoorKind::Public { .. }, "/echo") => site.has_echo.then_some(Route::Echo),
        (DoorKind::Public { .. }, _) => match path.strip_prefix("/api/v1/") {
            Some(rest) => api_place(rest),
            None => match path.strip_prefix("/files/") {
                Some(rest) => rest.split_once('/').map(|(id, _)| Route::File(id)),
                None => assets::find(path).map(Route::Asset),
            },
        },
    }
}

fn api_place(rest: &str) -> Option<Route<'_>> {
    let mut segments = rest.split('/');
    let mut next = || segments.next();
    match (next()?, next(), next(), next(), next()) {
        ("rooms", None, None, ..) => Some(Route::Rooms),
        ("rooms", Some(name), Some("users"), None, _) => Some(Route::Users(name)),
        ("rooms", Some(name), Some("messages"), None, _) => Some(Route::Messages(name)),
        ("rooms", Some(name), Some("files"), None, _) => Some(Route::Files(name)),
        ("rooms", Some(_), Some("files"), Some(ticket), None) => Some(Route::Ticket(ticket)),
        ("rooms", Some(name), Some("messages"), Some(id), None) => Some(Route::Message(name, id)),
        _ => None,
    }
}

impl Route<'_> {
    /// The methods that it has, as `Allow` lists them (RFC 9110 section 10.2.1).
    fn methods(self) -> &'static str {
        match self {
            Route::Server => "GET, HEAD, POST, OPTIONS",
            Route::WebSocket | Route::Echo => "GET, OPTIONS",
            Route::Messages(_) => "GET, HEAD, POST, OPTIONS",
            Route::Message(..) => "DELETE, OPTIONS",
            Route::Files(_) => "POST, OPTIONS",
            Route::Ticket(_) => "HEAD, POST, PUT, PATCH, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    fn allows(self, method: Method) -> bool {
        let name = match method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Other => return false,
        };
        self.methods().split(", ").any(|allowed| allowed == name)
    }
}

#[cfg(any(test, feature = "testing"))]
pub mod oracle;

#[cfg(test)]
mod tests;
