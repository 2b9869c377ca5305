//! Whoever keeps accounts, as the oracle plays it, and what must hold of accounts and owned rooms.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::chat::LOBBY;
use crate::hub::{Effect, Hub};
use crate::model::{
    AccountAnswer, AccountAsk, AccountId, AccountRecord, ConnId, Event, Found, Key, Login, Message,
    MessageId, Moment, Nick, Query, Record, Request, RoomRecord, Secret, TokenChange,
};

/// How long guests may go by registered names.
pub(super) const GRACE_MS: u64 = 3_000;

const PASSWORDS: [&str; 2] = ["right", "wrong"];

/// The accounts, what waits for them, and the owned rooms: what a store would have.
#[derive(Default)]
pub(super) struct Keeper {
    accounts: HashMap<Key, (AccountRecord, Secret)>,
    last_account: u64,
    asked: Vec<(u64, ConnId, AccountAsk)>,
    /// Those that are known to take long: what else is asked meanwhile is handled.
    late: BTreeSet<u64>,
    /// Those of connections that are gone.
    gone: BTreeSet<u64>,
    rooms: HashMap<Key, RoomRecord>,
    mail: Vec<(AccountId, Arc<Message>)>,
    asked_for_mail: Vec<(u64, ConnId, AccountId)>,
    /// What was said, asked for by words or by when.
    asked_for_words: Vec<(u64, ConnId, Query)>,
    /// Mail that was asked for and told may have been asked for twice.
    told: BTreeSet<MessageId>,
}

impl Keeper {
    /// Must it wait for an answer before anything else that it asks is handled?
    pub(super) fn is_asked_by(&self, who: ConnId) -> bool {
        let mut asked = self.asked.iter().filter(|(_, asker, _)| *asker == who);
        asked.any(|(ticket, ..)| !self.late.contains(ticket) || self.gone.contains(ticket))
    }

    /// A connection is gone. Here its id is used again, though not before its questions are answered.
    pub(super) fn forget(&mut self, who: ConnId) {
        self.asked_for_mail.retain(|(_, asker, _)| *asker != who);
        let asked = self.asked.iter().filter(|(_, asker, _)| *asker == who);
        self.gone.extend(asked.map(|(ticket, ..)| *ticket));
    }

    /// Takes in what the hub wants kept or known.
    ///
    /// # Panics
    /// Where somebody asks for two things at once.
    pub(super) fn take_in(&mut self, effect: &Effect) {
        match effect {
            Effect::AskAccount { who, ticket, ask } => {
                self.asked.push((*ticket, *who, ask.clone()));
            }
            Effect::Ask {
                who,
                ticket,
                query: Query::Mail { to },
            } => self.asked_for_mail.push((*ticket, *who, *to)),
            Effect::Ask { who, ticket, query } => {
                self.asked_for_words.push((*ticket, *who, query.clone()));
            }
            Effect::Keep(Record::Room(record)) => {
                self.rooms.insert(record.name.key(), record.clone());
            }
            Effect::Keep(Record::RoomGone(name)) => {
                assert!(self.rooms.remove(&name.key()).is_some(), "it was owned");
            }
            Effect::Keep(Record::Private {
                message,
                to,
                to_account: Some(account),
                is_delivered: false,
                ..
            }) => {
                let known = self.accounts.get(&to.key());
                let known = known.map(|(record, _)| record.id);
                assert_eq!(known, Some(*account), "to an account");
                self.mail.push((*account, Arc::clone(message)));
            }
            Effect::Keep(Record::Delivered { to, through }) => {
                let is_told =
                    |mail: &(AccountId, Arc<Message>)| mail.0 == *to && mail.1.id <= *through;
                for (_, message) in self.mail.iter().filter(|mail| is_told(mail)) {
                    assert!(self.told.insert(message.id), "told twice");
                }
                self.mail.retain(|mail| !is_told(mail));
            }
            _ => {}
        }
    }

