//! What a connection waits for: a pure function of its state.

use crate::dialect::spec::Class;
use crate::layer::Transport;
use crate::limits::{
    BROWSER_SNIFF_MS, DRAIN_MAX_MS, DRAIN_STALL_MS, LINGER_MS, Limits, PROXY_WAIT_MS, SILENCE_MS,
};
use crate::sys::Interest;

use super::super::phase::{Due, Phase};
use super::super::timers::Tick;
use super::{Connection, Opening};

impl<S: Transport> Connection<S> {
    /// What the poll is to watch: a pure function of the state.
    pub fn interest(&self) -> Interest {
        let waits = self.is_paused() || self.throttled_until().is_some();
        let reads = !self.ended && (self.phase != Phase::Open || !waits);
        match (reads, !self.owes_nothing()) {
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (false, true) => Interest::WRITABLE,
            (_, false) => Interest::READABLE,
        }
    }

    /// The next deadline and what is due then.
    pub fn due(&self, limits: &Limits) -> Option<(Tick, Due)> {
        let of_phase = match self.phase {
            Phase::Open if self.awaits_header() => Some(match self.has_unparsed() {
                true => (self.since + limits.handshake_ms, Due::Handshake),
                false => (self.since + PROXY_WAIT_MS, Due::Header),
            }),
            Phase::Open => self.due_while_open(limits),
            Phase::Draining => Some((
                (self.progress + DRAIN_STALL_MS).min(self.since + DRAIN_MAX_MS),
                Due::Stall,
            )),
            Phase::Lingering => Some((self.since + LINGER_MS, Due::Linger)),
        };
        let soft_since = self.restraint.as_ref().and_then(|it| it.soft_since);
        let of_sendq = soft_since.map(|since| (since + limits.sendq_ms, Due::SendQ));
        of_phase
            .into_iter()
            .chain(of_sendq)
            .min_by_key(|&(tick, _)| tick)
    }

    fn due_while_open(&self, limits: &Limits) -> Option<(Tick, Due)> {
        let when = |condition: bool, tick: Tick, due: Due| condition.then_some((tick, due));
        let restraint = self.restraint.as_deref();
        let throttled_until = self.throttled_until();
        let waits = self.is_paused() || throttled_until.is_some();
        let is_handshaking = self.socket.is_handshaking();
        let sniffs = self.dialect.is_none() && !is_handshaking && !self.ended && !self.has_begun();
        let sniff_ms = match self.opening {
            Opening::Awaited => limits.sniff_ms.max(BROWSER_SNIFF_MS),
            Opening::Header { .. } | Opening::Frame | Opening::Over | Opening::Closed => {
                limits.sniff_ms
            }
        };
        // A tick is cut to the millisecond: one more, so that the silence is never too short.
        let silence = self.progress + SILENCE_MS + 1;
        let spec = self.spoken().spec();
        let hears = spec.frame_end.heeds_silence()
            && !self.is_websocket()
            && !self.silence_handled
            && !waits;
        let asks_http = spec.class == Class::Http;
        let needs_name = !self.has_joined() && spec.class.must_join(self.is_websocket());
        let idle_since = restraint.and_then(|it| it.idle_since);
        let pinged_since = restraint.and_then(|it| it.pinged_since);
        let has_pings = self.is_websocket() || (self.has_joined() && !spec.ping.is_empty());
        let answers_pings = has_pings && !waits && !self.ended;
        [
            throttled_until
                .filter(|&until| until < Tick::MAX)
                .map(|until| (until, Due::Tokens)),
            when(sniffs, self.progress + sniff_ms, Due::Sniff),
            when(hears, silence, Due::Silence),
            when(
                is_handshaking || asks_http,
                self.since + limits.handshake_ms,
                Due::Handshake,
            ),
            when(needs_name, self.since + limits.join_ms, Due::Join),
            // Whoever has ended its input, or waits for an answer, can send nothing.
            limits
                .idle_ms
                .filter(|_| self.has_joined() && !self.ended && throttled_until != Some(Tick::MAX))
                .map(|ms| (idle_since.unwrap_or(self.progress) + ms, Due::Idle)),
            when(
                answers_pings && pinged_since.is_none(),
                self.progress + limits.ping_ms,
                Due::Ping,
            ),
            pinged_since
                .filter(|_| answers_pings)
                .map(|since| (since + limits.ping_ms, Due::Pong)),
            // What it is owed since this turn was not offered to it yet.
            when(
                self.ended && !self.owes_nothing() && self.is_blocked(),
                self.progress + DRAIN_STALL_MS,
                Due::Stall,
            ),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|&(tick, _)| tick)
    }
}
