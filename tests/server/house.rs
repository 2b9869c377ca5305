use std::path::{Path, PathBuf};

use hubbub::testing::Dialect;

const PURE: [&str; 3] = ["hub", "dialect", "frame"];
const LINES_MAX: usize = 600;

struct Source {
    /// Below src/, as in `hub/room.rs`.
    name: String,
    text: String,
}

impl Source {
    /// Its lines with their numbers, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
    }

    fn is_of(&self, module: &str) -> bool {
        self.name.starts_with(&format!("{module}/")) || self.name == format!("{module}.rs")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let name = path.strip_prefix(&root).expect("below src/");
                sources.push(Source {
                    name: name.to_string_lossy().into(),
                    text: std::fs::read_to_string(&path).expect("UTF-8"),
                });
            }
        }
    }
    assert!(sources.len() > 20, "the source tree is there");
    sources
}

/// Does `word` stand in `line`, not as part of a longer one?
fn names(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}

#[track_caller]
fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The lines of code of `modules` that name any of `words`.
fn lines_naming(modules: &[&str], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        if !modules.iter().any(|module| source.is_of(module)) {
            continue;
        }
        for (number, line) in source.code() {
            for word in words {
                if names(line, word) {
                    found.push(format!("src/{}:{number}: {}", source.name, line.trim()));
                }
            }
        }
    }
    found
}

#[test]
fn hub_dialect_and_frame_never_meet() {
    for module in PURE {
        let others = PURE.into_iter().filter(|&other| other != module);
        let paths: Vec<String> = others
            .flat_map(|other| [format!("crate::{other}"), format!("super::super::{other}")])
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_none(lines_naming(&[module], &paths));
    }
}

#[test]
fn dependencies_run_one_way() {
    let above = ["crate::reactor", "crate::cli", "crate::logging"];
    let pure = ["crate::hub", "crate::dialect", "crate::frame"];
    assert_none(lines_naming(
        &["hub", "dialect", "frame", "buffer", "model", "web"],
        &above,
    ));
    assert_none(lines_naming(&["buffer", "model", "limits"], &pure));
    assert_none(lines_naming(&["store"], &above));
    assert_none(lines_naming(
        &["store"],
        &[
            "crate::dialect",
            "crate::frame",
            "crate::web",
            "mio",
            "std::net",
        ],
    ));
    assert_none(lines_naming(
        &["hub", "dialect", "frame", "buffer", "model", "limits"],
        &["crate::web"],
    ));
    assert_none(lines_naming(
        &["web"],
        &["crate::hub", "crate::frame", "crate::buffer"],
    ));
    assert_none(lines_naming(
        &["limits"],
        &["crate::model", "crate::buffer"],
    ));
}

#[test]
fn the_load_tester_is_a_client_and_the_server_does_not_know_it() {
    let server = [
        "crate::hub",
        "crate::reactor",
        "crate::store",
        "crate::cli",
        "crate::logging",
    ];
    assert_none(lines_naming(&["load"], &server));
    let others = [
        "hub", "dialect", "frame", "buffer", "model", "limits", "store", "reactor", "web",
    ];
    assert_none(lines_naming(&others, &["crate::load"]));
}

#[test]
fn what_is_pure_names_neither_sockets_nor_clocks() {
    let pure = [
        "hub", "dialect", "frame", "model", "buffer", "limits", "web",
    ];
    let impure = [
        "mio",
        "std::net",
        "socket2",
        "rustix",
        "Instant",
        "SystemTime",
        "chrono",
    ];
    assert_none(lines_naming(&pure, &impure));
}

/// The reactor can be put onto another system than this machine.
#[test]
fn the_system_is_reached_through_its_seam() {
    let system = [
        "mio",
        "socket2",
        "rustix",
        "signal_hook",
        "std::net",
        "core::net",
        "std::thread",
        "Instant",
        "SystemTime",
    ];
    assert_none(lines_naming(&["reactor", "layer"], &system));
    assert_none(lines_naming(
        &["reactor"],
        &["chrono", "std::fs", "std::os"],
    ));
    let others = [
        "hub", "dialect", "frame", "buffer", "model", "limits", "store", "web", "load", "cli",
        "logging", "main",
    ];
    assert_none(lines_naming(
        &others,
        &["crate::sys", "hubbub::sys", "crate::layer"],
    ));
    assert_none(lines_naming(
        &["sys", "layer"],
        &["crate::reactor", "crate::cli"],
    ));
    assert_none(lines_naming(&["sys"], &["crate::layer"]));
}

#[test]
fn the_reactor_names_no_dialect() {
    let variants: Vec<String> = Dialect::ALL.map(|it| format!("Dialect::{it:?}")).into();
    let mut found = Vec::new();
    for source in sources() {
        if !source.is_of("reactor") || source.name.contains("/tests") {
            continue;
        }
        let code = source.code().take_while(|(_, line)| *line != "mod tests {");
        for (number, line) in code {
            if variants.iter().any(|variant| names(line, variant)) {
                found.push(format!("src/{}:{number}: {}", source.name, line.trim()));
            }
        }
    }
    assert_none(found);
}

#[test]
fn nothing_is_unsafe() {
    let found = sources().into_iter().flat_map(|source| {
        let lines: Vec<String> = source
            .code()
            .filter(|(_, line)| names(line, "unsafe"))
            .map(|(number, line)| format!("src/{}:{number}: {line}", source.name))
            .collect();
        lines
    });
    assert_none(found.collect());
}

#[test]
fn files_are_short() {
    let found = sources().into_iter().filter_map(|source| {
        let count = source.text.lines().count();
        (count >= LINES_MAX).then(|| format!("src/{}: {count} lines", source.name))
    });
    assert_none(found.collect());
}
