//! Accounts as a table.

use chrono::{DateTime, Local};

use crate::store::accounts::StoredAccount;

const COLUMNS: [&str; 4] = ["NAME", "ROLE", "BOTS", "CREATED"];

/// A line for each account, under a line that names the columns.
pub(super) fn table(accounts: &[StoredAccount]) -> String {
    let mut rows = vec![COLUMNS.map(String::from)];
    for account in accounts {
        rows.push(row(account, accounts));
    }
    let widths: [usize; 4] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    lines.join("\n")
}

fn row(account: &StoredAccount, accounts: &[StoredAccount]) -> [String; 4] {
    let record = &account.record;
    let role = match record.is_operator {
        true => "operator",
        false => "user",
    };
    let id = record.id;
    let bots = match &record.owner {
        Some(owner) => {
            let owner = accounts.iter().find(|it| it.record.id == *owner);
            let name = owner.map_or("nobody", |owner| owner.record.nick.as_str());
            format!("(a bot of {name})")
        }
        None => {
            let bots = accounts.iter().filter(|it| it.record.owner == Some(id));
            let names: Vec<&str> = bots.map(|bot| bot.record.nick.as_str()).collect();
            names.join(", ")
        }
    };
    let created = DateTime::from_timestamp_millis(account.created_ms.cast_signed());
    let created = created.map_or_else(String::new, |time| {
        let time = time.with_timezone(&Local);
        time.format("%Y-%m-%d %H:%M").to_string()
    });
    [record.nick.to_string(), role.into(), bots, created]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, AccountRecord, Nick};

    fn account(id: u64, name: &str, is_operator: bool, owner: Option<u64>) -> StoredAccount {
        StoredAccount {
            scram: None,
            record: AccountRecord {
                id: AccountId(id),
                nick: Nick::parse(name).expect("a nick"),
                is_operator,
                owner: owner.map(AccountId),
                generation: 0,
            },
            hash: None,
            created_ms: 1_000_000_000_000,
        }
    }

    #[test]
    fn each_account_has_a_line() {
        let accounts = [
            account(1, "Alice", true, None),
            account(2, "Bob", false, None),
            account(3, "Robot", false, Some(1)),
            account(4, "Žofie", false, Some(1)),
        ];
        let table = table(&accounts);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "NAME   ROLE      BOTS              CREATED");
        assert!(lines[1].starts_with("Alice  operator  Robot, Žofie      2001-09-"));
        assert!(lines[2].starts_with("Bob    user                        2001-09-"));
        assert!(lines[3].starts_with("Robot  user      (a bot of Alice)  2001-09-"));
        assert!(lines[4].starts_with("Žofie  user      (a bot of Alice)  2001-09-"));
        assert_eq!(super::table(&[]), "NAME  ROLE  BOTS  CREATED");
    }
}
