//! Judges what is heard: whether it is whole, whether it was to come, and how long it took.

use hdrhistogram::Histogram;

use super::ledger::{Arrival, Ledger};
use super::outcome::Faults;
use super::payload::{Payload, Read, Stamp};
use super::plan::{Pace, Part, Plan};

/// The longest time that a histogram tells apart from longer ones, in microseconds: ten minutes.
const LONGEST_US: u64 = 600_000_000;

/// An empty histogram of times in microseconds, precise to three digits.
pub(super) fn times() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are in order")
}

/// What of a run is right and wrong.
pub(super) struct Judge {
    payload: Payload,
    ledger: Ledger,
    listeners: Vec<Listener>,
    voices: Vec<Voice>,
    rooms: Vec<Room>,
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
    /// The last time and how often it came in a row, not in the histogram yet.
    run: (u64, u64),
}

struct Listener {
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
struct Room {
    senders: Vec<usize>,
    /// Those who are to hear everything.
    listeners: u32,
    /// Of them, those who have heard no probe.
    unprobed: u32,
}

impl Judge {
    /// Nobody has come in yet.
    pub(super) fn new(plan: &Plan, run: u32) -> Judge {
        let mut rooms: Vec<Room> = (0..plan.rooms).map(|_| Room::default()).collect();
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
            let listener = Listener {
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
            ledger: Ledger::new(cells),
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
    pub(super) fn come(&mut self, at: usize, part: Part) {
        let listener = &mut self.listeners[at];
        let room = &mut self.rooms[listener.room as usize];
        listener.hears = match part {
            Part::Stays => Hears::Everything,
            Part::ComesAndGoes => Hears::Some,
            Part::NeverReads | Part::OnlySpeaks => Hears::Nothing,
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
mod tests {
    use super::*;
    use crate::load::plan::Scenario;
    use crate::load::plan::tests::plan;

    /// Three clients of whom the first speaks, all in.
    fn judge(dialect: &str, window: u32) -> Judge {
        let mut plan = plan(Scenario::Fanout, dialect);
        plan.clients = 3;
        plan.pace = Pace::Window(window);
        let mut judge = Judge::new(&plan, 1);
        (0..plan.connections()).for_each(|at| judge.come(at, plan.part_of(at)));
        judge
    }

    fn said(judge: &mut Judge) -> Vec<u8> {
        let mut text = Vec::new();
        judge.say(0, 10, &mut text);
        text
    }

    #[test]
    fn a_window_opens_when_all_have_heard() {
        let mut judge = judge("text", 2);
        let texts = [said(&mut judge), said(&mut judge)];
        assert_eq!((judge.expected, judge.has_room(0)), (4, false));
        assert!(judge.hear(1, &texts[0], 20) && !judge.has_room(0));
        assert!(judge.hear(2, &texts[0], 20) && judge.has_room(0));
        assert!(judge.hear(1, &texts[1], 20) && judge.hear(2, &texts[1], 20));
        judge.finish(false);
        assert_eq!((judge.outstanding, judge.delivered), (0, 4));
        assert_eq!(judge.faults, Faults::default());
        assert_eq!((judge.latency_us.len(), judge.latency_us.max()), (4, 10));
    }

    #[test]
    fn each_fault_is_counted_once() {
        let mut judge = judge("text", 8);
        let texts: Vec<Vec<u8>> = (0..5).map(|_| said(&mut judge)).collect();
        for at in [1, 0, 1] {
            judge.hear(1, &texts[at], 20);
        }
        let mut garbled = texts[2].clone();
        garbled[30] ^= 1;
        judge.hear(1, &garbled, 20);
        judge.hear(1, &texts[3], 20);
        (0..4).for_each(|at| _ = judge.hear(2, &texts[at], 20));
        judge.finish(false);
        let expected = Faults {
            lost: 2,
            doubled: 1,
            reordered: 1,
            garbled: 1,
            disconnected: 0,
        };
        assert_eq!(
            (judge.faults, judge.delivered, judge.expected),
            (expected, 7, 10)
        );
    }

    #[test]
    fn one_hears_itself_where_the_tongue_echoes_and_only_there() {
        let mut text = judge("text", 1);
        let own = said(&mut text);
        text.hear(0, &own, 20);
        assert_eq!((text.expected, text.faults.doubled), (2, 1));
        let mut json = judge("json", 1);
        let own = said(&mut json);
        json.hear(0, &own, 20);
        assert_eq!(
            (json.expected, json.delivered, json.faults.doubled),
            (3, 1, 0)
        );
    }

    #[test]
    fn what_somebody_who_is_gone_did_not_hear_is_lost_and_holds_nobody_up() {
        let mut judge = judge("text", 1);
        let text = said(&mut judge);
        judge.hear(1, &text, 20);
        judge.go(2);
        assert_eq!((judge.faults.lost, judge.outstanding), (1, 0));
        assert!(judge.has_room(0));
        assert_eq!(judge.audience(0), 1);
        said(&mut judge);
        judge.finish(false);
        assert_eq!((judge.faults.lost, judge.expected), (2, 3));
    }

    #[test]
    fn what_is_on_its_way_when_it_is_cut_short_is_not_lost() {
        let mut judge = judge("text", 4);
        let texts: Vec<Vec<u8>> = (0..4).map(|_| said(&mut judge)).collect();
        judge.hear(1, &texts[0], 20);
        judge.hear(1, &texts[2], 20);
        (0..4).for_each(|at| _ = judge.hear(2, &texts[at], 20));
        assert_eq!(judge.finish(true), 1);
        assert_eq!(
            (judge.faults.lost, judge.expected, judge.delivered),
            (1, 7, 6)
        );
        judge.go(1);
        assert_eq!(judge.faults.lost, 1);
    }

    #[test]
    fn probes_show_who_hears_and_count_for_nothing() {
        let mut judge = judge("text", 1);
        let mut probe = Vec::new();
        judge.probe(0, 5, &mut probe);
        assert_eq!(judge.unprobed().collect::<Vec<_>>(), [(0, 2)]);
        judge.hear(1, &probe, 20);
        judge.hear(1, &probe, 20);
        assert_eq!(judge.unprobed().collect::<Vec<_>>(), [(0, 1)]);
        judge.hear(2, &probe, 20);
        assert_eq!(judge.unprobed().count(), 0);
        assert_eq!(
            (judge.delivered, judge.expected, judge.faults),
            (0, 0, Faults::default())
        );
    }
}
