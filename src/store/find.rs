//! How a question is answered: one read transaction, a bounded number of rows, and an honest word about
//! how far was looked.

use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Params, Result as Done, Row, params,
};

use std::collections::HashMap;
use std::sync::Arc;

use crate::limits::{FOUND_BYTES_MAX, FOUND_MAX, MAIL_MAX};
use crate::model::{
    AccountId, Found, KeptMessage, Key, Message, MessageId, Nick, Query, RoomName, SaidIn,
    SearchWords, Window,
};

use super::rows::{self, integer};
use super::times::{self, Span};

/// Answers a question with what it sees up to `committed`, which must have been read before: every message
/// up to it is there to be seen. What takes too long is interrupted by the connection's progress handler,
/// and what was found until then is the answer.
///
/// # Errors
/// The database's.
pub(super) fn find(connection: &Connection, query: &Query, committed: MessageId) -> Done<Found> {
    let transaction = connection.unchecked_transaction()?;
    match query {
        Query::History {
            room,
            guarded_from,
            window,
            ..
        } => history(&transaction, room, *guarded_from, *window, committed),
        Query::Private {
            own,
            with,
            account,
            window,
        } => private(&transaction, [own, with], *account, *window, committed),
        Query::Search {
            rooms,
            words,
            window,
        } => search(&transaction, rooms, words, *window, committed),
        Query::Message { id } => message(&transaction, *id).map(Found::Message),
        Query::Mail { to } => mail(&transaction, *to, committed),
        // Not a question of one step: see `export`.
        Query::Export { .. } => Ok(Found::Failed),
    }
}

/// The row of a room, and the last id of before it was owned.
pub(super) fn room_row(connection: &Connection, room: &RoomName) -> Done<Option<(i64, MessageId)>> {
    let mut statement = connection.prepare("SELECT id, since FROM rooms WHERE key = ?1")?;
    let found = statement.query_row([room.key().as_str()], |row| {
        Ok((row.get(0)?, rows::id_of(row.get(1)?)))
    });
    found.optional()
}

fn history(
    connection: &Connection,
    room: &RoomName,
    guarded_from: MessageId,
    window: Window,
    committed: MessageId,
) -> Done<Found> {
    let range = RowRange::new(window, committed);
    let mut page = FoundPage::new(window);
    if let Some((row, since)) = room_row(connection, room)? {
        let sql = format!(
            "SELECT id, ms, nick, manner, text, author, marks, guarded FROM messages
            WHERE room = ?1 AND id >= ?2 AND id < ?3 AND ms >= ?4 AND ms < ?5 {} ORDER BY id {}",
            match (window.only_files, window.has_events) {
                (true, _) => "AND id IN (SELECT message FROM files WHERE room = ?1)",
                (false, true) => "",
                (false, false) => "AND manner < 3",
            },
            range.order
        );
        let shown_from = guarded_from.max(since.next());
        let mut spans = times::since(connection, range.span(), window.since_ms)?;
        if window.newest {
            spans.reverse();
        }
        for span in spans {
            page.read(
                connection,
                &sql,
                params![row, span.first, span.end, range.ms, range.until_ms],
                |row| {
                    let is_hidden = row.get(7)? && rows::id_of(row.get(0)?) < shown_from;
                    Ok((!is_hidden).then_some(()))
                },
            )?;
            if page.has_more {
                break;
            }
        }
    }
    Ok(page.messages(range, committed))
}

fn private(
    connection: &Connection,
    [own, with]: [&Key; 2],
    account: Option<AccountId>,
    window: Window,
    committed: MessageId,
) -> Done<Found> {
    let range = RowRange::new(window, committed);
    let mut page = FoundPage::new(window);
    let of = "SELECT id, ms, from_name, manner, text, author, marks FROM privates";
    let within = "id > ?4 AND id < ?5 AND ms >= ?6 AND ms < ?7";
    let sql = format!(
        "{of} WHERE from_key = ?1 AND to_key = ?2 AND from_account = ?3 AND {within}
        UNION ALL {of} WHERE ?1 <> ?2 AND from_key = ?2 AND to_key = ?1 AND to_account = ?3 AND {within}
        ORDER BY id {}",
        range.order
    );
    let (own, with) = (own.as_str(), with.as_str());
    page.read(
        connection,
        &sql,
        params![
            own,
            with,
            rows::account(account),
            range.after,
            range.before,
            range.ms,
            range.until_ms
        ],
        |_| Ok(Some(())),
    )?;
    Ok(page.messages(range, committed))
}

