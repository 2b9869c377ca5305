//! Judges what is heard: whether it is whole, whether it was to come, and how long it took.

use hdrhistogram::Histogram;

use super::ledger::{Arrival, Deliveries};
use super::outcome::Faults;
use super::payload::{Payload, Read, Stamp};
use super::plan::{ClientRole, Pace, Plan};

/// The longest time that a histogram tells apart from longer ones, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// An empty histogram of times in microseconds, precise to three digits.
pub(super) fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are in order")
}

/// What of a run is right and wrong.
pub(super) struct Judge {
    payload: Payload,
    ledger: Deliveries,
    listeners: Vec<RoomListener>,
    voices: Vec<Voice>,
    rooms: Vec<JudgedRoom>,
    /// Messages that one sender may have in flight; 0 is any number.
    window: usize,
    /// Deliveries still to come of each message in flight: `window` counts for each sender, the
    /// message `number` at `number % window`.
    in_flight: Vec<u32>,
    /// Deliveries still to come in all.
    pub(super) outstanding: u64,
    /// Deliveries that were to come up to now.
    pub(super) expected: u64,
    /// Deliveries that came whole.
    pub(super) delivered: u64,
    /// What went wrong up to now; what is lost is known in the end.
    pub(super) faults: Faults,
    /// How long deliveries took since it was last emptied.
    pub(super) latency_us: Histogram<u64>,
    /// The longest time between two deliveries one after the other, be they to whom they may, in microseconds.
    pub(super) longest_gap_us: u64,
    /// When the last delivery came.
    delivered_at_us: Option<u64>,
    /// The last time and how often it came in a row, not in the histogram yet.
    run: (u64, u64),
}

struct RoomListener {
    room: u32,
    /// Where its cells in the ledger begin: one for each sender of its room.
    cells: usize,
    hears: Hears,
    /// Has it heard a probe?
    is_probed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hears {
    Nothing,
    /// Whatever comes, in order.
    Some,
    Everything,
}

struct Voice {
    room: u32,
    /// Which of its room's senders it is.
    place: usize,
    /// Its connection, where that is to hear nothing of it.
    deaf: Option<usize>,
    sent: u32,
}

#[derive(Default)]
struct JudgedRoom {
    senders: Vec<usize>,
    /// Those who are to hear everything.
    listeners: u32,
    /// Of them, those who have heard no probe.
    unprobed: u32,
}

impl Judge {
    /// Nobody has come in yet.
    pub(super) fn new(plan: &Plan, run: u32) -> Judge {
        let mut rooms: Vec<JudgedRoom> = (0..plan.rooms).map(|_| JudgedRoom::default()).collect();
        let voices: Vec<Voice> = (0..plan.senders)
            .map(|sender| {
                let at = plan.connection_of(sender);
                let room = plan.room_of(at);
                rooms[room].senders.push(sender);
                Voice {
                    room: room as u32,
                    place: rooms[room].senders.len() - 1,
                    deaf: (at < plan.clients && !plan.tongue.echoes()).then_some(at),
                    sent: 0,
                }
            })
            .collect();
        let mut cells = 0;
        let listeners = (0..plan.connections()).map(|at| {
            let room = plan.room_of(at);
            let listener = RoomListener {
                room: room as u32,
                cells,
                hears: Hears::Nothing,
                is_probed: false,
            };
            cells += if at < plan.clients {
                rooms[room].senders.len()
            } else {
                0
            };
            listener
        });
        let listeners = listeners.collect();
        let window = match plan.pace {
            Pace::Window(window) if plan.scenario.speaks() => window as usize,
            _ => 0,
        };
        let mut judge = Judge {
            payload: Payload::new(run, plan.size),
            ledger: Deliveries::new(cells),
            listeners,
            in_flight: vec![0; window * voices.len()],
            voices,
            rooms,
            window,
            outstanding: 0,
            expected: 0,
            delivered: 0,
            faults: Faults::default(),
            latency_us: times(),
            longest_gap_us: 0,
            delivered_at_us: None,
            run: (0, 0),
        };
        for sender in 0..judge.voices.len() {
            if let Some(at) = judge.voices[sender].deaf {
                let cell = judge.cell(at, sender);
                judge.ledger.close(cell);
            }
        }
        judge
    }

