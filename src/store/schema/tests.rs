//! Databases of older versions, and steps that fail.

use super::*;

fn versions(connection: &Connection) -> (i64, i64) {
    let read = |pragma| number(connection, pragma).expect("a number");
    (read("user_version"), read("application_id"))
}

#[test]
fn an_older_database_is_brought_forward_with_what_is_in_it() {
    const OLDER: [&str; 1] = ["CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT)"];
    const NEWER: [&str; 3] = [
        OLDER[0],
        "ALTER TABLE said ADD COLUMN nick TEXT NOT NULL DEFAULT 'nobody'",
        "UPDATE said SET text = upper(text)",
    ];
    let connection = Connection::open_in_memory().expect("memory");
    migrate(&connection, &OLDER).expect("version 1");
    assert_eq!(versions(&connection), (1, APPLICATION_ID));
    let said = "INSERT INTO said VALUES (7, 'hi')";
    connection.execute(said, []).expect("a row");
    migrate(&connection, &NEWER).expect("version 3");
    assert_eq!(versions(&connection), (3, APPLICATION_ID));
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let row: Done<(String, String)> = connection.query_row("SELECT text, nick FROM said", [], read);
    assert_eq!(row, Ok(("HI".into(), "nobody".into())));
    migrate(&connection, &NEWER).expect("nothing is left to do");
    assert!(matches!(migrate(&connection, &OLDER), Err(Late::Newer(3))));
}

#[test]
fn what_belonged_to_names_belongs_to_accounts() {
    let connection = Connection::open_in_memory().expect("memory");
    migrate(&connection, &STEPS[..1]).expect("version 1");
    connection
        .execute_batch(
            r#"INSERT INTO accounts VALUES
                ('bob', 'Bob', 'h', 1, NULL, 5), ('alice', 'Alice', 'g', 0, NULL, 3),
                ('robot', 'Robot', NULL, 0, 'bob', 4), ('stray', 'Stray', NULL, 0, 'gone', 6);
            INSERT INTO tokens VALUES (x'01', 'robot'), (x'02', 'stray');
            INSERT INTO rooms (key, name, owner, topic, moderators) VALUES
                ('hers', 'Hers', 'alice', 'about', '["bob","gone"]'),
                ('lost', 'Lost', 'gone', 'of nobody', '[]'), ('free', 'Free', NULL, NULL, '[]');
            INSERT INTO privates VALUES
                (1, 1, 'alice', 'bob', 'Alice', 'Bob', 0, 'x', 1, 1, 0),
                (2, 2, 'alice', 'bob', 'Alice', 'Bob', 0, 'x', 0, 1, 1),
                (3, 3, 'bob', 'gone', 'Bob', 'Gone', 0, 'x', 1, 1, 0);"#,
        )
        .expect("rows");
    migrate(&connection, &STEPS).expect("this version");
    let read = |sql: &str| {
        let text: Done<String> = connection.query_row(sql, [], |row| row.get(0));
        text.expect(sql)
    };
    let accounts = "SELECT group_concat(concat_ws(' ', id, name, hash, operator, owner), ', ')
        FROM accounts ORDER BY id";
    assert_eq!(read(accounts), "1 Alice g 0, 2 Robot 0 3, 3 Bob h 1");
    let tokens = "SELECT group_concat(hex(digest) || ' ' || bot, ', ') FROM tokens";
    assert_eq!(read(tokens), "01 2");
    let rooms =
        "SELECT group_concat(concat_ws(' ', key, owner, topic, moderators), ', ') FROM rooms";
    assert_eq!(read(rooms), "hers 1 about [3], lost [], free []");
    let marks = "SELECT group_concat(concat_ws(' ', from_account, to_account, delivered), ', ')
        FROM privates";
    assert_eq!(read(marks), "1 3 0, 0 3 1, 3 0 1");
}

#[test]
fn a_step_that_fails_undoes_those_before_it() {
    const STEPS: [&str; 3] = [
        "CREATE TABLE a (b)",
        "CREATE TABLE c (d)",
        "CREATE TABLE a (b)",
    ];
    let connection = Connection::open_in_memory().expect("memory");
    migrate(&connection, &STEPS[..1]).expect("version 1");
    assert!(matches!(
        migrate(&connection, &STEPS),
        Err(Late::Database(_))
    ));
    assert_eq!(versions(&connection).0, 1);
    let tables = "SELECT count(*) FROM sqlite_master";
    let tables: Done<i64> = connection.query_row(tables, [], |row| row.get(0));
    assert_eq!(tables, Ok(1));
}