/// One message, wherever it was said.
fn message(connection: &Connection, id: MessageId) -> Done<Option<Box<KeptMessage>>> {
    let in_room = connection.query_row(
        "SELECT m.id, m.ms, m.nick, m.manner, substr(m.text, 1, 400), m.author, m.marks,
            rooms.name, m.guarded, m.id <= rooms.since
        FROM messages AS m JOIN rooms ON rooms.id = m.room WHERE m.id = ?1",
        [integer(id.0)],
        |row| {
            let (is_guarded, is_before): (bool, bool) = (row.get(8)?, row.get(9)?);
            let place = SaidIn::Room {
                name: RoomName::nearest(row.get_ref(7)?.as_str()?),
                is_guarded,
            };
            let found = KeptMessage::of(&rows::message(row)?, place);
            Ok((!(is_guarded && is_before)).then_some(Box::new(found)))
        },
    );
    if let Some(found) = in_room.optional()? {
        return Ok(found);
    }
    let private = connection.query_row(
        "SELECT id, ms, from_name, manner, substr(text, 1, 400), author, marks, to_name, to_account
        FROM privates WHERE id = ?1",
        [integer(id.0)],
        |row| {
            let place = SaidIn::User {
                to: Nick::nearest(row.get_ref(7)?.as_str()?),
                account: rows::account_of(row.get(8)?),
            };
            Ok(Box::new(KeptMessage::of(&rows::message(row)?, place)))
        },
    );
    private.optional()
}

fn mail(connection: &Connection, to: AccountId, committed: MessageId) -> Done<Found> {
    let window = Window::first(MAIL_MAX);
    let range = RowRange::new(window, committed);
    let mut page = FoundPage::new(window);
    // All of it is told at once.
    page.room = usize::MAX;
    let sql = "SELECT id, ms, from_name, manner, text, author, marks FROM privates
        WHERE to_account = ?1 AND NOT delivered AND id < ?2 ORDER BY id";
    page.read(
        connection,
        sql,
        params![rows::account(Some(to)), range.before],
        |_| Ok(Some(())),
    )?;
    Ok(page.messages(range, committed))
}

fn search(
    connection: &Connection,
    rooms: &[(RoomName, MessageId)],
    words: &SearchWords,
    window: Window,
    committed: MessageId,
) -> Done<Found> {
    let mut range = RowRange::new(window, committed);
    // What was said before is not even looked at.
    let spans = times::since(connection, range.span(), window.since_ms)?;
    range.after = spans.first().map_or(range.before, |span| span.first - 1);
    let mut page = FoundPage::new(window);
    let mut places = HashMap::new();
    for (name, guarded_from) in rooms {
        if let Some((row, since)) = room_row(connection, name)? {
            places.insert(row, (name, *guarded_from.max(&since.next())));
        }
    }
    if !places.is_empty() && !words.is_empty() {
        // Which room it is in, and when it was said, is looked at here rather than there, so that it is
        // known how far was looked where that takes too long.
        let sql = format!(
            "SELECT m.id, m.ms, m.nick, m.manner, m.text, m.author, m.marks, m.guarded, m.room
            FROM terms CROSS JOIN messages AS m ON m.id = terms.rowid
            WHERE terms MATCH ?1 AND terms.rowid > ?2 AND terms.rowid < ?3
            ORDER BY terms.rowid {}",
            range.order
        );
        page.read(
            connection,
            &sql,
            params![expression(words), range.after, range.before],
            |row| {
                let (is_guarded, id): (bool, i64) = (row.get(7)?, row.get(0)?);
                let place = places.get(&row.get(8)?);
                let shown = place.filter(|(_, from)| !is_guarded || rows::id_of(id) >= *from);
                let is_late = row.get::<_, i64>(1)? >= range.ms;
                Ok(shown
                    .filter(|_| is_late)
                    .map(|(name, _)| RoomName::clone(name)))
            },
        )?;
        // The index of an older version is made anew in idle moments, the latest messages first.
        let unindexed = rows::meta(connection, "unindexed_id")?;
        page.has_more |= range.after < unindexed - 1;
    }
    let FoundPage {
        found, has_more, ..
    } = page.in_order();
    let messages = found
        .into_iter()
        .map(|(message, room)| (room, message))
        .collect();
    Ok(Found::InRooms { messages, has_more })
}

