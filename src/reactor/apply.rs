//! The one way to the chat: what comes is applied, and what follows is told.

use crate::buffer::Ledger;
use crate::dialect::Stage;
use crate::dialect::http::{Response, ResponseMode};
use crate::hub::Effect;
use crate::layer::Layer;
use crate::limits::{BATCH_BYTES_MAX, BYTES_PER_DELIVERY};
use crate::log::Batch;
use crate::model::{
    AccountAnswer, AccountAsk, CameBy, ConnId, ErrorCode, Found, MessageId, Nick, Query, Range,
    Request, RequestId, RoomName,
};
use crate::store;
use crate::sys::{Mailbox as _, System};
use crate::web::{Representation, api};

use super::Reactor;
use super::connection::Connection;
use super::phase::Reason;
use super::sharing::SharedPost;
use super::timers::Tick;

/// What comes to the chat.
pub(super) enum Input {
    /// A connection asks something.
    Request {
        who: ConnId,
        request: Request,
        id: Option<RequestId>,
    },
    /// What a connection asked was refused before it came here.
    Refused {
        who: ConnId,
        code: ErrorCode,
        id: Option<RequestId>,
    },
    /// A connection is gone, or about to be.
    Ended(ConnId),
    /// Something is said over HTTP.
    Post {
        who: ConnId,
        mode: ResponseMode,
        post: Post,
    },
    /// A file is shared over HTTP.
    Share {
        who: ConnId,
        mode: ResponseMode,
        shared: SharedPost,
    },
    /// Somebody asks over HTTP what was said in a room; a bot may read what it is in.
    Read {
        who: ConnId,
        mode: ResponseMode,
        room: RoomName,
        bot: Option<Nick>,
        range: Range,
    },
    /// Something that was said in a room is to be forgotten, by who asks for that over HTTP.
    Delete {
        who: ConnId,
        mode: ResponseMode,
        room: RoomName,
        bot: Option<Nick>,
        message: MessageId,
    },
    /// The chat waited for the time that it is.
    Timer,
    /// Everything up to a message is on disk.
    Committed(MessageId),
    /// A question was answered.
    Found { ticket: u64, found: Found },
    /// A question about an account was answered.
    Account { ticket: u64, answer: AccountAnswer },
    /// So many bytes of what is in memory may be looked through.
    Search(usize),
    /// Entries were read back from the cluster, which took them in at that time, in milliseconds since 1970.
    Entries { at_ms: u64, batch: Batch },
    /// What was proposed up to a number has waited for too long; the cluster may have what was sent.
    Overdue { through: u64, sent: u64 },
    /// The server is to be stopped, and others are reached at these addresses.
    Moving(Vec<String>),
}

/// What is said over HTTP.
pub(super) struct Post {
    pub(super) room: RoomName,
    pub(super) nick: Nick,
    pub(super) is_bot: bool,
    pub(super) text: String,
}

impl<S: System> Reactor<S> {
    /// Applies what came, and carries out all that follows.
    ///
    /// Nothing is to be flushed before: an event for other readers than those of the words before it has
    /// these handed out first.
    pub(super) fn apply(&mut self, input: Input) {
        let now = self.clock.moment;
        let has_room = self.store.as_ref().is_none_or(|store| store.has_room());
        self.hub.handle_room(has_room);
        match input {
            Input::Request { who, request, id } => {
                if let Some(connection) = self.connections.get_mut(who) {
                    let peer = connection.peer;
                    self.hub.handle_request(who, peer, request, id, now);
                }
            }
            Input::Refused { who, code, id } => self.hub.handle_refused(who, code, id, now),
            Input::Ended(who) => self.hub.handle_leave(who, now),
            Input::Post { who, mode, post } => return self.post(who, mode, post),
            Input::Share { who, mode, shared } => return self.share_file(who, mode, &shared),
            Input::Read {
                who,
                mode,
                room,
                bot,
                range,
            } => return self.read(who, mode, room, bot.as_ref(), range),
            Input::Delete {
                who,
                mode,
                room,
                bot,
                message,
            } => return self.delete(who, mode, room, bot.as_ref(), message),
            Input::Timer => self.hub.handle_timeout(now),
            Input::Committed(through) => self.hub.handle_kept(through, BATCH_BYTES_MAX),
            Input::Found { ticket, found } => self.hub.handle_found(ticket, found, now),
            Input::Account { ticket, answer } => self.hub.handle_account(ticket, answer, now),
            Input::Entries { at_ms, batch } => {
                if let Err(e) = self.hub.handle_batch(&batch, at_ms, now)
                    && let Some(cluster) = &mut self.cluster
                {
                    cluster.failure = Some(e.to_string());
                }
            }
            Input::Overdue { through, sent } => self.hub.handle_overdue(through, sent, now),
            Input::Moving(addresses) => self.hub.handle_moving(addresses),
            Input::Search(bytes) => {
                for searched in self.hub.handle_searches(bytes) {
                    self.note_searched(searched.who, searched.bytes);
                }
            }
        }
        self.carry_out();
    }

