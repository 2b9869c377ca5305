//! What clients hear, in small reads.

use std::io;

use super::super::client::ClientState;
use super::super::stream::ClientStream;
use super::super::tongue::Heard;
use super::{Engine, READ_BYTES, READS_PER_TURN};

impl Engine<'_> {
    /// Reads until there is nothing more, or the budget is used up. A read of less than was asked
    /// for was all there is, unless the end `is_closed` stands behind it, or something stands between.
    pub(super) fn read(&mut self, at: usize, is_closed: bool) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut is_more = true;
        let is_plain = self.clients[at]
            .stream
            .as_ref()
            .is_some_and(ClientStream::is_plain);
        for _ in 0..READS_PER_TURN {
            let new = self.read_once(at, &mut scratch);
            is_more = new.is_some_and(|new| new == READ_BYTES || is_closed || !is_plain);
            if !is_more {
                break;
            }
        }
        if is_more {
            self.unread.push((at, is_closed));
        }
        self.scratch = scratch;
        // What came may be what everything to be sent has waited for.
        if !is_plain && self.clients[at].has_unsent() {
            self.flush(at);
        }
    }

    /// Reads once; returns how much came, or nothing where no more is to be read.
    fn read_once(&mut self, at: usize, scratch: &mut Vec<u8>) -> Option<usize> {
        let client = &mut self.clients[at];
        if !client.reads() {
            return None;
        }
        let (len, new) = match client.read(scratch, READ_BYTES) {
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return None,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Some(READ_BYTES),
            Err(e) => {
                self.over(at, &e.to_string());
                return None;
            }
        };
        if new == 0 {
            self.over(at, "the server ended the connection");
            return None;
        }
        self.read_clock();
        self.last_bytes_us = self.now_us;
        let used = self.hear(at, &scratch[..len]);
        let client = &mut self.clients[at];
        if client.stream.is_some() {
            client.keep(&scratch[used..len]);
        }
        Some(new)
    }

    /// Lets client `at` hear what the units in `bytes` say; returns how many bytes they are.
    fn hear(&mut self, at: usize, bytes: &[u8]) -> usize {
        let tongue = self.plan.tongue;
        let mut used = 0;
        let mut is_news = false;
        loop {
            let client = &mut self.clients[at];
            let unit = tongue.read(
                &client.who,
                &mut client.step,
                &bytes[used..],
                &mut self.replies,
            );
            let Some((count, heard)) = unit else {
                break;
            };
            used += count;
            match heard {
                Heard::Said(text) => is_news |= self.judge.hear(at, text, self.now_us),
                Heard::Other => {}
                Heard::Joined => self.come_in(at),
                Heard::Refused(why) => self.refused(at, why),
            }
            if !self.clients[at].reads() {
                break;
            }
        }
        if is_news {
            self.last_arrival_us = self.now_us;
        }
        if !self.replies.is_empty() {
            self.clients[at].out.append(&mut self.replies);
            self.flush(at);
        }
        used
    }

    fn refused(&mut self, at: usize, why: &[u8]) {
        let why = format!("the server says: {}", String::from_utf8_lossy(why));
        match self.clients[at].state {
            ClientState::In => _ = self.failure.get_or_insert(why),
            _ => self.over(at, &why),
        }
    }
}
