//! What a connection asks of the chat, and whether it may.

use crate::dialect::spec::Class;
use crate::limits::{BACKLOG_SHARE, SLOW_MS_MAX};
use crate::model::{ConnId, ErrorCode, Event, Notice, Request, RequestId};
use crate::sys::{Mailbox as _, System};

use super::Reactor;
use super::apply::Input;
use super::bucket::{Flood, cost_of};
use super::orders;
use super::phase::Reason;
use super::timers::Tick;

impl<S: System> Reactor<S> {
    /// What a connection is told, or asks, by coming; or why it is turned away. At the auto door that is
    /// when it is known what it speaks.
    pub(super) fn greet(&mut self, id: ConnId) {
        let Some(connection) = self.connections.touch(id) else {
            return;
        };
        let Some(dialect) = connection.dialect.filter(|_| !connection.awaits_header()) else {
            return;
        };
        if let Some(code) = connection.take_refusal() {
            return self.bid_farewell(id, &Event::Error(code), Reason::Refused);
        }
        connection.greet(&self.pages.ledger);
        let spec = dialect.spec();
        if spec.class != Class::Http {
            connection.set_proxy(None);
        }
        if spec.shows_addresses {
            self.hub.handle_shown(id);
        }
        if let Some(arrival) = spec.arrival {
            self.handle_request(id, arrival(), None);
        }
    }

    /// Puts a request to the hub and carries out what follows.
    pub(super) fn handle_request(
        &mut self,
        id: ConnId,
        request: Request,
        request_id: Option<RequestId>,
    ) {
        if self.connections.get_mut(id).is_none() {
            return;
        }
        if matches!(request, Request::Quit { .. }) && self.hub.owes(id) {
            return self.end_later(id, Some((request, request_id)));
        }
        self.spend(id, cost_of(&request));
        let is_message = is_talk(&request);
        self.counters.messages_in += u64::from(is_message);
        let is_search = matches!(request, Request::Search { .. });
        let order = self.order_of(id, &request);
        self.budget.charge(self.hub.take_steps());
        let before = self.counters.deliveries;
        if let Some(order) = order {
            log::info!("{order}");
        }
        self.apply(Input::Request {
            who: id,
            request,
            id: request_id,
        });
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

    /// May it ask something now? If not, it is not read until it may, told so once, and closed where
    /// it goes on and on.
    pub(super) fn has_tokens(&mut self, id: ConnId) -> bool {
        let Some(rate) = self.limits.rate else {
            return true;
        };
        let now = self.clock.now;
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let is_exempt = connection.class().is_unmetered()
            || (!self.limits.rate_on_loopback && connection.peer.counted_address(false).is_none());
        let Some(until) = connection.bucket.empty_until(rate, now) else {
            return true;
        };
        if is_exempt || self.hub.is_operator(id) {
            return true;
        }
        match connection.throttle(until, now) {
            Flood::Wait => {}
            Flood::Notice => {
                self.tell(id, &Event::Notice(Notice::TooFast));
            }
            Flood::Close => {
                let code = ErrorCode::Flooding;
                self.bid_farewell(id, &Event::Error(code), Reason::Flood);
            }
        }
        false
    }

    /// What the log says of an operator's request; a try to become one is a request like that.
    fn order_of(&self, id: ConnId, request: &Request) -> Option<String> {
        let words = match request {
            Request::Oper { .. } | Request::OperAs { .. } => "asks to be an operator".into(),
            _ if self.hub.is_operator(id) => format!("asks: {}", orders::in_words(request)?),
            _ => return None,
        };
        let who = self.hub.user(id).map(|user| user.nick().as_str());
        Some(format!("{} {words}", who.unwrap_or("the console")))
    }

    /// Who says something waits before it is read again where the disk is behind, the longer the more
    /// waits for it.
    fn slow_down(&mut self, id: ConnId) {
        let Some(store) = &self.store else {
            return;
        };
        let share = store.backlog().share;
        if share > BACKLOG_SHARE {
            let over = (share - BACKLOG_SHARE) / (1.0 - BACKLOG_SHARE);
            let ms = (over * over * SLOW_MS_MAX as f32) as u64;
            if let Some(connection) = self.connections.touch(id) {
                connection.hold(self.clock.now + ms.max(1));
            }
        }
    }
}

/// Is it something said, in a room or to somebody?
pub(super) fn is_talk(request: &Request) -> bool {
    matches!(
        request,
        Request::Say { .. }
            | Request::Act { .. }
            | Request::Private { .. }
            | Request::Utter(_)
            | Request::About(_)
    )
}
