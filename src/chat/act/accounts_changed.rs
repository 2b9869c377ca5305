//! Changes of the accounts that a server of a cluster has prepared. What they depend on is checked here, at each server
//! alike, and their ids are given here, so that all databases have the same.

use crate::limits::{ACCOUNTS_MAX, BOTS_PER_ACCOUNT_MAX, CODES_MAX};
use crate::model::{
    AccountChange, AccountId, AccountRecord, Credential, ErrorCode, InviteCode, Nick,
    RegistrationMode, Secret, UserId,
};

use crate::chat::{Applying, Fact};

impl Applying<'_> {
    pub(super) fn change_account(
        &mut self,
        change: Box<AccountChange>,
        by: Option<UserId>,
    ) -> Result<(), ErrorCode> {
        match &*change {
            AccountChange::Register { nick, code, .. } => {
                let record = self.new_account(nick, code.as_ref())?;
                self.note_change_of(record.credential(), change);
                self.register(record, by)?;
            }
            AccountChange::AddCode(code) => {
                self.add_code(code.clone())?;
                self.note_change_of(Credential::default(), change);
            }
            AccountChange::DropCode(code) => {
                let found = self.chat.codes.remove(code);
                found.ok_or(ErrorCode::NotInvited(RegistrationMode::Invite))?;
                self.note_change_of(Credential::default(), change);
            }
            AccountChange::SetPassword { account, seen, .. } => {
                let mut record = self.human(*account, *seen)?;
                record.generation += 1;
                let of = record.credential();
                self.learn(record);
                self.note_change_of(of, change);
            }
            AccountChange::SetScram { account, seen, .. } => {
                let of = self.human(*account, Some(*seen))?.credential();
                self.note_change_of(of, change);
            }
            AccountChange::Unregister { account, seen } => {
                let (account, of) = (*account, self.human(*account, *seen)?.credential());
                self.note_change_of(of, change);
                let bots: Vec<AccountId> = self.bots_of(account).collect();
                bots.into_iter()
                    .chain([account])
                    .for_each(|id| self.forget(id));
            }
            AccountChange::SetToken { owner, bot, digest } => {
                let (record, digest) = (self.bot(*owner, bot)?, *digest);
                self.note_change_of(record.credential(), change);
                self.take_token(record, digest)?;
            }
            AccountChange::DropBot { owner, bot } => {
                let (owner, bot) = (*owner, *bot);
                if !self.bots_of(owner).any(|id| id == bot) {
                    return Err(no_account());
                }
                let account = bot;
                self.note_change_of(
                    Credential {
                        account,
                        generation: 0,
                    },
                    change,
                );
                self.forget(bot);
            }
            AccountChange::AddSession { account, .. }
            | AccountChange::EndSession { account, .. } => {
                let of = self.human(*account, None)?.credential();
                self.note_change_of(of, change);
            }
            AccountChange::SetRole {
                account,
                is_operator,
            } => {
                let mut record = self.human(*account, None)?;
                record.is_operator = *is_operator;
                let of = record.credential();
                self.learn(record);
                self.note_change_of(of, change);
            }
        }
        Ok(())
    }

    fn note_change_of(&mut self, of: Credential, change: Box<AccountChange>) {
        let at_ms = self.at_ms;
        self.facts.push(Fact::AccountChanged { change, of, at_ms });
    }

    /// An account that is no bot, and has that password, whatever it is if not given.
    fn human(&self, id: AccountId, seen: Option<u64>) -> Result<AccountRecord, ErrorCode> {
        let found = self.chat.directory.get(id).map(|it| &it.record);
        let refusal = || match seen {
            Some(_) => ErrorCode::WrongLogin,
            None => no_account(),
        };
        let record =
            found.filter(|it| it.owner.is_none() && seen.is_none_or(|seen| it.generation == seen));
        record.cloned().ok_or_else(refusal)
    }

    fn bots_of(&self, owner: AccountId) -> impl Iterator<Item = AccountId> {
        let accounts = self.chat.directory.iter().map(|it| &it.record);
        let bots = accounts.filter(move |it| it.owner == Some(owner));
        bots.map(|it| it.id)
    }

    /// An account that is made now, which takes an invitation where one is given.
    fn new_account(
        &mut self,
        nick: &Nick,
        code: Option<&Secret>,
    ) -> Result<AccountRecord, ErrorCode> {
        if self.chat.is_registered(nick) {
            return Err(ErrorCode::AlreadyRegistered);
        }
        if self.chat.directory.len() >= ACCOUNTS_MAX {
            return Err(ErrorCode::AccountsFull);
        }
        if let Some(code) = code {
            let (at_ms, code) = (self.at_ms, code.reveal());
            let known = self
                .chat
                .codes
                .get_mut(code)
                .filter(|it| is_good(it, at_ms));
            let known = known.ok_or(ErrorCode::NotInvited(RegistrationMode::Invite))?;
            known.uses -= 1;
            if known.uses == 0 {
                self.chat.codes.remove(code);
            }
        }
        Ok(self.new_record(nick, None))
    }

    fn new_record(&self, nick: &Nick, owner: Option<AccountId>) -> AccountRecord {
        AccountRecord {
            id: self.chat.directory.next_id(),
            nick: nick.clone(),
            is_operator: false,
            owner,
            generation: 0,
        }
    }

    /// A bot that has another token from now on.
    fn bot(&self, owner: AccountId, nick: &Nick) -> Result<AccountRecord, ErrorCode> {
        self.human(owner, None)?;
        match self.chat.directory.find(&nick.key()).map(|it| &it.record) {
            Some(bot) if bot.owner == Some(owner) => Ok(AccountRecord {
                generation: bot.generation + 1,
                ..bot.clone()
            }),
            Some(_) => Err(ErrorCode::AlreadyRegistered),
            None if self.chat.directory.len() >= ACCOUNTS_MAX => Err(ErrorCode::AccountsFull),
            None if self.bots_of(owner).count() >= BOTS_PER_ACCOUNT_MAX => {
                Err(ErrorCode::TooManyBots)
            }
            None => Ok(self.new_record(nick, Some(owner))),
        }
    }

    fn add_code(&mut self, code: InviteCode) -> Result<(), ErrorCode> {
        let at_ms = self.at_ms;
        self.chat.codes.retain(|_, it| is_good(it, at_ms));
        if self.chat.codes.len() >= CODES_MAX {
            return Err(ErrorCode::TooManyBans);
        }
        self.chat.codes.insert(code.code.clone(), code);
        Ok(())
    }
}

fn is_good(code: &InviteCode, at_ms: u64) -> bool {
    code.uses > 0 && code.until_ms.is_none_or(|until| until > at_ms)
}

fn no_account() -> ErrorCode {
    ErrorCode::NoSuchAccount(String::new())
}