    /// Has something said by who has no connection of its own. The response waits for the disk, where
    /// there is one.
    fn post(&mut self, who: ConnId, mode: ResponseMode, post: Post) {
        let now = self.clock.moment;
        let Some(connection) = self.connections.get_mut(who) else {
            return;
        };
        let peer = connection.peer;
        let Post {
            room,
            nick,
            is_bot,
            text,
        } = post;
        let said = self
            .hub
            .handle_post((who, peer), nick, is_bot, room.clone(), text, now);
        let response = match &said {
            Ok(Some(message)) => api::posted(&room, message),
            // It is made of what will have been said.
            Ok(None) => api::refused(&ErrorCode::StoreFailed),
            Err(code) => api::refused(code),
        };
        self.counters.messages_in += u64::from(said.is_ok());
        match said {
            Ok(None) => {
                self.put_response_off(who, mode, response);
                self.carry_out();
            }
            Ok(_) if self.store.is_some() => {
                self.put_response_off(who, mode, response);
                self.hub.wait_for_post(who, None);
                self.carry_out();
            }
            _ => {
                self.carry_out();
                self.respond(who, mode, &response);
            }
        }
    }

    /// Looks up what was said in a room. The response may wait for the disk.
    fn read(
        &mut self,
        who: ConnId,
        mode: ResponseMode,
        room: RoomName,
        bot: Option<&Nick>,
        range: Range,
    ) {
        let now = self.clock.moment;
        let Some(connection) = self.connections.touch(who) else {
            return;
        };
        let peer = connection.peer;
        match self.hub.handle_reading(who, peer, bot, room, range, now) {
            Ok(Some(excerpt)) => self.respond(who, mode, &api::messages(&excerpt)),
            Ok(None) => self.put_response_off(who, mode, api::refused(&ErrorCode::StoreFailed)),
            Err(code) => self.respond(who, mode, &api::refused(&code)),
        }
        self.carry_out();
    }

    /// Has something forgotten that was said in a room. The response waits for the disk, where there is one.
    fn delete(
        &mut self,
        who: ConnId,
        mode: ResponseMode,
        room: RoomName,
        bot: Option<&Nick>,
        message: MessageId,
    ) {
        let now = self.clock.moment;
        let Some(connection) = self.connections.touch(who) else {
            return;
        };
        let (peer, response) = (connection.peer, api::deleted(&room, message));
        match self.hub.handle_deletion(who, peer, bot, room, message, now) {
            Ok(true) => self.respond(who, mode, &response),
            Ok(false) => self.put_response_off(who, mode, response),
            Err(code) => self.respond(who, mode, &api::refused(&code)),
        }
        self.carry_out();
    }

