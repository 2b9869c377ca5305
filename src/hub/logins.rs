//! What comes of questions about accounts: who is logged in, and under which name.

use crate::chat::Entry;
use crate::model::{
    AccountAnswer, AccountChange, AccountRecord, ConnId, Credential, Deed, Done, ErrorCode, Event,
    Moment, Notice, RegistrationMode,
};

use super::asking::{Tried, Waiting, What};
use super::coming::Coming;
use super::decision::{Caller, Decision, Then};
use super::invitations::tell_codes;
use super::state::Hub;

impl Hub {
    /// A question about an account has been answered: which, what holds of the answer, and whether whoever asked is here
    /// yet. `None` where nothing comes of it.
    pub(super) fn take_account_answer(
        &mut self,
        ticket: u64,
        answer: AccountAnswer,
        now: Moment,
    ) -> Option<(Waiting, AccountAnswer, bool)> {
        if answer == AccountAnswer::Delayed {
            self.tell_of_delay(ticket);
            return None;
        }
        let waiting = self.accounts.waiting.remove(&ticket)?;
        let is_here = self.accounts.asking.remove(&waiting.who);
        self.count_try(&waiting, &answer, now);
        let answer = match answer {
            AccountAnswer::LoggedIn(_) | AccountAnswer::Proven { .. } if waiting.is_void => {
                AccountAnswer::WrongSecret
            }
            answer => answer,
        };
        Some((waiting, answer, is_here))
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
            AccountAnswer::LoggedIn(_)
            | AccountAnswer::Proven { .. }
            | AccountAnswer::Registered(_) => true,
            AccountAnswer::WrongSecret | AccountAnswer::Exists | AccountAnswer::WrongCode => false,
            // Another password, or no account any more, proves no more than the login before it did.
            AccountAnswer::PasswordSet
            | AccountAnswer::Unregistered { .. }
            | AccountAnswer::Token { .. }
            | AccountAnswer::TokenDropped { .. }
            | AccountAnswer::Session { .. }
            | AccountAnswer::SessionEnded
            | AccountAnswer::Tokens(_)
            | AccountAnswer::Codes(_)
            | AccountAnswer::CodeGone
            | AccountAnswer::Challenge(_)
            | AccountAnswer::NoSuchAccount
            | AccountAnswer::TooMany
            | AccountAnswer::Prepared { .. }
            | AccountAnswer::Busy
            | AccountAnswer::Delayed
            | AccountAnswer::Failed => return,
        };
        let deed = match waiting.tried {
            Tried::Nothing | Tried::Code => return,
            Tried::Password => Deed::Login { is_good },
            Tried::Token => Deed::Token { is_good },
            Tried::Name => Deed::Registration { is_good },
        };
        self.log(deed, Some(waiting.name.clone()), waiting.peer);
        if let Some(code) = waiting.invitation.clone().filter(|_| is_good) {
            let name = Some(waiting.name.clone());
            self.log(Deed::Invitation { code }, name, waiting.peer);
        }
    }

    pub(super) fn count_try(&mut self, waiting: &Waiting, answer: &AccountAnswer, now: Moment) {
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
                failures.note_failure(name, address, now.uptime_ms);
            }
            AccountAnswer::Busy | AccountAnswer::Failed => {}
            _ => failures.note_success(name, address),
        }
    }

    /// What an answer says of accounts, which holds whether or not anybody waits for it.
    pub(super) fn entry_of_answer(
        &mut self,
        who: Option<ConnId>,
        answer: &AccountAnswer,
        now: Moment,
    ) -> Option<Entry> {
        if self.log.is_shared() {
            // The rest was made by an entry before it was answered.
            return match answer {
                AccountAnswer::LoggedIn(record) | AccountAnswer::Proven { record, .. } => {
                    self.entry_of_login(record)
                }
                _ => None,
            };
        }
        let entry = match answer {
            AccountAnswer::Registered(record) => Entry::Registered {
                record: record.clone(),
                by: who.and_then(|who| self.sessions.user_of(who)),
            },
            AccountAnswer::LoggedIn(record) | AccountAnswer::Proven { record, .. } => {
                Entry::Known {
                    record: record.clone(),
                }
            }
            AccountAnswer::Unregistered { account, bots } => Entry::AccountsGone {
                accounts: bots.iter().chain([account]).copied().collect(),
            },
            AccountAnswer::Token { bot, digest, .. } => {
                if self.chat.directory().get(bot.id).is_some() {
                    self.use_account(bot.id, now);
                }
                Entry::Token {
                    bot: bot.clone(),
                    digest: *digest,
                }
            }
            AccountAnswer::TokenDropped { bot } => Entry::AccountsGone {
                accounts: vec![*bot],
            },
            _ => return None,
        };
        Some(entry)
    }

    /// What it comes to for who asked.
    pub(super) fn decision_of_answer(
        &mut self,
        who: ConnId,
        waiting: Waiting,
        answer: AccountAnswer,
        now: Moment,
    ) -> Result<Decision, ErrorCode> {
        let peer = waiting.peer;
        let caller = Caller { who, peer, now };
        match answer {
            AccountAnswer::LoggedIn(record) => match waiting.what {
                What::Join { coming, is_multi } => {
                    self.come_in_as(caller, coming, record.credential(), is_multi)
                }
                What::Login { is_multi } => self.go_on_as(who, record.credential(), is_multi),
                What::Proof => self.prove_as(who, record, None),
                What::Oper => self.oper_by(who, peer, &record),
                What::Other => Err(ErrorCode::StoreFailed),
            },
            AccountAnswer::Proven { record, signature } => {
                self.prove_as(who, record, Some(signature))
            }
            AccountAnswer::Challenge(challenge) => {
                Ok(Decision::Answer(Event::Challenge(challenge)))
            }
            AccountAnswer::Registered(record) => match waiting.what {
                What::Proof => self.prove_as(who, record, None),
                What::Join { coming, is_multi } => {
                    self.come_in_as(caller, coming, record.credential(), is_multi)
                }
                What::Login { .. } | What::Oper | What::Other => {
                    let nick = record.nick.clone();
                    let is_logged_in = self.own(who)?.account() == Some(record.id);
                    Decision::done(Done::Registered { nick, is_logged_in })
                }
            },
            AccountAnswer::PasswordSet => Decision::done(Done::PasswordChanged),
            AccountAnswer::Unregistered { .. } => Decision::done(Done::Unregistered(waiting.name)),
            AccountAnswer::Token { bot, token, .. } => {
                let bot = bot.nick;
                Ok(Decision::Answer(Event::Token { bot, token }))
            }
            AccountAnswer::TokenDropped { .. } => Decision::done(Done::BotGone(waiting.name)),
            AccountAnswer::Session { token } => {
                let bot = waiting.name;
                Ok(Decision::Answer(Event::Token { bot, token }))
            }
            AccountAnswer::SessionEnded => Decision::done(Done::TokenVoid),
            AccountAnswer::Tokens(bots) => Decision::done(Done::Bots(bots)),
            AccountAnswer::WrongSecret => Err(ErrorCode::WrongLogin),
            AccountAnswer::Codes(codes) => Ok(tell_codes(codes, caller.now)),
            AccountAnswer::CodeGone => Decision::done(Done::CodeGone),
            AccountAnswer::WrongCode => Err(ErrorCode::NotInvited(RegistrationMode::Invite)),
            AccountAnswer::TooMany if waiting.tried == Tried::Code => Err(ErrorCode::TooManyBans),
            AccountAnswer::Exists => Err(ErrorCode::AlreadyRegistered),
            AccountAnswer::NoSuchAccount => Err(ErrorCode::NoSuchAccount(waiting.name.to_string())),
            AccountAnswer::TooMany => Err(ErrorCode::TooManyBots),
            AccountAnswer::Busy => Err(ErrorCode::Busy),
            AccountAnswer::Prepared { .. } | AccountAnswer::Delayed | AccountAnswer::Failed => {
                Err(ErrorCode::StoreFailed)
            }
        }
    }

    /// Comes in as an account whose password that was.
    fn come_in_as(
        &mut self,
        Caller { who, peer, .. }: Caller,
        coming: Coming,
        account: Credential,
        is_multi: bool,
    ) -> Result<Decision, ErrorCode> {
        if self.sessions.user_of(who).is_some() {
            return Err(ErrorCode::AlreadyJoined);
        }
        let wants = self.wants_of(&coming);
        let entry = Entry::JoinAs {
            account,
            nick: coming.nick,
            peer,
            is_multi,
        };
        let then = Then::ComeIn {
            resume: coming.resume,
            is_account: true,
        };
        Ok(Decision::Entry(entry, wants, then))
    }

    /// Goes on as an account whose password that was.
    fn go_on_as(
        &mut self,
        who: ConnId,
        account: Credential,
        is_multi: bool,
    ) -> Result<Decision, ErrorCode> {
        let user = self.own_id(who)?;
        let entry = Entry::LogIn {
            user,
            account,
            is_multi,
        };
        Decision::entry_then(entry, Then::LogIn)
    }

    /// What a login says of an account of a cluster: its role may have been set at this server's database (`hubbub
    /// account role`).
    fn entry_of_login(&self, record: &AccountRecord) -> Option<Entry> {
        let known = &self.chat.directory().get(record.id)?.record;
        let is_other = known.is_operator != record.is_operator;
        (is_other && known.generation == record.generation).then(|| {
            let change = AccountChange::SetRole {
                account: record.id,
                is_operator: record.is_operator,
            };
            let change = Box::new(change);
            Entry::Account { change, by: None }
        })
    }
}
