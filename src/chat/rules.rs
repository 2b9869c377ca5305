//! What holds as long as the server runs.

use serde::{Deserialize, Serialize};

use crate::limits::{ACCOUNT_EXPIRY_MS, GRACE_MS, Limits, REPLAY_MESSAGES};
use crate::model::{Durability, HashSeed, Secret, ServerFacts};

/// Whose addresses are shown to other users, in the dialects whose forms have addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Addresses {
    /// Nobody's.
    None,
    /// Those of the users who came in by a door of such a dialect.
    OfDoors,
    /// Everybody's, to whoever asks about somebody, too.
    All,
}

/// What an operator sets before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// What is promised of messages; `None` is that they are kept in memory only.
    pub durability: Option<Durability>,
    /// Messages that one is shown of a room by entering it.
    pub replay: usize,
    /// May an account always be online from several connections, or only where a login asks for it?
    pub is_multi: bool,
    /// Is a registered name refused at once to who does not log in?
    pub is_strict: bool,
    /// How long somebody may go by a registered name before logging in, in milliseconds.
    pub grace_ms: u64,
    /// How long an account lasts that is not used, in milliseconds; `None` is for ever.
    pub account_expiry_ms: Option<u64>,
    /// Do limits by address hold for loopback, too?
    pub limits_loopback: bool,
    /// The longest message, in bytes.
    pub message_bytes_max: usize,
    /// Members of a room above which comings and goings are counted, and told as one line a second.
    pub presence_limit: usize,
    /// Whose addresses are shown to other users.
    pub addresses: Addresses,
    /// What makes an operator; without it nobody becomes one.
    #[serde(skip)]
    pub oper_password: Option<Secret>,
    /// What names are hashed with.
    #[serde(skip)]
    pub hash_seed: HashSeed,
    /// What the hosts are hashed with that stand for addresses: it is kept, so that they stay the same.
    pub cloak_key: HashSeed,
    /// What is said of the server itself.
    #[serde(skip)]
    pub server: ServerFacts,
}

impl Default for Rules {
    /// Those of a server that was told nothing.
    fn default() -> Rules {
        Rules {
            durability: None,
            replay: REPLAY_MESSAGES,
            is_multi: false,
            is_strict: false,
            grace_ms: GRACE_MS,
            account_expiry_ms: Some(ACCOUNT_EXPIRY_MS),
            limits_loopback: false,
            message_bytes_max: Limits::DEFAULT.message_bytes,
            presence_limit: Limits::DEFAULT.presence_members,
            addresses: Addresses::OfDoors,
            oper_password: None,
            hash_seed: HashSeed::default(),
            cloak_key: HashSeed::default(),
            server: ServerFacts::default(),
        }
    }
}