    /// Does what the hub wants done.
    pub(super) fn carry_out(&mut self) {
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Answer { to, id, event } => self.answer(to, &event, id.as_ref()),
                Effect::Tell { to, event } => self.tell(to, &event),
                Effect::Broadcast { audience, event } => self.broadcast(&audience, event),
                Effect::Came { who, nick } => self.note_came(who, &nick),
                Effect::Gone { who, nick } => self.note_gone(who, nick),
                Effect::KeepSettings => self.has_new_settings = true,
                Effect::Reload => self.reload(),
                Effect::Keep(record) => self.keep(record),
                Effect::Lost(id) => self.lose(id),
                Effect::Ask { who, ticket, query } => self.look_up(who, ticket, query),
                Effect::AskAccount { who, ticket, ask } => self.ask_account(who, ticket, ask),
                Effect::Written { to, bytes } => self.send_written(to, &bytes),
                Effect::Posted { to, failure, said } => self.end_response(to, |response| {
                    let said = said.map(|(room, message)| api::posted(&room, &message));
                    let refused = failure.map(|code| api::refused(&code));
                    refused.or(said).unwrap_or(response)
                }),
                Effect::Hold { who } => {
                    if let Some(connection) = self.connections.touch(who) {
                        connection.hold(Tick::MAX);
                    }
                }
                Effect::Release { who } => self.released.push(who),
                Effect::Read { to, excerpt } => self.end_response(to, |_| match excerpt {
                    Ok(excerpt) => api::messages(&excerpt),
                    Err(code) => api::refused(&code),
                }),
                Effect::Log(incident) => self.journal.incidents.log(&incident, self.clock.now),
                Effect::Ticket { to, id, claim } => self.make_ticket(to, id, claim),
                Effect::Report { to, id, report } => {
                    let event = self.report(report);
                    self.answer(to, &event, id.as_ref());
                }
                Effect::Stop { seconds } => {
                    let ms = seconds.saturating_mul(1000);
                    self.stop_begins_at = Some(self.clock.now.saturating_add(ms));
                }
                Effect::Close { who } => {
                    // What was said before it went is for it, too.
                    self.flush_batch_to(who);
                    if let Some(connection) = self.connections.touch(who) {
                        connection.stage = Stage::Joining;
                        connection.drain(Reason::Quit, self.clock.now);
                    }
                }
            }
        }
    }

    /// A session has begun.
    fn note_came(&mut self, who: ConnId, nick: &Nick) {
        let Some(connection) = self.connections.get_mut(who) else {
            return;
        };
        connection.stage = Stage::Joined;
        self.counters.joins += 1;
        let via = match connection.is_websocket() {
            true => CameBy::Web,
            false => connection.spoken().spec().via,
        };
        self.hub.note_via(who, via, self.clock.moment);
        let is_page = connection.is_page();
        let (peer, name) = (connection.peer, connection.spoken().name());
        self.connections.dialogues += usize::from(connection.spoken().has_dialogue());
        log::info!(
            "{nick} joined from {peer} ({name}); {} online",
            self.hub.online()
        );
        self.show_coming(nick, peer);
        if is_page {
            self.tell_nodes(who);
        }
    }

    /// A session is over.
    fn note_gone(&mut self, who: ConnId, nick: Nick) {
        if let Some(connection) = self.connections.get_mut(who) {
            let has_dialogue = connection.spoken().has_dialogue();
            let reason = connection.reason.unwrap_or(Reason::Quit);
            self.connections.dialogues -= usize::from(has_dialogue);
            log::info!("{nick} left: {reason}; {} online", self.hub.online());
            self.show_going(nick);
        }
    }

    /// Has something looked up, when whoever asks has had the answers before and taken most of them.
    fn look_up(&mut self, who: ConnId, ticket: u64, query: Query) {
        if self.store.is_some() {
            let is_awaited = self.hub.is_requested(ticket);
            self.questions.park(who, ticket, query, is_awaited);
        }
    }

    /// Asks about an account. Until that is answered nothing else that the connection asks is handled.
    fn ask_account(&mut self, who: ConnId, ticket: u64, ask: AccountAsk) {
        if let (AccountAsk::Kept(_), Some(store)) = (&ask, &mut self.store) {
            store.flush();
        }
        match self.store.as_ref().map(|store| store.account(ticket, ask)) {
            None => {}
            Some(Ok(())) => {
                self.questions.note_account(who, ticket);
                if let Some(connection) = self.connections.touch(who) {
                    connection.hold(Tick::MAX);
                }
            }
            Some(Err(store::Full)) => {
                let now = self.clock.moment;
                self.hub.handle_account(ticket, AccountAnswer::Busy, now);
            }
        }
    }

    /// Sends a response.
    pub(super) fn respond(&mut self, id: ConnId, mode: ResponseMode, response: &Response) {
        let now = self.clock.moment;
        self.respond_with(id, mode.closes(), |out| response.write(mode, now, out));
    }

    /// Sends what `write` writes.
    pub(super) fn respond_with(
        &mut self,
        id: ConnId,
        closes: bool,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.owe_response(id, closes, |connection, ledger| {
            connection.append(ledger, write);
        });
    }

    /// Sends a file of the page, which those who are sent it share.
    pub(super) fn respond_with_asset(
        &mut self,
        id: ConnId,
        mode: ResponseMode,
        asset: &'static Representation,
        sources: &str,
    ) {
        let now = self.clock.moment;
        let chunk = (!mode.is_head()).then(|| self.pages.asset(asset.bytes));
        self.owe_response(id, mode.closes(), |connection, ledger| {
            connection.append(ledger, |out| asset.write_head(sources, mode, now, out));
            chunk.iter().for_each(|chunk| connection.push(chunk));
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
            let count = connection.outbox.len() - before;
            self.budget.charge(count / BYTES_PER_DELIVERY);
            connection.note_answer(&self.limits);
            connection.end_response(closes, self.clock.now);
        }
    }

    /// Puts a response off until the disk has done its part. Nothing else that the connection asks is handled
    /// before.
    pub(super) fn put_response_off(&mut self, id: ConnId, mode: ResponseMode, response: Response) {
        if let Some(connection) = self.connections.touch(id) {
            connection.hold(Tick::MAX);
            // The time for the next request begins, in which the disk may take its own.
            connection.end_response(false, self.clock.now);
            self.questions.put_response_off(id, mode, response);
        }
    }

    /// Sends what became of a response that was put off.
    pub(super) fn end_response(
        &mut self,
        id: ConnId,
        become_of: impl FnOnce(Response) -> Response,
    ) {
        let Some((mode, response)) = self.questions.take_response(id) else {
            return;
        };
        if let Some(connection) = self.connections.get_open(id) {
            connection.unthrottle();
            self.respond(id, mode, &become_of(response));
            self.connections.make_ready(id);
        }
    }
}