    /// Connection `at` is in, and hears what is said from now on.
    pub(super) fn come(&mut self, at: usize, part: ClientRole) {
        let listener = &mut self.listeners[at];
        let room = &mut self.rooms[listener.room as usize];
        listener.hears = match part {
            ClientRole::Stays => Hears::Everything,
            ClientRole::ComesAndGoes => Hears::Some,
            ClientRole::NeverReads | ClientRole::OnlySpeaks => Hears::Nothing,
        };
        match listener.hears {
            Hears::Everything => {
                room.listeners += 1;
                room.unprobed += 1;
            }
            Hears::Some => (listener.cells..listener.cells + room.senders.len())
                .for_each(|cell| self.ledger.open(cell)),
            Hears::Nothing => {}
        }
    }

    /// Connection `at` is gone: what it was to hear and did not is lost, and no more is to come.
    pub(super) fn go(&mut self, at: usize) {
        let hears = std::mem::replace(&mut self.listeners[at].hears, Hears::Nothing);
        if hears != Hears::Everything {
            return;
        }
        let listener = &self.listeners[at];
        let room = &mut self.rooms[listener.room as usize];
        room.listeners -= 1;
        room.unprobed -= u32::from(!listener.is_probed);
        for (place, &sender) in room.senders.iter().enumerate() {
            let cell = listener.cells + place;
            for number in self.ledger.missing(cell, self.voices[sender].sent) {
                self.faults.lost += 1;
                self.outstanding -= 1;
                if self.window > 0 {
                    self.in_flight[sender * self.window + number as usize % self.window] -= 1;
                }
            }
            self.ledger.close(cell);
        }
    }

    /// How many are to hear what `sender` says next.
    pub(super) fn audience(&self, sender: usize) -> u32 {
        let voice = &self.voices[sender];
        let itself = voice
            .deaf
            .is_some_and(|at| self.listeners[at].hears == Hears::Everything);
        self.rooms[voice.room as usize].listeners - u32::from(itself)
    }

    /// May `sender` say something now, with so many messages in flight?
    pub(super) fn has_room(&self, sender: usize) -> bool {
        let number = self.voices[sender].sent as usize;
        self.window == 0 || self.in_flight[sender * self.window + number % self.window] == 0
    }

    /// Appends the text of the next message of `sender`, and expects it to be heard.
    pub(super) fn say(&mut self, sender: usize, at_us: u64, out: &mut Vec<u8>) {
        let audience = self.audience(sender);
        let voice = &mut self.voices[sender];
        let number = voice.sent;
        voice.sent += 1;
        self.expected += u64::from(audience);
        self.outstanding += u64::from(audience);
        if self.window > 0 {
            self.in_flight[sender * self.window + number as usize % self.window] = audience;
        }
        let stamp = Stamp {
            is_probe: false,
            sender: sender as u32,
            number,
            at_us,
        };
        self.payload.write(&stamp, out);
    }

    /// Appends the text of a probe.
    pub(super) fn probe(&self, sender: usize, at_us: u64, out: &mut Vec<u8>) {
        let stamp = Stamp {
            is_probe: true,
            sender: sender as u32,
            number: 0,
            at_us,
        };
        self.payload.write(&stamp, out);
    }

    /// Messages sent up to now.
    pub(super) fn sent(&self) -> u64 {
        self.voices.iter().map(|voice| u64::from(voice.sent)).sum()
    }

    /// The first sender of each room where somebody has heard no probe yet, and how many have not.
    pub(super) fn unprobed(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.rooms.iter().filter_map(|room| {
            let first = *room.senders.first()?;
            // What one says oneself is no probe, unless one hears it.
            let itself = self.voices[first].deaf.map(|at| &self.listeners[at]);
            let itself = itself.is_some_and(|l| l.hears == Hears::Everything && !l.is_probed);
            let count = room.unprobed - u32::from(itself);
            (count > 0).then_some((first, count))
        })
    }

