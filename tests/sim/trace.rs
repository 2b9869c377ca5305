//! What was on all wires, as two numbers: the bytes alone, in the order of each connection, and the bytes with
//! the virtual times at which they came. The first stays the same where only the timing changes.

/// FNV-1a, 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hash(u64);

impl Hash {
    const NEW: Hash = Hash(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The trace of a run so far.
#[derive(Debug)]
pub(crate) struct Trace {
    timed: Hash,
    /// Of each connection, by the order of its coming.
    bytes: Vec<Hash>,
}

/// A whole trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traced {
    pub(crate) bytes: u64,
    pub(crate) timed: u64,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace {
            timed: Hash::NEW,
            bytes: Vec::new(),
        }
    }

    /// These bytes came at a connection.
    pub(crate) fn add(&mut self, connection: usize, now_us: u64, bytes: &[u8]) {
        if self.bytes.len() <= connection {
            self.bytes.resize(connection + 1, Hash::NEW);
        }
        self.bytes[connection].add(bytes);
        self.timed.add(&(connection as u64).to_le_bytes());
        self.timed.add(&now_us.to_le_bytes());
        self.timed.add(bytes);
    }

    pub(crate) fn finish(&self) -> Traced {
        let mut all = Hash::NEW;
        for hash in &self.bytes {
            all.add(&hash.0.to_le_bytes());
        }
        Traced {
            bytes: all.0,
            timed: self.timed.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_one_of_them_only() {
        let traced = |times: [u64; 2], cut: usize| {
            let mut trace = Trace::new();
            trace.add(0, times[0], &b"hello"[..cut]);
            trace.add(1, 5, b"other");
            trace.add(0, times[1], &b"hello"[cut..]);
            trace.finish()
        };
        assert_eq!(traced([1, 2], 2), traced([1, 2], 2));
        assert_ne!(traced([1, 2], 2).timed, traced([1, 3], 2).timed);
        assert_eq!(traced([1, 2], 2).bytes, traced([3, 4], 3).bytes);
    }
}
