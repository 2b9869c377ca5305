//! What comes of questions about accounts: who is logged in, and under which name.

use crate::model::{
    AccountAnswer, AccountId, AccountRecord, ConnId, Deed, Done, ErrorCode, Event, Moment, Notice,
    Peer, PutOut, UserId,
};

use super::accounts::{Tried, Waiting, What};
use super::coming::Coming;
use super::expiry::Lasting;
use super::{Hub, User};

impl Hub {
    /// A question about an account has been answered: whoever asked goes on, if it is here yet.
    pub fn handle_account(&mut self, ticket: u64, answer: AccountAnswer, now: Moment) {
        self.now = now;
        if answer == AccountAnswer::Delayed {
            return self.tell_of_delay(ticket);
        }
        let Some(mut waiting) = self.accounts.waiting.remove(&ticket) else {
            return;
        };
        let who = Some(waiting.who).filter(|who| self.accounts.asking.remove(who));
        self.count_try(&waiting, &answer);
        let answer = match answer {
            AccountAnswer::LoggedIn(_) if waiting.is_void => AccountAnswer::WrongSecret,
            answer => answer,
        };
        self.take_in(who, &answer);
        let Some(who) = who else {
            return;
        };
        self.request_id = waiting.request_id.take();
        if let Err(code) = self.go_on(who, waiting, answer) {
            self.refuse(who, code);
        }
    }

    fn tell_of_delay(&mut self, ticket: u64) {
        let who = self
            .accounts
            .waiting
            .get(&ticket)
            .map(|waiting| waiting.who);
        let is_here =
            |who: &ConnId| self.accounts.asking.contains(who) && self.user(*who).is_some();
        if let Some(who) = who.filter(is_here) {
            self.tell(who, Event::Notice(Notice::DiskIsSlow));
        }
    }

    /// What the log says of a try.
    fn log_try(&mut self, waiting: &Waiting, answer: &AccountAnswer) {
        let is_good = match answer {
            AccountAnswer::LoggedIn(_) | AccountAnswer::Registered(_) => true,
            AccountAnswer::WrongSecret | AccountAnswer::Exists => false,
            // Another password, or no account any more, proves no more than the login before it did.
            AccountAnswer::PasswordSet
            | AccountAnswer::Unregistered { .. }
            | AccountAnswer::Token { .. }
            | AccountAnswer::TokenDropped { .. }
            | AccountAnswer::Session { .. }
            | AccountAnswer::SessionEnded
            | AccountAnswer::Tokens(_)
            | AccountAnswer::NoSuchAccount
            | AccountAnswer::TooMany
            | AccountAnswer::Busy
            | AccountAnswer::Delayed
            | AccountAnswer::Failed => return,
        };
        let deed = match waiting.tried {
            Tried::Nothing => return,
            Tried::Password => Deed::Login { is_good },
            Tried::Token => Deed::Token { is_good },
            Tried::Name => Deed::Registration { is_good },
        };
        self.log(deed, Some(waiting.name.clone()), waiting.peer);
    }

    fn count_try(&mut self, waiting: &Waiting, answer: &AccountAnswer) {
        self.log_try(waiting, answer);
        if waiting.tried == Tried::Name && !matches!(answer, AccountAnswer::Registered(_)) {
            self.give_back_registration(waiting.peer);
        }
        if !waiting.tried.is_secret() {
            return;
        }
        let (name, address) = (waiting.name.key(), waiting.peer.counted_address(true));
        let failures = &mut self.accounts.failures;
        match answer {
            AccountAnswer::WrongSecret => {
                failures.note_failure(name, address, self.now.uptime_ms);
            }
            AccountAnswer::Busy | AccountAnswer::Failed => {}
            _ => failures.note_success(name, address),
        }
    }

