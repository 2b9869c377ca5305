//! What clients, operators and the world do.

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
    /// The power fails soon, be it in the middle of a turn.
    CrashSoon,
    /// Set the time of day, back or forth.
    Clock,
    /// Change files, and have them read again.
    Reload,
    /// Several come into a room, and who made it goes.
    Gather,
    /// Several go as one account, which ends.
    Share,
    /// Another program takes over from the server, or ends before it has.
    TakeOver,
}

impl Act {
    const ALL: [Act; 26] = [
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
        Act::CrashSoon,
        Act::Clock,
        Act::Reload,
        Act::Gather,
        Act::Share,
    ];

    /// How many there were at first.
    const FIRST: usize = 21;

    /// Those that a seed may draw; those that came later, too, where it `is_later`.
    pub(super) fn drawn(is_later: bool) -> &'static [Act] {
        match is_later {
            true => &Act::ALL,
            false => &Act::ALL[..Act::FIRST],
        }
    }

    /// How often it comes where a seed has it: seldom, now and then, often. A take-over is put among the others.
    pub(super) fn weights(self) -> [u32; 4] {
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
            Act::Signal | Act::Restart | Act::Crash | Act::CrashSoon => [0, 0, 1, 1],
            Act::Clock | Act::Reload | Act::Gather | Act::Share => [0, 0, 1, 4],
            Act::TakeOver => [0; 4],
            Act::Flood => [0, 1, 2, 4],
            Act::Settle => [1, 1, 1, 2],
        }
    }
}
