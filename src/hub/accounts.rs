//! Accounts: names that belong to somebody, who proves it. What takes a password, or is kept, is asked of
//! whoever keeps the accounts, and goes on with the answer.

use crate::chat::{Entry, is_given};
use crate::limits::{ACCOUNTS_MAX, CODE_CHARS_LOGGED};
use crate::model::{
    AccountAsk, AccountId, ConnId, Deed, ErrorCode, Key, Login, Nick, Peer, RegistrationMode,
    ScramProof, Secret, TokenChange,
};

use super::asking::{Tried, Waiting, What};
use super::coming::Coming;
use super::decision::{Caller, Decision};
use super::state::Hub;

impl Hub {
    /// The bot whose token has that SHA-256.
    pub fn bot_of(&self, digest: &[u8; 32]) -> Option<&Nick> {
        self.chat.bot_of(digest)
    }

    /// Comes in as an account, if that is its password.
    pub(super) fn join_account(
        &mut self,
        caller: Caller,
        coming: Coming,
        login: Login,
    ) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        self.chat.check_nick(&coming.nick, caller.now.unix_ms)?;
        let name = coming.nick.clone();
        let is_multi = login.is_multi;
        self.ask_login(caller, name, login.secret, What::Join { coming, is_multi })
    }

    /// Goes on as an account, if that is its password.
    pub(super) fn login(
        &mut self,
        caller: Caller,
        name: Nick,
        login: Login,
    ) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        if self.own(caller.who)?.is_account() {
            return Err(ErrorCode::AlreadyLoggedIn);
        }
        self.chat.check_nick(&name, caller.now.unix_ms)?;
        let is_multi = login.is_multi;
        self.ask_login(caller, name, login.secret, What::Login { is_multi })
    }

    /// Proves to be an account, if that is its password.
    pub(super) fn prove(
        &mut self,
        caller: Caller,
        name: Nick,
        login: Login,
    ) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        self.ask_login(caller, name, login.secret, What::Proof)
    }

    /// Asks with what an account is to be proven by SCRAM.
    pub(super) fn challenge(&mut self, caller: Caller, name: Nick) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        let ask = AccountAsk::Challenge { name: name.key() };
        self.ask_account(caller, name, ask, What::Other)
    }

    /// Proves to be an account, if that proves its password.
    pub(super) fn prove_by(
        &mut self,
        caller: Caller,
        name: Nick,
        proof: Box<ScramProof>,
    ) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        let key = name.key();
        let ask = AccountAsk::LoginBy { name: key, proof };
        self.ask_account(caller, name, ask, What::Proof)
    }

    fn ask_login(
        &mut self,
        caller: Caller,
        name: Nick,
        secret: Secret,
        what: What,
    ) -> Result<Decision, ErrorCode> {
        if !secret.is_token() {
            check_password(&secret)?;
        }
        let ask = AccountAsk::Login {
            name: name.key(),
            secret,
        };
        self.ask_account(caller, name, ask, what)
    }

    /// Makes an account of the name that a guest goes by.
    pub(super) fn register(
        &mut self,
        caller: Caller,
        password: Secret,
        code: Option<Secret>,
    ) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        let session = self.own(caller.who)?;
        let nick = session.nick().clone();
        if session.is_account() {
            return Err(ErrorCode::AlreadyLoggedIn);
        }
        self.ask_registration(caller, (nick, password, code), What::Other)
    }

    /// Makes an account of a name that nobody goes by, before coming in.
    pub(super) fn register_early(
        &mut self,
        caller: Caller,
        (nick, password, code): (Nick, Secret, Option<Secret>),
        what: What,
    ) -> Result<Decision, ErrorCode> {
        self.check_accounts()?;
        self.chat.check_nick(&nick, caller.now.unix_ms)?;
        if self.chat.users().find(nick.as_str()).is_some() {
            return Err(ErrorCode::NickTaken);
        }
        self.ask_registration(caller, (nick, password, code), what)
    }

    fn ask_registration(
        &mut self,
        caller: Caller,
        (nick, password, code): (Nick, Secret, Option<Secret>),
        what: What,
    ) -> Result<Decision, ErrorCode> {
        check_password(&password)?;
        let permitted = self
            .check_registrable(&nick)
            .and_then(|()| self.check_invited(code.is_some()))
            .and_then(|()| self.take_registration(caller));
        if let Err(code) = permitted {
            self.log(
                Deed::Registration { is_good: false },
                Some(nick),
                caller.peer,
            );
            return Err(code);
        }
        let name = nick.clone();
        let mode = self.chat.rules().server.registration;
        let code = code.filter(|_| mode == RegistrationMode::Invite);
        let ask = AccountAsk::Register {
            nick,
            password,
            code,
        };
        let asked = self.ask_account(caller, name, ask, what);
        if asked.is_err() {
            self.give_back_registration(caller.peer);
        }
        asked
    }

    /// Goes on as a guest.
    pub(super) fn logout(&mut self, who: ConnId) -> Result<Decision, ErrorCode> {
        self.own_account(who)?;
        let user = self.own_id(who)?;
        Decision::entry(Entry::LogOut { user })
    }

    pub(super) fn set_password(
        &mut self,
        caller: Caller,
        old: Option<Secret>,
        new: Secret,
    ) -> Result<Decision, ErrorCode> {
        let (account, nick) = self.own_account(caller.who)?;
        self.check_is_no_bot(account)?;
        check_password(&new)?;
        old.as_ref().map_or(Ok(()), check_password)?;
        let ask = AccountAsk::SetPassword { account, old, new };
        self.ask_account(caller, nick, ask, What::Other)
    }

    pub(super) fn unregister(
        &mut self,
        caller: Caller,
        password: Option<Secret>,
    ) -> Result<Decision, ErrorCode> {
        let (account, nick) = self.own_account(caller.who)?;
        self.check_is_no_bot(account)?;
        let own = self.own_id(caller.who)?;
        self.chat.check_may_log_out(own, caller.now.unix_ms)?;
        password.as_ref().map_or(Ok(()), check_password)?;
        let ask = AccountAsk::Unregister { account, password };
        self.ask_account(caller, nick, ask, What::Other)
    }

    pub(super) fn change_token(
        &mut self,
        caller: Caller,
        change: TokenChange,
    ) -> Result<Decision, ErrorCode> {
        let (owner, nick) = self.own_account(caller.who)?;
        self.check_is_no_bot(owner)?;
        let own_bot = |bot: &Nick| {
            let bot = self.chat.directory().find(&bot.key())?;
            (bot.record.owner == Some(owner)).then_some(bot.record.id)
        };
        let (name, ask) = match change {
            TokenChange::New(bot) => {
                if own_bot(&bot).is_none() {
                    self.chat.check_nick(&bot, caller.now.unix_ms)?;
                    self.check_registrable(&bot)?;
                    self.take_registration(caller)?;
                }
                let name = bot.clone();
                (bot, AccountAsk::NewToken { owner, name })
            }
            TokenChange::Drop(bot) => {
                let gone = || ErrorCode::NoSuchAccount(bot.to_string());
                let account = own_bot(&bot).ok_or_else(gone)?;
                (
                    bot,
                    AccountAsk::DropToken {
                        owner,
                        bot: account,
                    },
                )
            }
            TokenChange::List => (nick, AccountAsk::Tokens { owner }),
            TokenChange::Session => (nick, AccountAsk::NewSession { account: owner }),
            TokenChange::End(token) => {
                let account = owner;
                (nick, AccountAsk::EndSession { account, token })
            }
        };
        self.ask_account(caller, name, ask, What::Other)
    }

    pub(super) fn check_accounts(&self) -> Result<(), ErrorCode> {
        match self.chat.rules().durability {
            Some(_) => Ok(()),
            None => Err(ErrorCode::NoAccounts),
        }
    }

    /// The account that a user is logged in to.
    fn own_account(&self, who: ConnId) -> Result<(AccountId, Nick), ErrorCode> {
        self.check_accounts()?;
        let session = self.own(who)?;
        let account = session.account().ok_or(ErrorCode::NotLoggedIn)?;
        Ok((account, session.nick().clone()))
    }

    /// A bot has a token only, which is its owner's to change.
    fn check_is_no_bot(&self, account: AccountId) -> Result<(), ErrorCode> {
        let account = self.chat.directory().get(account);
        match account.is_some_and(|account| account.record.owner.is_some()) {
            true => Err(ErrorCode::NotLoggedIn),
            false => Ok(()),
        }
    }

    /// May an account be made of that name?
    fn check_registrable(&self, nick: &Nick) -> Result<(), ErrorCode> {
        if self.chat.is_registered(nick) {
            return Err(ErrorCode::AlreadyRegistered);
        }
        match is_given(nick) || nick.is_reserved() {
            true => Err(ErrorCode::NickTaken),
            false => Ok(()),
        }
    }

    /// May people make accounts, and has who does the code that it takes?
    fn check_invited(&self, has_code: bool) -> Result<(), ErrorCode> {
        match self.chat.rules().server.registration {
            RegistrationMode::Invite if has_code => Ok(()),
            RegistrationMode::Open => Ok(()),
            mode @ (RegistrationMode::Invite | RegistrationMode::Closed) => {
                Err(ErrorCode::NotInvited(mode))
            }
        }
    }

    /// May one more account be made from there? It is counted.
    fn take_registration(&mut self, caller: Caller) -> Result<(), ErrorCode> {
        if self.chat.directory().len() >= ACCOUNTS_MAX {
            return Err(ErrorCode::AccountsFull);
        }
        let address = caller
            .peer
            .counted_address(self.chat.rules().limits_loopback);
        let (now_ms, registrations) = (caller.now.uptime_ms, &mut self.accounts.registrations);
        match address.is_none_or(|address| registrations.take(address, now_ms)) {
            true => Ok(()),
            false => Err(ErrorCode::TooManyRegistrations),
        }
    }

    /// An account was not made.
    pub(super) fn give_back_registration(&mut self, peer: Peer) {
        if let Some(address) = peer.counted_address(self.chat.rules().limits_loopback) {
            self.accounts.registrations.give_back(address);
        }
    }

    /// Asks about an account, unless too many passwords were wrong.
    pub(super) fn ask_account(
        &mut self,
        caller: Caller,
        name: Nick,
        ask: AccountAsk,
        what: What,
    ) -> Result<Decision, ErrorCode> {
        let tried = Tried::by(&ask);
        if tried.is_secret() {
            self.check_failures(&name.key(), caller)?;
        }
        let Caller { who, peer, .. } = caller;
        if self.accounts.asking.contains(&who) {
            return Err(ErrorCode::Busy);
        }
        let waiting = Waiting {
            who,
            peer,
            request_id: None,
            name,
            tried,
            invitation: invitation(&ask),
            is_void: false,
            what,
        };
        Ok(Decision::Account(Box::new(waiting), ask))
    }

    /// May a password be tried?
    fn check_failures(&mut self, name: &Key, caller: Caller) -> Result<(), ErrorCode> {
        let (now_ms, address) = (caller.now.uptime_ms, caller.peer.counted_address(true));
        let tried = self.accounts.failures.try_one(name, address, now_ms);
        tried.map_err(ErrorCode::LoginThrottled)
    }
}

/// What the invitation begins with that an account is made by.
fn invitation(ask: &AccountAsk) -> Option<String> {
    let AccountAsk::Register { code, .. } = ask else {
        return None;
    };
    let code = code.as_ref()?.reveal();
    Some(code.chars().take(CODE_CHARS_LOGGED).collect())
}

fn check_password(password: &Secret) -> Result<(), ErrorCode> {
    match password.is_password() {
        true => Ok(()),
        false => Err(ErrorCode::BadPassword),
    }
}

#[cfg(test)]
mod tests;
