//! What is on the disk, as the store would have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hubbub::testing::{
    AccountAnswer, AccountAsk, AccountId, AccountRecord, BOTS_PER_ACCOUNT_MAX, FOUND_BYTES_MAX,
    FOUND_MAX, Found, Kept, KeptScrollback, Key, MAIL_MAX, Message, MessageId, Nick, Query, Record,
    RoomName, RoomRecord, Secret, Used, Window, terms, token_digest,
};

use crate::faults::Chance;

/// What is to be done about something asked of the accounts.
pub(super) enum Considered {
    Answer(AccountAnswer),
    /// It changes something: it is answered when that is on the disk.
    Change(AccountAsk),
}

struct Private {
    message: Arc<Message>,
    to: Nick,
    from_account: Option<AccountId>,
    to_account: Option<AccountId>,
    is_delivered: bool,
}

struct Account {
    record: AccountRecord,
    /// Its password, or a bot's token.
    secret: Secret,
    /// Tokens that stand for the password.
    sessions: Vec<Secret>,
    used_ms: u64,
}

struct Owned {
    record: RoomRecord,
    /// The last id of before it was owned.
    since: MessageId,
    used_ms: u64,
}

/// What outlives a crash.
#[derive(Default)]
pub(super) struct Books {
    /// In the order of ids: where, what, and whether the room was guarded.
    said: Vec<(RoomName, Arc<Message>, bool)>,
    privates: Vec<Private>,
    rooms: BTreeMap<Key, Owned>,
    accounts: BTreeMap<AccountId, Account>,
    last_account: u64,
    ran_ms: u64,
    pub(super) reserved: u64,
}

impl Books {
    pub(super) fn said(&self) -> impl Iterator<Item = (&RoomName, &Message)> {
        self.said
            .iter()
            .map(|(room, message, _)| (room, &**message))
    }

    /// The last id that may have been given out.
    pub(super) fn last_id(&self) -> MessageId {
        MessageId(self.reserved).max(self.last_written())
    }

    fn last_written(&self) -> MessageId {
        let said = self.said.last().map(|(_, message, _)| message.id);
        let private = self.privates.last().map(|private| private.message.id);
        said.max(private).unwrap_or(MessageId(0))
    }

    /// What a server begins with.
    pub(super) fn kept(&self, last_id: MessageId, replay: usize) -> Kept {
        let lobby = RoomName::lobby();
        let owned = self.rooms.values().map(|room| &room.record.name);
        let names = owned.filter(|name| !name.is_lobby());
        let window = Window::last(replay);
        let scrollback = |room: &RoomName| match self.history(room, MessageId(0), window, last_id) {
            Found::Messages {
                messages, has_more, ..
            } if has_more || !messages.is_empty() => Some(KeptScrollback {
                room: room.clone(),
                messages,
                has_more,
            }),
            _ => None,
        };
        let said = self.said.last().map(|(_, message, _)| message);
        let private = self.privates.last().map(|private| &private.message);
        let last = said.into_iter().chain(private).max_by_key(|it| it.id);
        let humans = |account: &&Account| account.record.owner.is_none();
        let bots = self.accounts.values().filter(|it| !humans(it));
        let mut uses: Vec<(Used, u64)> = self
            .accounts
            .values()
            .filter(|account| !account.record.is_operator)
            .map(|account| (Used::Account(account.record.id), account.used_ms))
            .collect();
        uses.extend(
            self.rooms
                .values()
                .map(|room| (Used::Room(room.record.name.clone()), room.used_ms)),
        );
        Kept {
            last_id,
            last_ms: last.map_or(0, |message| message.unix_ms),
            accounts: self.accounts.values().map(|it| it.record.clone()).collect(),
            rooms: self.rooms.values().map(|it| it.record.clone()).collect(),
            scrollbacks: std::iter::once(&lobby)
                .chain(names)
                .filter_map(scrollback)
                .collect(),
            tokens: bots
                .map(|bot| (token_digest(&bot.secret), bot.record.id))
                .collect(),
            ran_ms: self.ran_ms,
            uses,
        }
    }

    pub(super) fn write(&mut self, record: &Record) {
        match record {
            Record::Said {
                room,
                message,
                is_guarded,
            } => self
                .said
                .push((room.clone(), Arc::clone(message), *is_guarded)),
            Record::Private {
                message,
                to,
                from_account,
                to_account,
                is_delivered,
            } => self.privates.push(Private {
                message: Arc::clone(message),
                to: to.clone(),
                from_account: *from_account,
                to_account: *to_account,
                is_delivered: *is_delivered,
            }),
            Record::Delivered { to, through } => {
                let is_meant =
                    |it: &&mut Private| it.to_account == Some(*to) && it.message.id <= *through;
                let told = self.privates.iter_mut().filter(is_meant);
                told.for_each(|private| private.is_delivered = true);
            }
            Record::Used { used, ran_ms } => {
                match used {
                    Used::Account(id) => {
                        if let Some(account) = self.accounts.get_mut(id) {
                            account.used_ms = *ran_ms;
                        }
                    }
                    Used::Room(room) => {
                        if let Some(owned) = self.rooms.get_mut(&room.key()) {
                            owned.used_ms = *ran_ms;
                        }
                    }
                }
                self.ran_ms = self.ran_ms.max(*ran_ms);
            }
            Record::AccountGone(id) => drop(self.remove(*id)),
            Record::Room(record) => {
                let (since, used_ms) = (self.last_written(), self.ran_ms);
                let owned = self.rooms.entry(record.name.key()).or_insert(Owned {
                    record: record.clone(),
                    since,
                    used_ms,
                });
                owned.record = record.clone();
            }
            Record::RoomGone(room) => drop(self.rooms.remove(&room.key())),
        }
    }

