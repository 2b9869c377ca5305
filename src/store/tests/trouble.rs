//! When the disk, or somebody else, is in the way.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::scene::{ALL, Scene, TempDir, history, options, said};
use super::*;

fn error(options: &Options) -> String {
    match open(options, Arc::new(|| {})) {
        Ok(_) => panic!("it opens"),
        Err(line) => {
            assert!(!line.contains('\n'), "{line}");
            line
        }
    }
}

/// Five messages, and the store gone.
fn written() -> (Scene, PathBuf) {
    let mut scene = Scene::new();
    for id in 1..=5 {
        scene.keep(said(id, "lobby", &"text ".repeat(200)));
    }
    scene.wait_for(5);
    scene.stop();
    let path = scene.options.dir.join("hubbub.db");
    (scene, path)
}

#[test]
fn a_directory_is_for_one_server() {
    let mut scene = Scene::new();
    let line = error(&scene.options);
    assert!(line.contains("another server"), "{line}");
    scene.stop();
    scene.restart();
}

#[test]
fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (scene, path) = written();
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&scene.options.dir), 0o700);
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_directory_that_cannot_be_made_is_one_line() {
    let dir = TempDir::new();
    let mut options = options(&dir);
    fs::write(&options.dir, "a file").expect("written");
    assert!(error(&options).contains("cannot keep anything in"));
    options.dir = options.dir.join("below");
    assert!(error(&options).contains("cannot keep anything in"));
}

#[test]
fn a_newer_database_is_refused_and_left_as_it_is() {
    let (scene, path) = written();
    let connection = Connection::open(&path).expect("it opens");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("set");
    drop(connection);
    let before = fs::read(&path).expect("readable");
    let mut options = scene.options.clone();
    options.sets_aside = true;
    let line = error(&options);
    assert!(
        line.contains("version 99") && line.contains("hubbub.db"),
        "{line}"
    );
    assert_eq!(fs::read(&path).expect("readable"), before);
}

#[test]
fn another_programs_database_is_refused() {
    let (scene, path) = written();
    fs::remove_file(&path).expect("removed");
    let connection = Connection::open(&path).expect("it opens");
    connection
        .execute_batch("CREATE TABLE theirs (a)")
        .expect("made");
    drop(connection);
    assert!(error(&scene.options).contains("another program"));
}

#[test]
fn a_broken_database_is_reported_and_set_aside_only_on_request() {
    let (scene, path) = written();
    let good = fs::read(&path).expect("readable");
    let mut torn = good.clone();
    torn.truncate(good.len() / 2);
    let mut garbled = good.clone();
    for at in (4096..good.len()).step_by(4096) {
        garbled[at..at + 64].fill(0xAA);
    }
    let other = b"this is a text of somebody's, and no database at all\n".repeat(99);
    for (n, bad) in [torn, garbled, other].into_iter().enumerate() {
        fs::write(&path, &bad).expect("written");
        let mut options = scene.options.clone();
        let line = error(&options);
        assert!(
            line.contains("hubbub.db is broken") && line.contains("--data-set-aside"),
            "{line}"
        );
        assert_eq!(
            fs::read(&path).expect("readable"),
            bad,
            "it is left as it is"
        );
        options.sets_aside = true;
        let (store, kept) = open(&options, Arc::new(|| {})).expect("a new one");
        assert!(
            kept.last_id.0 > 1_000_000_000_000,
            "above all that were given out"
        );
        drop(store);
        let aside = match n {
            0 => "hubbub.db.broken".into(),
            n => format!("hubbub.db.broken-{}", n + 1),
        };
        assert_eq!(fs::read(options.dir.join(aside)).expect("kept"), bad);
        fs::remove_file(&path).expect("removed");
    }
}

#[test]
fn a_locked_database_is_waited_for() {
    let mut scene = Scene::new();
    scene.keep(said(1, "lobby", "before"));
    scene.wait_for(1);
    let other = Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    scene.keep(said(2, "lobby", "meanwhile"));
    scene.store().flush();
    scene.wait_until(|store| store.backlog().is_behind);
    assert_eq!(scene.store().poll_answer(), None);
    let figures = scene.store().figures();
    assert_eq!(figures.backlog.records, 1);
    assert!(figures.last_error.is_some());
    other.execute_batch("ROLLBACK").expect("unlocked");
    scene.wait_for(2);
    scene.wait_until(|store| !store.backlog().is_behind);
    assert_eq!(scene.ids(history("lobby", ALL)), [1, 2]);
}

#[test]
fn a_stop_does_not_wait_for_ever_for_a_disk_that_fails() {
    let mut scene = Scene::new();
    scene.keep(said(1, "lobby", "before"));
    scene.wait_for(1);
    let other = Connection::open(scene.options.dir.join("hubbub.db")).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    scene.keep(said(2, "lobby", "never"));
    scene.stop();
    other.execute_batch("ROLLBACK").expect("unlocked");
    let kept = scene.restart();
    assert!(kept.last_id > MessageId(2), "its id may have been seen");
    assert_eq!(scene.ids(history("lobby", ALL)), [1]);
}