    /// Answers one of the questions. Returns who asked it, or many searches that were answered at once.
    pub(super) fn answer(&mut self, hub: &mut Hub, which: usize, now: Moment) -> Vec<ConnId> {
        if hub.kept() < hub.chat.last_id() {
            hub.handle_kept(hub.chat.last_id(), usize::MAX);
            return Vec::new();
        }
        if hub.has_searches() {
            let searched = hub.handle_searches(which % 50);
            return searched.iter().map(|searched| searched.who).collect();
        }
        if !which.is_multiple_of(3)
            && let Some((ticket, who, query)) = self.asked_for_words.pop()
        {
            let found = match query {
                _ if which.is_multiple_of(5) => Found::Failed,
                Query::Search { .. } => Found::InRooms {
                    messages: Vec::new(),
                    has_more: false,
                },
                _ => Found::Messages {
                    messages: Vec::new(),
                    through: MessageId(which as u64),
                    has_more: false,
                },
            };
            hub.handle_found(ticket, found, now);
            return vec![who];
        }
        if which.is_multiple_of(3)
            && let Some((ticket, _, to)) = self.asked_for_mail.pop()
        {
            let messages = self.mail.iter().filter(|(account, _)| *account == to);
            let found = Found::Messages {
                messages: messages.map(|(_, message)| Arc::clone(message)).collect(),
                through: hub.chat.last_id(),
                has_more: false,
            };
            hub.handle_found(ticket, found, now);
            return Vec::new();
        }
        if self.asked.is_empty() {
            return Vec::new();
        }
        let at = which % self.asked.len();
        if which % 17 == 2 && !self.late.contains(&self.asked[at].0) {
            let ticket = self.asked[at].0;
            self.late.insert(ticket);
            hub.handle_account(ticket, AccountAnswer::Delayed, now);
            return Vec::new();
        }
        let (ticket, who, ask) = self.asked.remove(at);
        let answer = match which % 17 {
            0 => AccountAnswer::Busy,
            1 => AccountAnswer::Failed,
            _ => self.carry_out(ask),
        };
        hub.handle_account(ticket, answer, now);
        vec![who]
    }

    fn carry_out(&mut self, ask: AccountAsk) -> AccountAnswer {
        let id = AccountId(self.last_account + 1);
        self.last_account += 1;
        let record = |nick: Nick, owner: Option<AccountId>| AccountRecord {
            id,
            is_operator: nick.as_str().starts_with('b'),
            nick,
            owner,
            generation: 0,
        };
        let is_right =
            |accounts: &HashMap<Key, (AccountRecord, Secret)>, key: &Key, given: &Secret| {
                accounts.get(key).is_some_and(|(_, secret)| secret == given)
            };
        match ask {
            AccountAsk::Register { nick, password, .. } => {
                if self.accounts.contains_key(&nick.key()) {
                    return AccountAnswer::Exists;
                }
                let record = record(nick.clone(), None);
                self.accounts.insert(nick.key(), (record.clone(), password));
                AccountAnswer::Registered(record)
            }
            AccountAsk::Login { name, secret } => match is_right(&self.accounts, &name, &secret) {
                true => AccountAnswer::LoggedIn(self.accounts[&name].0.clone()),
                false => AccountAnswer::WrongSecret,
            },
            AccountAsk::Challenge { .. } => AccountAnswer::NoSuchAccount,
            AccountAsk::LoginBy { .. } => AccountAnswer::WrongSecret,
            AccountAsk::SetPassword { account, old, .. } => {
                let Some(name) = self.name_of(account) else {
                    return AccountAnswer::NoSuchAccount;
                };
                let is_wrong = |old: &Secret| !is_right(&self.accounts, &name, old);
                match old.as_ref().is_some_and(is_wrong) {
                    true => AccountAnswer::WrongSecret,
                    false => AccountAnswer::PasswordSet,
                }
            }
            AccountAsk::Unregister { account, .. } => {
                if self.name_of(account).is_none() {
                    return AccountAnswer::NoSuchAccount;
                }
                let records = self.accounts.values().map(|(record, _)| record);
                let bots = records.filter(|bot| bot.owner == Some(account));
                let bots: Vec<AccountId> = bots.map(|bot| bot.id).collect();
                let is_gone = |id: AccountId| id == account || bots.contains(&id);
                self.accounts.retain(|_, (record, _)| !is_gone(record.id));
                self.mail.retain(|(to, _)| !is_gone(*to));
                AccountAnswer::Unregistered { account, bots }
            }
            AccountAsk::NewToken { owner, name } => {
                let known = self.accounts.get(&name.key());
                if self.name_of(owner).is_none() {
                    return AccountAnswer::NoSuchAccount;
                }
                if known.is_some_and(|(bot, _)| bot.owner != Some(owner)) {
                    return AccountAnswer::Exists;
                }
                let bot = match known {
                    Some((bot, _)) => bot.clone(),
                    None => record(name.clone(), Some(owner)),
                };
                let token = Secret::new(PASSWORDS[0]);
                self.accounts
                    .insert(name.key(), (bot.clone(), token.clone()));
                let digest = [name.as_str().len() as u8; 32];
                AccountAnswer::Token { bot, token, digest }
            }
            AccountAsk::DropToken { owner, bot } => match self.name_of(bot) {
                Some(name) if self.accounts[&name].0.owner == Some(owner) => {
                    self.accounts.remove(&name);
                    self.mail.retain(|(to, _)| *to != bot);
                    AccountAnswer::TokenDropped { bot }
                }
                _ => AccountAnswer::NoSuchAccount,
            },
            AccountAsk::NewSession { .. } => AccountAnswer::Session {
                token: Secret::new("hub_session"),
            },
            AccountAsk::EndSession { .. } => AccountAnswer::SessionEnded,
            AccountAsk::Tokens { .. } => AccountAnswer::Tokens(Vec::new()),
            AccountAsk::Kept(answer) => *answer,
            AccountAsk::NewCode { .. } | AccountAsk::Codes => AccountAnswer::Codes(Vec::new()),
            AccountAsk::DropCode { .. } => AccountAnswer::CodeGone,
        }
    }

