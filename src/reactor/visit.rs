//! What is asked over HTTP: carried out here, where it needs the hub or the reactor's figures.

use crate::buffer::Ledger;
use crate::dialect::Dialect;
use crate::dialect::http::{HttpRequest, Refusal, Response, ResponseMode, StatusCode};
use crate::layer::{Layer, Transport as _};
use crate::limits::{BYTES_PER_DELIVERY, ROWS_PER_TOKEN};
use crate::model::{ConnId, Deed, ErrorCode, Excerpt, Incident, MessageId, Nick, Range, RoomName};
use crate::sys::System;
use crate::web::{self, Poster, Reply, Representation, api};

use super::Reactor;
use super::bucket::COST_OF_WRONG_TOKEN;
use super::connection::Connection;
use super::phase::Reason;
use super::timers::Tick;

impl<S: System> Reactor<S> {
    /// Answers a request.
    pub(super) fn visit(&mut self, id: ConnId, request: Result<HttpRequest, Refusal>) {
        self.spend(id, 1);
        let now = self.clock.moment;
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let request = match request {
            Ok(request) => request,
            Err(refusal) => return self.respond(id, true, |out| refusal.write(now, out)),
        };
        let (manner, has_token) = (request.manner, request.bearer.is_some());
        let door = connection.door;
        let response = match web::answer(&self.site, door, now, &request) {
            Reply::Respond(response) => response,
            Reply::Asset(asset) => return self.show(id, asset, manner),
            Reply::Upgrade {
                dialect,
                response_head,
            } => return self.upgrade(id, dialect, &response_head),
            Reply::Rooms(from) => match self.hub.list_rooms(None, &from) {
                Ok((rooms, more)) => {
                    self.charge_rows(id, rooms.len());
                    api::rooms(&rooms, more.is_some())
                }
                Err(code) => api::refused(&code),
            },
            Reply::Users(room) => match self.hub.users_in(&room) {
                Ok(users) => {
                    self.charge_rows(id, users.nicks.len());
                    api::users(&room, &users)
                }
                Err(code) => api::refused(&code),
            },
            Reply::Post {
                room,
                poster,
                nick,
                text,
            } => match self.poster(id, poster, nick) {
                Ok((nick, is_bot)) => match self.post(id, manner, room, nick, is_bot, text) {
                    Some(response) => response,
                    None => return,
                },
                Err(response) => response,
            },
            Reply::Read {
                room,
                reader,
                range,
            } => match self.poster(id, reader, None) {
                Ok((nick, is_bot)) => {
                    let bot = is_bot.then_some(nick);
                    match self.read(id, manner, room, bot.as_ref(), range) {
                        Some(response) => response,
                        None => return,
                    }
                }
                Err(response) => response,
            },
            Reply::Metrics => self.metrics().response(),
            Reply::Stats => api::stats(&self.stats()),
        };
        if response.status() == StatusCode::Unauthorized && has_token {
            self.log_token(id, None);
        }
        if response.status() == StatusCode::Unauthorized {
            self.spend(id, COST_OF_WRONG_TOKEN);
        }
        self.respond(id, manner.closes(), |out| response.write(manner, now, out));
    }

    /// So many rooms or users are told.
    fn charge_rows(&mut self, id: ConnId, rows: usize) {
        self.deliveries += self.hub.take_steps();
        self.spend(id, (rows / ROWS_PER_TOKEN) as u64);
    }

    fn respond(&mut self, id: ConnId, closes: bool, write: impl FnOnce(&mut Vec<u8>)) {
        self.owe_response(id, closes, |connection, ledger| {
            connection.append(ledger, write);
        });
    }

    /// Sends a file of the page, which those who are sent it share.
    fn show(&mut self, id: ConnId, asset: &'static Representation, manner: ResponseMode) {
        let now = self.clock.moment;
        if manner.is_head() {
            return self.respond(id, manner.closes(), |out| {
                asset.write_head(manner, now, out)
            });
        }
        let chunk = self.pages.asset(asset.bytes);
        self.owe_response(id, manner.closes(), |connection, ledger| {
            connection.append(ledger, |out| asset.write_head(manner, now, out));
            connection.push(&chunk);
        });
    }

    /// Owes a connection what `owe` does, which the turn is charged for.
    fn owe_response(
        &mut self,
        id: ConnId,
        closes: bool,
        owe: impl FnOnce(&mut Connection<Layer<S::Stream>>, &Ledger),
    ) {
        if let Some(connection) = self.connections.touch(id) {
            let before = connection.outbox.len();
            owe(connection, &self.pages.ledger);
            self.deliveries += (connection.outbox.len() - before) / BYTES_PER_DELIVERY;
            connection.note_answer(&self.limits);
            connection.end_response(closes, self.clock.now);
        }
    }

    /// Goes on with WebSocket's frames, in the dialect that was agreed on.
    fn upgrade(&mut self, id: ConnId, dialect: Dialect, head: &[u8]) {
        self.respond(id, false, |out| out.extend_from_slice(head));
        if let Some(connection) = self.connections.touch(id) {
            connection.speak(dialect, true);
        }
        self.greet(id);
    }

    /// Tells the log that a token was used; who uses a bot's is known to the hub alone.
    fn log_token(&mut self, id: ConnId, name: Option<Nick>) {
        let is_good = name.is_some();
        let peer = self
            .connections
            .get_mut(id)
            .map(|connection| connection.peer);
        let deed = Deed::Token { is_good };
        self.log_incident(&Incident { deed, name, peer });
    }