/// All of the words as FTS5 has it: each a string of its own, so that nothing in it is an operator.
pub(super) fn expression(words: &SearchWords) -> String {
    let quoted = words.phrases().map(|phrase| {
        let star = if phrase.is_prefix { " *" } else { "" };
        format!("\"{}\"{star}", phrase.as_str())
    });
    quoted.collect::<Vec<String>>().join(" AND ")
}

/// A window as SQLite has it.
#[derive(Debug, Clone, Copy)]
struct RowRange {
    after: i64,
    before: i64,
    ms: i64,
    until_ms: i64,
    order: &'static str,
}

impl RowRange {
    fn new(window: Window, committed: MessageId) -> RowRange {
        RowRange {
            after: integer(window.after.0),
            before: integer(window.before.0.min(committed.next().0)),
            ms: integer(window.since_ms),
            until_ms: integer(window.until_ms),
            order: if window.newest { "DESC" } else { "ASC" },
        }
    }

    fn span(self) -> Span {
        Span {
            first: self.after.saturating_add(1),
            end: self.before,
        }
    }
}

/// What is found, as it is found, each with what belongs to it.
struct FoundPage<T> {
    found: Vec<(Arc<Message>, T)>,
    has_more: bool,
    limit: usize,
    /// How many bytes of text there is room for.
    room: usize,
    newest: bool,
    /// The last that was looked at, or what the window begins after.
    last: MessageId,
    /// Where there is more: the last that was looked at.
    looked_at: Option<MessageId>,
}

impl<T> FoundPage<T> {
    fn new(window: Window) -> FoundPage<T> {
        FoundPage {
            found: Vec::new(),
            has_more: false,
            limit: window.limit.min(FOUND_MAX),
            room: FOUND_BYTES_MAX,
            newest: window.newest,
            last: window.after,
            looked_at: None,
        }
    }

    /// Takes in the rows that `look` has something for, up to the limit.
    fn read(
        &mut self,
        connection: &Connection,
        sql: &str,
        params: impl Params,
        look: impl Fn(&Row<'_>) -> Done<Option<T>>,
    ) -> Done<()> {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query(params)?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err(e) if is_interruption(&e) => {
                    self.has_more = true;
                    self.looked_at = Some(self.last);
                    return Ok(());
                }
                Err(e) => return Err(e),
            };
            if let Some(with) = look(row)? {
                let message = rows::message(row)?;
                let len = message.text.len();
                let is_full = self.found.len() == self.limit;
                if is_full || (len > self.room && !self.found.is_empty()) {
                    self.has_more = true;
                    self.looked_at = Some(self.last);
                    return Ok(());
                }
                self.room = self.room.saturating_sub(len);
                self.found.push((Arc::new(message), with));
            }
            self.last = rows::id_of(row.get(0)?);
        }
    }

    fn in_order(mut self) -> FoundPage<T> {
        if self.newest {
            self.found.reverse();
        }
        self
    }

    /// Up to where everything was looked at that is after the window's beginning.
    fn messages(self, range: RowRange, committed: MessageId) -> Found {
        let end = rows::id_of(range.before.saturating_sub(1)).min(committed);
        let through = match self.looked_at {
            Some(id) if !self.newest => id,
            _ => end,
        };
        let FoundPage {
            found, has_more, ..
        } = self.in_order();
        Found::Messages {
            messages: found.into_iter().map(|(message, _)| message).collect(),
            through,
            has_more,
        }
    }
}

fn is_interruption(e: &rusqlite::Error) -> bool {
    e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}
