//! Accounts: names that belong to somebody, who proves it. What takes a password, or is kept, is asked of
//! whoever keeps the accounts, and goes on with the answer.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::limits::{ACCOUNTS_MAX, OWNED_ROOMS_PER_ADDRESS_MAX, REGISTRATIONS_PER_ADDRESS_MAX};
use crate::model::{
    AccountAsk, AccountId, AccountRecord, ConnId, Deed, ErrorCode, Event, Key, Login, MessageId,
    Nick, Peer, RequestId, Secret, TokenChange, UserId,
};

use super::coming::Coming;
use super::directory::Directory;
use super::failures::LoginFailures;
use super::guests::is_given;
use super::quota::Quota;
use super::{Effect, Hub};

/// What is known of accounts, and asked about them.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) directory: Directory,
    /// The bots by the SHA-256 of their tokens.
    pub(super) tokens: HashMap<[u8; 32], AccountId>,
    /// Questions by their tickets.
    pub(super) waiting: HashMap<u64, Waiting>,
    /// Who waits for an answer. Invariant: of each there is one question waiting; not of every question
    /// is there somebody.
    pub(super) asking: HashSet<ConnId>,
    pub(super) failures: LoginFailures,
    /// Accounts made by address.
    registrations: Quota,
    /// Rooms that came to be owned, by address.
    pub(super) foundings: Quota,
    /// Owned rooms in all.
    pub(super) owned_rooms: usize,
    /// Until when guests may go by accounts' names. Invariant: exactly those of the users.
    pub(super) graces: BTreeSet<(u64, UserId)>,
    /// Who asks what waits for its account when everything up to a message is on disk.
    pub(super) early: Vec<(MessageId, ConnId)>,
    /// The number of the guest named last.
    pub(super) last_guest: u32,
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
}

