//! The middle of a turn: reading ready connections, asking the hub, carrying out its effects.

use std::mem;

use crate::dialect::sniff::Foreign;
use crate::dialect::{Ask, Parsed};
use crate::frame::End;
use crate::hub::Effect;
use crate::layer::Transport as _;
use crate::limits::{
    BYTES_PER_DELIVERY, DELIVERIES_PER_HANDSHAKE, DELIVERY_BUDGET, FRAME_BUDGET, READ_BUDGET_BYTES,
    SEARCH_BYTES_PER_TOKEN, SEARCH_BYTES_PER_TURN, SEARCH_SLICE_BYTES, SERVE_LATE_US, SERVE_US,
    SERVED_MIN, SHARE_US_MAX, SHARE_US_MIN, STRANGERS_DELIVERY_BUDGET, SWEEPS_MIN,
    TLS_OVERHEAD_PER_DELIVERY, UNREAD_GRACE_MS,
};
use crate::model::{ConnId, ErrorCode, Event, Request, RequestId};
use crate::sys::{SettingsFile as _, System};

use super::Reactor;
use super::bucket::cost_of;
use super::connection::{Filled, Taken};
use super::connections::ReadyList;
use super::orders;
use super::phase::{Due, Phase, Reason};
use super::timers::Tick;

impl<S: System> Reactor<S> {
    /// Gives each connection on the ready lists its share of the turn, as far as the turn's own
    /// budget goes: first those who have joined, then those of them whose requests take long, then
    /// strangers. Each list has something of a turn of which the lists before it took all. Those who come
    /// onto a list meanwhile are for the next turn.
    pub(super) fn serve_ready(&mut self) {
        // Who speaks while some are told already that the server stops would not be heard by all.
        if !self.farewells.is_empty() {
            return;
        }
        let counts = ReadyList::ALL.map(|list| self.connections.ready_len(list));
        for (list, count) in ReadyList::ALL.into_iter().zip(counts) {
            if list != ReadyList::Users {
                let left = DELIVERY_BUDGET - STRANGERS_DELIVERY_BUDGET;
                self.deliveries = self.deliveries.min(left);
                let until_us = self.turn_us().saturating_add(SERVE_LATE_US);
                self.enough_us = self.enough_us.max(until_us);
            }
            self.serve_some(count, list);
        }
    }

