//! Accounts that are made, known and gone. Their secrets are the store's.

use crate::model::{AccountId, AccountRecord, ErrorCode, PutOut, UserId};

use crate::chat::{Applying, Fact};

impl Applying<'_> {
    pub(super) fn register(
        &mut self,
        record: AccountRecord,
        by: Option<UserId>,
    ) -> Result<(), ErrorCode> {
        let (account, nick) = (record.id, record.nick.clone());
        self.learn(record);
        self.facts.push(Fact::AccountMade { account });
        match self.chat.users.find(nick.as_str()) {
            Some(user) if by == Some(user) => self.note_login(user, account),
            Some(user) => self.facts.push(Fact::NameTaken { user }),
            None => {}
        }
        Ok(())
    }

    /// There is an account. One that had its name before is gone.
    pub(super) fn learn(&mut self, record: AccountRecord) {
        if let Some(former) = self.chat.directory.learn(record) {
            self.forget(former);
        }
    }

    /// An account is no more. Its user goes on as a guest; a bot is put out.
    pub(super) fn forget(&mut self, id: AccountId) {
        self.put_out_bot(id);
        self.disown_all(id);
        let Some(account) = self.chat.directory.remove(id) else {
            return;
        };
        let nick = account.record.nick;
        self.facts.push(Fact::AccountGone {
            account: id,
            nick: nick.clone(),
        });
        // Some go by other names than their account's.
        let users = self.chat.users.iter();
        let others =
            users.filter(|(_, user)| user.account() == Some(id) && user.nick().key() != nick.key());
        for user in others.map(|(user, _)| user).collect::<Vec<UserId>>() {
            self.note_logout(user, account.record.is_operator);
        }
        self.chat.note_steps(self.chat.users.len());
        let Some(user) = self.chat.users.find(nick.as_str()) else {
            return;
        };
        if !self.chat.is_registered(&nick) {
            self.facts.push(Fact::NameFreed { user });
        }
        if self.chat.users[user].account() == Some(id) {
            self.note_logout(user, account.record.is_operator);
        }
    }

    /// A bot's token is void: whoever came in with it is put out.
    fn put_out_bot(&mut self, id: AccountId) {
        self.chat.tokens.retain(|_, &mut bot| bot != id);
        let account = self.chat.directory.get(id);
        let bot = account.filter(|account| account.record.owner.is_some());
        let user = bot.and_then(|bot| self.chat.users.find(bot.record.nick.as_str()));
        if let Some(user) = user.filter(|&user| self.chat.users[user].account() == Some(id)) {
            self.put_out(user, PutOut::TokenVoid);
        }
    }

    pub(super) fn take_token(
        &mut self,
        bot: AccountRecord,
        digest: [u8; 32],
    ) -> Result<(), ErrorCode> {
        self.put_out_bot(bot.id);
        self.chat.tokens.insert(digest, bot.id);
        let is_new = self.chat.directory.get(bot.id).is_none();
        let (account, nick) = (bot.id, bot.nick.clone());
        self.learn(bot);
        if is_new {
            self.facts.push(Fact::AccountMade { account });
        }
        if let Some(user) = self.chat.users.find(nick.as_str()) {
            self.facts.push(Fact::NameTaken { user });
        }
        Ok(())
    }
}
