//! A second chat that is given every entry of the first, and must stay equal to it although its hash tables have
//! another order: so nothing but the entries decides. Now and then it goes on as what is restored of its snapshot.

use crate::chat::{Chat, Entry, Fact};
use crate::model::{ErrorCode, HashSeed, NodeId};

/// How often the states are compared: that takes a look at all of both, so that an entry pays for so many bytes of them.
const BYTES_PER_ENTRY: usize = 512;

/// The second chat.
#[derive(Debug)]
pub(crate) struct Mirror {
    chat: Chat,
    /// What came of the entry that it applied last.
    facts: Vec<Fact>,
    done: Result<(), ErrorCode>,
    /// Entries until the states are compared.
    entries_left: usize,
}

impl Mirror {
    /// That of a chat as it is.
    pub(crate) fn of(chat: &Chat) -> Mirror {
        let HashSeed(one, other) = chat.rules().hash_seed;
        let hash_seed = HashSeed(!one, other.wrapping_add(1));
        Mirror {
            chat: restored(&chat.snapshot(), hash_seed),
            facts: Vec::new(),
            done: Ok(()),
            entries_left: 1,
        }
    }

    pub(super) fn apply(&mut self, entry: Entry, stamp: (u64, NodeId)) {
        self.facts.clear();
        self.done = self.chat.apply(entry, stamp, &mut self.facts);
    }

    /// # Panics
    /// Where something else has come of the entry here.
    pub(super) fn check(&mut self, chat: &Chat, done: &Result<(), ErrorCode>, facts: &[Fact]) {
        assert_eq!(done, &self.done, "the same is refused");
        assert_eq!(facts, self.facts, "the same comes of an entry");
        self.entries_left -= 1;
        if self.entries_left == 0 {
            let bytes;
            (self.chat, bytes) = self.check_state(chat);
            self.entries_left = 1 + bytes / BYTES_PER_ENTRY;
        }
    }

    /// Returns what is restored of its snapshot, and how long that is, in bytes.
    ///
    /// # Panics
    /// Where the states differ, or it cannot be restored.
    pub(crate) fn check_state(&self, chat: &Chat) -> (Chat, usize) {
        let bytes = self.chat.snapshot();
        // All of both says little, but for where it begins to differ.
        let is_equal = bytes == chat.snapshot();
        assert!(is_equal, "{:#?}\nis not\n{:#?}", self.chat, chat);
        let chat = restored(&bytes, self.chat.rules().hash_seed);
        (chat, bytes.len())
    }
}

fn restored(bytes: &[u8], hash_seed: HashSeed) -> Chat {
    Chat::restore(bytes, hash_seed).expect("a whole snapshot")
}
