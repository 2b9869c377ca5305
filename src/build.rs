//! Makes of each file of the page what is served: the same without comments and indentation, and that
//! compressed with gzip. Has a released program linked such that it takes less memory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const PAGE: &str = "src/web/page";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={PAGE}");
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rustc-env=HUBBUB_COMMIT={}", commit());
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    if is_released() {
        link_unwinder(&out)?;
        if has_chosen_linker() {
            pack_relocations();
            order_functions();
            link_libc(&out)?;
        }
    }
    for entry in fs::read_dir(PAGE)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name that a URL can have");
        let served = stripped(&path, &fs::read_to_string(&path)?);
        fs::write(out.join(name), &served)?;
        let compressed = fs::File::create(out.join(format!("{name}.gz")))?;
        let mut encoder = GzEncoder::new(compressed, Compression::best());
        encoder.write_all(served.as_bytes())?;
        encoder.finish()?;
    }
    Ok(())
}

/// The commit that is built, behind a blank and in brackets; nothing where the source is no clone of its own, as in an
/// archive, nor where tests look inside: what the simulator sees is to stay the same. What is no release is not built anew
/// for each commit.
fn commit() -> String {
    if env::var_os("CARGO_FEATURE_TESTING").is_some() {
        return String::new();
    }
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let git = |arguments: &[&str]| {
        let printed = printed(Command::new("git").arg("-C").arg(&root).args(arguments));
        PathBuf::from(printed.trim())
    };
    let is_own =
        git(&["rev-parse", "--show-toplevel"]).canonicalize().ok() == root.canonicalize().ok();
    if !is_own {
        return String::new();
    }
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        // The log of HEAD grows with each commit and each change of branches.
        for name in ["HEAD", "logs/HEAD"] {
            let path = root.join(git(&["rev-parse", "--git-path", name]));
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
    }
    match git(&["rev-parse", "--short=10", "HEAD"])
        .display()
        .to_string()
    {
        none if none.is_empty() => none,
        commit => format!(" ({commit})"),
    }
}

/// Is it built to be run here, by the loader of this machine, rather than to be tested?
fn is_released() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    let is_native = env::var("HOST") == env::var("TARGET");
    is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is_native
        && env::var_os("CARGO_CFG_FUZZING").is_none()
}

/// Is it linked by the linker that Rust chooses itself, for glibc 2.36 or later? Others do not know all that is
/// asked of it here.
fn has_chosen_linker() -> bool {
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_chosen = flags.contains("link") || env::var_os("RUSTC_LINKER").is_some();
    let version = printed(Command::new("getconf").arg("GNU_LIBC_VERSION"));
    let minor = version.trim().strip_prefix("glibc 2.");
    !is_chosen && minor.is_some_and(|minor| minor.parse().is_ok_and(|minor: u32| minor >= 36))
}

/// Relocations take a hundredth of their 110 KiB where they are packed.
fn pack_relocations() {
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}

/// What a start runs lies together, apart from what it does not: the system has pieces of 64 KiB in memory.
fn order_functions() {
    let layout = env::current_dir().map(|root| root.join("src/layout.ld"));
    if let Some(layout) = layout.ok().filter(|layout| layout.exists()) {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", layout.display());
        println!("cargo::rerun-if-changed={}", layout.display());
    }
}

/// What is used of libc is within the program, where there is a library for that: of the shared one, and of what
/// loads it, a start has 1.5 MiB in memory, most of it never run. (`crt-static` would ask for more of whoever builds:
/// a target by name.)
fn link_libc(out: &Path) -> io::Result<()> {
    let library = printed(Command::new("cc").arg("-print-file-name=libc.a"));
    let library = library.trim();
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|it| it == "x86_64") && library.starts_with('/')
    {
        // Under the names of the shared ones, which Rust asks for.
        let folder = out.join("static");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("libc.so"), format!("INPUT({library})"))?;
        fs::write(folder.join("libgcc_s.so"), "")?;
        println!("cargo::rustc-link-arg-bins=-L{}", folder.display());
        println!("cargo::rustc-link-arg-bins=-static-pie");
        // What is weak and nowhere stays so.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,nodynamic-undefined-weak");
    }
    Ok(())
}

