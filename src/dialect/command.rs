//! The commands that a line may begin with: one table that all dialects of lines share.

mod about;
mod accounts;
mod modes;
mod past;
mod rule;
mod talk;

pub(super) use accounts::invited;

use crate::limits::PASSWORD_BYTES_MAX;
use crate::model::{ErrorCode, Nick, Request, RoomName, Secret};

use super::spec::Spec;
use super::unmarked;
use super::words::one;

/// A row of the table.
struct CommandRow {
    /// What is typed after the `/`; the first name is the one shown.
    names: &'static [&'static str],
    /// The whole command with its words.
    usage: &'static str,
    /// What it does, for `/help`.
    summary: &'static str,
    /// Who is shown it.
    rank: CommandRank,
    /// What its words ask; `None` where words are missing.
    read: ReadWords,
}

type ReadWords = fn(&str) -> Option<Result<Request, ErrorCode>>;

/// Whom a command is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CommandRank {
    User,
    /// For everybody, where there are accounts.
    Account,
    Moderator,
    Operator,
}

const fn row(
    rank: CommandRank,
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    read: ReadWords,
) -> CommandRow {
    CommandRow {
        names,
        usage,
        summary,
        rank,
        read,
    }
}

/// Every command.
fn commands() -> impl Iterator<Item = &'static CommandRow> {
    talk::COMMANDS
        .iter()
        .chain(&about::COMMANDS)
        .chain(&past::COMMANDS)
        .chain(&modes::COMMANDS)
        .chain(&accounts::COMMANDS)
        .chain(&rule::COMMANDS)
}

/// Reads a command without the character that began it; names match without regard to case.
///
/// # Errors
/// [`ErrorCode::UnknownCommand`] and [`ErrorCode::Usage`], or what is wrong with its words.
pub(super) fn parse(line: &str) -> Result<Request, ErrorCode> {
    let (name, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let command = find(name).ok_or_else(|| ErrorCode::UnknownCommand(format!("/{name}")))?;
    (command.read)(words).unwrap_or(Err(ErrorCode::Usage(command.usage)))
}

/// Reads what comes first in a dialect of lines: a name, or `/login` or `/register` behind one of `marks`.
///
/// # Errors
/// [`ErrorCode::BadNick`], or what is wrong with the words of the command.
pub(super) fn first(line: &str, marks: &[char], spec: &Spec) -> Result<Request, ErrorCode> {
    let line = unmarked(line).trim();
    let join = |nick, login| Request::Join {
        nick,
        wants_users: spec.shows_users,
        login,
        resume: Vec::new(),
        replay: (!spec.shows_history).then_some(0),
    };
    let command = line.strip_prefix(marks).unwrap_or_default();
    let (name, words) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    if name.eq_ignore_ascii_case("register") {
        let read = accounts::registration(words);
        let (name, password, code) = read.unwrap_or(Err(ErrorCode::Usage(REGISTER_USAGE)))?;
        return Ok(Request::RegisterEarly {
            name: name.clone(),
            password,
            code,
            then: Some(Box::new(join(name, None))),
        });
    }
    if name.eq_ignore_ascii_case("login")
        && let Request::Login { name, login } = parse(command)?
    {
        return Ok(join(name, Some(login)));
    }
    Ok(join(Nick::parse(line).ok_or(ErrorCode::BadNick)?, None))
}

/// How somebody without an account comes in.
const REGISTER_USAGE: &str = "/register NAME PASSWORD [--code CODE]";

/// A command with its words, without what marks it, and what it does.
pub(super) fn told(name: &str) -> Option<(&'static str, &'static str)> {
    let command = find(name)?;
    Some((command.usage.trim_start_matches('/'), command.summary))
}

/// How long names of commands are at most, in characters.
pub(super) fn longest_name() -> usize {
    let names = commands().flat_map(|command| command.names);
    names.map(|name| name.len()).max().unwrap_or(0)
}

/// Is the first of `words` the name of a command?
pub(super) fn is_known(words: &str) -> bool {
    words
        .split(char::is_whitespace)
        .next()
        .and_then(find)
        .is_some()
}

fn find(name: &str) -> Option<&'static CommandRow> {
    let is_called = |command: &&'static CommandRow| {
        command
            .names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    commands().find(is_called)
}

