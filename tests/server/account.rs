use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::util::*;

/// Runs `hubbub account` with `input` on its standard input.
fn account(dir: &Path, arguments: &str, input: &str) -> Exited {
    let mut command = program();
    command.arg("account").args(arguments.split_whitespace());
    command.arg("--data").arg(dir);
    run_with_input(&mut command, input)
}

#[track_caller]
fn succeeds(dir: &Path, arguments: &str, input: &str) -> String {
    let exited = account(dir, arguments, input);
    let (code, stderr) = (exited.status.code(), exited.stderr.as_str());
    assert_eq!((code, stderr), (Some(0), ""), "{arguments}");
    exited.stdout
}

/// Fails with one line.
#[track_caller]
fn fails(dir: &Path, arguments: &str, input: &str, code: i32) -> String {
    let exited = account(dir, arguments, input);
    assert_eq!(exited.status.code(), Some(code), "{arguments}: {exited:?}");
    assert_eq!(exited.stdout, "", "{arguments}");
    assert_eq!(exited.stderr.lines().count(), 1, "{arguments}: {exited:?}");
    exited.stderr
}

/// Everything in the files of a directory.
fn bytes(dir: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

fn has(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|it| it == part.as_bytes())
}

#[test]
fn an_account_is_made_and_changed_from_the_shell() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    assert!(succeeds(&dir, "add Alice", "wonderland\n").contains("Alice"));
    succeeds(&dir, "add bob", "his own, without an end of line");
    let list = succeeds(&dir, "list", "");
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("NAME   ROLE  BOTS  CREATED"), "{list}");
    assert!(lines[1].starts_with("Alice  user        2"), "{list}");
    assert!(lines[2].starts_with("bob    user        2"), "{list}");
    let said = succeeds(&dir, "role ALICE operator", "");
    assert!(
        said.contains("operator") && said.contains("next login"),
        "{said}"
    );
    assert!(succeeds(&dir, "list", "").contains("Alice  operator"));
    succeeds(&dir, "role alice user", "");
    assert!(!succeeds(&dir, "list", "").contains("operator"));
    succeeds(&dir, "passwd alice", "looking-glass\nnot this\n");
    let bytes = bytes(&dir);
    assert!(has(&bytes, "$argon2id$v=19$m=19456,t=2,p=1$"));
    for secret in ["wonderland", "his own", "looking-glass", "not this"] {
        assert!(!has(&bytes, secret), "{secret}");
    }
}

#[test]
fn only_their_owner_may_read_the_files() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    succeeds(&dir, "add Alice", "wonderland\n");
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&dir), 0o700);
    for entry in std::fs::read_dir(&dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn what_cannot_be_done_is_one_line() {
    let directory = TempDir::new();
    let dir = directory.join("data");
    for arguments in ["list", "passwd alice", "role alice user"] {
        let line = fails(&dir, arguments, "x\n", 1);
        assert!(line.contains("data"), "{line}");
        assert!(!dir.exists(), "{arguments} begins nothing");
    }
    succeeds(&dir, "add Alice", "wonderland\n");
    let long = format!("{}\n", "x".repeat(129));
    for (arguments, input, part) in [
        ("add ALICE", "x\n", "already"),
        ("passwd Eve", "x\n", "Eve"),
        ("role Eve operator", "", "Eve"),
        ("add Eve", "", "password"),
        ("add Eve", "\n", "password"),
        ("add Eve", &long, "128"),
        ("passwd alice", &long, "128"),
    ] {
        let line = fails(&dir, arguments, input, 1);
        assert!(line.contains(part), "{arguments}: {line}");
    }
    for wrong in [
        "",
        "remove alice",
        "add",
        "add a/b",
        "add server",
        "role alice",
        "role alice king",
        "list all",
    ] {
        fails(&dir, wrong, "", 2);
    }
    let exited = run(program().args(["account", "list"]));
    assert_eq!(exited.status.code(), Some(2));
    assert!(exited.stderr.contains("--data"), "{}", exited.stderr);
    assert_eq!(succeeds(&dir, "list", "").lines().count(), 2);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let directory = TempDir::new();
    let path = directory.join("hubbub.db");
    let text = "precious ".repeat(1000);
    std::fs::write(&path, &text).expect("written");
    let dir = path.parent().expect("a directory");
    for arguments in ["add alice", "list"] {
        let line = fails(dir, arguments, "x\n", 1);
        assert!(line.contains("hubbub.db"), "{line}");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
}
