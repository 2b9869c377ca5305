//! Where times are looked for. Ids grow and times mostly do, too, but a stored time may be below the one
//! before it: the server's clock was set. The table `falls`, which the database keeps itself (see
//! `schema`), has the messages of which that is true. From one to the next is a run, in which times do not
//! fall, and where one can look by halving.

use rusqlite::{Connection, OptionalExtension as _, Result as Done};

use super::rows::integer;

/// Runs that are looked at one by one: a clock is not set that often. What is behind them is one span.
const RUNS_MAX: usize = 1_000;

/// Spans that are told apart: each is looked through on its own.
const SPANS_MAX: usize = 64;

/// Ids from `first` on and below `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) end: i64,
}

/// Where in a span the messages are that were said since `ms`, in milliseconds since 1970: all of them, and
/// few others. In the order of ids, none empty.
pub(super) fn since(connection: &Connection, span: Span, ms: u64) -> Done<Vec<Span>> {
    if ms == 0 {
        return Ok(vec![span]);
    }
    let ms = integer(ms);
    let mut look = Look::new(connection)?;
    let mut found: Vec<Span> = Vec::new();
    let runs = runs(connection, span)?;
    let is_cut = runs.len() > RUNS_MAX;
    for (at, run) in runs.iter().take(RUNS_MAX + 1).enumerate() {
        let first = match is_cut && at == RUNS_MAX {
            true => Some(run.first),
            false => look.first_in(*run, ms)?,
        };
        let Some(first) = first else {
            continue;
        };
        let count = found.len();
        match found.last_mut() {
            Some(last) if last.end == first || count == SPANS_MAX => last.end = run.end,
            _ => found.push(Span {
                first,
                end: run.end,
            }),
        }
    }
    Ok(found)
}

/// A span, cut where times fall; the last of more than [`RUNS_MAX`] is what is left.
fn runs(connection: &Connection, span: Span) -> Done<Vec<Span>> {
    let mut statement = connection.prepare(&format!(
        "SELECT id FROM falls WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT {RUNS_MAX}"
    ))?;
    let mut runs = Vec::new();
    let mut rest = span;
    let mut falls = statement.query([span.first, span.end])?;
    while let Some(row) = falls.next()? {
        let fall = row.get(0)?;
        runs.push(Span { end: fall, ..rest });
        rest.first = fall;
    }
    if rest.first < rest.end {
        runs.push(rest);
    }
    Ok(runs)
}

/// What looks a run's times up.
struct Look<'c> {
    next: rusqlite::Statement<'c>,
    last: rusqlite::Statement<'c>,
}

