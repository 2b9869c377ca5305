//! `hubbub backup`, and what is taken from a database beside its server.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::util::*;

fn ran(arguments: &[&str], dir: &Path) -> Exited {
    let mut command = program();
    command.args(arguments).arg("--data").arg(dir);
    run(&mut command)
}

#[track_caller]
fn done(arguments: &[&str], dir: &Path) -> String {
    let exited = ran(arguments, dir);
    assert_eq!(exited.status.code(), Some(0), "{exited:?}");
    exited.stdout
}

fn serve(dir: &Path) -> Server {
    Server::with(&[Text], &format!("--data {}", dir.display()))
}

#[test]
fn a_backup_made_while_people_talk_is_a_data_directory() {
    let directory = TempDir::new();
    let (dir, restored) = (directory.join("data"), directory.join("restored"));
    let server = serve(&dir);
    let mut ann = server.join(Text, "ann");
    ann.send("/register wonderland\n").expect_until("\n");
    for n in 0..200 {
        ann.say(&format!("word {n}"));
    }
    ann.sync();
    let file = directory.join("copy");
    let path = file.display().to_string();
    // What was told may be 50 ms from the disk: whatever is not in one copy is in a later one.
    let mut copies = 0;
    let has_all = |file: &Path| {
        let _ = std::fs::create_dir(&restored);
        std::fs::copy(file, restored.join("hubbub.db")).expect("copied");
        done(&["history", "--search", "word 199"], &restored).contains("word 199")
    };
    loop {
        ann.say("meanwhile");
        assert!(done(&["backup", &path], &dir).contains(&path));
        copies += 1;
        if has_all(&file) || copies == 50 {
            break;
        }
        std::fs::remove_file(&file).expect("removed");
    }
    let mode = file.metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // It is not overwritten, and nothing is left beside it.
    let again = ran(&["backup", &path], &dir);
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stderr.contains(&path), "{}", again.stderr);
    assert!(!directory.join("copy-wal").exists() && !directory.join("copy-journal").exists());
    let copy = serve(&restored);
    let mut bob = copy.join(Text, "bob");
    bob.send("/search word 199\n").expect_until("word 199");
    let mut other = copy.connect(Text);
    other.send("carol\n/login ann wonderland\n");
    other.expect_until("You are logged in as ann");
}

#[test]
fn what_cannot_be_copied_leaves_nothing_behind() {
    let directory = TempDir::new();
    let (dir, to) = (directory.join("data"), directory.join("copy"));
    let path = to.display().to_string();
    let none = ran(&["backup", &path], &dir);
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    assert!(none.stderr.contains("data/hubbub.db"), "{}", none.stderr);
    std::fs::create_dir(&dir).expect("made");
    std::fs::write(dir.join("hubbub.db"), "no database at all, but text").expect("written");
    let broken = ran(&["backup", &path], &dir);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    assert!(!to.exists());
    let nowhere = ran(&["backup", "/nowhere/at/all"], &dir);
    assert!(
        nowhere.stderr.contains("/nowhere/at/all"),
        "{}",
        nowhere.stderr
    );
}

#[test]
fn history_is_searched_and_cut() {
    let directory = TempDir::new();
    let server = serve(&directory.join("data"));
    let mut ann = server.join(Text, "ann");
    ann.say("the first Apple")
        .say("a pear")
        .say("apples and pears")
        .say("an apple, again");
    ann.sync();
    server.signal("TERM");
    ann.rest();
    assert_eq!(server.wait().status.code(), Some(0));
    let said = |arguments: &[&str]| -> Vec<String> {
        let printed = done(&[&["history"], arguments].concat(), &directory.join("data"));
        let text = |line: &str| line.split_once("] ").expect("[ann] text").1.to_owned();
        printed.lines().map(text).collect()
    };
    assert_eq!(
        said(&["--search", "apple"]),
        ["the first Apple", "an apple, again"]
    );
    assert_eq!(
        said(&["--search", "apple*", "--limit", "2"]),
        ["apples and pears", "an apple, again"]
    );
    assert_eq!(said(&["--limit", "1"]), ["an apple, again"]);
    assert_eq!(said(&["--limit", "100000"]).len(), 4);
    assert!(said(&["--search", "plum"]).is_empty());
    for wrong in [["--limit", "0"], ["--limit", "100001"], ["--search", "!"]] {
        let exited = ran(
            &[&["history"], &wrong[..]].concat(),
            &directory.join("data"),
        );
        assert_eq!(exited.status.code(), Some(2), "{exited:?}");
    }
}

#[test]
fn an_account_is_removed_beside_the_server() {
    let directory = TempDir::new();
    let server = serve(&directory.join("data"));
    let mut ann = server.join(Text, "ann");
    ann.send("/register wonderland\n").expect_until("\n");
    ann.sync();
    ann.send("/quit\n");
    let said = done(&["account", "remove", "ANN"], &directory.join("data"));
    assert!(said.contains("until it starts again"), "{said}");
    let mut eve = server.join(Text, "eve");
    eve.send("/login ann wonderland\n").sync();
    let again = ran(&["account", "remove", "ann"], &directory.join("data"));
    assert_eq!(again.status.code(), Some(1), "{again:?}");
}
