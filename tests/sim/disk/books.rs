//! What is on the disk, as the store would have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hubbub::testing::{
    AccountId, AccountRecord, FOUND_BYTES_MAX, FOUND_MAX, Found, InviteCode, Kept, KeptMessage,
    KeptScrollback, Key, MAIL_MAX, Manner, Message, MessageId, Nick, Note, Position, Query, Record,
    Retention, RoomName, RoomRecord, SaidIn, SearchWords, Secret, Used, Window, terms,
    token_digest,
};

use crate::speech::INVITATIONS;

pub(super) struct Private {
    pub(super) message: Arc<Message>,
    pub(super) to: Nick,
    pub(super) from_account: Option<AccountId>,
    pub(super) to_account: Option<AccountId>,
    pub(super) is_delivered: bool,
}

pub(super) struct Account {
    pub(super) record: AccountRecord,
    /// Its password, or a bot's token.
    pub(super) secret: Secret,
    /// Tokens that stand for the password.
    pub(super) sessions: Vec<Secret>,
    pub(super) used_ms: u64,
}

pub(super) struct Owned {
    pub(super) record: RoomRecord,
    /// The last id of before it was owned.
    pub(super) since: MessageId,
    pub(super) used_ms: u64,
}

/// What outlives a crash.
#[derive(Default)]
pub(super) struct Books {
    /// Up to where the log of a cluster is in them.
    applied: Option<Position>,
    /// In the order of ids: where, what, and whether the room was guarded.
    pub(super) said: Vec<(RoomName, Arc<Message>, bool)>,
    /// What is not to be kept any more.
    forgotten: BTreeMap<MessageId, (RoomName, Arc<Message>)>,
    pub(super) privates: Vec<Private>,
    pub(super) rooms: BTreeMap<Key, Owned>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) last_account: u64,
    /// Invitations, used up and expired ones too.
    pub(super) codes: Vec<InviteCode>,
    pub(super) ran_ms: u64,
    pub(super) notes: Vec<(AccountId, Note)>,
    pub(super) reserved: u64,
    /// The place of the last deletion in the order of what was said.
    last_deletion: MessageId,
}

impl Books {
    /// With nothing but invitations.
    pub(super) fn new() -> Books {
        let codes = INVITATIONS.map(|code| InviteCode {
            code: code.into(),
            uses: 3,
            until_ms: None,
        });
        Books {
            codes: codes.into(),
            ..Books::default()
        }
    }

    /// What was said and written, also what was forgotten since.
    pub(super) fn said(&self) -> impl Iterator<Item = (&RoomName, &Message)> {
        let forgotten = self.forgotten.values();
        let kept = self.said.iter().map(|(room, message, _)| (room, message));
        forgotten
            .map(|(room, message)| (room, message))
            .chain(kept)
            .map(|(room, message)| (room, &**message))
    }

    pub(super) fn has_forgotten(&self, id: MessageId) -> bool {
        self.forgotten.contains_key(&id)
    }

    /// Forgets what is more than is to be kept of each room, the oldest first.
    pub(super) fn forget_excess(&mut self, retention: Retention) {
        /// Beside its text and name.
        const MESSAGE_BYTES: usize = 32;
        let (most, most_bytes) = (
            retention.count.unwrap_or(u64::MAX),
            retention.bytes.unwrap_or(u64::MAX),
        );
        if (most, most_bytes) == (u64::MAX, u64::MAX) {
            return;
        }
        let mut kept: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
        let mut last_in = |room: &RoomName, message: &Message| {
            let (count, bytes) = kept.entry(room.key()).or_default();
            *count += 1;
            *bytes += (message.text.len() + message.nick.as_str().len() + MESSAGE_BYTES) as u64;
            *count <= most && *bytes <= most_bytes
        };
        let are_kept: Vec<bool> = (self.said.iter().rev())
            .map(|(room, message, _)| last_in(room, message))
            .collect();
        let mut are_kept = are_kept.into_iter().rev();
        self.retain_said(|_| are_kept.next() == Some(true));
    }

    /// Forgets what was said before that time.
    pub(super) fn forget_older(&mut self, unix_ms: u64) {
        self.retain_said(|message| message.unix_ms >= unix_ms);
        self.privates
            .retain(|private| private.message.unix_ms >= unix_ms);
    }

