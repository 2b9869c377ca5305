//! Options that stand elsewhere than on the command line: in a file (TOML), and in variables of the environment.
//!
//! Each is made the argument that it stands for, so that there is one way to read an option. What stands on the command
//! line goes before a variable, which goes before the file.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, CommandFactory as _};
use toml::de::{DeTable, DeValue};

use super::server::ServerArguments;

/// What variables that are options begin with.
const PREFIX: &str = "HUBBUB_";
/// The option that names the file.
pub(super) const FILE: &str = "config";
/// Bytes of a file of options, at most.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Variables of the environment, with their values.
pub(super) type Variables = Vec<(OsString, OsString)>;

/// What stands elsewhere than on the command line.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    found: Vec<Setting>,
}

/// One option with a value of it.
#[derive(Debug)]
struct Setting {
    /// Its name, without the dashes.
    option: String,
    /// The value; `None` is a switch that is on.
    value: Option<OsString>,
    /// Where it stands: `hubbub.toml:3`, or the name of a variable.
    place: String,
}

impl Elsewhere {
    /// What the variables and the file say that `given`, the command line, does not. The file is the one that either
    /// names with `--config`.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or has what cannot be an option: one line that names its line.
    pub(super) fn read(given: &[OsString], variables: Variables) -> Result<Elsewhere, String> {
        let named = variables.into_iter().filter_map(|(name, value)| {
            let option = name.to_str()?.strip_prefix(PREFIX)?;
            Some((option.to_ascii_lowercase().replace('_', "-"), value))
        });
        let variables: Vec<(String, OsString)> = named.collect();
        let file = value_of(given, FILE).or_else(|| {
            let mut named = variables.iter().filter(|(option, _)| option == FILE);
            named.next().map(|(_, path)| path.clone())
        });
        if file.is_none() && variables.is_empty() {
            return Ok(Elsewhere::default());
        }
        let command = ServerArguments::command();
        let mut elsewhere = Elsewhere::default();
        for (option, value) in variables {
            // What is no option of ours may be somebody else's variable.
            if option != FILE && argument(&command, &option).is_some() {
                elsewhere.take_variable(&command, option, value)?;
            }
        }
        let stands = |other: &Setting| is_given(given, &command, &other.option);
        elsewhere.found.retain(|setting| !stands(setting));
        if let Some(path) = file {
            let of_file = of_file(&command, &PathBuf::from(path))?;
            let by_variable = elsewhere.arguments();
            elsewhere
                .found
                .extend(of_file.into_iter().filter(|setting| {
                    !stands(setting) && !is_given(&by_variable, &command, &setting.option)
                }));
        }
        Ok(elsewhere)
    }

    /// The arguments that they stand for.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let argument = |setting: &Setting| {
            let mut argument = OsString::from(format!("--{}", setting.option));
            if let Some(value) = &setting.value {
                argument.push("=");
                argument.push(value);
            }
            argument
        };
        self.found.iter().map(argument).collect()
    }

    /// What is wrong, in one line: where the argument stands, if not on the command line, and what may have been meant.
    pub(super) fn line(&self, error: &clap::Error) -> String {
        let text = error.to_string();
        let what = text.split("\n\n").next().unwrap_or_default().trim();
        let what = what.strip_prefix("error: ").unwrap_or(what);
        let mut line = what.split_whitespace().collect::<Vec<_>>().join(" ");
        let similar = [
            ContextKind::SuggestedArg,
            ContextKind::SuggestedSubcommand,
            ContextKind::SuggestedValue,
        ];
        for meant in similar.iter().filter_map(|&kind| error.get(kind)) {
            let first = match meant {
                ContextValue::Strings(all) => all.first().map(String::as_str),
                ContextValue::String(one) => Some(one.as_str()),
                _ => None,
            };
            if let Some(meant) = first {
                line.push_str(&format!("; did you mean {meant}?"));
            }
        }
        match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(argument)) => match self.place(argument) {
                Some(place) => format!("{place}: {line}"),
                None => line,
            },
            _ => line,
        }
    }

    /// Where the argument stands that clap writes as `--name <VALUE>`.
    fn place(&self, argument: &str) -> Option<&str> {
        let name = argument.strip_prefix("--")?;
        let name = name.split([' ', '=']).next()?;
        let mut here = self.found.iter().filter(|setting| setting.option == name);
        here.next().map(|setting| setting.place.as_str())
    }

    /// A variable has one value, or several with blanks between where the option may be given again and again.
    fn take_variable(
        &mut self,
        command: &Command,
        option: String,
        value: OsString,
    ) -> Result<(), String> {
        let place = format!("{PREFIX}{}", option.to_ascii_uppercase().replace('-', "_"));
        let Some(argument) = argument(command, &option) else {
            return Ok(());
        };
        if !argument.get_action().takes_values() {
            match value.to_str() {
                Some("true" | "1") => self.add(option, None, place),
                Some("false" | "0" | "") => {}
                _ => return Err(format!("{place}: a switch is true or false")),
            }
        } else if is_list(argument)
            && let Some(text) = value.to_str()
        {
            for value in text.split_whitespace() {
                self.add(option.clone(), Some(value.into()), place.clone());
            }
        } else {
            self.add(option, Some(value), place);
        }
        Ok(())
    }

    fn add(&mut self, option: String, value: Option<OsString>, place: String) {
        self.found.push(Setting {
            option,
            value,
            place,
        });
    }
}