    /// Connection `at` hears `text`; is it one that was waited for?
    pub(super) fn hear(&mut self, at: usize, text: &[u8], now_us: u64) -> bool {
        if self.listeners[at].hears == Hears::Nothing {
            return false;
        }
        match self.payload.read(text) {
            Read::Foreign => false,
            Read::Whole(stamp) if stamp.is_probe => self.hear_probe(at),
            Read::Whole(stamp) => {
                let is_new = self.arrive(at, &stamp);
                if is_new {
                    self.delivered += 1;
                    let last_us = self.delivered_at_us.replace(now_us).unwrap_or(now_us);
                    self.longest_gap_us = self.longest_gap_us.max(now_us.saturating_sub(last_us));
                    self.record(now_us.saturating_sub(stamp.at_us));
                }
                is_new
            }
            Read::Garbled(stamp) => {
                self.faults.garbled += 1;
                stamp.is_some_and(|stamp| !stamp.is_probe && self.arrive(at, &stamp))
            }
        }
    }

    /// Puts what was held back into the histogram.
    pub(super) fn settle_latency(&mut self) {
        let (us, count) = std::mem::take(&mut self.run);
        if count > 0 {
            self.latency_us.saturating_record_n(us.max(1), count);
        }
    }

    /// Nobody hears anything any more: what is missing is lost. Where the run `is_cut` short, what was
    /// sent last may still be on its way, and is not expected; returns how much that is.
    pub(super) fn finish(&mut self, is_cut: bool) -> u64 {
        self.settle_latency();
        let mut lost = 0;
        for listener in &mut self.listeners {
            if std::mem::replace(&mut listener.hears, Hears::Nothing) != Hears::Everything {
                continue;
            }
            let senders = &self.rooms[listener.room as usize].senders;
            for (place, &sender) in senders.iter().enumerate() {
                let sent = if is_cut { 0 } else { self.voices[sender].sent };
                lost += self.ledger.missing(listener.cells + place, sent).count() as u64;
            }
        }
        self.faults.lost += lost;
        let on_its_way = std::mem::take(&mut self.outstanding).saturating_sub(lost);
        self.expected -= on_its_way;
        on_its_way
    }

    fn cell(&self, at: usize, sender: usize) -> usize {
        self.listeners[at].cells + self.voices[sender].place
    }

    fn hear_probe(&mut self, at: usize) -> bool {
        let listener = &mut self.listeners[at];
        let is_first = !std::mem::replace(&mut listener.is_probed, true);
        if is_first && listener.hears == Hears::Everything {
            self.rooms[listener.room as usize].unprobed -= 1;
        }
        is_first
    }

    /// Many messages in a row take the same time: those of one write that are read at once.
    fn record(&mut self, us: u64) {
        if self.run.0 == us {
            self.run.1 += 1;
        } else {
            self.settle_latency();
            self.run = (us, 1);
        }
    }

    /// Notes that a message came; was it to come, and for the first time?
    fn arrive(&mut self, at: usize, stamp: &Stamp) -> bool {
        let sender = stamp.sender as usize;
        let listener = &self.listeners[at];
        let voice = self.voices.get(sender);
        let Some(voice) = voice.filter(|v| v.room == listener.room && stamp.number < v.sent) else {
            // It was said to others, or by nobody.
            self.faults.garbled += 1;
            return false;
        };
        match self.ledger.hear(listener.cells + voice.place, stamp.number) {
            Arrival::New => {}
            Arrival::Late => self.faults.reordered += 1,
            Arrival::Again => {
                self.faults.doubled += 1;
                return false;
            }
        }
        if listener.hears == Hears::Some {
            self.expected += 1;
        } else {
            self.outstanding -= 1;
            if self.window > 0 {
                let number = stamp.number as usize;
                self.in_flight[sender * self.window + number % self.window] -= 1;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
