//! Accounts and bots on the disk.

use hubbub::testing::{
    AccountAnswer, AccountAsk, AccountId, AccountRecord, BOTS_PER_ACCOUNT_MAX, InviteCode, Key,
    Nick, Secret, token_digest,
};

use crate::faults::Chance;

use crate::marks::sometimes;
use crate::speech::INVITATIONS;

use super::books::{Account, Books};

/// What is to be done about something asked of the accounts.
pub(super) enum Considered {
    Answer(AccountAnswer),
    /// It changes something: it is answered when that is on the disk.
    Change(AccountAsk),
}

impl Books {
    pub(super) fn consider(&self, ask: AccountAsk) -> Considered {
        let has_password = |id: AccountId, given: &Secret| {
            let account = self.accounts.get(&id);
            account.is_some_and(|it| it.record.owner.is_none() && it.secret == *given)
        };
        let answer = match &ask {
            AccountAsk::Register { nick, .. } if self.find_account(&nick.key()).is_some() => {
                AccountAnswer::Exists
            }
            AccountAsk::Login { name, secret } => {
                let account = self.find_account(name).filter(|account| {
                    let is_password = account.record.owner.is_none() != secret.is_token();
                    is_password && account.secret == *secret || account.sessions.contains(secret)
                });
                match account {
                    Some(account) => AccountAnswer::LoggedIn(account.record.clone()),
                    None => AccountAnswer::WrongSecret,
                }
            }
            AccountAsk::SetPassword {
                account,
                old: Some(secret),
                ..
            }
            | AccountAsk::Unregister {
                account,
                password: Some(secret),
            } if !has_password(*account, secret) => AccountAnswer::WrongSecret,
            AccountAsk::SetPassword { account, .. } if !self.accounts.contains_key(account) => {
                AccountAnswer::NoSuchAccount
            }
            AccountAsk::Challenge { .. } => AccountAnswer::NoSuchAccount,
            AccountAsk::LoginBy { .. } => AccountAnswer::WrongSecret,
            AccountAsk::Codes => AccountAnswer::Codes(self.codes.clone()),
            AccountAsk::DropCode { code } if !self.codes.iter().any(|it| it.code == *code) => {
                AccountAnswer::WrongCode
            }
            AccountAsk::Tokens { owner } => AccountAnswer::Tokens(
                self.bots(*owner)
                    .map(|bot| bot.record.nick.clone())
                    .collect(),
            ),
            _ => return Considered::Change(ask),
        };
        Considered::Answer(answer)
    }

    /// Makes a change. What it answers holds when it is on the disk.
    pub(super) fn change(
        &mut self,
        ask: AccountAsk,
        now_ms: u64,
        chance: &mut Chance,
    ) -> AccountAnswer {
        match ask {
            AccountAsk::Register { nick, .. } if self.find_account(&nick.key()).is_some() => {
                AccountAnswer::Exists
            }
            AccountAsk::Register {
                code: Some(code), ..
            } if !self.use_code(&code, now_ms) => AccountAnswer::WrongCode,
            AccountAsk::Register { nick, password, .. } => {
                AccountAnswer::Registered(self.add(nick, password, None))
            }
            AccountAsk::NewCode { uses, until_ms } => {
                let code = INVITATIONS[self.codes.len() % INVITATIONS.len()].to_owned();
                self.codes.retain(|it| it.code != code);
                let made = InviteCode {
                    code,
                    uses,
                    until_ms,
                };
                self.codes.push(made.clone());
                AccountAnswer::Codes(vec![made])
            }
            AccountAsk::DropCode { code } => {
                self.codes.retain(|it| it.code != code);
                AccountAnswer::CodeGone
            }
            AccountAsk::SetPassword { account, new, .. } => match self.accounts.get_mut(&account) {
                Some(account) if account.record.owner.is_none() => {
                    account.secret = new;
                    account.sessions.clear();
                    AccountAnswer::PasswordSet
                }
                _ => AccountAnswer::NoSuchAccount,
            },
            AccountAsk::Unregister { account, .. } => match self.remove(account) {
                Some(bots) => AccountAnswer::Unregistered { account, bots },
                None => AccountAnswer::NoSuchAccount,
            },
            AccountAsk::NewToken { owner, name } => self.set_token(owner, name, chance),
            AccountAsk::DropToken { owner, bot } => {
                let is_its = self.bots(owner).any(|it| it.record.id == bot);
                match is_its {
                    true => {
                        self.remove(bot);
                        AccountAnswer::TokenDropped { bot }
                    }
                    false => AccountAnswer::NoSuchAccount,
                }
            }
            AccountAsk::NewSession { account } => match self.accounts.get_mut(&account) {
                Some(account) if account.record.owner.is_none() => {
                    let token = new_token(chance);
                    account.sessions.push(token.clone());
                    AccountAnswer::Session { token }
                }
                _ => AccountAnswer::NoSuchAccount,
            },
            AccountAsk::EndSession { account, token } => {
                if let Some(account) = self.accounts.get_mut(&account) {
                    account.sessions.retain(|session| *session != token);
                }
                AccountAnswer::SessionEnded
            }
            AccountAsk::Login { .. }
            | AccountAsk::Challenge { .. }
            | AccountAsk::LoginBy { .. }
            | AccountAsk::Codes
            | AccountAsk::Tokens { .. }
            | AccountAsk::Kept(_) => AccountAnswer::Failed,
        }
    }