/// What the file at `path` says.
fn of_file(command: &Command, path: &PathBuf) -> Result<Vec<Setting>, String> {
    let shown = path.display();
    let read = fs::metadata(path).and_then(|about| match about.len() {
        0..=FILE_BYTES_MAX => fs::read_to_string(path),
        _ => Err(std::io::ErrorKind::FileTooLarge.into()),
    });
    let text = read.map_err(|e| format!("cannot read {shown}: {e}"))?;
    let place = |offset: usize| {
        let before = text.get(..offset).unwrap_or(&text);
        format!("{shown}:{}", 1 + before.matches('\n').count())
    };
    let table = DeTable::parse(&text).map_err(|e| {
        let start = e.span().map_or(0, |span| span.start);
        let what = e.message().lines().collect::<Vec<_>>().join(" ");
        format!("{}: {what}", place(start))
    })?;
    let mut elsewhere = Elsewhere::default();
    let mut options: Vec<_> = table.get_ref().iter().collect();
    options.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in options {
        let place = place(key.span().start);
        let option = key.get_ref().to_string();
        let known = argument(command, &option).filter(|_| option != FILE);
        match (known, value.get_ref()) {
            (_, DeValue::Table(_)) => {
                return Err(format!("{place}: {option}: options stand in no table"));
            }
            (Some(known), DeValue::Boolean(is_on)) if !known.get_action().takes_values() => {
                if *is_on {
                    elsewhere.add(option, None, place);
                }
            }
            (None, _) => {
                let nearest = nearest(command, &option);
                let meant = nearest.map(|name| format!("; did you mean {name}?"));
                let meant = meant.unwrap_or_default();
                return Err(format!("{place}: no option is called {option}{meant}"));
            }
            (Some(known), DeValue::Array(values)) if is_list(known) => {
                for value in values {
                    let value = scalar(value.get_ref());
                    let value = value.ok_or(format!("{place}: {option}: a list of strings"))?;
                    elsewhere.add(option.clone(), Some(value), place.clone());
                }
            }
            (Some(_), value) => {
                let wrong = format!("{place}: {option}: {} is no value", value.type_str());
                elsewhere.add(option, Some(scalar(value).ok_or(wrong)?), place);
            }
        }
    }
    Ok(elsewhere.found)
}

/// A value as it would be written on the command line.
fn scalar(value: &DeValue<'_>) -> Option<OsString> {
    match value {
        DeValue::String(text) => Some(OsString::from(text.as_ref())),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().into()),
        DeValue::Boolean(is_on) => Some(is_on.to_string().into()),
        _ => None,
    }
}

/// May it be given again and again?
fn is_list(argument: &Arg) -> bool {
    matches!(argument.get_action(), clap::ArgAction::Append)
}

fn argument<'a>(command: &'a Command, option: &str) -> Option<&'a Arg> {
    let mut all = command.get_arguments();
    all.find(|argument| argument.get_long() == Some(option))
}

/// The option whose name is most like this one, where one is like it.
fn nearest<'a>(command: &'a Command, option: &str) -> Option<&'a str> {
    let names = command.get_arguments().filter_map(Arg::get_long);
    most_like(option, names.filter(|&name| name != FILE))
}

/// Which of `names` is most like what was written, where one is like it.
pub(super) fn most_like<'a>(
    written: &str,
    names: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let near = |name: &&str| strsim::jaro(name, written);
    let best = names.max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) > 0.7).then_some(best)
}

/// Does one of `arguments` set the option, or what it cannot stand beside?
fn is_given(arguments: &[OsString], command: &Command, option: &str) -> bool {
    let Some(own) = argument(command, option) else {
        return false;
    };
    let excludes = |a: &Arg, b: &Arg| {
        let mut conflicts = command.get_arg_conflicts_with(a).into_iter();
        conflicts.any(|other| other.get_id() == b.get_id())
    };
    arguments.iter().any(|given| {
        let given = long(given).and_then(|name| argument(command, name));
        given.is_some_and(|given| {
            given.get_id() == own.get_id() || excludes(given, own) || excludes(own, given)
        })
    })
}

/// The name of an option, where this argument is one.
fn long(argument: &OsStr) -> Option<&str> {
    let name = argument.to_str()?.strip_prefix("--")?;
    Some(name.split_once('=').map_or(name, |(name, _)| name))
}

/// The value that the command line gives an option.
fn value_of(given: &[OsString], option: &str) -> Option<OsString> {
    let place = given.iter().position(|it| long(it) == Some(option))?;
    match given[place].to_str()?.split_once('=') {
        Some((_, value)) => Some(value.into()),
        None => given.get(place + 1).cloned(),
    }
}
