//! `hubbub help TOPIC`: the pages in `src/help/`, which are manual pages as well.

use clap::{CommandFactory as _, Parser};

use super::{Arguments, elsewhere};

/// Explains a topic, or a command
#[derive(Debug, Parser)]
pub(super) struct HelpArguments {
    /// What to explain; without it, what there is
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
}

/// A page of help.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: &'static str,
    /// What it is about, in a few words.
    pub(super) about: &'static str,
    /// Markdown that reads well as it is.
    pub(super) text: &'static str,
}

macro_rules! topics {
    ($($name:literal: $about:literal),+ $(,)?) => {
        &[$(Topic {
            name: $name,
            about: $about,
            text: text_of(seldom_read!(concat!("../help/", $name, ".md"))),
        }),+]
    };
}

const fn text_of(bytes: &'static [u8]) -> &'static str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a page of help is no UTF-8"),
    }
}

/// In the order in which they are listed: what everybody wants to know first.
pub(super) const TOPICS: &[Topic] = topics! {
    "doors": "where it listens, for whom; TLS; in place of older servers",
    "commands": "what one can say at text, pynet, anon, echo and colon doors",
    "formatting": "markup, several lines, IRC's codes; edit, reply, react",
    "json": "requests and events of programs",
    "irc": "how the world looks to IRC clients",
    "web": "the page, WebSockets, the HTTP API",
    "proxies": "behind nginx, caddy or haproxy; whose a connection is",
    "files": "files that people share in rooms",
    "history": "what is kept, for how long, and what is promised",
    "accounts": "names and rooms that belong to people, bots",
    "operating": "the console, bans, logs, the file of options, packages",
    "options": "what each option bounds",
    "cluster": "several servers that are one chat",
    "performance": "what was measured, and the load tester",
    "contributing": "how it is built, where a change goes, tests, fuzzing, security",
};

/// The page of this topic, or of this command; or the list of topics.
///
/// # Errors
/// One line, where there is none of that name.
pub(super) fn page(asked: &HelpArguments) -> Result<String, String> {
    let Some(name) = &asked.topic else {
        return Ok(list());
    };
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == name) {
        return Ok(topic.text.to_owned());
    }
    let mut command = Arguments::command();
    command.build();
    if let Some(subcommand) = command.find_subcommand_mut(name) {
        return Ok(subcommand.render_long_help().to_string());
    }
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let names = TOPICS.iter().map(|topic| topic.name).chain(commands);
    Err(match elsewhere::most_like(name, names) {
        Some(meant) => format!("no help on '{name}'; did you mean {meant}?"),
        None => format!("no help on '{name}'; `hubbub help` lists what there is"),
    })
}

fn list() -> String {
    let mut text = String::from("hubbub help TOPIC explains one of these:\n\n");
    for topic in TOPICS {
        text += &format!("  {:<14}{}\n", topic.name, topic.about);
    }
    text += "\nhubbub --help lists the options, hubbub COMMAND --help those of a command.\n";
    text
}
