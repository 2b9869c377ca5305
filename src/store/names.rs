//! Names in an older database. They were kept as they were typed, and compared by keys that knew of no
//! normalization: canonical equivalents were two names, and some that were names then are none any more.

use rusqlite::{Connection, Result as Done, params};

use crate::limits::{NICK_CHARS_MAX, ROOM_NAME_CHARS_MAX};
use crate::model::{Key, Nick, RoomName};

use super::rows;

/// Which way of making keys the database is of.
const FOLDING: i64 = 1;

/// A table whose names are unique, and what is a name there.
struct NameTable {
    table: &'static str,
    /// The name that one becomes, as it is shown and as it is compared.
    nearest: fn(&str) -> (String, Key),
    chars_max: usize,
}

const NAMED: [NameTable; 2] = [
    NameTable {
        table: "accounts",
        nearest: |name| {
            let nick = Nick::nearest(name);
            (nick.to_string(), nick.key())
        },
        chars_max: NICK_CHARS_MAX,
    },
    NameTable {
        table: "rooms",
        nearest: |name| {
            let room = RoomName::nearest(name);
            (room.to_string(), room.key())
        },
        chars_max: ROOM_NAME_CHARS_MAX,
    },
];

/// Gives every name its key of today, once. Where two became one name, the one that has the key keeps it,
/// and the other gets a number behind it, which is logged.
///
/// # Errors
/// The database's. Nothing is changed then.
pub(super) fn bring_forward(connection: &Connection) -> Done<()> {
    if rows::meta(connection, "folding")? >= FOLDING {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    for named in &NAMED {
        named.bring_forward(&transaction)?;
    }
    for column in ["from_key", "to_key"] {
        bring_privates_forward(&transaction, column)?;
    }
    transaction.execute(
        "INSERT OR REPLACE INTO meta VALUES ('folding', ?1)",
        [FOLDING],
    )?;
    transaction.commit()
}

impl NameTable {
    fn bring_forward(&self, connection: &Connection) -> Done<()> {
        let table = self.table;
        let sql = format!(
            "SELECT id, key, name FROM {table} WHERE {} ORDER BY id",
            beyond_ascii("key")
        );
        let mut statement = connection.prepare(&sql)?;
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let found: Done<Vec<(i64, String, String)>> = found.collect();
        for (id, old, was) in found? {
            let (mut name, mut key) = (self.nearest)(&was);
            let mut count = 1;
            while key.as_str() != old && self.is_taken(connection, &key)? {
                count += 1;
                let (stem, _) = (self.nearest)(&was);
                let end = format!("-{count}");
                let room = self.chars_max.saturating_sub(end.len());
                name = stem.chars().take(room).collect::<String>() + &end;
                key = Key::of(&name);
            }
            if key.as_str() == old {
                continue;
            }
            if count > 1 {
                log::warn!(
                    "{was} of the {table} in the database is {name} now: that name is another's"
                );
            }
            let sql = format!("UPDATE {table} SET key = ?1, name = ?2 WHERE id = ?3");
            connection.execute(&sql, params![key.as_str(), name, id])?;
            if table == "accounts" {
                for side in ["from", "to"] {
                    let sql = format!(
                        "UPDATE privates SET {side}_key = ?1 WHERE {side}_account = ?2 AND {side}_key = ?3"
                    );
                    connection.execute(&sql, params![key.as_str(), id, old])?;
                }
            }
        }
        Ok(())
    }

    fn is_taken(&self, connection: &Connection, key: &Key) -> Done<bool> {
        let sql = format!("SELECT 1 FROM {} WHERE key = ?1", self.table);
        connection.prepare(&sql)?.exists([key.as_str()])
    }
}

fn bring_privates_forward(connection: &Connection, column: &str) -> Done<()> {
    let sql = format!(
        "SELECT DISTINCT {column} FROM privates WHERE {}",
        beyond_ascii(column)
    );
    let mut statement = connection.prepare(&sql)?;
    let keys: Done<Vec<String>> = statement.query_map([], |row| row.get(0))?.collect();
    let sql = format!("UPDATE privates SET {column} = ?1 WHERE {column} = ?2");
    for old in keys? {
        let key = Key::of(&old);
        if key.as_str() != old {
            connection.execute(&sql, [key.as_str(), &old])?;
        }
    }
    Ok(())
}

/// Keys of ASCII are as they always were.
fn beyond_ascii(column: &str) -> String {
    format!("{column} GLOB '*[^' || char(1) || '-' || char(127) || ']*'")
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    fn texts(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("SQL");
        let found = statement.query_map([], |row| row.get(0)).expect("rows");
        found.collect::<Done<_>>().expect("texts")
    }

    #[test]
    fn names_of_an_older_database_are_compared_as_today() {
        const JAMO: &str = "\u{1100}\u{1161}\u{11A8}";
        let connection = schema::in_memory();
        let run = |sql: &str| connection.execute_batch(sql).expect(sql);
        run(&format!(
            "INSERT INTO accounts (id, key, name, created_ms) VALUES
                (1, '{JAMO}', '{JAMO}', 0), (2, 'å', '\u{212B}', 0), (3, '각', '각', 0), (4, 'bob', 'Bob', 0),
                (5, 'žofie', 'Žofie', 0), (6, 'a\u{2DE0}\u{2DE0}', 'A\u{2DE0}\u{2DE0}', 0);
            INSERT INTO rooms (id, key, name) VALUES (1, '{JAMO}', '{JAMO}'), (2, 'ा', 'ा'), (3, 'rust', 'Rust');
            INSERT INTO privates VALUES
                (1, 0, '{JAMO}', 'bob', '{JAMO}', 'Bob', 0, 'hi', 1, 4, 1, 0, NULL),
                (2, 0, 'bob', '{JAMO}', 'Bob', '{JAMO}', 0, 'hi', 4, 1, 1, 0, NULL),
                (3, 0, '{JAMO}', 'bob', '{JAMO}', 'Bob', 0, 'hi', 0, 4, 1, 0, NULL);"
        ));
        bring_forward(&connection).expect("names");
        assert_eq!(
            texts(
                &connection,
                "SELECT key || ' ' || name FROM accounts ORDER BY id"
            ),
            [
                "각-2 각-2",
                "å \u{212B}",
                "각 각",
                "bob Bob",
                "žofie Žofie",
                "a A"
            ]
        );
        assert_eq!(
            texts(
                &connection,
                "SELECT key || ' ' || name FROM rooms ORDER BY id"
            ),
            ["각 각", "_ _", "rust Rust"]
        );
        assert_eq!(
            texts(
                &connection,
                "SELECT from_key || ' ' || to_key FROM privates ORDER BY id"
            ),
            ["각-2 bob", "bob 각-2", "각 bob"]
        );
        run("UPDATE accounts SET key = 'not touched again \u{1100}\u{1161}' WHERE id = 1");
        bring_forward(&connection).expect("names");
        assert_eq!(
            texts(&connection, "SELECT key FROM accounts WHERE id = 1"),
            ["not touched again \u{1100}\u{1161}"]
        );
    }
}
