//! A turn: what is done in it, in which order, and what is done because its time has come.

use std::io;
use std::mem;
use std::time::Duration;

use crate::frame::End;
use crate::limits::{
    ACCEPT_PAUSE_MS, ARRIVAL_US, FRAME_BUDGET, REREAD_MS, SEARCH_BYTES_PER_TURN,
    SEARCH_SLICE_BYTES, SERVE_LATE_US, SERVE_US, STOP_MS, SWEEPS_MIN, UNREAD_GRACE_MS,
};
use crate::model::{ConnId, ErrorCode, Event};
use crate::sys::{Ready, SIGHUP, SIGUSR1, SIGUSR2, ServiceState, SettingsFile as _, System};

use super::apply::Input;
use super::budget::Budget;
use super::connection::Opening;
use super::phase::{Due, Reason};
use super::{Ended, Reactor, Turned};

impl<S: System> Reactor<S> {
    /// Serves until a signal comes.
    pub fn run(mut self) -> Ended {
        self.system.tell_manager(ServiceState::Ready);
        loop {
            match self.turn().ended {
                Some(Ended::TakenOver) => {
                    self.let_go();
                    return Ended::TakenOver;
                }
                Some(ended) => return ended,
                None => {}
            }
        }
    }

    /// Waits until there is something to do, and does it.
    pub fn turn(&mut self) -> Turned {
        let timeout = self.poll_timeout();
        let ended = self.turn_within(timeout);
        Turned { timeout, ended }
    }

    fn turn_within(&mut self, timeout: Option<Duration>) -> Option<Ended> {
        let mut signalled = false;
        let polled = self.system.poll(timeout, |ready| match ready {
            Ready::Signal => signalled = true,
            Ready::Listener(at) => {
                if let Some(door) = self.doors.get_mut(at) {
                    door.is_ready = true;
                }
            }
            Ready::Input(id) => self.connections.make_ready(id),
            Ready::Output(id) => drop(self.connections.touch(id)),
            Ready::Successor => self.succession.has_come = true,
        });
        self.clock.read(&self.system);
        self.budget = Budget::default();
        if let Err(e) = polled {
            self.poll_failed(&e);
        }
        if signalled && let Some(ended) = self.heed_signals() {
            return Some(ended);
        }
        self.meet_successor();
        self.allow_us(ARRIVAL_US);
        // Who comes or says something now, or has waited long enough, does so with the program that takes over.
        let takes_in = !self.is_handing_over();
        if takes_in {
            self.accept();
            self.fire_timers();
        }
        self.hear_others();
        self.hear_keeper();
        self.allow_us(SERVE_US);
        self.say_farewells();
        match takes_in {
            true => self.serve_ready(),
            false => self.end_moves(),
        }
        self.go_on_searching();
        self.fire_hub();
        self.expire_tickets();
        if self.stop_begins_at.is_some_and(|at| self.clock.now >= at) {
            self.begin_stop();
        }
        self.send_on();
        self.settle();
        self.propose();
        self.keep_settings();
        self.ask_parked();
        if let Some(ended) = self.go_on_handing_over() {
            return Some(ended);
        }
        let now = self.clock.now;
        if self.watchdog.as_mut().is_some_and(|dog| dog.is_due(now)) {
            self.system.tell_manager(ServiceState::Alive);
        }
        self.counters.note_turn(self.turn_us());
        let stopped = self
            .stops_at
            .is_some_and(|at| self.connections.is_empty() || self.clock.now >= at);
        stopped.then_some(Ended::Stopped)
    }

    /// Takes in what the archive and the other servers have to say. Without those, where they can't be agreed with any
    /// more, this one stops.
    fn hear_others(&mut self) {
        self.hear_store();
        self.hear_cluster();
        let failure = self.cluster.as_ref().and_then(|it| it.failure.as_ref());
        if let Some(why) = failure.filter(|_| self.stops_at.is_none()) {
            log::error!("the cluster is left: {why}");
            self.begin_stop();
        }
    }

    /// Hands over what the turn has come to; who is swept later leaves after that.
    fn send_on(&mut self) {
        self.propose();
        self.hand_over();
    }

