//! What the writer writes with: prepared statements, and the rooms that it has in its head. It lives as
//! long as a connection that works.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Result as Done, Statement, params};

use crate::limits::IDS_RESERVED;
use crate::model::{
    AccountId, Key, Message, MessageId, Nick, Position, Record, RoomName, RoomRecord, SharedFile,
    Used,
};

use super::Retention;
use super::accounts;
use super::amending::Rewriting;
use super::copied;
use super::erasure::Erasure;
use super::files;
use super::rest;
use super::rows::{self, integer};

/// Rooms in the head: more are looked up again.
const ROOMS_MAX: usize = 4096;

/// Records are written, and [`Desk::end`] comes after the last, within a transaction of the caller's.
/// After an error nothing here is what the database is: the desk is to be left.
pub(super) struct Desk<'c> {
    message: Statement<'c>,
    private: Statement<'c>,
    delete: Erasure<'c>,
    amend: Rewriting<'c>,
    delivered: Statement<'c>,
    find_room: Statement<'c>,
    make_room: Statement<'c>,
    own_room: Statement<'c>,
    free_room: Statement<'c>,
    use_account: Statement<'c>,
    use_room: Statement<'c>,
    set_ran: Statement<'c>,
    connection: &'c Connection,
    read_tally: Statement<'c>,
    write_tally: Statement<'c>,
    reserve: Statement<'c>,
    retention: Retention,
    /// Row ids by the names as they were typed, so that none is folded for each message.
    rooms: HashMap<Box<str>, i64>,
    tallies: HashMap<i64, Tally>,
    /// Whose tallies are not in the database as they are here.
    changed: HashSet<i64>,
    /// Rooms that have more than they may keep.
    over: HashSet<i64>,
    /// The last message id that was reserved.
    reserved: u64,
    /// The last that was written.
    last: u64,
    /// Up to where the log of a cluster was written.
    applied: Option<(u64, Position, MessageId)>,
}

