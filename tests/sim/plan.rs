//! What a seed draws: the options of the server, who comes, which operations and faults there are, and how
//! often (swarm testing: each seed leaves most of them out, so that those which it has meet often).

use std::fmt;

use hubbub::testing::Addresses;
use hubbub::testing::Dialect;
use hubbub::testing::Durability;
use hubbub::testing::{ConnectRate, Limits, Rate};

use crate::dice::Dice;
use crate::faults::Faults;
use crate::forms::{Form, Http};

/// What a client speaks, and at which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    Text,
    AutoText,
    Json,
    AutoJson,
    Padded,
    Pynet,
    AutoPynet,
    Anon,
    Colon,
    Echo,
    Http,
    Status,
    WsJson,
    WsText,
    WsEcho,
    Console,
}

/// The doors, in the order in which they are opened; the operators' two come last.
pub(crate) const DOORS: [&str; 9] = [
    "auto",
    "text",
    "json",
    "json+padded",
    "pynet",
    "anon",
    "echo",
    "colon",
    "http",
];

/// The door of the operator's console, a Unix-domain socket.
pub(crate) const OPERATORS_DOOR: usize = DOORS.len() + 1;

impl Tongue {
    /// Those of users, those that chat more often.
    const ALL: [Tongue; 16] = [
        Tongue::Text,
        Tongue::AutoText,
        Tongue::Json,
        Tongue::AutoJson,
        Tongue::Padded,
        Tongue::Pynet,
        Tongue::AutoPynet,
        Tongue::Anon,
        Tongue::Colon,
        Tongue::Echo,
        Tongue::Http,
        Tongue::Status,
        Tongue::WsJson,
        Tongue::WsText,
        Tongue::WsEcho,
        Tongue::Console,
    ];

    /// The number of its door.
    pub(crate) fn door(self) -> usize {
        let name = match self {
            Tongue::AutoText | Tongue::AutoJson | Tongue::AutoPynet => "auto",
            Tongue::Text => "text",
            Tongue::Json => "json",
            Tongue::Padded => "json+padded",
            Tongue::Pynet => "pynet",
            Tongue::Anon => "anon",
            Tongue::Colon => "colon",
            Tongue::Echo => "echo",
            Tongue::Http | Tongue::WsJson | Tongue::WsText | Tongue::WsEcho => "http",
            Tongue::Status => return DOORS.len(),
            Tongue::Console => return OPERATORS_DOOR,
        };
        DOORS.iter().position(|door| *door == name).expect("a door")
    }

    /// The dialect of its frames; `None` where it has no chat.
    pub(crate) fn dialect(self) -> Option<Dialect> {
        match self {
            Tongue::Text | Tongue::AutoText | Tongue::WsText => Some(Dialect::Text),
            Tongue::Json | Tongue::AutoJson | Tongue::WsJson => Some(Dialect::Json),
            Tongue::Padded => Some(Dialect::JsonPadded),
            Tongue::Pynet | Tongue::AutoPynet => Some(Dialect::Pynet),
            Tongue::Anon => Some(Dialect::Anon),
            Tongue::Colon => Some(Dialect::Colon),
            Tongue::Console => Some(Dialect::Console),
            Tongue::Echo | Tongue::Http | Tongue::Status | Tongue::WsEcho => None,
        }
    }

    pub(crate) fn form(self) -> Form {
        let http = |wants_text, is_echo| Form::Http(Http::new(wants_text, is_echo));
        match self {
            Tongue::Text | Tongue::AutoText => Form::Text,
            Tongue::Json | Tongue::AutoJson => Form::Json,
            Tongue::Padded => Form::Padded,
            Tongue::Pynet | Tongue::AutoPynet => Form::Pynet,
            Tongue::Anon => Form::Anon,
            Tongue::Colon => Form::Colon,
            Tongue::Echo => Form::Echo,
            Tongue::Http | Tongue::Status | Tongue::WsJson => http(false, false),
            Tongue::WsText => http(true, false),
            Tongue::WsEcho => http(false, true),
            Tongue::Console => Form::Console,
        }
    }

