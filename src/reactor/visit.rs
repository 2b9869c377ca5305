//! What is asked over HTTP: carried out here, where it needs the hub or the reactor's figures.

use crate::dialect::Dialect;
use crate::dialect::http::{HttpRequest, Refusal, StatusCode};
use crate::model::ConnId;
use crate::sys::System;
use crate::web::{self, Reply, api, status};

use super::Reactor;
use super::apply::{Input, Post};
use super::bucket::COST_OF_WRONG_TOKEN;
use super::pages::Messages;

impl<S: System> Reactor<S> {
    /// Answers a request.
    pub(super) fn visit(&mut self, id: ConnId, request: Result<HttpRequest, Refusal>) {
        self.spend(id, 1);
        let now = self.clock.moment;
        let request = match request {
            Ok(request) => request,
            Err(refusal) => return self.respond_with(id, true, |out| refusal.write(now, out)),
        };
        if !self.trace(id, &request) {
            return;
        }
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if web::loads_page(&request) {
            self.browsers.note(&connection.peer, self.clock.now);
        }
        let (mode, has_token) = (request.manner, request.bearer.is_some());
        let door = connection.door;
        let reply = web::answer(&self.site, door, now, &request);
        let is_for_anybody = !matches!(reply, Reply::Rooms(_) | Reply::Users { .. });
        let reader = || api::bearer(&self.site, &request);
        let may_read = match self.site.is_locked && !is_for_anybody {
            true => reader().and_then(|reader| self.poster(id, reader, None).map(drop)),
            false => Ok(()),
        };
        let reply = may_read.map_or_else(Reply::Respond, |()| reply);
        let response = match reply {
            Reply::Respond(response) => response,
            Reply::Asset(asset, sources) => {
                return self.respond_with_asset(id, mode, asset, &sources);
            }
            Reply::Upgrade {
                dialect,
                is_binary,
                response_head,
            } => return self.upgrade(id, dialect, is_binary, &response_head),
            Reply::Rooms(from) => match self.hub.list_rooms(None, &from) {
                Ok((rooms, more)) => {
                    self.charge_rows(id, rooms.len());
                    api::rooms(&rooms, more.is_some())
                }
                Err(code) => api::refused(&code),
            },
            Reply::Users(room, page) => match self.hub.users_in(&room, &page) {
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
                Ok((nick, is_bot)) => {
                    let post = Post {
                        room,
                        nick,
                        is_bot,
                        text,
                    };
                    let who = id;
                    return self.apply(Input::Post { who, mode, post });
                }
                Err(response) => response,
            },
            Reply::Read {
                room,
                reader,
                range,
            } => match self.poster(id, reader, None) {
                Ok((nick, is_bot)) => {
                    return self.apply(Input::Read {
                        who: id,
                        mode,
                        room,
                        bot: is_bot.then_some(nick),
                        range,
                    });
                }
                Err(response) => response,
            },
            Reply::Delete {
                room,
                by,
                id: message,
            } => match self.poster(id, by, None) {
                Ok((nick, is_bot)) => {
                    return self.apply(Input::Delete {
                        who: id,
                        mode,
                        room,
                        bot: is_bot.then_some(nick),
                        message,
                    });
                }
                Err(response) => response,
            },
            Reply::Upload(upload) => match self.begin_upload(id, mode, *upload) {
                Ok(()) => return,
                Err(response) => response,
            },
            Reply::Part(part) => match self.begin_part(id, mode, *part) {
                Ok(()) => return,
                Err(response) => response,
            },
            Reply::Download(request) => match self.begin_download(id, mode, request) {
                Ok(()) => return,
                Err(response) => response,
            },
            Reply::Ready => status::ready(self.unready()),
            Reply::StatusPage => status::page(&self.metrics(), self.unready()),
            Reply::Metrics => self.metrics().response(),
            Reply::Stats => api::stats(&self.stats()),
        };
        if response.status() == StatusCode::Unauthorized && has_token {
            self.log_token(id, None);
        }
        if response.status() == StatusCode::Unauthorized {
            self.spend(id, COST_OF_WRONG_TOKEN);
        }
        self.respond(id, mode, &response);
    }

    /// Goes on with WebSocket's frames, in the dialect that was agreed on.
    fn upgrade(&mut self, id: ConnId, dialect: Dialect, is_binary: bool, head: &[u8]) {
        self.respond_with(id, false, |out| out.extend_from_slice(head));
        if let Some(connection) = self.connections.touch(id) {
            let messages = match is_binary {
                true => Messages::Binary,
                false => Messages::Text,
            };
            connection.speak(dialect, messages);
            // What follows is of one client.
            connection.set_proxy(None);
        }
        self.greet(id);
    }
}
