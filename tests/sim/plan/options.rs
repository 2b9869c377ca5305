//! The options of the server that a seed draws.

use hubbub::testing::{
    Addresses, ConnectRate, Durability, Limits, Rate, RegistrationMode, Retention,
};

use crate::dice::Dice;
use crate::disk::Capacity;

use super::tongue::{AUTO, DOORS, FIRST_DOORS, Tongue};

/// The options of the server.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) durability: Option<Durability>,
    pub(crate) replay: usize,
    pub(crate) is_multi: bool,
    pub(crate) has_strict_names: bool,
    pub(crate) grace_ms: u64,
    pub(crate) addresses: Addresses,
    pub(crate) retention: Retention,
    pub(crate) account_expiry_ms: Option<u64>,
    /// What the store's mailbox takes.
    pub(crate) mailbox: Capacity,
    pub(crate) stdio: Option<Stdio>,
    pub(crate) registration: RegistrationMode,
    /// Is there a certificate, so that TLS is spoken at the auto door?
    pub(crate) has_tls: bool,
    /// Other doors at which nothing but TLS is spoken.
    pub(crate) are_tls: [bool; DOORS.len()],
}

/// The operator's console at standard input and output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stdio {
    pub(crate) is_terminal: bool,
    pub(crate) is_quiet: bool,
}

impl Options {
    /// `is_later`: those that came later are drawn, too.
    pub(super) fn draw(dice: &mut Dice, is_later: bool) -> Options {
        let mut options = Options {
            limits: draw_limits(dice),
            durability: *dice.pick(&[None, Some(Durability::Soon), Some(Durability::Seen)]),
            replay: *dice.pick(&[0, 1, 20, 300]),
            is_multi: dice.one_in(4),
            has_strict_names: dice.one_in(4),
            grace_ms: *dice.pick(&[500, 30_000]),
            addresses: *dice.pick(&[
                Addresses::OfDoors,
                Addresses::OfDoors,
                Addresses::All,
                Addresses::None,
            ]),
            retention: Retention::default(),
            account_expiry_ms: None,
            mailbox: Capacity::default(),
            stdio: None,
            registration: RegistrationMode::Open,
            has_tls: false,
            are_tls: [false; DOORS.len()],
        };
        if is_later {
            options.draw_later(dice);
        }
        options
    }

    /// Does somebody come over TLS there?
    pub(super) fn is_over_tls(&self, tongue: Tongue, dice: &mut Dice) -> bool {
        match DOORS.get(tongue.door()) {
            Some(&AUTO) => self.has_tls && dice.one_in(2),
            Some(_) => self.are_tls[tongue.door()],
            None => false,
        }
    }

    fn draw_later(&mut self, dice: &mut Dice) {
        if dice.one_in(3) {
            self.retention = Retention {
                age_ms: *dice.pick(&[None, Some(2_000), Some(60_000), Some(3_600_000)]),
                count: *dice.pick(&[None, Some(1), Some(5), Some(50)]),
                bytes: *dice.pick(&[None, None, Some(500)]),
            };
        }
        if dice.one_in(4) {
            self.account_expiry_ms = Some(*dice.pick(&[10_000, 3_600_000]));
        }
        if dice.one_in(4) {
            self.mailbox = Capacity {
                records: *dice.pick(&[10, 100]),
                questions: dice.between(1, 3),
                asks: dice.between(1, 3),
            };
        }
        if dice.one_in(3) {
            self.stdio = Some(Stdio {
                is_terminal: dice.one_in(2),
                is_quiet: dice.one_in(3),
            });
        }
        self.has_tls = dice.one_in(3);
        if self.has_tls {
            let doors = DOORS.iter().zip(&mut self.are_tls).take(FIRST_DOORS);
            doors.for_each(|(door, is_tls)| *is_tls = *door != AUTO && dice.one_in(3));
        }
    }
}

fn draw_limits(dice: &mut Dice) -> Limits {
    let standard = Limits::default();
    let mut limits = Limits {
        sendq_total_bytes: Some(64 << 20),
        ..standard
    };
    if dice.one_in(3) {
        limits.message_bytes = *dice.pick(&[64, 400, 4096]);
        limits.frame_bytes = *dice.pick(&[600, 1024, 8192]);
    }
    if dice.one_in(3) {
        limits.presence_members = *dice.pick(&[2, 4, 8]);
    }
    if dice.one_in(3) {
        (limits.sendq_soft_bytes, limits.sendq_hard_bytes) =
            *dice.pick(&[(8 << 10, 32 << 10), (32 << 10, 64 << 10)]);
        limits.sendq_ms = *dice.pick(&[1_000, 10_000]);
    }
    if dice.one_in(6) {
        limits.sendq_total_bytes = Some(128 << 10);
    }
    if dice.one_in(3) {
        limits.join_ms = *dice.pick(&[2_000, 30_000]);
        limits.idle_ms = Some(*dice.pick(&[5_000, 60_000]));
        limits.ping_ms = *dice.pick(&[2_000, 30_000]);
        limits.handshake_ms = *dice.pick(&[1_000, 10_000]);
    }
    if dice.one_in(4) {
        limits.rate = Some(Rate {
            per_s: *dice.pick(&[2, 10]),
            burst: *dice.pick(&[5, 30]),
        });
        limits.rate_on_loopback = true;
    }
    if dice.one_in(4) {
        limits.limits_loopback = true;
        limits.per_address = *dice.pick(&[2, 100]);
        limits.connect_rate = Some(ConnectRate {
            count: *dice.pick(&[5, 30]),
            window_ms: 10_000,
        });
    }
    if dice.one_in(6) {
        limits.connections = Some(dice.between(3, 8));
    }
    limits
}
