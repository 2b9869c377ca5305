//! The file of options as an example: each one with what it is for and what holds without it, made of what `--help` is
//! made of.

use std::fmt::Write as _;

use clap::{Arg, CommandFactory as _};

use super::elsewhere::FILE;
use super::server::ServerArguments;

/// Characters of a line of comment, at most.
const WIDTH: usize = 96;

/// The whole file.
pub(super) fn example() -> String {
    let mut text = String::from(
        "# Options of hubbub, each under the name that it has on the command line, where it wins over this file. What\n\
         # is commented out holds anyway. `hubbub check FILE` says whether a file is good.\n",
    );
    let command = ServerArguments::command();
    let mut heading = None;
    for argument in command.get_arguments() {
        let Some(name) = argument.get_long().filter(|&name| name != FILE) else {
            continue;
        };
        if matches!(name, "help" | "version") {
            continue;
        }
        if heading != argument.get_help_heading() {
            heading = argument.get_help_heading();
            let _ = writeln!(text, "\n## {}", heading.unwrap_or_default());
        }
        let help = argument.get_help().map(ToString::to_string);
        let _ = writeln!(text);
        comment(&mut text, &help.unwrap_or_default());
        let _ = writeln!(text, "#{name} = {}", value(argument));
    }
    text
}

/// What holds without it, or what it is called.
pub(super) fn value(argument: &Arg) -> String {
    if !argument.get_action().takes_values() {
        return "false".into();
    }
    let default = argument.get_default_values().first();
    let value = match default {
        Some(default) => default.to_string_lossy().into_owned(),
        None => {
            let names = argument.get_value_names().unwrap_or_default();
            names.first().map(ToString::to_string).unwrap_or_default()
        }
    };
    let value = match value.bytes().all(|byte| byte.is_ascii_digit()) {
        true => value,
        false => format!("{value:?}"),
    };
    match argument.get_action() {
        clap::ArgAction::Append => format!("[{value}]"),
        _ => value,
    }
}

fn comment(text: &mut String, help: &str) {
    let mut line = String::from("#");
    for word in help.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}