    /// Zero while anybody has more to do; else until the first deadline; else for ever.
    fn poll_timeout(&self) -> Option<Duration> {
        if self.is_handing_over() {
            let has_work = self.has_more_to_hear() || self.connections.has_unsettled();
            let ms = u64::from(!has_work && !self.hub.has_searches());
            return Some(Duration::from_millis(ms));
        }
        let waits = self
            .doors
            .iter()
            .any(|door| door.is_ready && door.rests_until.is_none());
        let has_work = self.connections.has_ready() || self.hub.has_searches();
        let has_work = has_work || !self.farewells.is_empty();
        let has_more = self.cluster.as_ref().is_some_and(|it| it.has_more);
        if waits || has_work || has_more || self.has_more_to_hear() {
            return Some(Duration::ZERO);
        }
        let rests = self.doors.iter().filter_map(|door| door.rests_until);
        let next = rests
            .chain(self.timers.next())
            .chain(self.hub.poll_timeout())
            .chain(self.questions.next_due())
            .chain(self.transfers.tickets.next_due())
            .chain(self.stops_at)
            .chain(self.awaits_settings.then(|| self.clock.now + REREAD_MS))
            .chain(self.stop_begins_at)
            .chain(self.watchdog.as_ref().map(|dog| dog.at))
            .min()?;
        Some(Duration::from_millis(
            next.saturating_sub(self.clock.tick(&self.system)),
        ))
    }

    /// A poll that fails for another reason than a signal is not asked again at once.
    fn poll_failed(&mut self, error: &io::Error) {
        if error.kind() != io::ErrorKind::Interrupted {
            if self.journal.poll.pass(self.clock.now).is_some() {
                log::error!("the poll failed: {error}");
            }
            self.system.sleep(Duration::from_millis(ACCEPT_PAUSE_MS));
        }
    }

    /// The first signal stops the server, the second ends it at once.
    fn heed_signals(&mut self) -> Option<Ended> {
        for signal in self.system.signals() {
            match signal {
                SIGUSR1 => self.log_stats(),
                SIGUSR2 => self.start_successor(),
                // The shell's way to say that its people have gone.
                SIGHUP if self.system.has_lost_terminal() => self.begin_stop(),
                SIGHUP => {
                    self.system.tell_manager(ServiceState::Reloading);
                    self.reload();
                    self.system.tell_manager(ServiceState::Ready);
                }
                _ if self.stops_at.is_some() => return Some(Ended::Forced(signal)),
                _ => self.begin_stop(),
            }
        }
        None
    }

    /// Accepts nobody any more, tells everyone, and drains.
    fn begin_stop(&mut self) {
        self.stop_begins_at = None;
        if self.stops_at.is_none() {
            self.system.tell_manager(ServiceState::Stopping);
            log::info!("stopping: {} online", self.hub.online());
            self.stops_at = Some(self.clock.now + STOP_MS);
            self.doors.clear();
            self.farewells = self.connections.ids().into();
            self.allow_us(SERVE_US);
            self.say_farewells();
        }
    }

    /// Tells that the server stops, over turns where they are many.
    fn say_farewells(&mut self) {
        let mut told = 0;
        while (told < SWEEPS_MIN || !self.is_spent())
            && let Some(id) = self.farewells.pop_front()
        {
            self.bid_farewell(id, &Event::Shutdown, Reason::Shutdown);
            told += 1;
        }
    }

    /// Has what operators set in this turn kept, once.
    fn keep_settings(&mut self) {
        if !mem::take(&mut self.has_new_settings) {
            return;
        }
        if let Some(keeper) = &self.keeper {
            keeper.keep(self.hub.settings().clone());
        }
        self.give_up_reading_settings();
    }

    /// Lets the deadlines fire that have come, those of a crowd over turns.
    fn fire_timers(&mut self) {
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
                Due::Header | Due::Sniff | Due::Silence | Due::Ping | Due::Pong | Due::Idle => {
                    u64::MAX
                }
            };
            if connection.is_ready && now - tick < grace_ms {
                continue;
            }
            self.fire(id, due);
        }
    }

    /// Lets the hub tell what it has waited to tell.
    fn fire_hub(&mut self) {
        self.allow_us(SERVE_LATE_US);
        loop {
            let due = self.hub.poll_timeout();
            if due.is_none_or(|at| at > self.clock.now) {
                return;
            }
            self.apply(Input::Timer);
            self.budget.charge(self.hub.take_steps());
            if self.is_spent() {
                return;
            }
        }
    }

    /// Is more time given to who has sent nothing yet, as a browser has come from there lately?
    fn awaits_browser(&mut self, id: ConnId) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return false;
        };
        let is_awaited = connection.opening == Opening::Frame
            && self.browsers.has(&connection.peer, self.clock.now);
        if is_awaited {
            connection.opening = Opening::Awaited;
        }
        is_awaited
    }

    fn fire(&mut self, id: ConnId, due: Due) {
        match due {
            Due::Sniff if self.awaits_browser(id) => {}
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
            Due::Header => self.give_up_header(id),
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

    /// Lets those who search what is in memory have a little of the turn.
    fn go_on_searching(&mut self) {
        if self.hub.has_searches() {
            self.apply(Input::Search(match self.is_spent() {
                true => SEARCH_SLICE_BYTES,
                false => SEARCH_BYTES_PER_TURN,
            }));
        }
    }
}