/// What finds its way through a stack, for backtraces, is within the program rather than in a library
/// (libgcc_s) that each start loads.
fn link_unwinder(out: &Path) -> io::Result<()> {
    let library = printed(Command::new("cc").arg("-print-file-name=libgcc_eh.a"));
    let library = Path::new(library.trim());
    if library.is_absolute() {
        // Apart from the shared ones that are beside it.
        let folder = out.join("unwinder");
        fs::create_dir_all(&folder)?;
        fs::copy(library, folder.join("libgcc_eh.a"))?;
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    Ok(())
}

/// What a program prints; nothing where it is not here.
fn printed(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default()).into_owned()
}

/// Without blanks at either end of a line, without empty lines and those that are comments, and, but in
/// HTML and SVG, without blanks and line ends next to what ends a word anyway.
///
/// # Panics
/// Where that could change a text or take half of a comment: a template or a comment of several lines.
fn stripped(path: &Path, text: &str) -> String {
    let kind = path.extension().and_then(|extension| extension.to_str());
    let mut served = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let place = || format!("{}:{}", path.display(), at + 1);
        assert!(
            line.matches('`').count() % 2 == 0,
            "{}: a template stands in one line",
            place()
        );
        if line.starts_with("/*") {
            assert!(
                line.find("*/") == Some(line.len() - 2),
                "{}: a comment that begins a line ends with it",
                place()
            );
        } else if !line.is_empty() && !line.starts_with("//") {
            // What no statement ends with, as each has a semicolon.
            let goes_on: &[char] = match kind {
                Some("js") => {
                    served += &dense(line, "\"{}()[]=>,;:?&|<+*!-", "\"{}()[]=>,;:?&|<+*!-");
                    &['{', '}', '(', '[', '>', ';', ',']
                }
                Some("css") => {
                    served += &dense(line, "{};,>", "{};,:>");
                    &['{', '}', ';', ',']
                }
                Some("html") => {
                    served += &unquoted(line);
                    &['>']
                }
                _ => {
                    served += line;
                    &[]
                }
            };
            if !served.ends_with(goes_on) {
                served.push('\n');
            }
        }
    }
    match kind {
        // No statement is empty, and none is a loop without a body.
        Some("css" | "js") => served.replace(";}", "}"),
        _ => served,
    }
}

/// Without the quotation marks of attributes that need none.
///
/// # Panics
/// Where a value goes on behind its line.
fn unquoted(line: &str) -> String {
    assert!(line.matches('"').count().is_multiple_of(2), "{line}");
    let mut parts = line.split('"');
    let mut out: String = parts.next().unwrap_or_default().into();
    while let (Some(value), Some(rest)) = (parts.next(), parts.next()) {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        let is_bare = !value.is_empty() && value.chars().all(is_word) && !value.ends_with('/');
        match is_bare && out.ends_with('=') {
            true => out += value,
            false => out.extend(["\"", value, "\""]),
        }
        out += rest;
    }
    out
}

/// Without blanks in front of `before` and behind `behind`, but in what is quoted: a string, a template (though not the
/// code within one), a pattern.
fn dense(line: &str, before: &str, behind: &str) -> String {
    let mut out = String::with_capacity(line.len());
    // What is open, from the outside in; `{` is code within a template, `[` a class within a pattern.
    let mut open: Vec<char> = Vec::new();
    let mut rest = line.chars().peekable();
    while let Some(letter) = rest.next() {
        let next = rest.peek().copied();
        let quote = open.last().copied().filter(|quote| *quote != '{');
        match (quote, letter) {
            (None, ' ') => {
                let is_idle = next.is_none_or(|next| before.contains(next))
                    || out.ends_with(|last| behind.contains(last));
                if is_idle {
                    continue;
                }
            }
            (None, '"' | '\'' | '`') => open.push(letter),
            (None, '/') if begins_pattern(&out) => open.push('/'),
            (None, '{') if !open.is_empty() => open.push('{'),
            (None, '}') => drop(open.pop()),
            (Some(_), '\\') => {
                out.push('\\');
                out.extend(rest.next());
                continue;
            }
            (Some('`'), '{') if out.ends_with('$') => open.push('{'),
            (Some('/'), '[') => open.push('['),
            (Some('['), ']') => drop(open.pop()),
            (Some(quote), letter) if quote == letter => drop(open.pop()),
            _ => {}
        }
        out.push(letter);
    }
    out
}

/// Is a slash behind this a pattern's, and not a division's?
fn begins_pattern(code: &str) -> bool {
    code.trim_end().is_empty()
        || code.trim_end().ends_with([
            '(', ',', '=', ':', '[', '!', '&', '|', '?', '{', '}', ';', '>',
        ])
}
