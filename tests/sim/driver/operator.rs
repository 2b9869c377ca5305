//! What the server's operator does beside it: sets the clock, and changes files.

use std::path::Path;

use hubbub::testing::{RoomName, Settings};

use crate::dice::Dice;
use crate::net::BEGINS_UNIX_MS;
use crate::server::{CERTIFICATE_FILE, CERTIFICATES, KEY_FILE, OPER_FILE, TOKENS_FILE};
use crate::speech::{API_TOKEN, OPER_PASSWORD};

use super::Sim;
use super::acts::SIGHUP;

const HOUR_MS: i64 = 3_600_000;

impl Sim<'_> {
    /// The time of day is right, or an hour or a day off, or 1970.
    pub(super) fn set_clock(&mut self, dice: &mut Dice) {
        let off = [0, -HOUR_MS, HOUR_MS, 24 * HOUR_MS, -(BEGINS_UNIX_MS as i64)];
        self.world.set_clock_off_ms(*dice.pick(&off));
    }

    /// Writes one of the files anew, or something that is none, and has all of them read again.
    pub(super) fn reload(&mut self, dice: &mut Dice) {
        let bad: [&[u8]; 3] = [b"", b"\n", b"\xff\xfe"];
        let good = [format!("{OPER_PASSWORD}\n"), format!("{API_TOKEN}\n")];
        match dice.below(4) {
            0 => self.edit_settings(dice),
            1 => {
                let at = dice.below(CERTIFICATES.len());
                let (certificate, key) = CERTIFICATES[at];
                // The key may be the other's.
                let (_, other) = CERTIFICATES[dice.below(CERTIFICATES.len())];
                let key = if dice.one_in(3) { other } else { key };
                self.put_file(CERTIFICATE_FILE, certificate.as_bytes());
                self.put_file(KEY_FILE, key.as_bytes());
            }
            which => {
                let name = [OPER_FILE, TOKENS_FILE][which - 2];
                match dice.below(4) {
                    0 => self.world.remove_file(name.as_ref()),
                    1 => self.put_file(name, bad[dice.below(bad.len())]),
                    _ => self.put_file(name, good[which - 2].as_bytes()),
                }
            }
        }
        for _ in 0..dice.between(1, 2) {
            self.world.signal(SIGHUP);
        }
    }

    /// By hand, while the server may be writing it.
    fn edit_settings(&mut self, dice: &mut Dice) {
        let text = match dice.below(4) {
            0 => None,
            1 => Some(Settings::default()),
            _ => {
                let name = RoomName::parse(&self.plan.rooms[dice.below(self.plan.rooms.len())]);
                let locked = name.map(|room| (room.key(), room));
                Some(Settings {
                    locked: locked.into_iter().collect(),
                    ..Settings::default()
                })
            }
        };
        self.world.disk().edit_settings(text);
    }

    fn put_file(&self, name: &str, bytes: &[u8]) {
        self.world.put_file(Path::new(name), bytes);
    }
}