    /// Does silence end its frames?
    pub(crate) fn is_ended_by_silence(self) -> bool {
        matches!(self, Tongue::Anon | Tongue::Colon | Tongue::Echo)
    }

    /// Is it told nothing where it comes in?
    pub(crate) fn is_silent_about_joins(self) -> bool {
        matches!(
            self,
            Tongue::Pynet | Tongue::AutoPynet | Tongue::Colon | Tongue::Anon
        )
    }

    pub(crate) fn is_websocket(self) -> bool {
        matches!(self, Tongue::WsJson | Tongue::WsText | Tongue::WsEcho)
    }

    /// Is it a user of the chat?
    pub(crate) fn is_user(self) -> bool {
        self.dialect().is_some() && self != Tongue::Console
    }

    /// Is it told its own words as everybody else is?
    pub(crate) fn hears_itself(self) -> bool {
        matches!(
            self,
            Tongue::Json | Tongue::AutoJson | Tongue::WsJson | Tongue::Padded
        )
    }
}

/// What is done in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Come in, or come again.
    Connect,
    /// Say something in a room.
    Say,
    /// Say much at once.
    Burst,
    /// Say something to one alone.
    Tell,
    /// One of the table's commands.
    Command,
    /// What a program may send that is not from the table: fields and ids of json, HTTP, odd frames.
    Program,
    /// Bytes that are no frame, too long or another protocol's.
    Garbage,
    /// Stop reading, or read little.
    Stall,
    /// Read again.
    Resume,
    /// Stop reading while another speaks, until one is dropped for it.
    Flood,
    /// End one's input.
    HalfClose,
    Reset,
    Close,
    /// Let the server do a turn or some.
    Turns,
    /// Let some milliseconds pass.
    Wait,
    /// Let seconds pass.
    Sleep,
    /// Change what the network and the disk do.
    Weather,
    Signal,
    /// Stop the server, and start it again.
    Restart,
    /// Kill it, and start it again from what was synced.
    Crash,
    /// Let all come to rest, and look at everything.
    Settle,
}

impl Act {
    pub(crate) const ALL: [Act; 21] = [
        Act::Connect,
        Act::Say,
        Act::Burst,
        Act::Tell,
        Act::Command,
        Act::Program,
        Act::Garbage,
        Act::Stall,
        Act::Resume,
        Act::Flood,
        Act::HalfClose,
        Act::Reset,
        Act::Close,
        Act::Turns,
        Act::Wait,
        Act::Sleep,
        Act::Weather,
        Act::Signal,
        Act::Restart,
        Act::Crash,
        Act::Settle,
    ];

    /// How often it comes where a seed has it: seldom, now and then, often.
    fn weights(self) -> [u32; 4] {
        match self {
            Act::Connect => [8, 16, 16, 32],
            Act::Say => [16, 32, 64, 128],
            Act::Tell | Act::Program => [0, 8, 16, 32],
            Act::Command => [0, 16, 48, 96],
            Act::Turns | Act::Wait => [8, 16, 32, 32],
            Act::Burst => [0, 0, 1, 4],
            Act::Garbage | Act::Stall | Act::HalfClose | Act::Reset | Act::Close => [0, 1, 4, 8],
            Act::Resume => [1, 2, 4, 8],
            Act::Sleep | Act::Weather => [0, 1, 2, 4],
            Act::Signal | Act::Restart | Act::Crash => [0, 0, 1, 1],
            Act::Flood => [0, 1, 2, 4],
            Act::Settle => [1, 1, 1, 2],
        }
    }
}

/// One operation: everything about it that is chance follows from its `dice` and from what the clients know,
/// so that it is the same one where others are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) act: Act,
    pub(crate) slot: usize,
    pub(crate) dice: u64,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {:#x}", self.act, self.slot, self.dice)
    }
}

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
}

