//! Whoever keeps accounts, as the oracle plays it, and what must hold of accounts and owned rooms.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::hub::keep::{
    AccountAnswer, AccountAsk, AccountRecord, Found, Query, Record, RoomRecord,
};
use crate::hub::{Effect, Hub, LOBBY, Session};
use crate::model::{
    ConnId, Event, Key, Login, Message, MessageId, Moment, Nick, Request, RoomName, Secret,
    TokenChange,
};

/// How long guests may go by registered names.
pub(super) const GRACE_MS: u64 = 3_000;

const PASSWORDS: [&str; 2] = ["right", "wrong"];

/// The accounts, what waits for them, and the owned rooms: what a store would have.
#[derive(Default)]
pub(super) struct Keeper {
    accounts: HashMap<Key, (AccountRecord, Secret)>,
    asked: Vec<(u64, ConnId, AccountAsk)>,
    /// Those that are known to take long: what else is asked meanwhile is handled.
    late: BTreeSet<u64>,
    /// Those of connections that are gone.
    gone: BTreeSet<u64>,
    rooms: HashMap<Key, RoomRecord>,
    mail: Vec<(Key, Arc<Message>)>,
    asked_for_mail: Vec<(u64, ConnId, Key)>,
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
            } => self.asked_for_mail.push((*ticket, *who, to.clone())),
            Effect::Keep(Record::Room(record)) => {
                self.rooms.insert(record.name.key(), record.clone());
            }
            Effect::Keep(Record::RoomGone(name)) => {
                assert!(self.rooms.remove(&name.key()).is_some(), "it was owned");
            }
            Effect::Keep(Record::Private {
                message,
                to,
                to_account: true,
                is_delivered: false,
                ..
            }) => {
                assert!(self.accounts.contains_key(&to.key()), "to an account");
                self.mail.push((to.key(), Arc::clone(message)));
            }
            Effect::Keep(Record::Delivered { to, through }) => {
                let is_told = |mail: &(Key, Arc<Message>)| mail.0 == *to && mail.1.id <= *through;
                for (_, message) in self.mail.iter().filter(|mail| is_told(mail)) {
                    assert!(self.told.insert(message.id), "told twice");
                }
                self.mail.retain(|mail| !is_told(mail));
            }
            _ => {}
        }
    }

    /// Answers one of the questions. Returns who asked it.
    pub(super) fn answer(&mut self, hub: &mut Hub, which: usize, now: Moment) -> Option<ConnId> {
        if hub.kept() < hub.last_id() {
            hub.handle_kept(hub.last_id(), usize::MAX, now);
            return None;
        }
        if which.is_multiple_of(3)
            && let Some((ticket, _, to)) = self.asked_for_mail.pop()
        {
            let messages = self.mail.iter().filter(|(key, _)| *key == to);
            let found = Found::Messages {
                messages: messages.map(|(_, message)| Arc::clone(message)).collect(),
                through: hub.last_id(),
                has_more: false,
            };
            hub.handle_found(ticket, found, now);
            return None;
        }
        if self.asked.is_empty() {
            return None;
        }
        let at = which % self.asked.len();
        if which % 17 == 2 && !self.late.contains(&self.asked[at].0) {
            let ticket = self.asked[at].0;
            self.late.insert(ticket);
            hub.handle_account(ticket, AccountAnswer::Delayed, now);
            return None;
        }
        let (ticket, who, ask) = self.asked.remove(at);
        let answer = match which % 17 {
            0 => AccountAnswer::Busy,
            1 => AccountAnswer::Failed,
            _ => self.carry_out(ask),
        };
        hub.handle_account(ticket, answer, now);
        Some(who)
    }

    fn carry_out(&mut self, ask: AccountAsk) -> AccountAnswer {
        let record = |nick: Nick, owner: Option<Key>| AccountRecord {
            is_operator: nick.as_str().starts_with('b'),
            nick,
            owner,
        };
        let is_right =
            |accounts: &HashMap<Key, (AccountRecord, Secret)>, key: &Key, given: &Secret| {
                accounts.get(key).is_some_and(|(_, secret)| secret == given)
            };
        match ask {
            AccountAsk::Register { nick, password } => {
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
            AccountAsk::SetPassword { name, old, .. } => {
                let is_wrong = |old: &Secret| !is_right(&self.accounts, &name, old);
                match old.as_ref().is_some_and(is_wrong) {
                    true => AccountAnswer::WrongSecret,
                    false => AccountAnswer::PasswordSet,
                }
            }
            AccountAsk::Unregister { name, .. } => {
                if self.accounts.remove(&name).is_none() {
                    return AccountAnswer::NoSuchAccount;
                }
                let is_bot = |owner: &Option<Key>| owner.as_ref() == Some(&name);
                let bots = self
                    .accounts
                    .iter()
                    .filter(|(_, (bot, _))| is_bot(&bot.owner));
                let bots: Vec<Key> = bots.map(|(key, _)| key.clone()).collect();
                self.accounts.retain(|key, _| !bots.contains(key));
                self.mail
                    .retain(|(to, _)| *to != name && !bots.contains(to));
                AccountAnswer::Unregistered { bots }
            }
            AccountAsk::NewToken { owner, name } => {
                let known = self.accounts.get(&name.key());
                if !self.accounts.contains_key(&owner) {
                    return AccountAnswer::NoSuchAccount;
                }
                if known.is_some_and(|(bot, _)| bot.owner.as_ref() != Some(&owner)) {
                    return AccountAnswer::Exists;
                }
                let (bot, token) = (record(name.clone(), Some(owner)), Secret::new(PASSWORDS[0]));
                self.accounts
                    .insert(name.key(), (bot.clone(), token.clone()));
                let digest = [name.as_str().len() as u8; 32];
                AccountAnswer::Token { bot, token, digest }
            }
            AccountAsk::DropToken { owner, name } => match self.accounts.get(&name) {
                Some((bot, _)) if bot.owner.as_ref() == Some(&owner) => {
                    self.accounts.remove(&name);
                    self.mail.retain(|(to, _)| *to != name);
                    AccountAnswer::TokenDropped
                }
                _ => AccountAnswer::NoSuchAccount,
            },
            AccountAsk::Tokens { .. } => AccountAnswer::Tokens(Vec::new()),
        }
    }

    /// # Panics
    /// Where the hub knows of other accounts, or of other owned rooms, than are kept.
    pub(super) fn check(&self, hub: &Hub) {
        let known = hub.accounts.directory.iter();
        let known: HashMap<&Key, &AccountRecord> =
            known.map(|(key, account)| (key, &account.record)).collect();
        let kept = self.accounts.iter();
        let kept: HashMap<&Key, &AccountRecord> =
            kept.map(|(key, (record, _))| (key, record)).collect();
        assert_eq!(known, kept, "the accounts that are kept");
        let owned = hub.rooms.iter().filter_map(|(_, room)| {
            Some(RoomRecord {
                name: room.name.clone(),
                owner: room.modes.owner.clone()?,
                topic: room.topic.clone(),
                key: room.modes.key.clone(),
                is_topic_locked: room.modes.is_topic_locked,
                is_invite_only: room.modes.is_invite_only,
                moderators: room.modes.moderators.clone(),
            })
        });
        let owned: HashMap<Key, RoomRecord> =
            owned.map(|record| (record.name.key(), record)).collect();
        assert_eq!(owned, self.rooms, "the rooms that are kept");
        for (key, account) in &hub.accounts.directory {
            let rooms = owned.values().filter(|record| record.owner == *key);
            assert_eq!(rooms.count(), account.rooms, "rooms of {key:?}");
        }
        for record in owned.values() {
            let mut keys = record.moderators.iter().chain([&record.owner]);
            assert!(keys.all(|key| known.contains_key(key)), "{record:?}");
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
/// Where names of accounts are used by others for too long, or connections of a user are of two minds.
fn check_users(hub: &Hub) {
    let mut graces = BTreeSet::new();
    for (id, session) in hub.sessions.iter() {
        let is_registered = hub.is_registered(session.nick());
        assert!(is_registered || !session.is_account(), "of what account?");
        graces.extend(session.grace_ms().map(|due_ms| (due_ms, id)));
        let lead = hub.sessions.lead(id);
        assert_eq!(session.is_second(), lead != id, "one stands for all");
        let user = &hub.sessions[lead];
        assert!(!user.is_second());
        let has_grace = user.grace_ms().is_some();
        assert_eq!(
            has_grace,
            is_registered && !session.is_account(),
            "{user:?}"
        );
        if lead == id {
            continue;
        }
        assert!(user.seconds().contains(&id) && session.seconds().is_empty());
        let set = |session: &Session| session.rooms().iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(set(session), set(user), "where one is the others are");
        assert_eq!(session.nick(), user.nick());
        assert_eq!(session.away(), user.away());
        let is_same = session.is_account() == user.is_account()
            && session.is_operator() == user.is_operator()
            && session.ignored().eq(user.ignored());
        assert!(is_same, "{session:?} {user:?}");
    }
    assert_eq!(hub.accounts.graces, graces, "exactly those of the sessions");
    for (id, room) in hub.rooms.iter() {
        let members = room.members().iter();
        let users = members.filter(|member| !hub.sessions[member.id].is_second());
        assert_eq!(users.count(), room.count(), "as many users");
        let is_owned = room.modes.owner.is_some();
        assert!(!is_owned || id != LOBBY);
    }
}

/// A request about accounts.
pub(super) fn request(what: u8, which: usize, nick: Nick, room: Option<RoomName>) -> Request {
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
        },
        5..=7 => Request::Register {
            password: Secret::new(PASSWORDS[0]),
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
            change: TokenChange::Drop(nick),
        },
        _ => Request::Appoint {
            room,
            name: nick.to_string(),
            moderates: !which.is_multiple_of(4),
        },
    }
}

/// Is it told to people rather than to rooms, when some time is over?
pub(super) fn is_of_graces(effect: &Effect) -> bool {
    match effect {
        Effect::Broadcast { event, .. } | Effect::Tell { event, .. } => {
            matches!(event, Event::Renamed { .. } | Event::Notice { .. })
        }
        _ => false,
    }
}