    /// Under which name somebody posts, and whether that is as a bot with an account.
    fn poster(
        &mut self,
        id: ConnId,
        poster: Poster,
        nick: Option<Nick>,
    ) -> Result<(Nick, bool), Response> {
        match poster {
            Poster::Named(named) => {
                self.log_token(id, Some(named.clone()));
                Ok((nick.unwrap_or(named), false))
            }
            Poster::Bot(digest) => {
                let bot = self.hub.bot_of(&digest).cloned();
                let bot = bot.ok_or_else(api::unauthorized)?;
                self.log_token(id, Some(bot.clone()));
                match nick.is_some_and(|nick| nick.key() != bot.key()) {
                    true => Err(api::refused(&ErrorCode::NameRegistered)),
                    false => Ok((bot, true)),
                }
            }
        }
    }

    /// Has something said by who has no connection of its own. `None`: the response waits for the disk.
    fn post(
        &mut self,
        id: ConnId,
        manner: ResponseMode,
        room: RoomName,
        nick: Nick,
        is_bot: bool,
        text: String,
    ) -> Option<Response> {
        let now = self.clock.moment;
        let connection = self.connections.get_mut(id)?;
        let peer = connection.peer;
        let said = self
            .hub
            .handle_post(peer, nick, is_bot, room.clone(), text, now);
        let response = match said {
            Ok(message) => {
                self.counters.messages_in += 1;
                let response = api::posted(&room, &message);
                self.put_off(id, manner, message.id, response)
            }
            Err(code) => Some(api::refused(&code)),
        };
        self.carry_out();
        response
    }

    /// Looks up what was said in a room. `None`: the response waits for the disk, and nothing else that the
    /// connection asks is handled before.
    fn read(
        &mut self,
        id: ConnId,
        manner: ResponseMode,
        room: RoomName,
        bot: Option<&Nick>,
        range: Range,
    ) -> Option<Response> {
        let now = self.clock.moment;
        let connection = self.connections.touch(id)?;
        let peer = connection.peer;
        match self.hub.handle_reading(id, peer, bot, room, range, now) {
            Ok(Some(excerpt)) => Some(api::messages(&excerpt)),
            Ok(None) => {
                let failure = api::refused(&ErrorCode::StoreFailed);
                connection.hold(Tick::MAX);
                connection.end_response(false, self.clock.now);
                if let Some(keeping) = &mut self.keeping {
                    keeping.questions.put_response_off(id, manner, failure);
                }
                self.carry_out();
                None
            }
            Err(code) => Some(api::refused(&code)),
        }
    }

    /// What was looked up is the response.
    pub(super) fn end_read(&mut self, id: ConnId, excerpt: &Result<Excerpt, ErrorCode>) {
        let response = match excerpt {
            Ok(excerpt) => api::messages(excerpt),
            Err(code) => api::refused(code),
        };
        self.end_put_off(id, |_| response);
    }

    /// Puts a response off until the message that it tells of is on disk, where one is kept. Nothing else
    /// that the connection asks is handled before.
    fn put_off(
        &mut self,
        id: ConnId,
        manner: ResponseMode,
        message: MessageId,
        response: Response,
    ) -> Option<Response> {
        let (Some(keeping), Some(connection)) = (&mut self.keeping, self.connections.touch(id))
        else {
            return Some(response);
        };
        keeping.questions.put_response_off(id, manner, response);
        connection.hold(Tick::MAX);
        // The time for the next request begins, in which the disk may take its own.
        connection.end_response(false, self.clock.now);
        self.hub.wait_for_post(id, message);
        None
    }

    /// What was said is on disk, or will not be: that is the response.
    pub(super) fn end_post(&mut self, id: ConnId, failure: Option<ErrorCode>) {
        self.end_put_off(id, |response| {
            failure.map_or(response, |code| api::refused(&code))
        });
    }

    /// Sends what became of a response that was put off.
    fn end_put_off(&mut self, id: ConnId, respond: impl FnOnce(Response) -> Response) {
        let post = self
            .keeping
            .as_mut()
            .and_then(|it| it.questions.take_response(id));
        let Some((manner, response)) = post else {
            return;
        };
        let Some(connection) = self.connections.get_open(id) else {
            return;
        };
        connection.unthrottle();
        let now = self.clock.moment;
        let response = respond(response);
        self.respond(id, manner.closes(), |out| response.write(manner, now, out));
        self.connections.make_ready(id);
    }

    /// The time for a TLS handshake or an HTTP request is over. Where none has begun, that is the end
    /// of keeping it open.
    pub(super) fn end_handshake(&mut self, id: ConnId) {
        let now = self.clock.now;
        let Some(connection) = self.connections.touch(id) else {
            return;
        };
        if connection.socket.is_handshaking() {
            self.connections.doom(id, Reason::HandshakeTimeout);
        } else if connection.has_unparsed() {
            let refusal = Refusal::new(StatusCode::RequestTimeout);
            let moment = self.clock.moment;
            connection.append(&self.pages.ledger, |out| refusal.write(moment, out));
            connection.drain(Reason::HandshakeTimeout, now);
        } else {
            connection.drain(Reason::Closed, now);
        }
    }
}