/// What everybody needs to know first, by name.
const FIRST: [&str; 9] = [
    "list", "pm", "me", "nick", "rooms", "join", "leave", "history", "quit",
];

/// What asks for all commands.
const ALL: &str = "all";

/// The lines of `/help`: the first commands, all that one may have a use for, or the one asked about.
pub(super) fn help(
    command: Option<&str>,
    is_operator: bool,
    has_accounts: bool,
) -> Result<Vec<String>, ErrorCode> {
    let line = |command: &CommandRow| format!("{:26} {}", command.usage, command.summary);
    let Some(name) = command else {
        let rest = format!("{:26} every command; /help COMMAND: one", "/help all");
        let first = FIRST.iter().filter_map(|name| find(name)).map(line);
        return Ok(first.chain([rest]).collect());
    };
    let name = name.trim_start_matches(['/', ':']);
    if !name.eq_ignore_ascii_case(ALL) {
        let command = find(name).ok_or_else(|| ErrorCode::UnknownCommand(format!("/{name}")))?;
        return Ok(vec![line(command)]);
    }
    let of = |rank: CommandRank, title: Option<&str>| {
        let lines = commands().filter(move |c| c.rank == rank).map(line);
        title.map(String::from).into_iter().chain(lines)
    };
    let accounts = has_accounts.then(|| of(CommandRank::Account, Some("With a name of your own:")));
    let operators = is_operator.then(|| of(CommandRank::Operator, Some("For operators:")));
    Ok(of(CommandRank::User, None)
        .chain(accounts.into_iter().flatten())
        .chain(of(CommandRank::Moderator, Some("In a room that you made:")))
        .chain(operators.into_iter().flatten())
        .collect())
}

pub(super) fn room(name: &str) -> Result<RoomName, ErrorCode> {
    RoomName::parse(name).ok_or(ErrorCode::BadRoomName)
}

/// A password or token as it was sent.
pub(super) fn password(text: &str) -> Result<Secret, ErrorCode> {
    match text.len() {
        1..=PASSWORD_BYTES_MAX => Ok(Secret::new(text)),
        _ => Err(ErrorCode::BadPassword),
    }
}

fn maybe_room(words: &str) -> Result<Option<RoomName>, ErrorCode> {
    one(words).map(room).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_each_of_its_names_in_any_case() {
        for command in commands() {
            for name in command.names {
                let found = find(&name.to_uppercase()).expect("a command");
                assert_eq!(found.usage, command.usage);
            }
            assert!(command.usage.starts_with(&format!("/{}", command.names[0])));
        }
    }

    #[test]
    fn a_ban_has_a_time_a_reason_both_or_none() {
        let ban = |seconds, reason: Option<&str>| {
            Ok(Request::Ban {
                mask: "10.0.0.0/8".into(),
                seconds,
                reason: reason.map(Into::into),
            })
        };
        assert_eq!(parse("ban 10.0.0.0/8"), ban(None, None));
        assert_eq!(parse("ban 10.0.0.0/8 2h"), ban(Some(7200), None));
        assert_eq!(
            parse("ban 10.0.0.0/8 2h too  loud"),
            ban(Some(7200), Some("too  loud"))
        );
        assert_eq!(
            parse("ban 10.0.0.0/8 too loud"),
            ban(None, Some("too loud"))
        );
        assert_eq!(
            parse("ban"),
            Err(ErrorCode::Usage("/ban MASK [TIME] [REASON]"))
        );
    }

    #[test]
    fn missing_words_are_answered_with_the_usage() {
        for line in [
            "nick", "pm", "pm bob", "pm bob ", "me", "join", "say", "say r", "kick", "ban",
        ] {
            assert!(matches!(parse(line), Err(ErrorCode::Usage(_))), "{line}");
        }
        assert_eq!(
            parse("mute bob soon"),
            Err(ErrorCode::Usage("/mute NAME [TIME]"))
        );
    }
}
