//! What the writer does beside: it forgets what is not to be kept any more, brings the search index up
//! to date, and moves the write-ahead log into the database; a little at a time, when nothing waits.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{
    Connection, OptionalExtension as _, Params, Result as Done, Statement, Transaction,
    TransactionBehavior,
};

use super::Retention;
use super::desk::{Desk, Tally};
use super::index::Index;
use super::rows::{self, integer};
use super::shared::Shared;
use super::step::{ROWS, StepBudget};

/// Messages that are worth a step, however short after the last one: each makes a segment of the index,
/// and segments are to be merged.
const MESSAGES: u64 = 1024;

/// How long fewer wait for it.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often what grew too old is looked for.
const AGE_INTERVAL: Duration = Duration::from_secs(60);

/// How long nothing is tried after an error.
const PAUSE: Duration = Duration::from_secs(10);

/// Pages (4 KiB) of the log above which it is moved into the database.
const LOG_PAGES: i64 = 1000;

pub(super) struct Upkeep<'c> {
    index: Index<'c>,
    aged_run: Statement<'c>,
    oldest: Statement<'c>,
    oldest_in_room: Statement<'c>,
    forget: Statement<'c>,
    forget_privates: Statement<'c>,
    forget_rooms: Statement<'c>,
    oldest_file: Statement<'c>,
    /// How long files are kept, in milliseconds.
    file_age_ms: Option<u64>,
    retention: Retention,
    /// What was said before that, in milliseconds since 1970, is too old; `None`: all that was is forgotten.
    aged: Option<i64>,
    aged_privates: Option<i64>,
    aged_files: Option<i64>,
    age_looked_at: Option<Instant>,
    stepped_at: Instant,
    /// Did the last step leave something over?
    is_unfinished: bool,
    /// Nothing is tried until then: it failed.
    paused_until: Option<Instant>,
}

/// What is to be forgotten.
#[derive(Debug, Clone, Copy)]
struct Row {
    id: i64,
    /// Its room's row.
    room: i64,
    ms: i64,
    weight: u64,
}

