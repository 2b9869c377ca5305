//! What the simulated system may do to the server, and how often.

/// A class of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A read brings fewer bytes than there are.
    ShortRead,
    /// A write takes fewer bytes than there is room for.
    ShortWrite,
    /// EAGAIN although there is something, or room: an event comes later.
    WouldBlock,
    /// EINTR, at the poll, too.
    Interrupt,
    /// ECONNRESET at a read, or EPIPE at a write.
    Reset,
    /// ECONNABORTED at an accept: who was to be accepted is gone.
    AcceptAborted,
    /// EMFILE at an accept: who was to be accepted still waits.
    AcceptExhausted,
    /// What a client sends takes some time.
    LateData,
    /// An event takes some time.
    LateEvent,
    /// An event comes twice.
    DoubledEvent,
    /// An event comes although nothing is ready.
    SpuriousEvent,
    /// An event of a connection that is gone.
    StaleEvent,
    /// More data comes without an event, where the server has not read all that the last one was of.
    MergedEvent,
    /// A connection's buffers in the kernel hold little. Drawn when it comes.
    TinyBuffer,
    /// Some time passes within a turn.
    SlowTurn,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Fault; 15] = [
        Fault::ShortRead,
        Fault::ShortWrite,
        Fault::WouldBlock,
        Fault::Interrupt,
        Fault::Reset,
        Fault::AcceptAborted,
        Fault::AcceptExhausted,
        Fault::LateData,
        Fault::LateEvent,
        Fault::DoubledEvent,
        Fault::SpuriousEvent,
        Fault::StaleEvent,
        Fault::MergedEvent,
        Fault::TinyBuffer,
        Fault::SlowTurn,
    ];

    /// Does it end connections, so that what was under way is lost?
    pub(crate) fn ends_connections(self) -> bool {
        matches!(self, Fault::Reset | Fault::AcceptAborted)
    }
}

/// Which classes are on, and how often each comes where it can, per mille; by default none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Faults([u16; Fault::ALL.len()]);

impl Faults {
    /// The same with one class this often.
    pub(crate) fn with(mut self, fault: Fault, per_mille: u16) -> Faults {
        self.0[fault as usize] = per_mille.min(900);
        self
    }

    /// How often one class comes.
    pub(crate) fn per_mille(&self, fault: Fault) -> u16 {
        self.0[fault as usize]
    }
}

/// A source of chance that a seed repeats (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Each `stream` of a seed is one of its own.
    pub(crate) fn new(seed: u64, stream: u64) -> Chance {
        let mut chance = Chance(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        chance.next();
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Is it one of so many in a thousand?
    pub(crate) fn rolls(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.below(1000) < u64::from(per_mille)
    }
}