    /// What an answer says of accounts holds, whether or not anybody waits for it.
    fn take_in(&mut self, who: Option<ConnId>, answer: &AccountAnswer) {
        match answer {
            AccountAnswer::Registered(record) => {
                self.learn_account(record);
                self.watch_new_account(record.id);
                let asker = who.and_then(|who| self.users.of(who));
                let holder = self.users.find(record.nick.as_str());
                if let Some(holder) = holder.filter(|_| holder != asker) {
                    self.begin_grace(holder);
                }
            }
            AccountAnswer::LoggedIn(record) => self.learn_account(record),
            AccountAnswer::Unregistered { account, bots } => {
                bots.iter().for_each(|&bot| self.forget_account(bot));
                self.forget_account(*account);
            }
            AccountAnswer::Token { bot, digest, .. } => {
                self.put_out_bot(bot.id);
                self.accounts.tokens.insert(*digest, bot.id);
                let is_new = self.accounts.directory.get(bot.id).is_none();
                self.learn_account(bot);
                match is_new {
                    true => self.watch_new_account(bot.id),
                    false => self.use_account(bot.id),
                }
                if let Some(holder) = self.users.find(bot.nick.as_str()) {
                    self.begin_grace(holder);
                }
            }
            AccountAnswer::TokenDropped { bot } => self.forget_account(*bot),
            _ => {}
        }
    }

    /// There is an account. One that had its name before is gone.
    fn learn_account(&mut self, record: &AccountRecord) {
        if let Some(former) = self.accounts.directory.learn(record.clone()) {
            self.forget_account(former);
        }
    }

    /// An account is no more. Its user goes on as a guest; a bot is put out.
    pub(super) fn forget_account(&mut self, id: AccountId) {
        self.expiry.forget(Lasting::Account(id));
        self.put_out_bot(id);
        self.disown_all(id);
        let Some(account) = self.accounts.directory.remove(id) else {
            return;
        };
        let nick = account.record.nick;
        for waiting in self.accounts.waiting.values_mut() {
            waiting.is_void |= waiting.name.key() == nick.key();
        }
        for other in self.users_of_account(id, &nick) {
            self.forget_login_to(other, account.record.is_operator);
        }
        let Some(holder) = self.users.find(nick.as_str()) else {
            return;
        };
        if !self.is_registered(&nick) {
            self.stop_grace(holder);
        }
        if self.users[holder].account() == Some(id) {
            self.forget_login_to(holder, account.record.is_operator);
        }
    }

    /// A bot's token is void: whoever came in with it is put out.
    fn put_out_bot(&mut self, id: AccountId) {
        self.accounts.tokens.retain(|_, &mut bot| bot != id);
        let account = self.accounts.directory.get(id);
        let bot = account.filter(|account| account.record.owner.is_some());
        if let Some(bot) = bot
            && let Some(user) = self.users.find(bot.record.nick.as_str())
            && self.users[user].account() == Some(id)
        {
            self.put_out(user, PutOut::TokenVoid);
        }
    }

    /// A user is logged in no more.
    pub(super) fn forget_login(&mut self, user: UserId) {
        let Some(id) = self.users.get(user).and_then(User::account) else {
            return;
        };
        let account = self.accounts.directory.get(id);
        self.forget_login_to(user, account.is_some_and(|it| it.record.is_operator));
    }

    fn forget_login_to(&mut self, user: UserId, was_operator: bool) {
        self.change(user, |rare| {
            rare.account = None;
            rare.is_operator &= !was_operator;
        });
        self.tell_of_account(user);
        let nick = self.users[user].nick().clone();
        self.tell_user(user, &Event::Notice(Notice::LoggedOut(nick)));
    }