    fn serve_some(&mut self, count: usize, list: ReadyList) {
        let at_least = match list {
            ReadyList::Users | ReadyList::Strangers => SERVED_MIN,
            ReadyList::Heavy => 1,
        };
        let share_us = (SERVE_US / (count as u64).max(1)).clamp(SHARE_US_MIN, SHARE_US_MAX);
        for served in 0..count {
            if served >= at_least && self.is_spent() {
                return;
            }
            if let Some(id) = self.connections.pop_ready(list) {
                self.slice_ends_us = self.turn_us().saturating_add(share_us);
                self.serve(id);
                let is_over = self.turn_us() >= self.slice_ends_us;
                self.slice_ends_us = u64::MAX;
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.note_share(is_over, self.clock.now);
                }
            }
        }
    }

    /// Lets the deadlines fire that have come, those of a crowd over turns.
    pub(super) fn fire_timers(&mut self) {
        let now = self.clock.now;
        let mut fired = 0;
        while (fired < SWEEPS_MIN || !self.is_spent())
            && let Some(id) = self.timers.pop_due(now, |id, tick| {
                let connection = self.connections.get_mut(id);
                connection.is_some_and(|connection| connection.alarm.unset(tick))
            })
        {
            fired += 1;
            let Some(connection) = self.connections.touch(id) else {
                continue;
            };
            let Some((tick, due)) = connection
                .due(&self.limits)
                .filter(|&(tick, _)| tick <= now)
            else {
                continue;
            };
            // Bytes that are not read yet are no silence, and may be the name. But who sends without
            // end is not waited for without end.
            let grace_ms = match due {
                Due::SendQ | Due::Stall | Due::Linger | Due::Tokens => 0,
                Due::Join | Due::Handshake => UNREAD_GRACE_MS,
                Due::Sniff | Due::Silence | Due::Ping | Due::Pong | Due::Idle => u64::MAX,
            };
            if connection.is_ready && now - tick < grace_ms {
                continue;
            }
            self.fire(id, due);
        }
    }

    /// Lets the hub tell what it has waited to tell.
    pub(super) fn fire_hub(&mut self) {
        self.allow_us(SERVE_LATE_US);
        loop {
            let due = self.hub.poll_timeout();
            if due.is_none_or(|at| at > self.clock.now) {
                return;
            }
            self.hub.handle_timeout(self.clock.moment);
            self.carry_out();
            self.deliveries += self.hub.take_steps();
            if self.is_spent() {
                return;
            }
        }
    }

    fn fire(&mut self, id: ConnId, due: Due) {
        match due {
            Due::Sniff | Due::Silence => {
                let is_done = self.handle_frames(id, End::Silent, &mut { FRAME_BUDGET });
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.silence_handled = is_done;
                }
            }
            Due::Join => {
                let code = ErrorCode::JoinTimeout(self.limits.join_ms.div_ceil(1000));
                self.bid_farewell(id, &Event::Error(code), Reason::JoinTimeout);
            }
            Due::Handshake => self.end_handshake(id),
            Due::Ping => {
                if let Some(connection) = self.connections.touch(id) {
                    connection.ping(&self.limits, self.clock.now, &self.pages.ledger);
                }
            }
            Due::Pong => self.connections.doom(id, Reason::PingTimeout),
            Due::Idle => {
                let ms = self.limits.idle_ms.unwrap_or_default();
                let code = ErrorCode::IdleTimeout(ms.div_ceil(1000));
                self.bid_farewell(id, &Event::Error(code), Reason::IdleTimeout);
            }
            Due::SendQ => self.connections.doom(id, Reason::SendQ),
            Due::Stall => self.connections.doom(id, Reason::Stalled),
            Due::Linger => self.connections.doom(id, Reason::Closed),
            Due::Tokens => {
                if let Some(connection) = self.connections.get_mut(id) {
                    connection.unthrottle();
                }
                self.connections.make_ready(id);
            }
        }
    }

    /// What a connection is told, or asks, by coming; or why it is turned away. At the auto door that is
    /// when it is known what it speaks.
    pub(super) fn greet(&mut self, id: ConnId) {
        let Some(connection) = self.connections.touch(id) else {
            return;
        };
        let Some(dialect) = connection.dialect else {
            return;
        };
        if let Some(code) = connection.take_refusal() {
            return self.bid_farewell(id, &Event::Error(code), Reason::Refused);
        }
        connection.greet(&self.pages.ledger);
        let spec = dialect.spec();
        if spec.shows_addresses {
            self.hub.handle_shown(id);
        }
        if let Some(arrival) = spec.arrival {
            self.handle_request(id, arrival(), None);
        }
    }

    /// Reads and handles what one connection has to say, within its budgets.
    fn serve(&mut self, id: ConnId) {
        let mut frames_left = FRAME_BUDGET;
        let mut bytes_left = READ_BUDGET_BYTES;
        // Bytes of the last read.
        let mut came = 0;
        loop {
            let frames = frames_left;
            let goes_on = self.handle_frames(id, End::Open, &mut frames_left);
            if !goes_on {
                return;
            }
            if frames_left == frames {
                self.charge_unframed(id, came);
            }
            let now = self.clock.now;
            let Some(connection) = self.connections.touch(id) else {
                return;
            };
            if connection.ended {
                return self.handle_end(id);
            }
            if bytes_left == 0 {
                return self.connections.make_ready(id);
            }
            if connection.socket.is_handshaking() {
                self.deliveries += DELIVERIES_PER_HANDSHAKE;
            }
            // All of it, however little is left: a read of a few bytes costs as much as one of many.
            let filled = connection.fill(&mut self.scratch, now);
            let overhead = connection.socket.take_ciphertext_overhead();
            self.deliveries += overhead / TLS_OVERHEAD_PER_DELIVERY;
            came = overhead;
            match filled {
                Filled::Bytes(0) => return self.connections.make_ready(id),
                Filled::Bytes(count) => {
                    came += count;
                    bytes_left = bytes_left.saturating_sub(count);
                    self.deliveries += count / BYTES_PER_DELIVERY;
                    self.counters.bytes_in += count as u64;
                }
                Filled::Blocked if overhead > 0 => return self.charge_unframed(id, overhead),
                Filled::Blocked => return connection.caught_up(),
                Filled::Ended => {}
            }
        }
    }

    /// Handles the frames at hand. `false`: a budget is used up, or the connection must wait.
    fn handle_frames(&mut self, id: ConnId, end: End, frames_left: &mut usize) -> bool {
        loop {
            let turn_us = self.turn_us();
            let is_over = turn_us >= self.slice_ends_us;
            // Whoever is served has a frame handled, however late it is.
            let is_out_of_time = is_over || self.is_spent_at(turn_us);
            let stops = *frames_left == 0 || (is_out_of_time && *frames_left < FRAME_BUDGET);
            let Some(connection) = self.connections.touch(id) else {
                return false;
            };
            if connection.phase != Phase::Open {
                return true;
            }
            if connection.is_over_soft_limit(&self.limits) {
                connection.paused = true;
                return false;
            }
            if stops {
                connection.note_share(is_over, self.clock.now);
                self.connections.make_ready(id);
                return false;
            }
            if connection.is_held(self.clock.now) {
                return false;
            }
            if !self.has_tokens(id) {
                return self
                    .connections
                    .touch(id)
                    .is_some_and(|c| c.phase != Phase::Open);
            }
            let Some(connection) = self.connections.touch(id) else {
                return false;
            };
            let end = if connection.ended { End::Closed } else { end };
            if connection.dialect.is_none() {
                match connection.sniff(end, &self.limits) {
                    Ok(Some(_)) => self.greet(id),
                    Ok(None) => return true,
                    Err(Foreign::Tls) if self.starts_tls(id) => return true,
                    Err(foreign) => return self.refuse(id, foreign),
                }
                continue;
            }
            let Some(taken) = connection.take(end, &self.limits, &self.pages.ledger) else {
                return true;
            };
            *frames_left -= 1;
            match taken {
                Taken::Frame(parsed) => self.handle_frame(id, parsed),
                Taken::Foreign(protocol) => self.turn_off(id, protocol),
                Taken::Close(code) => self.close_websocket(id, code, Reason::Quit),
                Taken::Broken(code) => self.break_websocket(id, code),
            }
        }
    }

    pub(super) fn handle_frame(&mut self, id: ConnId, parsed: Parsed) {
        let Some(parsed) = self.defer(id, parsed) else {
            return;
        };
        match parsed.ask {
            Ask::Nothing => {
                // Blank lines and pings are work as well.
                self.spend(id, 1);
                if parsed.id.is_some() {
                    self.answer(id, &Event::Done { what: None }, parsed.id.as_ref());
                }
            }
            Ask::Request(request) => self.handle_request(id, request, parsed.id),
            Ask::Refused(code) => {
                self.spend(id, 1);
                self.hub.handle_refused(id, self.clock.moment);
                self.carry_out();
                self.answer(id, &Event::Error(code), parsed.id.as_ref());
            }
            Ask::Http(request) => self.visit(id, *request),
            Ask::Answered(bytes) => {
                if let Some(connection) = self.connections.touch(id) {
                    connection.append(&self.pages.ledger, |out| out.extend_from_slice(&bytes));
                    connection.drain(Reason::Quit, self.clock.now);
                }
            }
        }
    }

    /// Puts a request to the hub and carries out what follows.
    pub(super) fn handle_request(
        &mut self,
        id: ConnId,
        request: Request,
        request_id: Option<RequestId>,
    ) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let peer = connection.peer;
        if matches!(request, Request::Quit { .. }) && self.hub.owes(id) {
            return self.end_later(id, Some((request, request_id)));
        }
        self.spend(id, cost_of(&request));
        let is_message = matches!(
            request,
            Request::Say { .. } | Request::Act { .. } | Request::Private { .. }
        );
        self.counters.messages_in += u64::from(is_message);
        let is_search = matches!(request, Request::Search { .. });
        let order = self.order_of(id, &request);
        self.deliveries += self.hub.take_steps();
        let before = self.counters.deliveries;
        self.hub
            .handle_request(id, peer, request, request_id, self.clock.moment);
        if let Some(order) = order {
            log::info!("{order}");
        }
        self.carry_out();
        let steps = self.hub.take_steps();
        self.charge_for_work(id, self.counters.deliveries - before, steps);
        if is_message {
            self.slow_down(id);
        }
        if is_search
            && self.hub.is_searching(id)
            && let Some(connection) = self.connections.touch(id)
        {
            connection.hold(Tick::MAX);
        }
    }

    /// Lets those who search what is in memory have a little of the turn. Who has an answer pays for what
    /// was looked through, and may ask again.
    pub(super) fn go_on_searching(&mut self) {
        if !self.hub.has_searches() {
            return;
        }
        let bytes = match self.is_spent() {
            true => SEARCH_SLICE_BYTES,
            false => SEARCH_BYTES_PER_TURN,
        };
        for searched in self.hub.handle_searches(bytes, self.clock.moment) {
            let tokens = searched.bytes / SEARCH_BYTES_PER_TOKEN;
            self.spend(searched.who, tokens as u64);
            if let Some(connection) = self.connections.get_open(searched.who) {
                connection.unthrottle();
            }
            self.connections.make_ready(searched.who);
        }
        self.carry_out();
    }

    /// What the log says of an operator's request; a try to become one is a request like that.
    fn order_of(&self, id: ConnId, request: &Request) -> Option<String> {
        let who = self.hub.user(id).map(|user| user.nick().to_string());
        let who = who.unwrap_or_else(|| "the console".into());
        if matches!(request, Request::Oper { .. }) {
            return Some(format!("{who} asks to be an operator"));
        }
        let order = orders::in_words(request).filter(|_| self.hub.is_operator(id));
        order.map(|order| format!("{who} asks: {order}"))
    }

    /// Has what operators set in this turn kept, once.
    pub(super) fn keep_settings(&mut self) {
        if !mem::take(&mut self.has_new_settings) {
            return;
        }
        if let Some(keeper) = &self.keeper {
            keeper.keep(self.hub.settings().clone());
        }
        self.give_up_reading_settings();
    }

    pub(super) fn carry_out(&mut self) {
        while let Some(effect) = self.hub.poll_effect() {
            match effect {
                Effect::Answer { to, id, event } => self.answer(to, &event, id.as_ref()),
                Effect::Tell { to, event } => self.tell(to, &event),
                Effect::Broadcast { audience, event } => self.broadcast(&audience, event),
                Effect::Gone { who, nick } => {
                    let Some(connection) = self.connections.get_mut(who) else {
                        continue;
                    };
                    connection.joined = false;
                    let reason = connection.reason.unwrap_or(Reason::Quit);
                    log::info!("{nick} left: {reason}; {} online", self.hub.online());
                    self.show_going(nick);
                }
                Effect::KeepSettings => self.has_new_settings = true,
                Effect::Keep(record) => self.keep(record),
                Effect::Ask { who, ticket, query } => self.look_up(who, ticket, query),
                Effect::AskAccount { who, ticket, ask } => self.ask_account(who, ticket, ask),
                Effect::Posted { to, failure } => self.end_post(to, failure),
                Effect::Read { to, excerpt } => self.end_read(to, &excerpt),
                Effect::Log(incident) => self.log_incident(&incident),
                Effect::Report { to, id } => {
                    let stats = self.stats();
                    self.answer(to, &Event::Stats(stats), id.as_ref());
                }
                Effect::Stop { seconds } => {
                    let ms = seconds.saturating_mul(1000);
                    self.stop_begins_at = Some(self.clock.now.saturating_add(ms));
                }
                Effect::Close { who } => {
                    // What was said before it went is for it, too.
                    self.flush_batch_to(who);
                    if let Some(connection) = self.connections.touch(who) {
                        connection.drain(Reason::Quit, self.clock.now);
                    }
                }
            }
        }
    }
}
