//! What must hold of lines of IRC, whatever is in them: the oracle of the fuzz target and of property tests.

use crate::model::{ConnId, Moment, Nowhere, lines};

use super::dialogue::{Dialogue, Scene};
use super::line::{IrcLine, LINE_BYTES_MAX, NoLine};
use super::steps::Move;
use super::write::BREAKS;

/// As much input as the fuzz target has use for, in bytes: a few lines, one of them with the longest tags.
pub const INPUT_BYTES_MAX: usize = 6000;

/// Moves of one line at most, where nothing is known of a chat.
const MOVES_MAX: usize = 1000;

/// Reads lines as one connection before its registration and one behind it would send them, and checks what is
/// written.
///
/// # Panics
/// Where that is no line, or a dialogue does not come to an end.
pub fn check(input: &[u8]) {
    for has_come_in in [false, true] {
        let mut dialogue = Dialogue::begun();
        if has_come_in {
            dialogue.come_in_as("bob");
        }
        for line in input.split(|&byte| byte == b'\n') {
            check_read(line);
            hear(&mut dialogue, line);
        }
    }
}

/// A line that is written as it was read is read as the same.
fn check_read(line: &[u8]) {
    let read = match IrcLine::read(line) {
        Ok(read) => read,
        Err(NoLine::Blank | NoLine::TooLong | NoLine::NotUtf8 { .. }) => return,
    };
    let mut written = String::new();
    if !read.tags.is_empty() {
        written += &format!("@{} ", read.tags.join(";"));
    }
    written += &read.command;
    for (at, param) in read.params.iter().enumerate() {
        let is_last = at + 1 == read.params.len();
        written += if is_last { " :" } else { " " };
        written += param;
    }
    match IrcLine::read(written.as_bytes()) {
        Ok(again) => assert_eq!(again, read),
        // The colon of the last parameter may be one byte too many.
        Err(no_line) => assert_eq!(no_line, NoLine::TooLong),
    }
}

fn hear(dialogue: &mut Dialogue, line: &[u8]) {
    let scene = Scene {
        world: &Nowhere,
        who: ConnId {
            slot: 0,
            generation: 0,
        },
        now: Moment::default(),
        is_secure: false,
    };
    let mut out = Vec::new();
    dialogue.hear(line, &scene, &mut out);
    for _ in 0..MOVES_MAX {
        match dialogue.next(&scene, &mut out) {
            None => return check_lines(&out),
            Some(Move::Ask(_, id)) => {
                let done = crate::model::Event::Done { what: None };
                dialogue.answer(&done, Some(&id), &scene, &mut out);
            }
            Some(Move::Written | Move::Close) => {}
        }
    }
    panic!("no end");
}

/// Whatever is written is lines, none longer than it may be.
///
/// # Panics
/// Where it is not.
pub(in super::super) fn check_lines(out: &[u8]) {
    if out.is_empty() {
        return;
    }
    let text = std::str::from_utf8(out).expect("UTF-8");
    let lines = text.strip_suffix("\r\n").expect("whole lines");
    for line in lines.split("\r\n") {
        assert!(!line.contains(BREAKS), "{line:?}");
        let rest = match line.strip_prefix('@') {
            Some(tagged) => tagged.split_once(' ').expect("more than tags").1,
            None => line,
        };
        assert!(rest.len() <= LINE_BYTES_MAX, "{} bytes", rest.len());
        assert!(!rest.is_empty());
    }
}

/// What was said arrives, in one line or several.
///
/// # Panics
/// Where it does not.
pub(in super::super) fn check_said(shown: &str, text: &str) {
    let words = |line: &str| line.split_once(" :").map(|(_, words)| words.to_owned());
    let told = shown.split_terminator("\r\n").filter_map(words);
    let is_action = told.clone().any(|words| words.starts_with("\u{1}ACTION "));
    let said: String = told
        .map(|words| match is_action {
            true => {
                let words = words.strip_prefix("\u{1}ACTION ").unwrap_or(&words);
                words.strip_suffix('\u{1}').unwrap_or(words).to_owned()
            }
            false => words,
        })
        .collect();
    let text = super::codes::coded(text);
    let sent: String = lines(&text).collect();
    let sent = match sent.is_empty() && !text.is_empty() {
        true => " ".into(),
        false => sent.replace(BREAKS, " "),
    };
    assert_eq!(said, sent);
}

#[cfg(test)]
mod tests {
    use super::check;
    use proptest::prelude::*;

    /// Words that lines are made of.
    const WORDS: [&str; 24] = [
        "NICK ",
        "USER ",
        "CAP REQ :",
        "JOIN ",
        "PRIVMSG ",
        "MODE ",
        "WHO ",
        "CHATHISTORY LATEST ",
        "#a",
        "bob",
        "*",
        ":",
        "@label=x ",
        "+ovbk-l",
        ",",
        "%tcu,1",
        "\u{1}ACTION ",
        "BATCH",
        "labeled-response batch",
        "\n",
        " ",
        "AUTHENTICATE PLAIN",
        "0",
        "é",
    ];

    proptest! {
        #[test]
        fn any_bytes(input in prop::collection::vec(any::<u8>(), 0..700)) {
            check(&input);
        }

        #[test]
        fn any_words(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
            check(words.concat().as_bytes());
        }
    }
}
