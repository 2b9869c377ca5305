//! What holds a connection back for a while.

use std::num::NonZeroU8;

use crate::buffer::Ledger;
use crate::frame::websocket;
use crate::layer::Transport;
use crate::limits::{HEAVY_MS, Limits};
use crate::model::{ErrorCode, Peer};
use serde::{Deserialize, Serialize};

use super::super::bucket::{Flood, Flooding};
use super::super::timers::Tick;
use super::{Connection, Standing};

/// What holds a connection back that is turned away, that is owed or asks too much, or that nothing is
/// heard of.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Restraint {
    /// Why it is turned away as soon as it is known what it speaks.
    #[serde(with = "super::snapshot::refusal")]
    pub(super) refusal: Option<ErrorCode>,
    /// Since when its SendQ is over the soft limit, for which it is not read.
    pub(super) soft_since: Option<Tick>,
    /// What is to be sent yet up to the end of its last answer, where that took its SendQ over the soft
    /// limit, in bytes.
    pub(super) answer_left: usize,
    /// Names that it asked for and was refused.
    refused_names: u8,
    /// Its requests wait for tokens until then.
    pub(super) throttled_until: Option<Tick>,
    pub(super) flooding: Option<Flooding>,
    /// Since when a ping waits for anything to come.
    pub(super) pinged_since: Option<Tick>,
    /// Since when nothing came but pings and pongs, where that has a limit.
    pub(super) idle_since: Option<Tick>,
    /// The proxy that brings the requests of others over this connection.
    pub(super) proxy: Option<Peer>,
    /// A proxy says that it comes over TLS. (It holds nothing back, and would take eight bytes of every connection.)
    pub(super) is_proxied_over_tls: bool,
}

/// What a time is told apart by that fits into a byte, in milliseconds.
const QUARTER_MS: u64 = 250;

/// A time, which comes again after a minute: who has asked for nothing since then may be behind others for a second
/// more.
fn in_a_byte(now: Tick) -> NonZeroU8 {
    let quarter = u8::try_from(now / QUARTER_MS % 255).unwrap_or_default();
    NonZeroU8::MIN.saturating_add(quarter)
}

impl<S: Transport> Connection<S> {
    /// It is to be turned away as soon as it is known what it speaks.
    pub(in crate::reactor) fn refuse(&mut self, refusal: ErrorCode) {
        self.standing = Standing::Refused;
        self.restraint.get_or_insert_default().refusal = Some(refusal);
    }

    /// Why it is turned away, if it is; once.
    pub(in crate::reactor) fn take_refusal(&mut self) -> Option<ErrorCode> {
        let mut refusal = None;
        self.relax(|restraint| refusal = restraint.refusal.take());
        refusal
    }

    /// Do its requests wait?
    pub(in crate::reactor) fn is_held(&self, now: Tick) -> bool {
        self.throttled_until().is_some_and(|until| until > now)
    }

    /// Its requests wait until then; [`Tick::MAX`] is until that is taken back.
    pub(in crate::reactor) fn hold(&mut self, until: Tick) {
        self.restraint.get_or_insert_default().throttled_until = Some(until);
    }

    /// Its requests wait for tokens until then.
    pub(super) fn throttled_until(&self) -> Option<Tick> {
        self.restraint.as_ref()?.throttled_until
    }

    /// Lets its requests wait for tokens, and tells what else is to be done about it.
    pub(in crate::reactor) fn throttle(&mut self, until: Tick, now: Tick) -> Flood {
        let restraint = self.restraint.get_or_insert_default();
        restraint.throttled_until = Some(until);
        let flooding = restraint.flooding.get_or_insert(Flooding::since(now));
        flooding.judge(now)
    }

    /// The time to wait is over.
    pub(in crate::reactor) fn unthrottle(&mut self) {
        self.relax(|restraint| restraint.throttled_until = None);
    }

    /// Nothing waits any more: who asks just as fast as it may floods nobody.
    pub(in crate::reactor) fn caught_up(&mut self) {
        self.relax(|restraint| restraint.flooding = None);
    }

    /// Has it had its share of the turn? If so, its requests are behind those of others for a while.
    pub(in crate::reactor) fn note_share(&mut self, is_over: bool, now: Tick) {
        let now = in_a_byte(now);
        let is_past = |since: NonZeroU8| {
            let quarters = (u64::from(now.get()) + 255 - u64::from(since.get())) % 255;
            quarters * QUARTER_MS >= HEAVY_MS
        };
        if is_over {
            self.heavy_since = Some(now);
        } else if self.heavy_since.is_some_and(is_past) {
            self.heavy_since = None;
        }
    }

    /// Did its requests take long a short while ago? Those of others go first.
    pub(in crate::reactor) fn is_heavy(&self) -> bool {
        self.heavy_since.is_some()
    }

    /// Is it not read because its SendQ is over the soft limit?
    pub(in crate::reactor) fn is_paused(&self) -> bool {
        let restraint = self.restraint.as_ref();
        restraint.is_some_and(|restraint| restraint.soft_since.is_some())
    }

    /// It is not read, because its SendQ is over the soft limit.
    pub(in crate::reactor) fn pause(&mut self, now: Tick) {
        let restraint = self.restraint.get_or_insert_default();
        restraint.soft_since.get_or_insert(now);
    }

    /// A name that it asked for is refused. Returns how many were.
    pub(in crate::reactor) fn count_refused_name(&mut self) -> u8 {
        let restraint = self.restraint.get_or_insert_default();
        restraint.refused_names = restraint.refused_names.saturating_add(1);
        restraint.refused_names
    }

    /// A ping is sent to who was not heard of for long.
    pub(in crate::reactor) fn ping(&mut self, limits: &Limits, now: Tick, ledger: &Ledger) {
        self.heard_only_life(limits);
        self.restraint.get_or_insert_default().pinged_since = Some(now);
        let kind = self.kind(true);
        let ping = self.spoken().spec().ping.as_bytes();
        self.append(ledger, |out| match ping {
            [] => websocket::write_ping(b"", out),
            _ => kind.frame(out, |out| out.extend_from_slice(ping)),
        });
    }

    /// Nothing comes but pings and pongs.
    pub(super) fn heard_only_life(&mut self, limits: &Limits) {
        if limits.idle_ms.is_some() {
            let progress = self.progress;
            let restraint = self.restraint.get_or_insert_default();
            restraint.idle_since.get_or_insert(progress);
        }
    }

    /// Something came that is more than a ping or a pong.
    pub(super) fn heard_from(&mut self) {
        self.relax(|restraint| restraint.idle_since = None);
    }

    pub(super) fn relax(&mut self, relax: impl FnOnce(&mut Restraint)) {
        if let Some(restraint) = &mut self.restraint {
            relax(restraint);
            if **restraint == Restraint::default() {
                self.restraint = None;
            }
        }
    }
}