    /// Lets somebody make an account by an invitation. `false`: it is none, or none any more.
    fn use_code(&mut self, code: &Secret, now_ms: u64) -> bool {
        self.codes
            .retain(|it| it.until_ms.is_none_or(|until| until > now_ms));
        let is_it = |it: &InviteCode| Secret::new(it.code.as_str()) == *code;
        let Some(at) = self.codes.iter().position(is_it) else {
            return false;
        };
        self.codes[at].uses -= 1;
        if self.codes[at].uses == 0 {
            self.codes.remove(at);
        }
        sometimes("an account was made by invitation");
        true
    }

    fn set_token(&mut self, owner: AccountId, name: Nick, chance: &mut Chance) -> AccountAnswer {
        let is_human = |account: &Account| account.record.owner.is_none();
        if !self.accounts.get(&owner).is_some_and(is_human) {
            return AccountAnswer::NoSuchAccount;
        }
        let token = new_token(chance);
        let bot = match self.find_account(&name.key()).map(|it| it.record.clone()) {
            Some(bot) if bot.owner == Some(owner) => bot,
            Some(_) => return AccountAnswer::Exists,
            None if self.bots(owner).count() >= BOTS_PER_ACCOUNT_MAX => {
                return AccountAnswer::TooMany;
            }
            None => self.add(name, token.clone(), Some(owner)),
        };
        if let Some(account) = self.accounts.get_mut(&bot.id) {
            account.secret = token.clone();
        }
        let digest = token_digest(&token);
        AccountAnswer::Token { bot, token, digest }
    }

    fn add(&mut self, nick: Nick, secret: Secret, owner: Option<AccountId>) -> AccountRecord {
        self.last_account += 1;
        let record = AccountRecord {
            id: AccountId(self.last_account),
            nick,
            is_operator: false,
            owner,
            generation: 0,
        };
        let account = Account {
            record: record.clone(),
            secret,
            sessions: Vec::new(),
            used_ms: self.ran_ms,
        };
        self.accounts.insert(record.id, account);
        record
    }

    /// Forgets an account, and its bots with their rooms. `None`: there is none.
    pub(super) fn remove(&mut self, id: AccountId) -> Option<Vec<AccountId>> {
        self.accounts.get(&id)?;
        let bots: Vec<AccountId> = self.bots(id).map(|bot| bot.record.id).collect();
        for gone in bots.iter().chain([&id]) {
            self.accounts.remove(gone);
            self.notes.retain(|(of, _)| of != gone);
            self.rooms.retain(|_, room| room.record.owner != *gone);
            for room in self.rooms.values_mut() {
                room.record.moderators.retain(|id| id != gone);
            }
            let mail = self.privates.iter_mut();
            mail.filter(|private| private.to_account == Some(*gone))
                .for_each(|private| private.is_delivered = true);
        }
        Some(bots)
    }

    fn bots(&self, owner: AccountId) -> impl Iterator<Item = &Account> {
        let accounts = self.accounts.values();
        accounts.filter(move |account| account.record.owner == Some(owner))
    }

    fn find_account(&self, name: &Key) -> Option<&Account> {
        let mut accounts = self.accounts.values();
        accounts.find(|account| account.record.nick.key() == *name)
    }

    pub(super) fn set_operator(&mut self, name: &str) -> bool {
        let key = Key::of(name);
        let mut accounts = self.accounts.values_mut();
        let account = accounts.find(|account| account.record.nick.key() == key);
        account.map(|it| it.record.is_operator = true).is_some()
    }
}

fn new_token(chance: &mut Chance) -> Secret {
    let random: String = (0..3)
        .map(|_| format!("{:014x}", chance.next() >> 8))
        .collect();
    Secret::new(format!("{}{random}x", Secret::TOKEN_PREFIX))
}