/// All that a seed draws.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) options: Options,
    /// Who comes at each slot, again and again.
    pub(crate) tongues: Vec<Tongue>,
    /// How often which command is asked; those beyond it, as the last.
    pub(crate) commands: Vec<u32>,
    pub(crate) names: Vec<String>,
    pub(crate) rooms: Vec<String>,
    pub(crate) faults: Faults,
    pub(crate) ops: Vec<Op>,
}

/// Operations of a seed.
const OPS: (usize, usize) = (60, 600);

/// Those of long ones, and how often they come: what is said goes beyond what is shown at once.
const LONG_OPS: (usize, usize) = (1_000, 3_000);
const LONG_ONE_IN: usize = 24;

impl Plan {
    pub(crate) fn draw(seed: u64, command_count: usize) -> Plan {
        let mut dice = Dice::new(seed);
        let options = Options::draw(&mut dice);
        let tongues = draw_tongues(&mut dice);
        let commands = (0..command_count)
            .map(|_| *dice.pick(&[0, 0, 1, 1, 4]))
            .collect();
        let names = draw_names(&mut dice);
        let rooms = draw_rooms(&mut dice);
        let faults = crate::weather::draw(&mut dice);
        let weights = Act::ALL.map(|act| *dice.pick(&act.weights()));
        let (least, most) = if dice.one_in(LONG_ONE_IN) {
            LONG_OPS
        } else {
            OPS
        };
        let count = dice.between(least, most);
        let mut ops: Vec<Op> = (0..count)
            .map(|_| Op {
                act: Act::ALL[dice.weighted(&weights).unwrap_or(0)],
                slot: dice.below(tongues.len()),
                dice: dice.next(),
            })
            .collect();
        // They come in first.
        for (slot, op) in ops.iter_mut().enumerate().take(tongues.len()) {
            (op.act, op.slot) = (Act::Connect, slot);
        }
        Plan {
            seed,
            options,
            tongues,
            commands,
            names,
            rooms,
            faults,
            ops,
        }
    }
}

/// Mostly one's own kind of clients.
fn draw_tongues(dice: &mut Dice) -> Vec<Tongue> {
    let spoken: Vec<Tongue> = (0..dice.between(1, 6))
        .map(|_| *dice.pick(&Tongue::ALL))
        .collect();
    let count = dice.between(2, 14);
    let mut tongues: Vec<Tongue> = (0..count).map(|_| *dice.pick(&spoken)).collect();
    // Two who are told everything, ids too.
    tongues.extend([Tongue::Json; 2]);
    tongues
}

fn draw_names(dice: &mut Dice) -> Vec<String> {
    const NAMES: [&str; 14] = [
        "al",
        "Bo",
        "cy",
        "Dee",
        "eve",
        "Çé",
        "ŁUK",
        "bot_1",
        "x.y-z",
        "9lives",
        "Guest-0001",
        "anon-7",
        "प्रिया",
        "abcdefghijklmnopqrst",
    ];
    let count = dice.between(2, NAMES.len());
    let start = dice.below(NAMES.len());
    (0..count)
        .map(|at| NAMES[(start + at) % NAMES.len()].to_owned())
        .collect()
}

fn draw_rooms(dice: &mut Dice) -> Vec<String> {
    const ROOMS: [&str; 6] = [
        "den",
        "Rust",
        "g",
        "größe",
        "a_room-with-a-long-name-of-32-chs",
        "r2",
    ];
    let count = dice.between(1, 5);
    let rooms = (0..count).map(|at| ROOMS[at].chars().take(32).collect());
    rooms.chain(["lobby".into()]).collect()
}

impl Options {
    fn draw(dice: &mut Dice) -> Options {
        Options {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_again_and_seeds_differ() {
        let ops = |seed| Plan::draw(seed, 40).ops;
        assert_eq!(ops(7), ops(7));
        assert_ne!(ops(7), ops(8));
    }

    #[test]
    fn every_tongue_has_a_door() {
        for tongue in Tongue::ALL {
            assert!(tongue.door() <= DOORS.len() + 1);
        }
    }
}
