//! Local times are those that clocks showed at the time, not those of now.

use std::path::Path;

use rusqlite::Connection;

use crate::util::*;

/// A zone by its name in the tz database and as POSIX has it, and when something was said: the instant in
/// seconds since 1970, and what local clocks showed.
struct Case {
    names: [&'static str; 2],
    said: [(i64, &'static str); 4],
}

const CASES: [Case; 4] = [
    Case {
        names: ["Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"],
        said: [
            (1_792_151_940, "2026-10-16 13:59:00"),
            (1_792_152_000, "2026-10-16 14:00:00"),
            // A minute after, and an hour later a minute after again.
            (1_792_890_060, "2026-10-25 02:01:00"),
            (1_794_834_000, "2026-11-16 14:00:00"),
        ],
    },
    Case {
        names: ["America/New_York", "EST5EDT,M3.2.0,M11.1.0"],
        said: [
            (1_772_953_140, "2026-03-08 01:59:00"),
            (1_772_953_200, "2026-03-08 03:00:00"),
            (1_792_152_000, "2026-10-16 08:00:00"),
            (1_794_834_000, "2026-11-16 08:00:00"),
        ],
    },
    Case {
        names: [
            "Australia/Lord_Howe",
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        ],
        said: [
            (1_774_965_600, "2026-04-01 01:00:00"),
            (1_775_314_740, "2026-04-05 01:59:00"),
            (1_775_316_600, "2026-04-05 02:00:00"),
            (1_780_000_200, "2026-05-29 07:00:00"),
        ],
    },
    Case {
        names: ["Asia/Kolkata", "IST-5:30"],
        said: [
            (1_774_981_800, "2026-04-01 00:00:00"),
            (1_780_079_400, "2026-05-30 00:00:00"),
            (1_792_152_000, "2026-10-16 17:30:00"),
            (1_794_834_000, "2026-11-16 18:30:00"),
        ],
    },
];

/// History in which that was said then.
fn said_at(data: &Path, said: &[(i64, &str)]) {
    let server = Server::with(&[Json], &format!("--data {}", data.display()));
    let mut ann = server.join(Json, "ann");
    for n in 0..said.len() {
        let chat = format!("{{\"type\":\"chat\",\"message\":\"{n}\",\"id\":{n}}}\n");
        ann.send(chat).expect_until(format!(",\"id\":{n}}}\n"));
    }
    drop(ann);
    server.signal("TERM");
    server.wait();
    let connection = Connection::open(data.join("hubbub.db")).expect("it opens");
    for (n, (unix_s, _)) in said.iter().enumerate() {
        let sql = "UPDATE messages SET ms = ?2 * 1000 WHERE text = ?1";
        let count = connection.execute(sql, (n.to_string(), unix_s));
        assert_eq!(count, Ok(1));
    }
}

fn in_zone(zone: &str, data: &Path, doors: &[&str]) -> Server {
    let mut command = program();
    command.env("TZ", zone).arg("--data").arg(data);
    for door in doors {
        command.args(["--listen", door]);
    }
    Server::spawn(command, doors.len())
}

#[test]
fn times_are_those_that_clocks_showed() {
    for case in &CASES {
        let directory = TempDir::new();
        let data = directory.join("data");
        said_at(&data, &case.said);
        for zone in case.names {
            // The names are known where there is a tz database only.
            if zone.contains('/') && !Path::new("/usr/share/zoneinfo").join(zone).exists() {
                continue;
            }
            let server = in_zone(zone, &data, &["text://127.0.0.1:0", "colon://127.0.0.1:0"]);
            let mut nora = server.join(Text, "Nora");
            nora.sync();
            for (n, (_, local)) in case.said.iter().enumerate() {
                let since = local.replace(' ', "T");
                nora.send(format!("/history since {since}\n"));
                let count = case.said.len() - n;
                nora.expect_until(format!("[Server] That is {count} of #lobby.\n"));
                let printed = run(program()
                    .env("TZ", zone)
                    .arg("history")
                    .arg("--data")
                    .arg(&data)
                    .args(["--since", local]));
                let lines: Vec<&str> = printed.stdout.lines().collect();
                assert_eq!(lines.len(), count, "{zone} {local}: {printed:?}");
                assert!(lines[0].starts_with(local), "{zone} {local}: {printed:?}");
            }
            let mut carl = server.connect(Colon);
            carl.send("carl\n").sync();
            carl.send("/history\n");
            let shown =
                String::from_utf8(carl.expect_until("That is 4 of #lobby.")).expect("UTF-8");
            for (n, (_, local)) in case.said.iter().enumerate() {
                let (_, time) = local.split_once(' ').expect("a date and a time");
                let line = format!("[{time}] ann >> \x1b[0m{n}\n");
                assert!(shown.contains(&line), "{zone} {local}: {shown}");
            }
        }
    }
}
