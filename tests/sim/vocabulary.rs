//! What can be asked, as the server's own tables of commands have it: a command that is new there is
//! played here without anybody's help.

use crate::plan::NOT_PLAYED;
use hubbub::testing::{Ask, Dialect, Stage, View};
use hubbub::testing::{ErrorCode, Event, Moment, Nowhere};

/// Every command, in the order of `/help`.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) commands: Vec<Command>,
    /// What `help` in json lists.
    pub(crate) types: Vec<String>,
}

/// A command and the words that may stand behind it.
#[derive(Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) name: String,
    words: Words,
}

/// Alternatives, each a row of words.
type Words = Vec<Vec<Word>>;

#[derive(Debug, PartialEq)]
enum Word {
    /// As it stands there.
    Literal(String),
    /// Something of the kind that its capitals say, behind `#` or `@` where that stands there.
    Blank(String),
    Maybe(Words),
}

/// Who knows what could stand for a blank.
pub(crate) trait Fill {
    /// Something of the kind that the word in capitals says.
    fn word(&mut self, kind: &str) -> String;
    /// Less than `end`.
    fn choose(&mut self, end: usize) -> usize;
}

impl Vocabulary {
    /// What the server's help tells.
    pub(crate) fn of_help() -> Vocabulary {
        let commands = help(Dialect::Text);
        let commands = commands.lines().filter_map(|line| {
            let line = line.strip_prefix("[Server] ")?;
            line.starts_with('/').then(|| Command::of_help(line))
        });
        let types = help(Dialect::Json);
        let types = types
            .split_once("\"message\":\"")
            .map_or("", |(_, list)| list);
        let types = types.trim_end().trim_end_matches("\"}");
        Vocabulary {
            commands: commands.collect(),
            types: types
                .split(", ")
                .filter(|kind| !NOT_PLAYED.contains(kind))
                .map(Into::into)
                .collect(),
        }
    }
}

impl Vocabulary {
    /// The commands' names.
    pub(crate) fn names(&self) -> Vec<&str> {
        let commands = self.commands.iter();
        commands.map(|command| command.name.as_str()).collect()
    }
}

fn help(dialect: Dialect) -> String {
    let view = View {
        stage: Stage::Joined,
        own: true,
        here: true,
        id: None,
        now: Moment::default(),
        world: &Nowhere,
        source: None,
        links: None,
        form: 0,
    };
    let mut out = Vec::new();
    dialect.render(
        &Event::Help {
            command: Some("all".into()),
            is_operator: true,
            has_accounts: true,
        },
        &view,
        &mut out,
    );
    String::from_utf8(out).expect("help is text")
}

impl Command {
    fn of_help(line: &str) -> Command {
        let name = line
            .split(' ')
            .next()
            .unwrap_or_default()
            .trim_start_matches('/');
        // Where a word must be there, the server says how it is used without what it does.
        let asked = Dialect::Text
            .parse(format!("/{name}").as_bytes(), Stage::Joined)
            .ask;
        let usage = match asked {
            Ask::Refused(ErrorCode::Usage(usage)) => usage.to_owned(),
            _ => usage_of(line),
        };
        let words = usage.split_once(' ').map_or("", |(_, words)| words);
        Command {
            name: name.into(),
            words: parse(words),
        }
    }

    /// A line that asks it, without what marks a command.
    pub(crate) fn line(&self, fill: &mut impl Fill) -> String {
        let mut line = self.name.clone();
        write(&self.words, fill, &mut line);
        line
    }
}

/// What stands before the summary: words in capitals or brackets.
fn usage_of(line: &str) -> String {
    let mut depth = 0;
    let mut end = 0;
    for word in line.split_inclusive(' ') {
        let is_usage = depth > 0
            || end == 0
            || !word.trim().is_empty() && {
                word.starts_with(['[', '#', '@'])
                    || word.chars().all(|c| c.is_ascii_uppercase() || c == ' ')
            };
        if !is_usage {
            break;
        }
        depth += word.matches('[').count();
        depth -= word.matches(']').count();
        end += word.len();
    }
    line[..end].trim_end().into()
}

fn parse(words: &str) -> Words {
    alternatives(words).into_iter().map(row).collect()
}

/// The parts between `|` that stand in no brackets.
fn alternatives(words: &str) -> Vec<&str> {
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, c) in words.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '|' if depth == 0 => {
                parts.push(&words[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&words[start..]);
    parts
}

fn row(mut words: &str) -> Vec<Word> {
    let mut row = Vec::new();
    loop {
        words = words.trim_start();
        if words.is_empty() {
            return row;
        }
        if words.starts_with('[') {
            let end = bracket_end(words);
            row.push(Word::Maybe(parse(&words[1..end])));
            words = &words[end + 1..];
            continue;
        }
        let end = words.find([' ', '[']).unwrap_or(words.len());
        let (word, rest) = words.split_at(end);
        let is_blank = word
            .trim_start_matches(['#', '@'])
            .chars()
            .all(|c| c.is_ascii_uppercase());
        row.push(match is_blank {
            true => Word::Blank(word.into()),
            false => Word::Literal(word.into()),
        });
        words = rest;
    }
}

/// Where the bracket closes that is opened first.
fn bracket_end(words: &str) -> usize {
    let mut depth = 0;
    for (at, c) in words.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 1 => return at,
            ']' => depth -= 1,
            _ => {}
        }
    }
    panic!("a usage without its closing bracket: {words}");
}

fn write(words: &Words, fill: &mut impl Fill, line: &mut String) {
    let Some(row) = words.get(fill.choose(words.len())) else {
        return;
    };
    for word in row {
        match word {
            Word::Literal(text) => {
                line.push(' ');
                line.push_str(text);
            }
            Word::Blank(kind) => {
                let bare = kind.trim_start_matches(['#', '@']);
                line.push(' ');
                line.push_str(&kind[..kind.len() - bare.len()]);
                line.push_str(&fill.word(bare));
            }
            Word::Maybe(words) => {
                if fill.choose(2) == 0 {
                    write(words, fill, line);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says the kinds themselves, and takes the first choice.
    struct First;

    impl Fill for First {
        fn word(&mut self, kind: &str) -> String {
            kind.to_lowercase()
        }

        fn choose(&mut self, _: usize) -> usize {
            0
        }
    }

    #[test]
    fn every_command_of_the_help_is_one_that_is_read() {
        let vocabulary = Vocabulary::of_help();
        assert!(vocabulary.commands.len() > 40);
        assert!(
            vocabulary.types.iter().any(|name| name == "join_room"),
            "{:?}",
            vocabulary.types
        );
        for command in &vocabulary.commands {
            let line = format!("/{}", command.line(&mut First));
            let asked = Dialect::Text.parse(line.as_bytes(), Stage::Joined).ask;
            let is_unread = matches!(
                asked,
                Ask::Refused(ErrorCode::UnknownCommand(_)) | Ask::Nothing
            );
            assert!(!is_unread, "{line}: {asked:?}");
        }
        let line_of = |name: &str| {
            let command = vocabulary
                .commands
                .iter()
                .find(|command| command.name == name);
            command.expect("a command").line(&mut First)
        };
        assert_eq!(
            line_of("history"),
            "history #room n ids events before id since time"
        );
        assert_eq!(line_of("topiclock"), "topiclock on");
        assert_eq!(line_of("token"), "token new name");
        assert_eq!(line_of("list"), "list");
        assert_eq!(line_of("login"), "login name password --multi");
    }
}
