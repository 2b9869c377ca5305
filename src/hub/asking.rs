//! What is asked about accounts, and what is counted of it.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::limits::{OWNED_ROOMS_PER_ADDRESS_MAX, REGISTRATIONS_PER_ADDRESS_MAX};
use crate::model::{AccountAsk, ConnId, MessageId, Nick, Peer, RequestId};
use crate::session::{LoginFailures, Quota};

use super::coming::Coming;

/// What is known of accounts, and asked about them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Accounts {
    /// Questions by their tickets.
    #[serde(skip)]
    pub(super) waiting: HashMap<u64, Waiting>,
    /// Who waits for an answer. Invariant: of each there is one question waiting; not of every question
    /// is there somebody.
    #[serde(skip)]
    pub(super) asking: HashSet<ConnId>,
    pub(super) failures: LoginFailures,
    /// Accounts made by address.
    pub(super) registrations: Quota,
    /// Rooms that came to be owned, by address.
    pub(super) foundings: Quota,
    /// Who asks what waits for its account when everything up to a message is on disk.
    #[serde(skip)]
    pub(super) early: Vec<(MessageId, ConnId)>,
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) who: ConnId,
    pub(super) peer: Peer,
    pub(super) request_id: Option<RequestId>,
    /// The account that is asked about.
    pub(super) name: Nick,
    /// What the answer tells of whoever asks.
    pub(super) tried: Tried,
    /// What the invitation begins with that the account takes.
    pub(super) invitation: Option<String>,
    /// Is the account gone since it was asked?
    pub(super) is_void: bool,
    pub(super) what: What,
}

/// What somebody tries to prove, or to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    /// Nothing that was not proven before.
    Nothing,
    Password,
    Token,
    /// An account.
    Name,
    /// An invitation for others.
    Code,
}

impl Tried {
    pub(super) fn by(ask: &AccountAsk) -> Tried {
        match ask {
            AccountAsk::Login { secret, .. } if secret.is_token() => Tried::Token,
            AccountAsk::Login { .. }
            | AccountAsk::LoginBy { .. }
            | AccountAsk::SetPassword { old: Some(_), .. }
            | AccountAsk::Unregister {
                password: Some(_), ..
            } => Tried::Password,
            AccountAsk::Register { .. } => Tried::Name,
            AccountAsk::SetPassword { old: None, .. }
            | AccountAsk::Unregister { password: None, .. }
            | AccountAsk::Challenge { .. }
            | AccountAsk::NewToken { .. }
            | AccountAsk::DropToken { .. }
            | AccountAsk::NewSession { .. }
            | AccountAsk::EndSession { .. }
            | AccountAsk::Tokens { .. }
            | AccountAsk::Kept(_) => Tried::Nothing,
            AccountAsk::NewCode { .. } | AccountAsk::DropCode { .. } | AccountAsk::Codes => {
                Tried::Code
            }
        }
    }

    pub(super) fn is_secret(self) -> bool {
        matches!(self, Tried::Password | Tried::Token)
    }
}

/// What the answer is for.
#[derive(Debug)]
pub(super) enum What {
    /// Coming in; where it says a login's `is_multi`, beside other connections of the account.
    Join { coming: Coming, is_multi: bool },
    /// Going on as an account.
    Login { is_multi: bool },
    /// Proving to be an account, and no more.
    Proof,
    /// Becoming an operator.
    Oper,
    /// What the answer says by itself.
    Other,
}

impl Accounts {
    pub(super) fn new() -> Accounts {
        Accounts {
            waiting: HashMap::new(),
            asking: HashSet::new(),
            failures: LoginFailures::new(),
            registrations: Quota::new(REGISTRATIONS_PER_ADDRESS_MAX),
            foundings: Quota::new(OWNED_ROOMS_PER_ADDRESS_MAX),
            early: Vec::new(),
        }
    }

    /// What is allowed now is so from now on. To be called once, after they were read.
    pub(super) fn allow(&mut self) {
        self.failures.allow();
        self.registrations.allow(REGISTRATIONS_PER_ADDRESS_MAX);
        self.foundings.allow(OWNED_ROOMS_PER_ADDRESS_MAX);
    }
}
