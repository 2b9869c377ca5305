//! The accounts that there are, by their ids and by their names.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, AccountRecord, Key, MessageId};

use super::user::Notes;

/// Every account, bots included.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Directory {
    accounts: BTreeMap<AccountId, Account>,
    /// Invariant: exactly the accounts, by the keys of their names.
    #[serde(skip)]
    names: HashMap<Key, AccountId>,
    /// No account has had a higher id.
    #[serde(default)]
    last: AccountId,
}

/// An account that is known.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) record: AccountRecord,
    /// How many rooms it owns.
    #[serde(skip)]
    pub(crate) rooms: usize,
    pub(crate) mail: Mail,
    /// What is remembered for it, if anything is.
    pub(super) notes: Option<Box<Notes>>,
}

/// What waits for an account.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// How many messages, of those that came since the start or since its last login.
    pub(crate) count: usize,
    /// The last of them.
    pub(crate) last: MessageId,
    /// It was told everything up to this.
    pub(crate) told: MessageId,
}

impl Directory {
    /// Finds the accounts by their names from now on. To be called once, after they were read.
    ///
    /// # Errors
    /// What is wrong: there are two of one name, or one under the id of another.
    pub(super) fn index(&mut self) -> Result<(), &'static str> {
        for (&id, account) in &self.accounts {
            self.last = self.last.max(id);
            let former = self.names.insert(account.record.nick.key(), id);
            if former.is_some() || account.record.id != id {
                return Err("two accounts in one");
            }
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.accounts.len()
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    pub(crate) fn find(&self, name: &Key) -> Option<&Account> {
        self.get(*self.names.get(name)?)
    }

    pub(crate) fn contains_name(&self, name: &Key) -> bool {
        self.names.contains_key(name)
    }

    /// There is an account, new or as it is now. Returns another that had its name before, which is gone.
    pub(super) fn learn(&mut self, record: AccountRecord) -> Option<AccountId> {
        let (id, name) = (record.id, record.nick.key());
        self.note_last(id);
        let former = self.names.insert(name, id).filter(|&former| former != id);
        match self.accounts.get_mut(&id) {
            Some(account) => account.record = record,
            None => {
                let account = Account {
                    record,
                    rooms: 0,
                    mail: Mail::default(),
                    notes: None,
                };
                self.accounts.insert(id, account);
            }
        }
        former
    }

    /// There may have been an account of that id.
    pub(super) fn note_last(&mut self, id: AccountId) {
        self.last = self.last.max(id);
    }

    /// The id of an account that is made now.
    pub(super) fn next_id(&self) -> AccountId {
        AccountId(self.last.0 + 1)
    }

    pub(super) fn remove(&mut self, id: AccountId) -> Option<Account> {
        let account = self.accounts.remove(&id)?;
        let name = account.record.nick.key();
        if self.names.get(&name) == Some(&id) {
            self.names.remove(&name);
        }
        Some(account)
    }

    /// In the order of ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }
}