    fn name_of(&self, account: AccountId) -> Option<Key> {
        let mut accounts = self.accounts.iter();
        let found = accounts.find(|(_, (record, _))| record.id == account);
        found.map(|(key, _)| key.clone())
    }

    /// # Panics
    /// Where the hub knows of other accounts, or of other owned rooms, than are kept.
    pub(super) fn check(&self, hub: &Hub) {
        let known = hub.chat.directory().iter();
        let known: HashMap<AccountId, &AccountRecord> = known
            .map(|account| (account.record.id, &account.record))
            .collect();
        let mut kept = HashMap::new();
        for (key, (record, _)) in &self.accounts {
            let found = hub.chat.directory().find(key).map(|it| &it.record);
            assert_eq!(found, Some(record), "by its name");
            kept.insert(record.id, record);
        }
        assert_eq!(known, kept, "the accounts that are kept");
        let owned = hub.chat.rooms().iter();
        let owned = owned.filter_map(|(id, _)| hub.chat.room_record(id));
        let owned: HashMap<Key, RoomRecord> =
            owned.map(|record| (record.name.key(), record)).collect();
        assert_eq!(owned, self.rooms, "the rooms that are kept");
        for account in hub.chat.directory().iter() {
            let id = account.record.id;
            let rooms = owned.values().filter(|record| record.owner == id);
            assert_eq!(rooms.count(), account.rooms, "rooms of {account:?}");
        }
        for record in owned.values() {
            let mut ids = record.moderators.iter().chain([&record.owner]);
            assert!(ids.all(|id| known.contains_key(id)), "{record:?}");
            assert!(!record.name.is_lobby());
        }
        for who in &hub.accounts.asking {
            let mut askers = self.asked.iter().map(|(_, asker, _)| asker);
            assert!(
                askers.any(|asker| asker == who),
                "nobody knows of its question"
            );
        }
        check_users(hub);
    }
}

/// # Panics
/// Where names of accounts are used by others for too long.
fn check_users(hub: &Hub) {
    let mut graces = BTreeSet::new();
    for (id, user) in hub.chat.users().iter() {
        let is_registered = hub.chat.is_registered(user.nick());
        let account = user
            .account()
            .map(|id| hub.chat.directory().get(id).map(|it| it.record.nick.key()));
        let is_its = account.is_none_or(|name| name == Some(user.nick().key()));
        assert!(is_its, "of what account?");
        let has_grace = hub.graces.has(id);
        graces.extend(has_grace.then_some(id));
        assert_eq!(has_grace, is_registered && !user.is_account(), "{user:?}");
    }
    let known: BTreeSet<_> = hub.graces.users().collect();
    assert_eq!(known, graces, "exactly those of the users");
    for (id, room) in hub.chat.rooms().iter() {
        let is_owned = room.modes.owner.is_some();
        assert!(!is_owned || id != LOBBY);
    }
}

/// A request about accounts.
pub(super) fn request(what: u8, which: usize) -> Request {
    let nick = super::requests::nick_of(which);
    let password = || Secret::new(PASSWORDS[usize::from(which.is_multiple_of(11))]);
    let login = Login {
        secret: password(),
        is_multi: which.is_multiple_of(2),
    };
    match what % 14 {
        0..=2 => Request::Login { name: nick, login },
        3 | 4 => Request::Join {
            nick,
            wants_users: which.is_multiple_of(4),
            login: Some(login),
            resume: Vec::new(),
            replay: None,
        },
        5..=7 => Request::Register {
            password: Secret::new(PASSWORDS[0]),
            code: None,
        },
        8 => Request::Logout,
        9 => Request::Passwd {
            old: Some(password()),
            new: password(),
        },
        10 => Request::Unregister { password: None },
        11 => Request::Token {
            change: TokenChange::New(nick),
        },
        12 => Request::Token {
            change: match which.is_multiple_of(2) {
                true => TokenChange::Drop(nick),
                false => TokenChange::Session,
            },
        },
        _ => Request::Appoint {
            room: None,
            name: nick.to_string(),
            moderates: !which.is_multiple_of(4),
        },
    }
}

/// Is it told to people rather than to rooms, when some time is over?
pub(super) fn is_of_graces(effect: &Effect) -> bool {
    match effect {
        Effect::Broadcast { event, .. } | Effect::Tell { event, .. } => {
            matches!(event, Event::Renamed { .. } | Event::Notice(_))
        }
        // A mute stays with who is given another name.
        Effect::KeepSettings => true,
        _ => false,
    }
}