impl<'c> Upkeep<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        (retention, file_age_ms): (Retention, Option<u64>),
        desk: &mut Desk<'_>,
        shared: &Shared,
    ) -> Done<Upkeep<'c>> {
        let prepare = |sql: &str| connection.prepare(sql);
        // They may be more than when the server stopped: the limits may be others.
        if retention.count.is_some() || retention.bytes.is_some() {
            let most =
                [retention.count, retention.bytes].map(|most| integer(most.unwrap_or(u64::MAX)));
            let mut rooms = prepare("SELECT id FROM rooms WHERE messages > ?1 OR bytes > ?2")?;
            let mut found = rooms.query(most)?;
            while let Some(row) = found.next()? {
                desk.set_over(row.get(0)?);
            }
        }
        const WEIGHED: &str =
            "SELECT id, room, ms, octet_length(text), octet_length(nick) FROM messages";
        let index = Index::new(connection)?;
        shared.indexed.store(index.through(), Ordering::Release);
        Ok(Upkeep {
            index,
            // The oldest of a run is its first.
            aged_run: prepare(
                "SELECT id FROM messages WHERE ms < ?1 AND id IN
                (SELECT min(id) FROM messages UNION ALL SELECT id FROM falls) ORDER BY id LIMIT 1",
            )?,
            oldest: prepare(&format!(
                "{WEIGHED} WHERE id >= ?1 ORDER BY id LIMIT {ROWS}"
            ))?,
            oldest_in_room: prepare(&format!(
                "{WEIGHED} WHERE room = ?1 ORDER BY id LIMIT {ROWS}"
            ))?,
            forget: prepare("DELETE FROM messages WHERE id = ?1")?,
            forget_privates: prepare(&format!(
                "DELETE FROM privates WHERE id IN
                (SELECT id FROM privates WHERE ms < ?1 ORDER BY ms LIMIT {ROWS})"
            ))?,
            forget_rooms: prepare("DELETE FROM rooms WHERE messages = 0 AND owner IS NULL")?,
            // Ids grow with the time.
            oldest_file: prepare(&format!(
                "{WEIGHED} WHERE id = (SELECT min(message) FROM files)"
            ))?,
            file_age_ms,
            retention,
            aged: None,
            aged_privates: None,
            aged_files: None,
            age_looked_at: None,
            stepped_at: Instant::now(),
            is_unfinished: true,
            paused_until: None,
        })
    }

    /// How long the writer may wait for something to write; `None` is for ever.
    pub(super) fn wait(&self, desk: &Desk<'_>, shared: &Shared) -> Option<Duration> {
        let pause = self.paused_until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        });
        if !pause.is_zero() {
            return Some(pause);
        }
        if self.is_due(desk, shared) {
            return Some(Duration::ZERO);
        }
        let chores = self
            .has_chores(desk)
            .then(|| INTERVAL.saturating_sub(self.stepped_at.elapsed()));
        let age = self.age_ms().and(self.age_looked_at);
        let age = age.map(|at| self.age_interval().saturating_sub(at.elapsed()));
        chores.into_iter().chain(age).min()
    }

    fn has_chores(&self, desk: &Desk<'_>) -> bool {
        self.index.through() < desk.last().0 || desk.has_over()
    }

    fn is_due(&self, desk: &Desk<'_>, shared: &Shared) -> bool {
        let unindexed = desk.last().0.saturating_sub(self.index.through());
        self.is_unfinished
            || unindexed >= MESSAGES
            || self.is_wanted(desk, shared)
            || self.is_age_due()
            || (self.stepped_at.elapsed() >= INTERVAL && self.has_chores(desk))
    }

    /// Is there what is to be done even while messages wait?
    fn is_pressing(&self, desk: &Desk<'_>, shared: &Shared) -> bool {
        desk.has_over() || self.aged.is_some() || self.is_age_due() || self.is_wanted(desk, shared)
    }

    /// Does somebody wait for the index?
    fn is_wanted(&self, desk: &Desk<'_>, shared: &Shared) -> bool {
        shared
            .index_wanted
            .load(Ordering::Acquire)
            .min(desk.last().0)
            > self.index.through()
    }

    /// How long anything is kept that is not kept for ever.
    fn age_ms(&self) -> Option<u64> {
        self.retention.age_ms.or(self.file_age_ms)
    }

    /// What is kept for a moment only is looked for more often.
    fn age_interval(&self) -> Duration {
        let file_age = Duration::from_millis(self.file_age_ms.unwrap_or(u64::MAX));
        AGE_INTERVAL.min(file_age.max(INTERVAL))
    }

    fn is_age_due(&self) -> bool {
        self.age_ms().is_some()
            && self
                .age_looked_at
                .is_none_or(|at| at.elapsed() >= self.age_interval())
    }

    /// Does a little of what there is to do. While more waits to be written, of which the last commit had
    /// `count` messages, it does no more than keeps what is kept from growing, and what somebody waits for.
    /// An error is logged, and is none of the messages'.
    pub(super) fn step(
        &mut self,
        connection: &Connection,
        desk: &mut Desk<'_>,
        shared: &Shared,
        busy_with: Option<u64>,
    ) {
        if self
            .paused_until
            .is_some_and(|until| Instant::now() < until)
        {
            return;
        }
        self.paused_until = None;
        let mut done = move_log(connection);
        let is_due = match busy_with {
            None => self.is_due(desk, shared),
            Some(_) => self.is_pressing(desk, shared),
        };
        if done.is_ok() && is_due {
            done = self.chores(connection, desk, shared, busy_with);
            self.stepped_at = Instant::now();
        }
        if let Err(e) = done {
            log::error!("the history cannot be kept in order: {e}");
            self.paused_until = Some(Instant::now() + PAUSE);
        }
    }

    fn chores(
        &mut self,
        connection: &Connection,
        desk: &mut Desk<'_>,
        shared: &Shared,
        busy_with: Option<u64>,
    ) -> Done<()> {
        let done = self.transact(connection, desk, shared, busy_with);
        self.index.end(done.is_ok());
        done?;
        shared
            .indexed
            .store(self.index.through(), Ordering::Release);
        Ok(())
    }

    /// Does a little in one transaction. After an error it is undone, whatever is known here.
    fn transact(
        &mut self,
        connection: &Connection,
        desk: &mut Desk<'_>,
        shared: &Shared,
        busy_with: Option<u64>,
    ) -> Done<()> {
        let is_wanted = self.is_wanted(desk, shared);
        self.look_at_age();
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let mut step = StepBudget::new(busy_with.map(|count| 2 * count));
        let was_aged = self.aged.is_some();
        let has_forgotten = self.forget_some(desk, &mut step)?;
        step.limit_by_time();
        let has_indexed = match busy_with.is_none() || is_wanted {
            true => {
                self.index.go_on(connection, desk.last().0, &step)?
                    && (busy_with.is_some() || self.index.renew(connection)?)
            }
            false => false,
        };
        desk.end(0)?;
        if was_aged && self.aged.is_none() {
            self.forget_rooms.execute([])?;
            desk.forget_rooms();
        }
        transaction.commit()?;
        self.is_unfinished = !has_forgotten || (busy_with.is_none() && !has_indexed);
        Ok(())
    }

    fn look_at_age(&mut self) {
        if self.is_age_due() {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
            let oldest_ms = |age_ms: u64| integer(now_ms.saturating_sub(age_ms));
            self.aged = self.retention.age_ms.map(oldest_ms);
            self.aged_privates = self.aged;
            self.aged_files = self.file_age_ms.map(oldest_ms);
            self.age_looked_at = Some(Instant::now());
        }
    }

    /// `false`: there is more.
    fn forget_some(&mut self, desk: &mut Desk<'_>, step: &mut StepBudget) -> Done<bool> {
        while let Some((row, excess)) = desk.over()? {
            if step.is_over() {
                return Ok(false);
            }
            let oldest = found(&mut self.oldest_in_room, [row])?;
            if oldest.is_empty() {
                desk.set_empty(row);
            }
            self.forget_rows(desk, &oldest, Some(excess), step)?;
        }
        while let Some(oldest_ms) = self.aged {
            if step.is_over() {
                return Ok(false);
            }
            let run = self
                .aged_run
                .query_row([oldest_ms], |row| row.get::<_, i64>(0));
            match run.optional()? {
                Some(first) => {
                    let mut oldest = found(&mut self.oldest, [first])?;
                    let count = oldest.iter().take_while(|row| row.ms < oldest_ms).count();
                    oldest.truncate(count);
                    self.forget_rows(desk, &oldest, None, step)?;
                }
                None => self.aged = None,
            }
        }
        while let Some(oldest_ms) = self.aged_privates {
            if step.is_over() {
                return Ok(false);
            }
            if self.forget_privates.execute([oldest_ms])? == 0 {
                self.aged_privates = None;
            }
        }
        while let Some(oldest_ms) = self.aged_files {
            if step.is_over() {
                return Ok(false);
            }
            let oldest = found(&mut self.oldest_file, ())?;
            match oldest.first() {
                Some(row) if row.ms < oldest_ms => self.forget_rows(desk, &oldest, None, step)?,
                _ => self.aged_files = None,
            }
        }
        Ok(true)
    }

    /// Forgets these, or as many as are too many.
    fn forget_rows(
        &mut self,
        desk: &mut Desk<'_>,
        oldest: &[Row],
        excess: Option<Tally>,
        step: &mut StepBudget,
    ) -> Done<()> {
        let mut left = excess;
        for &Row {
            id, room, weight, ..
        } in oldest
        {
            if let Some(left) = &mut left {
                if left.messages == 0 && left.bytes == 0 {
                    break;
                }
                left.messages = left.messages.saturating_sub(1);
                left.bytes = left.bytes.saturating_sub(weight);
            }
            self.index.forget(id)?;
            self.forget.execute([id])?;
            desk.take(room, weight)?;
            step.count();
        }
        Ok(())
    }
}

fn found(statement: &mut Statement<'_>, of: impl Params) -> Done<Vec<Row>> {
    let mut rows = statement.query(of)?;
    let mut found = Vec::with_capacity(ROWS);
    while let Some(row) = rows.next()? {
        let bytes = |at| {
            row.get::<_, i64>(at)
                .map(|n| usize::try_from(n).unwrap_or(0))
        };
        found.push(Row {
            id: row.get(0)?,
            room: row.get(1)?,
            ms: row.get(2)?,
            weight: rows::weight(bytes(3)?, bytes(4)?),
        });
    }
    Ok(found)
}

/// Moves the log into the database where it is long. What a reader still looks at stays until later.
fn move_log(connection: &Connection) -> Done<()> {
    let left = |mode: &str| {
        connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
        })
    };
    if left("NOOP")? >= LOG_PAGES {
        left("PASSIVE")?;
    }
    Ok(())
}

/// Moves the whole log into the database and empties it.
pub(super) fn empty_log(connection: &Connection) -> Done<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
