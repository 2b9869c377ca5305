//! Wrong passwords of accounts, and who may try another.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::limits::{
    ACCOUNT_FAILURES_MAX, LOGIN_FAILURES_MAX, LOGIN_FAILURES_REMEMBERED, LOGIN_MEMORY_MS,
    LOGIN_WAIT_MS, LOGIN_WAIT_MS_MAX,
};
use crate::model::Key;

use super::throttle::{Allowance, Throttle};

/// What is allowed who does not know an account's password.
const LOGIN_ALLOWANCE: Allowance = Allowance {
    failures: LOGIN_FAILURES_MAX,
    wait_ms: LOGIN_WAIT_MS,
    wait_ms_max: LOGIN_WAIT_MS_MAX,
    memory_ms: LOGIN_MEMORY_MS,
    remembered: LOGIN_FAILURES_REMEMBERED,
};

/// What is allowed in all to those who do not know one account's password.
const ACCOUNT_ALLOWANCE: Allowance = Allowance {
    failures: ACCOUNT_FAILURES_MAX,
    ..LOGIN_ALLOWANCE
};

/// Wrong passwords of accounts. Somebody's failures keep out whoever knows the password only where they come
/// from one address, or from very many.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoginFailures {
    /// By the name of the account, be there one or not.
    by_name: Throttle<Key>,
    by_address: Throttle<Option<IpAddr>>,
    /// By both.
    by_both: Throttle<(Key, Option<IpAddr>)>,
}

impl LoginFailures {
    pub(crate) fn new() -> LoginFailures {
        LoginFailures {
            by_name: Throttle::new(ACCOUNT_ALLOWANCE),
            by_address: Throttle::new(LOGIN_ALLOWANCE),
            by_both: Throttle::new(LOGIN_ALLOWANCE),
        }
    }

    /// What is allowed now is so from now on. To be called once, after they were read.
    pub(crate) fn allow(&mut self) {
        self.by_name.allow(ACCOUNT_ALLOWANCE);
        self.by_address.allow(LOGIN_ALLOWANCE);
        self.by_both.allow(LOGIN_ALLOWANCE);
    }

    /// May a password be tried? If not, that is how long there is to wait, in seconds.
    pub(crate) fn try_one(
        &mut self,
        name: &Key,
        address: Option<IpAddr>,
        now_ms: u64,
    ) -> Result<(), u64> {
        let both = (name.clone(), address);
        let waits = [
            self.by_name.wait_s(name, now_ms),
            self.by_address.wait_s(&address, now_ms),
            self.by_both.wait_s(&both, now_ms),
        ];
        if let Some(seconds) = waits.into_iter().flatten().max() {
            return Err(seconds);
        }
        self.by_name.note_try(name, now_ms);
        self.by_address.note_try(&address, now_ms);
        self.by_both.note_try(&both, now_ms);
        Ok(())
    }

    pub(crate) fn note_failure(&mut self, name: Key, address: Option<IpAddr>, now_ms: u64) {
        self.by_name.note_failure(&name, now_ms);
        self.by_address.note_failure(&address, now_ms);
        self.by_both.note_failure(&(name, address), now_ms);
    }

    /// The password was right. Who knows one may have tried others', and others may go on trying this one: only
    /// what was wrong for this account from there is forgotten.
    pub(crate) fn note_success(&mut self, name: Key, address: Option<IpAddr>) {
        let count = self.by_both.forget(&(name.clone(), address));
        self.by_address.take_back(&address, count);
        self.by_name.take_back(&name, count);
    }
}
