//! What packages bring beside the program is made of what `--help` is made of: `PACKAGED=write cargo test packaged` writes
//! it anew.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::*;
use crate::cli::example::example;
use crate::cli::help::{TOPICS, Topic};

#[test]
fn what_is_packaged_is_that_of_this_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    let mut files = vec![
        ("hubbub.toml".into(), example().into_bytes()),
        ("man/hubbub.toml.5".into(), file_page()),
    ];
    files.extend(command_pages());
    files.extend(TOPICS.iter().map(topic_page));
    files.extend(completions());
    for (name, text) in files {
        let path = folder.join(&name);
        if std::env::var_os("PACKAGED").is_some() {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
            fs::write(&path, &text).expect("a file can be written");
        }
        let is_same = fs::read(&path).is_ok_and(|there| there == text);
        assert!(is_same, "{name}: PACKAGED=write cargo test packaged");
    }
}

/// hubbub(1), and hubbub-load(1) and the like.
fn command_pages() -> Vec<(String, Vec<u8>)> {
    let mut whole = ServerArguments::command()
        .display_name("hubbub")
        .disable_help_subcommand(true);
    whole = whole.subcommands(Arguments::command().get_subcommands().cloned());
    whole.build();
    let subcommands = whole.get_subcommands();
    let named = subcommands.filter(|command| command.get_name() != "help");
    let mut pages = Vec::new();
    for command in named.cloned().chain([whole.clone()]) {
        let name = command
            .get_display_name()
            .unwrap_or(command.get_name())
            .to_owned();
        let mut page = Vec::new();
        let made = Man::new(command.version(env!("CARGO_PKG_VERSION")));
        made.render(&mut page).expect("memory takes it");
        pages.push((format!("man/{name}.1"), page));
    }
    pages
}

/// hubbub-irc(7) and the like.
fn topic_page(topic: &Topic) -> (String, Vec<u8>) {
    let name = format!("hubbub-{}", topic.name);
    let (_, text) = topic.text.split_once('\n').expect("a heading");
    let text = format!(
        "# NAME\n\n{name} - {}\n\n# DESCRIPTION\n{text}\n# SEE ALSO\n\nhubbub(1)\n",
        topic.about
    );
    let page = mandown::convert(&marked(&text), &name.to_uppercase(), 7);
    (format!("man/{name}.7"), unmarked(&page).into_bytes())
}

/// What is not ASCII in a form that is: the converter would write é as e, and प्रि as pri.
fn marked(text: &str) -> String {
    let mark = |letter: char| match letter.is_ascii() {
        true => letter.to_string(),
        false => format!("%{:X}%", u32::from(letter)),
    };
    text.chars().map(mark).collect()
}

fn unmarked(page: &str) -> String {
    let letter = |code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
    let mut parts = page.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(code) = parts.next() {
        match letter(code).filter(|letter| !letter.is_ascii()) {
            Some(letter) => {
                text.push(letter);
                text += parts.next().unwrap_or_default();
            }
            None => text = format!("{text}%{code}"),
        }
    }
    text
}

/// hubbub.toml(5).
fn file_page() -> Vec<u8> {
    let mut page = Roff::new();
    let title = concat!("hubbub ", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["hubbub.toml", "5", "", title]);
    page.control("SH", ["NAME"]);
    page.text([roman("hubbub.toml - options of a hubbub server")]);
    page.control("SH", ["DESCRIPTION"]);
    page.text([roman(
        "TOML: a key for each option of hubbub(1), under its name. A string, a number, true or false for a switch; a \
         list where an option may be given again and again. An argument wins over a variable of the environment \
         (HUBBUB_MAX_MESSAGE for --max-message; blanks between the values of a list), and that over the file. What is \
         wrong is told with its line by",
    )]);
    page.text([bold("hubbub check FILE"), roman(".")]);
    page.control("SH", ["OPTIONS"]);
    let command = ServerArguments::command();
    for argument in command.get_arguments() {
        let Some(name) = argument.get_long() else {
            continue;
        };
        if matches!(name, "config" | "help" | "version") {
            continue;
        }
        page.control("TP", []);
        let value = crate::cli::example::value(argument);
        page.text([bold(name), roman(format!(" = {value}"))]);
        let help = argument.get_help().map(ToString::to_string);
        page.text([Inline::from(help.unwrap_or_default())]);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([bold("hubbub"), roman("(1)")]);
    page.to_roff().into_bytes()
}

fn completions() -> Vec<(String, Vec<u8>)> {
    let shells = [
        (Shell::Bash, "hubbub.bash"),
        (Shell::Zsh, "_hubbub"),
        (Shell::Fish, "hubbub.fish"),
    ];
    let made = shells.map(|(shell, name)| {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "hubbub", &mut script);
        (format!("completions/{name}"), script)
    });
    made.into()
}
