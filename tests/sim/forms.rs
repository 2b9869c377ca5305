//! The forms of the dialects, read as strictly as they are written down: what a client is sent is a whole
//! number of frames of its dialect, and nothing else. Nothing here is the server's own code.

mod blocks;
mod http;
mod irc;
mod lines;
mod object;

use crate::told::Told;

pub(crate) use http::{Http, masked_frame};

/// What a client takes for a frame, and what it remembers between frames.
#[derive(Debug)]
pub(crate) enum Form {
    /// Lines for people.
    Text,
    Anon,
    Console,
    Terminal,
    Json,
    /// Json in whole reads of 1,024 bytes.
    Padded,
    Pynet,
    Colon,
    /// What was sent comes back behind a word.
    Echo,
    Http(Http),
    Irc(Box<irc::Irc>),
    /// Another protocol was begun with, which is told so in a line of its own.
    Foreign,
}

impl Form {
    /// Takes the whole frames at the front of `bytes` away, and tells what they are.
    ///
    /// # Errors
    /// What is no frame of the dialect.
    pub(crate) fn read(&mut self, bytes: &mut Vec<u8>, told: &mut Vec<Told>) -> Result<(), String> {
        match self {
            Form::Text => lines::read_text(bytes, told),
            Form::Anon => lines::read(bytes, told, lines::anon),
            Form::Console => lines::read(bytes, told, lines::console),
            Form::Terminal => lines::read(bytes, told, lines::terminal),
            Form::Json => lines::read(bytes, told, |line| object::json(line, object::TYPES)),
            Form::Padded => {
                lines::read_padded(bytes, told, |line| object::json(line, object::PADDED))
            }
            Form::Pynet => blocks::read(bytes, told, blocks::pynet),
            Form::Colon => blocks::read(bytes, told, blocks::colon),
            Form::Echo => echo(bytes),
            Form::Http(http) => http.read(bytes, told),
            Form::Irc(irc) => irc.read(bytes, told),
            Form::Foreign => {
                bytes.clear();
                Ok(())
            }
        }
    }

    /// May what is left of the bytes stand at the end of all that was sent?
    pub(crate) fn is_whole(&self, rest: &[u8]) -> bool {
        match self {
            Form::Echo => rest.is_empty() || rest.starts_with(b"Echo: "),
            Form::Http(http) => rest.is_empty() && http.is_between(),
            _ => rest.is_empty(),
        }
    }
}

/// All of it is one frame: what came is left, for the end to be held against what was sent.
fn echo(bytes: &[u8]) -> Result<(), String> {
    let word = b"Echo: ";
    let len = bytes.len().min(word.len());
    match bytes[..len] == word[..len] {
        true => Ok(()),
        false => Err(format!("no echo: {}", shown(bytes))),
    }
}

/// Bytes, such that they can be read in a message.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 400;
    let end = bytes.len().min(SHOWN);
    let dots = if end < bytes.len() { "…" } else { "" };
    format!("{}{dots}", bytes[..end].escape_ascii())
}

/// Text of others never moves a cursor.
fn check_clean(text: &str) -> Result<(), String> {
    let is_bad = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    match text.contains(is_bad) {
        true => Err(format!("a control character in {text:?}")),
        false => Ok(()),
    }
}