    /// Goes on with an answer.
    fn go_on(
        &mut self,
        who: ConnId,
        waiting: Waiting,
        answer: AccountAnswer,
    ) -> Result<(), ErrorCode> {
        match answer {
            AccountAnswer::LoggedIn(record) => match waiting.what {
                What::Join { coming, is_multi } => {
                    self.come_in_as(who, waiting.peer, coming, &record, is_multi)
                }
                What::Login { is_multi } => self.go_on_as(who, &record, is_multi),
                What::Proof => self.prove_as(who, &record),
                What::Other => Err(ErrorCode::StoreFailed),
            },
            AccountAnswer::Registered(record) => {
                let nick = record.nick.clone();
                let is_logged_in = self.own(who)?.nick().key() == nick.key();
                if is_logged_in {
                    self.log_in(self.own_id(who)?, &record);
                }
                self.done(who, Done::Registered { nick, is_logged_in })
            }
            AccountAnswer::PasswordSet => self.done(who, Done::PasswordChanged),
            AccountAnswer::Unregistered { .. } => self.done(who, Done::Unregistered(waiting.name)),
            AccountAnswer::Token { bot, token, .. } => {
                let bot = bot.nick;
                self.answer(who, Event::Token { bot, token })
            }
            AccountAnswer::TokenDropped { .. } => self.done(who, Done::BotGone(waiting.name)),
            AccountAnswer::Session { token } => {
                let bot = waiting.name;
                self.answer(who, Event::Token { bot, token })
            }
            AccountAnswer::SessionEnded => self.done(who, Done::TokenVoid),
            AccountAnswer::Tokens(bots) => self.done(who, Done::Bots(bots)),
            AccountAnswer::WrongSecret => Err(ErrorCode::WrongLogin),
            AccountAnswer::Exists => Err(ErrorCode::AlreadyRegistered),
            AccountAnswer::NoSuchAccount => Err(ErrorCode::NoSuchAccount(waiting.name.to_string())),
            AccountAnswer::TooMany => Err(ErrorCode::TooManyBots),
            AccountAnswer::Busy => Err(ErrorCode::Busy),
            AccountAnswer::Delayed | AccountAnswer::Failed => Err(ErrorCode::StoreFailed),
        }
    }

    /// Comes in as an account whose password that was.
    fn come_in_as(
        &mut self,
        who: ConnId,
        peer: Peer,
        coming: Coming,
        record: &AccountRecord,
        is_multi: bool,
    ) -> Result<(), ErrorCode> {
        if self.users.of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        // They may have been banned meanwhile.
        if let Some(refusal) = self.refusal_of(&peer, self.now) {
            return Err(refusal);
        }
        self.check_nick(&record.nick)?;
        let first_effect = self.effects.len();
        let resume = match self.make_way(who, record, is_multi) {
            Some(user) => self.come_in_beside(who, peer, coming, user)?,
            None => {
                self.settle_audiences(first_effect);
                self.come_in(who, peer, coming)?
            }
        };
        self.log_in(self.own_id(who)?, record);
        self.resume(who, &resume)?;
        self.ask_mail(who);
        Ok(())
    }

    /// Goes on as an account whose password that was.
    fn go_on_as(
        &mut self,
        who: ConnId,
        record: &AccountRecord,
        is_multi: bool,
    ) -> Result<(), ErrorCode> {
        self.check_nick(&record.nick)?;
        if let Some(into) = self.make_way(who, record, is_multi) {
            self.merge(self.own_id(who)?, into);
        } else if self.own(who)?.nick().key() != record.nick.key() {
            let (from, to) = self.go_by(who, record.nick.clone())?;
            self.tell(who, Event::Renamed { from, to });
        }
        self.log_in(self.own_id(who)?, record);
        let nick = self.own(who)?.nick().clone();
        self.done(who, Done::LoggedIn(nick))?;
        self.ask_mail(who);
        Ok(())
    }

    /// Frees an account's name for its owner. Returns the user who is logged in already and stays.
    pub(super) fn make_way(
        &mut self,
        who: ConnId,
        record: &AccountRecord,
        is_multi: bool,
    ) -> Option<UserId> {
        let holder = self.users.find(record.nick.as_str())?;
        if self.users.of(who) == Some(holder) {
            return None;
        }
        if !self.users[holder].is_account() {
            self.put_aside(holder, Notice::OwnerCame(record.nick.clone()));
            return None;
        }
        if is_multi || self.rules.is_multi {
            return Some(holder);
        }
        self.put_out(holder, PutOut::LoggedInElsewhere);
        None
    }

    /// A user who goes by an account's name is logged in.
    pub(super) fn log_in(&mut self, user: UserId, record: &AccountRecord) {
        self.stop_grace(user);
        self.change(user, |rare| {
            rare.account = Some(record.id);
            rare.is_operator |= record.is_operator;
        });
        self.tell_of_account(user);
        self.follow_mutes(user);
        self.use_account(record.id);
    }
}