    fn retain_said(&mut self, mut is_kept: impl FnMut(&Message) -> bool) {
        let forgotten = &mut self.forgotten;
        self.said.retain(|(room, message, _)| {
            let is_kept = is_kept(message);
            if !is_kept {
                forgotten.insert(message.id, (room.clone(), Arc::clone(message)));
            }
            is_kept
        });
    }

    /// The last id that may have been given out.
    pub(super) fn last_id(&self) -> MessageId {
        MessageId(self.reserved).max(self.last_written())
    }

    fn last_written(&self) -> MessageId {
        let said = self.said.last().map(|(_, message, _)| message.id);
        let private = self.privates.last().map(|private| private.message.id);
        said.max(private)
            .unwrap_or_default()
            .max(self.last_deletion)
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
            notes: self.notes.clone(),
            uses,
            applied: self.applied,
            ..Kept::default()
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
            Record::Deleted { id, message } => {
                self.retain_said(|said| said.id != *message);
                self.privates.retain(|it| it.message.id != *message);
                self.last_deletion = self.last_deletion.max(*id);
            }
            Record::Amended {
                id,
                message,
                amendment,
            } => {
                let said = self.said.iter_mut().map(|(_, said, _)| said);
                let private = self.privates.iter_mut().map(|it| &mut it.message);
                let mut found = said.chain(private).filter(|it| it.id == *message);
                if let Some(said) = found.next() {
                    *said = Arc::new(said.amended(amendment));
                }
                self.last_deletion = self.last_deletion.max(*id);
            }
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
            Record::Note { account, note } if self.accounts.contains_key(account) => {
                self.note(*account, note.clone());
            }
            // No server here is one of a cluster.
            Record::Applied { at, .. } => self.applied = Some(*at),
            Record::Note { .. } | Record::Account { .. } => {}
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

    fn note(&mut self, account: AccountId, note: Note) {
        let is_same = |other: &Note| match (other, &note) {
            (Note::ReadTo { key, .. }, Note::ReadTo { key: of, .. }) => key == of,
            (Note::Metadata { key, .. }, Note::Metadata { key: of, .. }) => key == of,
            _ => false,
        };
        self.notes
            .retain(|(of, other)| *of != account || !is_same(other));
        if !matches!(note, Note::Metadata { value: None, .. }) {
            self.notes.push((account, note));
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
            Query::Message { id } => Found::Message(self.message(*id)),
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
            } => self.search(rooms, words, *window, committed),
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

    fn message(&self, id: MessageId) -> Option<Box<KeptMessage>> {
        let kept = |message: &Message, place| Box::new(KeptMessage::of(message, place));
        let said = self.said.iter().find(|(_, message, _)| message.id == id);
        if let Some((name, message, is_guarded)) = said {
            let is_hidden = *is_guarded && id < self.shown_from(name, MessageId(0));
            let (name, is_guarded) = (name.clone(), *is_guarded);
            return (!is_hidden).then(|| kept(message, SaidIn::Room { name, is_guarded }));
        }
        let private = self.privates.iter().find(|it| it.message.id == id)?;
        let (to, account) = (private.to.clone(), private.to_account);
        Some(kept(&private.message, SaidIn::User { to, account }))
    }

    fn search(
        &self,
        rooms: &[(RoomName, MessageId)],
        words: &SearchWords,
        window: Window,
        committed: MessageId,
    ) -> Found {
        let place = |room: &RoomName| rooms.iter().find(|(name, _)| name.key() == room.key());
        let rows = self.said.iter().map(|(room, message, is_guarded)| {
            let shown = place(room).is_some_and(|(name, from)| {
                !is_guarded || message.id >= self.shown_from(name, *from)
            });
            (message, shown && words.are_in(&terms(&message.text)))
        });
        let Found::Messages {
            messages, has_more, ..
        } = page(rows, window, committed, FOUND_BYTES_MAX)
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
        let is_event = matches!(message.manner, Manner::Happened(_));
        // No files are shared here.
        if is_meant && !window.only_files && (window.has_events || !is_event) {
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