impl Tried {
    fn by(ask: &AccountAsk) -> Tried {
        match ask {
            AccountAsk::Login { secret, .. } if secret.is_token() => Tried::Token,
            AccountAsk::Login { .. }
            | AccountAsk::SetPassword { old: Some(_), .. }
            | AccountAsk::Unregister {
                password: Some(_), ..
            } => Tried::Password,
            AccountAsk::Register { .. } => Tried::Name,
            AccountAsk::SetPassword { old: None, .. }
            | AccountAsk::Unregister { password: None, .. }
            | AccountAsk::NewToken { .. }
            | AccountAsk::DropToken { .. }
            | AccountAsk::NewSession { .. }
            | AccountAsk::EndSession { .. }
            | AccountAsk::Tokens { .. } => Tried::Nothing,
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
    /// What the answer says by itself.
    Other,
}

impl Accounts {
    pub(super) fn new() -> Accounts {
        Accounts {
            directory: Directory::default(),
            tokens: HashMap::new(),
            waiting: HashMap::new(),
            asking: HashSet::new(),
            failures: LoginFailures::new(),
            registrations: Quota::new(REGISTRATIONS_PER_ADDRESS_MAX),
            foundings: Quota::new(OWNED_ROOMS_PER_ADDRESS_MAX),
            owned_rooms: 0,
            graces: BTreeSet::new(),
            early: Vec::new(),
            last_guest: 0,
        }
    }
}

impl Hub {
    /// These accounts and their bots' tokens were kept.
    pub(super) fn restore_accounts(
        &mut self,
        records: Vec<AccountRecord>,
        tokens: Vec<([u8; 32], AccountId)>,
    ) {
        for record in records {
            self.accounts.directory.learn(record);
        }
        self.accounts.tokens = tokens.into_iter().collect();
    }

    /// The bot whose token has that SHA-256.
    pub fn bot_of(&self, digest: &[u8; 32]) -> Option<&Nick> {
        let bot = self.accounts.tokens.get(digest)?;
        let bot = self.accounts.directory.get(*bot)?;
        Some(&bot.record.nick)
    }

    /// Comes in as an account, if that is its password.
    pub(super) fn join_account(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
        login: Login,
    ) -> Result<(), ErrorCode> {
        self.check_accounts()?;
        self.check_nick(&coming.nick)?;
        let name = coming.nick.clone();
        let is_multi = login.is_multi;
        self.ask_login(
            who,
            peer,
            name,
            login.secret,
            What::Join { coming, is_multi },
        )
    }

    /// Proves to be an account, if that is its password.
    pub(super) fn prove(
        &mut self,
        who: ConnId,
        peer: Peer,
        name: Nick,
        login: Login,
    ) -> Result<(), ErrorCode> {
        self.check_accounts()?;
        self.ask_login(who, peer, name, login.secret, What::Proof)
    }

    /// Goes on as an account, if that is its password.
    pub(super) fn login(
        &mut self,
        who: ConnId,
        peer: Peer,
        name: Nick,
        login: Login,
    ) -> Result<(), ErrorCode> {
        self.check_accounts()?;
        if self.own(who)?.is_account() {
            return Err(ErrorCode::AlreadyLoggedIn);
        }
        self.check_nick(&name)?;
        let is_multi = login.is_multi;
        self.ask_login(who, peer, name, login.secret, What::Login { is_multi })
    }

    fn ask_login(
        &mut self,
        who: ConnId,
        peer: Peer,
        name: Nick,
        secret: Secret,
        what: What,
    ) -> Result<(), ErrorCode> {
        if !secret.is_token() {
            check_password(&secret)?;
        }
        let ask = AccountAsk::Login {
            name: name.key(),
            secret,
        };
        self.ask_account(who, peer, name, ask, what)
    }

    /// Makes an account of the name that a guest goes by.
    pub(super) fn register(
        &mut self,
        who: ConnId,
        peer: Peer,
        password: Secret,
    ) -> Result<(), ErrorCode> {
        self.check_accounts()?;
        let session = self.own(who)?;
        let nick = session.nick().clone();
        if session.is_account() {
            return Err(ErrorCode::AlreadyLoggedIn);
        }
        check_password(&password)?;
        if let Err(code) = self.check_registrable(&nick) {
            self.log(Deed::Registration { is_good: false }, Some(nick), peer);
            return Err(code);
        }
        if let Err(code) = self.take_registration(peer) {
            self.log(Deed::Registration { is_good: false }, Some(nick), peer);
            return Err(code);
        }
        let name = nick.clone();
        let ask = AccountAsk::Register { nick, password };
        let asked = self.ask_account(who, peer, name, ask, What::Other);
        if asked.is_err() {
            self.give_back_registration(peer);
        }
        asked
    }

    /// Goes on as a guest.
    pub(super) fn logout(&mut self, who: ConnId) -> Result<(), ErrorCode> {
        self.own_account(who)?;
        self.check_may_log_out(who)?;
        let guest = self.guest_nick();
        let (from, to) = self.go_by(who, guest)?;
        self.answer(who, Event::Renamed { from, to })
    }

    pub(super) fn set_password(
        &mut self,
        who: ConnId,
        peer: Peer,
        old: Option<Secret>,
        new: Secret,
    ) -> Result<(), ErrorCode> {
        let (account, nick) = self.own_account(who)?;
        self.check_is_no_bot(account)?;
        check_password(&new)?;
        old.as_ref().map_or(Ok(()), check_password)?;
        let ask = AccountAsk::SetPassword { account, old, new };
        self.ask_account(who, peer, nick, ask, What::Other)
    }

    pub(super) fn unregister(
        &mut self,
        who: ConnId,
        peer: Peer,
        password: Option<Secret>,
    ) -> Result<(), ErrorCode> {
        let (account, nick) = self.own_account(who)?;
        self.check_is_no_bot(account)?;
        self.check_may_log_out(who)?;
        password.as_ref().map_or(Ok(()), check_password)?;
        let ask = AccountAsk::Unregister { account, password };
        self.ask_account(who, peer, nick, ask, What::Other)
    }

    pub(super) fn change_token(
        &mut self,
        who: ConnId,
        peer: Peer,
        change: TokenChange,
    ) -> Result<(), ErrorCode> {
        let (owner, nick) = self.own_account(who)?;
        self.check_is_no_bot(owner)?;
        let own_bot = |bot: &Nick| {
            let bot = self.accounts.directory.find(&bot.key())?;
            (bot.record.owner == Some(owner)).then_some(bot.record.id)
        };
        let (name, ask) = match change {
            TokenChange::New(bot) => {
                if own_bot(&bot).is_none() {
                    self.check_nick(&bot)?;
                    self.check_registrable(&bot)?;
                    self.take_registration(peer)?;
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
        self.ask_account(who, peer, name, ask, What::Other)
    }

    pub(super) fn check_accounts(&self) -> Result<(), ErrorCode> {
        match self.rules.durability {
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
        let account = self.accounts.directory.get(account);
        match account.is_some_and(|account| account.record.owner.is_some()) {
            true => Err(ErrorCode::NotLoggedIn),
            false => Ok(()),
        }
    }

    /// May an account be made of that name?
    fn check_registrable(&self, nick: &Nick) -> Result<(), ErrorCode> {
        if self.is_registered(nick) {
            return Err(ErrorCode::AlreadyRegistered);
        }
        match is_given(nick) || nick.is_reserved() {
            true => Err(ErrorCode::NickTaken),
            false => Ok(()),
        }
    }

    /// May one more account be made from there? It is counted.
    fn take_registration(&mut self, peer: Peer) -> Result<(), ErrorCode> {
        if self.accounts.directory.len() >= ACCOUNTS_MAX {
            return Err(ErrorCode::AccountsFull);
        }
        let address = peer.counted_address(self.rules.limits_loopback);
        let now_ms = self.now.uptime_ms;
        match address.is_none_or(|address| self.accounts.registrations.take(address, now_ms)) {
            true => Ok(()),
            false => Err(ErrorCode::TooManyRegistrations),
        }
    }

    /// An account was not made.
    pub(super) fn give_back_registration(&mut self, peer: Peer) {
        if let Some(address) = peer.counted_address(self.rules.limits_loopback) {
            self.accounts.registrations.give_back(address);
        }
    }

    /// Whoever is muted does not get rid of that under another name.
    pub(super) fn check_may_log_out(&self, who: ConnId) -> Result<(), ErrorCode> {
        let session = self.own(who)?;
        if session.is_account() {
            for &room in session.rooms() {
                self.check_mute(who, room)?;
            }
        }
        Ok(())
    }

    /// Asks about an account, unless too many passwords were wrong.
    fn ask_account(
        &mut self,
        who: ConnId,
        peer: Peer,
        name: Nick,
        ask: AccountAsk,
        what: What,
    ) -> Result<(), ErrorCode> {
        let tried = Tried::by(&ask);
        if tried.is_secret() {
            self.check_failures(&name.key(), peer)?;
        }
        if !self.accounts.asking.insert(who) {
            return Err(ErrorCode::Busy);
        }
        let ticket = self.next_ticket();
        let waiting = Waiting {
            who,
            peer,
            request_id: self.request_id.take(),
            name,
            tried,
            is_void: false,
            what,
        };
        self.accounts.waiting.insert(ticket, waiting);
        self.effects
            .push_back(Effect::AskAccount { who, ticket, ask });
        Ok(())
    }

    /// May a password be tried?
    fn check_failures(&mut self, name: &Key, peer: Peer) -> Result<(), ErrorCode> {
        let (now_ms, address) = (self.now.uptime_ms, peer.counted_address(true));
        let tried = self.accounts.failures.try_one(name, address, now_ms);
        tried.map_err(ErrorCode::LoginThrottled)
    }
}

fn check_password(password: &Secret) -> Result<(), ErrorCode> {
    match password.is_password() {
        true => Ok(()),
        false => Err(ErrorCode::BadPassword),
    }
}

#[cfg(test)]
mod tests;