/// What there is of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl<'c> Desk<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        retention: Retention,
        last: u64,
    ) -> Done<Desk<'c>> {
        let prepare = |sql: &str| connection.prepare(sql);
        Ok(Desk {
            message: prepare(
                "INSERT OR IGNORE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            private: prepare(
                "INSERT OR IGNORE INTO privates
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?,
            delete: Erasure::prepared(connection)?,
            amend: Rewriting::prepared(connection)?,
            delivered: prepare(
                "UPDATE privates SET delivered = 1
                WHERE to_account = ?1 AND NOT delivered AND id <= ?2",
            )?,
            find_room: prepare("SELECT id FROM rooms WHERE key = ?1")?,
            make_room: prepare("INSERT INTO rooms (key, name) VALUES (?1, ?2)")?,
            own_room: prepare(
                "UPDATE rooms SET name = ?2, since = CASE WHEN owner IS NULL THEN ?3 ELSE since END,
                used_ms = CASE WHEN owner IS NULL
                    THEN (SELECT value FROM meta WHERE key = 'ran_ms') ELSE used_ms END,
                owner = ?4, topic = ?5, room_key = ?6, topic_locked = ?7, invite_only = ?8,
                moderators = ?9, rest = ?10 WHERE id = ?1",
            )?,
            free_room: prepare(
                "UPDATE rooms SET owner = NULL, since = 0, topic = NULL, room_key = NULL,
                topic_locked = 0, invite_only = 0, moderators = '[]', rest = '{}' WHERE key = ?1",
            )?,
            use_account: prepare("UPDATE accounts SET used_ms = ?2 WHERE id = ?1")?,
            use_room: prepare("UPDATE rooms SET used_ms = ?2 WHERE key = ?1")?,
            set_ran: prepare("UPDATE meta SET value = max(value, ?1) WHERE key = 'ran_ms'")?,
            connection,
            read_tally: prepare("SELECT messages, bytes FROM rooms WHERE id = ?1")?,
            write_tally: prepare("UPDATE rooms SET messages = ?2, bytes = ?3 WHERE id = ?1")?,
            reserve: prepare("UPDATE meta SET value = ?1 WHERE key = 'reserved_id'")?,
            retention,
            rooms: HashMap::new(),
            tallies: HashMap::new(),
            changed: HashSet::new(),
            over: HashSet::new(),
            reserved: u64::try_from(rows::meta(connection, "reserved_id")?).unwrap_or(0),
            last,
            applied: None,
        })
    }

    /// Writes a record. One that is there already is left as it is.
    pub(super) fn write(&mut self, record: &Record) -> Done<()> {
        match record {
            Record::Said {
                room,
                message,
                is_guarded,
            } => self.say(room, message, *is_guarded)?,
            Record::Private {
                message,
                to,
                from_account,
                to_account,
                is_delivered,
            } => self.whisper(message, to, [*from_account, *to_account], *is_delivered)?,
            Record::Deleted { id, message } => {
                if let Some((row, weight)) = self.delete.execute(self.connection, *message)? {
                    self.take(row, weight)?;
                }
                self.last = self.last.max(id.0);
            }
            Record::Amended {
                id,
                message,
                amendment,
            } => {
                let amended = self.amend.execute(self.connection, *message, amendment)?;
                if let Some((row, [before, after])) = amended {
                    let tally = self.tally(row)?;
                    tally.bytes = (tally.bytes + after).saturating_sub(before);
                    let tally = *tally;
                    self.changed.insert(row);
                    if self.retention.is_exceeded(tally) {
                        self.over.insert(row);
                    }
                }
                self.last = self.last.max(id.0);
            }
            Record::Delivered { to, through } => {
                self.delivered
                    .execute([rows::account(Some(*to)), integer(through.0)])?;
            }
            Record::Used { used, ran_ms } => {
                let ran_ms = integer(*ran_ms);
                match used {
                    Used::Account(id) => self
                        .use_account
                        .execute([rows::account(Some(*id)), ran_ms])?,
                    Used::Room(room) => self
                        .use_room
                        .execute(params![room.key().as_str(), ran_ms])?,
                };
                self.set_ran.execute([ran_ms])?;
            }
            Record::Note { account, note } => accounts::note(self.connection, *account, note)?,
            Record::AccountGone(id) => drop(accounts::remove(self.connection, *id)?),
            Record::Applied { cluster, at, last } => {
                self.applied = Some((*cluster, *at, *last));
                self.last = self.last.max(last.0);
            }
            Record::Account { change, of, at_ms } => {
                accounts::follow(self.connection, change, *of, *at_ms)?;
            }
            Record::Room(room) => self.own(room)?,
            Record::RoomGone(room) => {
                self.free_room.execute([room.key().as_str()])?;
            }
        }
        Ok(())
    }

    fn say(&mut self, room: &RoomName, message: &Message, is_guarded: bool) -> Done<()> {
        let row = self.room(room)?;
        let inserted = self.message.execute(params![
            integer(message.id.0),
            row,
            integer(message.unix_ms),
            message.nick.as_str(),
            rows::manner(message.manner),
            is_guarded,
            message.text,
            rows::author(message.origin),
            rows::marks(message.marks.as_deref())
        ])?;
        self.last = self.last.max(message.id.0);
        if let Some(file) = SharedFile::of(message) {
            let of = (integer(message.id.0), row, rows::author(message.origin));
            files::share(self.connection, &file, of)?;
        }
        if inserted == 1 {
            let weight = rows::weight(message.text.len(), message.nick.as_str().len());
            let tally = self.tally(row)?;
            tally.messages += 1;
            tally.bytes += weight;
            let tally = *tally;
            self.changed.insert(row);
            if self.retention.is_exceeded(tally) {
                self.over.insert(row);
            }
        }
        Ok(())
    }

    fn whisper(
        &mut self,
        message: &Message,
        to: &Nick,
        accounts: [Option<AccountId>; 2],
        is_delivered: bool,
    ) -> Done<()> {
        let [from_account, to_account] = accounts.map(rows::account);
        self.private.execute(params![
            integer(message.id.0),
            integer(message.unix_ms),
            message.nick.key().as_str(),
            to.key().as_str(),
            message.nick.as_str(),
            to.as_str(),
            rows::manner(message.manner),
            message.text,
            from_account,
            to_account,
            is_delivered,
            rows::author(message.origin),
            rows::marks(message.marks.as_deref())
        ])?;
        self.last = self.last.max(message.id.0);
        Ok(())
    }

    fn own(&mut self, room: &RoomRecord) -> Done<()> {
        let row = self.room(&room.name)?;
        self.own_room.execute(params![
            row,
            room.name.as_str(),
            integer(self.last),
            rows::account(Some(room.owner)),
            room.topic,
            room.key,
            room.is_topic_locked,
            room.is_invite_only,
            rows::moderators(room),
            rest::written(&room.rest)
        ])?;
        Ok(())
    }

    /// The row of a room, which is made where there is none.
    fn room(&mut self, name: &RoomName) -> Done<i64> {
        if let Some(&row) = self.rooms.get(name.as_str()) {
            return Ok(row);
        }
        let key: Key = name.key();
        let found = self
            .find_room
            .query_row([key.as_str()], |row| row.get(0))
            .optional()?;
        let row = match found {
            Some(row) => row,
            None => self.make_room.insert([key.as_str(), name.as_str()])?,
        };
        self.rooms.insert(name.as_str().into(), row);
        Ok(row)
    }

    /// What there is of the room in `row`. Whoever changes it says so in `changed`.
    fn tally(&mut self, row: i64) -> Done<&mut Tally> {
        match self.tallies.entry(row) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let tally = self.read_tally.query_row([row], |row| {
                    let number = |at| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
                    Ok(Tally {
                        messages: number(0)?,
                        bytes: number(1)?,
                    })
                })?;
                Ok(unknown.insert(tally))
            }
        }
    }

    /// A message of that weight is kept no more of the room in `row`.
    pub(super) fn take(&mut self, row: i64, weight: u64) -> Done<()> {
        let tally = self.tally(row)?;
        tally.messages = tally.messages.saturating_sub(1);
        tally.bytes = tally.bytes.saturating_sub(weight);
        let tally = *tally;
        self.changed.insert(row);
        if !self.retention.is_exceeded(tally) {
            self.over.remove(&row);
        }
        Ok(())
    }

    /// There is nothing of the room in `row`.
    pub(super) fn set_empty(&mut self, row: i64) {
        self.tallies.insert(row, Tally::default());
        self.changed.insert(row);
        self.over.remove(&row);
    }

    /// A room that has more than it may keep, and by how much.
    pub(super) fn over(&mut self) -> Done<Option<(i64, Tally)>> {
        let Some(&row) = self.over.iter().next() else {
            return Ok(None);
        };
        let tally = *self.tally(row)?;
        Ok(Some((row, self.retention.excess(tally))))
    }

    pub(super) fn has_over(&self) -> bool {
        !self.over.is_empty()
    }

    /// The room in `row` is to be looked at: it has more than it may keep.
    pub(super) fn set_over(&mut self, row: i64) {
        self.over.insert(row);
    }

    /// Ends what is written in one transaction: the tallies, and the ids that may be given out, of which
    /// `highest` is the last that was.
    pub(super) fn end(&mut self, highest: u64) -> Done<()> {
        let highest = highest.max(self.last);
        if highest + IDS_RESERVED / 2 > self.reserved {
            self.reserve_to(highest + IDS_RESERVED)?;
        }
        if let Some((cluster, at, last)) = self.applied.take() {
            copied::note(self.connection, cluster, at, last)?;
        }
        for row in self.changed.drain() {
            if let Some(tally) = self.tallies.get(&row) {
                self.write_tally
                    .execute([row, integer(tally.messages), integer(tally.bytes)])?;
            }
        }
        if self.rooms.len() > ROOMS_MAX || self.tallies.len() > ROOMS_MAX {
            self.forget_rooms();
        }
        Ok(())
    }

    /// Rows of rooms may be gone.
    pub(super) fn forget_rooms(&mut self) {
        self.rooms.clear();
        self.tallies.clear();
    }

    pub(super) fn reserve_to(&mut self, id: u64) -> Done<()> {
        self.reserve.execute([integer(id)])?;
        self.reserved = id;
        Ok(())
    }

    /// The last message that was written.
    pub(super) fn last(&self) -> MessageId {
        MessageId(self.last)
    }
}