    pub(super) fn find(&self, query: &Query, committed: MessageId) -> Found {
        match query {
            Query::History {
                room,
                guarded_from,
                window,
                ..
            } => self.history(room, *guarded_from, *window, committed),
            Query::Private {
                own,
                with,
                account,
                window,
            } => {
                let is_between = |private: &Private| {
                    let (from, to) = (private.message.nick.key(), private.to.key());
                    let is_out = from == *own && to == *with && private.from_account == *account;
                    let is_in = own != with
                        && from == *with
                        && to == *own
                        && private.to_account == *account;
                    is_out || is_in
                };
                let rows = self.privates.iter().map(|it| (&it.message, is_between(it)));
                page(rows, *window, committed, FOUND_BYTES_MAX)
            }
            Query::Mail { to } => {
                let window = Window::first(MAIL_MAX);
                let rows = self.privates.iter();
                let rows =
                    rows.map(|it| (&it.message, it.to_account == Some(*to) && !it.is_delivered));
                page(rows, window, committed, usize::MAX)
            }
            Query::Search {
                rooms,
                words,
                window,
            } => {
                let place =
                    |room: &RoomName| rooms.iter().find(|(name, _)| name.key() == room.key());
                let rows = self.said.iter().map(|(room, message, is_guarded)| {
                    let shown = place(room).is_some_and(|(name, from)| {
                        !is_guarded || message.id >= self.shown_from(name, *from)
                    });
                    (message, shown && words.are_in(&terms(&message.text)))
                });
                let Found::Messages {
                    messages, has_more, ..
                } = page(rows, *window, committed, FOUND_BYTES_MAX)
                else {
                    return Found::Failed;
                };
                let room_of = |id: MessageId| {
                    let row = self.said.iter().find(|(_, message, _)| message.id == id);
                    row.and_then(|(room, ..)| place(room))
                };
                let messages = messages.into_iter();
                Found::InRooms {
                    messages: messages
                        .filter_map(|message| Some((room_of(message.id)?.0.clone(), message)))
                        .collect(),
                    has_more,
                }
            }
            Query::Export { room } => Found::Exported {
                path: format!("{room}.jsonl"),
                count: self
                    .said
                    .iter()
                    .filter(|(of, ..)| of.key() == room.key())
                    .count() as u64,
            },
        }
    }

    /// What of a room was said while it was guarded is shown from there on.
    fn shown_from(&self, room: &RoomName, guarded_from: MessageId) -> MessageId {
        let since = self.rooms.get(&room.key()).map_or(0, |room| room.since.0);
        guarded_from.max(MessageId(since + 1))
    }

    fn history(
        &self,
        room: &RoomName,
        guarded_from: MessageId,
        window: Window,
        committed: MessageId,
    ) -> Found {
        let from = self.shown_from(room, guarded_from);
        let of_room = self.said.iter().filter(|(of, ..)| of.key() == room.key());
        let rows = of_room.map(|(_, message, is_guarded)| {
            let is_hidden = *is_guarded && message.id < from;
            (message, !is_hidden)
        });
        page(rows, window, committed, FOUND_BYTES_MAX)
    }

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
        let _ = now_ms;
        match ask {
            AccountAsk::Register { nick, password } => {
                match self.find_account(&nick.key()).is_some() {
                    true => AccountAnswer::Exists,
                    false => AccountAnswer::Registered(self.add(nick, password, None)),
                }
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
            AccountAsk::Login { .. } | AccountAsk::Tokens { .. } => AccountAnswer::Failed,
        }
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
    fn remove(&mut self, id: AccountId) -> Option<Vec<AccountId>> {
        self.accounts.get(&id)?;
        let bots: Vec<AccountId> = self.bots(id).map(|bot| bot.record.id).collect();
        for gone in bots.iter().chain([&id]) {
            self.accounts.remove(gone);
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

/// The messages of a window, of those that are meant; what was said up to `committed` is there to be seen.
fn page<'a>(
    rows: impl DoubleEndedIterator<Item = (&'a Arc<Message>, bool)>,
    window: Window,
    committed: MessageId,
    mut bytes: usize,
) -> Found {
    let end = MessageId(window.before.0.min(committed.0.saturating_add(1)));
    let window_of = |(message, _): &(&Arc<Message>, bool)| {
        window.after < message.id && message.id < end && message.unix_ms >= window.since_ms
    };
    let mut rows: Vec<_> = rows.filter(window_of).collect();
    if window.newest {
        rows.reverse();
    }
    let (mut messages, mut has_more) = (Vec::new(), false);
    let mut last = window.after;
    let mut looked_at = None;
    for (message, is_meant) in rows {
        if is_meant {
            let len = message.text.len();
            let is_full = messages.len() == window.limit.min(FOUND_MAX);
            if is_full || (len > bytes && !messages.is_empty()) {
                (has_more, looked_at) = (true, Some(last));
                break;
            }
            bytes = bytes.saturating_sub(len);
            messages.push(Arc::clone(message));
        }
        last = message.id;
    }
    if window.newest {
        messages.reverse();
    }
    let through = match looked_at {
        Some(id) if !window.newest => id,
        _ => MessageId(end.0.saturating_sub(1)).min(committed),
    };
    Found::Messages {
        messages,
        through,
        has_more,
    }
}