impl<'c> Look<'c> {
    fn new(connection: &'c Connection) -> Done<Look<'c>> {
        Ok(Look {
            next: connection
                .prepare("SELECT id, ms FROM messages WHERE id >= ?1 ORDER BY id LIMIT 1")?,
            last: connection.prepare(
                "SELECT id, ms FROM messages WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1",
            )?,
        })
    }

    /// The first message of a run that was said since `ms`, by halving; `None`: there is none.
    fn first_in(&mut self, run: Span, ms: i64) -> Done<Option<i64>> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let last = self.last.query_row([run.first, run.end], read).optional()?;
        let Some((mut high, _)) = last.filter(|&(_, at): &(i64, i64)| at >= ms) else {
            return Ok(None);
        };
        // Invariant: what is below `low` is too old, and what is at `high` is not.
        let mut low = run.first;
        while low < high {
            let middle = low + (high - low) / 2;
            let (id, at): (i64, i64) = self.next.query_row([middle], read)?;
            match at < ms {
                true => low = id + 1,
                false => high = middle,
            }
        }
        let (first, _) = self.next.query_row([low], read)?;
        Ok(Some(first))
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;
    use proptest::prelude::*;

    const WHOLE: Span = Span {
        first: 0,
        end: i64::MAX,
    };

    fn with_times(times: &[(i64, i64)]) -> Connection {
        let connection = schema::in_memory();
        let insert = "INSERT INTO messages VALUES (?1, 1, ?2, 'a', 0, 0, 'hi', 0, NULL)";
        for &(id, ms) in times {
            connection.execute(insert, [id, ms]).expect("a row");
        }
        connection
    }

    fn ids(connection: &Connection, sql: &str) -> Vec<i64> {
        let mut statement = connection.prepare(sql).expect("it is SQL");
        let ids = statement.query_map([], |row| row.get(0)).expect("rows");
        ids.collect::<Done<Vec<i64>>>().expect("ids")
    }

    /// The table has all falls, and those that were ones when a row was written, at the most.
    fn check_falls(connection: &Connection) {
        let lag = "SELECT id FROM (SELECT id, ms < lag(ms) OVER (ORDER BY id) AS f FROM messages)
            WHERE f ORDER BY id";
        let known = ids(connection, "SELECT id FROM falls ORDER BY id");
        for fall in ids(connection, lag) {
            assert!(known.contains(&fall), "{fall} of {known:?}");
        }
        let messages = ids(connection, "SELECT id FROM messages ORDER BY id");
        assert!(
            known.iter().all(|fall| messages.contains(fall)),
            "{known:?}"
        );
    }

    /// Every message since then is in a span, once and in order.
    fn check_since(connection: &Connection, span: Span, ms: u64) {
        let spans = since(connection, span, ms).expect("spans");
        let within = |from: i64, end: i64, such: &str| {
            ids(
                connection,
                &format!(
                    "SELECT id FROM messages WHERE id >= {from} AND id < {end} AND {such} ORDER BY id"
                ),
            )
        };
        let such = format!("ms >= {ms}");
        let found: Vec<i64> = spans
            .iter()
            .flat_map(|span| within(span.first, span.end, &such))
            .collect();
        assert_eq!(found, within(span.first, span.end, &such), "{spans:?}");
    }

    #[test]
    fn a_clock_that_was_set_back_hides_nothing() {
        let times = |id| match id {
            1..=40 => 500_000 + id,
            41..=70 => id,
            _ => 900_000 + id,
        };
        let connection = with_times(&(1..=100).map(|id| (id, times(id))).collect::<Vec<_>>());
        assert_eq!(ids(&connection, "SELECT id FROM falls"), [41]);
        let (late, soon) = (
            Span {
                first: 71,
                end: 200,
            },
            Span { first: 0, end: 41 },
        );
        let all = Span { first: 0, end: 200 };
        let first = Span { first: 1, end: 41 };
        assert_eq!(since(&connection, all, 400_000), Ok(vec![first, late]));
        assert_eq!(since(&connection, all, 800_000), Ok(vec![late]));
        assert_eq!(since(&connection, all, 1_000_000), Ok(vec![]));
        assert_eq!(since(&connection, soon, 0), Ok(vec![soon]));
        assert_eq!(since(&connection, Span { first: 5, end: 5 }, 1), Ok(vec![]));
    }

    #[test]
    fn more_falls_than_are_looked_at_hide_nothing() {
        let times: Vec<(i64, i64)> = (1..=3_000).map(|id| (id, 2 * (id % 2) + 1)).collect();
        let connection = with_times(&times);
        for ms in 0..5 {
            check_since(
                &connection,
                Span {
                    first: 0,
                    end: 2_990,
                },
                ms,
            );
            let spans = since(&connection, WHOLE, ms).expect("spans");
            assert!(spans.len() <= SPANS_MAX, "{}", spans.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn whatever_is_written_all_falls_are_known(
            first in prop::collection::vec((1..40_i64, 0..9_i64), 0..30),
            then in prop::collection::vec((1..40_i64, prop::option::of(0..9_i64)), 0..20),
            first_id in 0..40_i64,
            end in 0..50_i64,
            ms in 0..10_u64,
        ) {
            let connection = schema::in_memory();
            let insert = "INSERT OR IGNORE INTO messages VALUES (?1, 1, ?2, 'a', 0, 0, 'hi', 0, NULL)";
            for &(id, ms) in &first {
                connection.execute(insert, [id, ms]).expect("a row");
            }
            check_falls(&connection);
            for &(id, ms) in &then {
                match ms {
                    Some(ms) => connection.execute("UPDATE messages SET ms = ?2 WHERE id = ?1", [id, ms]),
                    None => connection.execute("DELETE FROM messages WHERE id = ?1", [id]),
                }
                .expect("a change");
                check_falls(&connection);
            }
            check_since(&connection, WHOLE, ms);
            check_since(&connection, Span { first: first_id, end }, ms);
        }
    }
}
