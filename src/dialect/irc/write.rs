//! Lines as they are sent: tags, source, command, parameters.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

use crate::limits::NOTE_BYTES_MAX;
use crate::model::{Moment, Nick, Person, World};

use super::super::time::date;
use super::caps::Caps;
use super::line::{LINE_BYTES_MAX, escaped};
use super::words::CONCAT;

/// Who reads a line, as far as its form goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listener<'a> {
    pub(super) caps: Caps,
    /// Its name, or what stands for it before it has one.
    pub(super) nick: &'a str,
    pub(super) world: &'a dyn World,
    /// What was known of whose doing it is that is told, where that is not as it is now.
    pub(super) source: Option<&'a Person>,
    pub(super) now: Moment,
}

/// The tags of a line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tags<'a> {
    /// When what it tells happened, in milliseconds since 1970; `None`: now.
    pub(super) at_ms: Option<u64>,
    pub(super) msgid: Option<u64>,
    /// Who did what it tells, for its account and what it is.
    pub(super) by: Option<&'a Nick>,
    /// What clients have for each other.
    pub(super) client: &'a str,
    pub(super) batch: Option<&'a str>,
    /// Is it a line of a batch that has the other tags? None but the batch's is shown then.
    pub(super) is_inner: bool,
    /// Does it go on with the line before it?
    pub(super) is_joined: bool,
}

/// From whom a line is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    Server,
    User(&'a Nick),
    /// Somebody who went by that name, and goes by the other now.
    Renamed(&'a Nick, &'a Nick),
    /// Nobody who is here: as it is.
    Literal(&'a str),
}

impl Listener<'_> {
    /// Appends a line. The last of the parameters may have blanks; what is too long is cut.
    pub(super) fn line(
        &self,
        tags: &Tags<'_>,
        source: Source<'_>,
        command: &str,
        params: &[&str],
        out: &mut Vec<u8>,
    ) {
        self.push_tags(tags, out);
        let start = out.len();
        self.push_source(source, out);
        out.extend_from_slice(command.as_bytes());
        if let Some((last, middle)) = params.split_last() {
            for param in middle {
                out.push(b' ');
                out.extend_from_slice(param.as_bytes());
            }
            let is_plain = !last.is_empty() && !last.starts_with(':') && !last.contains(' ');
            let is_talk = ["PRIVMSG", "NOTICE"].contains(&command);
            out.extend_from_slice(if is_plain && !is_talk { b" " } else { b" :" });
            out.extend_from_slice(last.as_bytes());
        }
        cut(out, start);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends a numeric of the server's.
    pub(super) fn numeric(&self, code: &str, params: &[&str], out: &mut Vec<u8>) {
        let params: Vec<&str> = [self.nick].iter().chain(params).copied().collect();
        self.line(&Tags::default(), Source::Server, code, &params, out);
    }

    /// Appends a notice of the server's.
    pub(super) fn notice(&self, text: &str, out: &mut Vec<u8>) {
        let params = [self.nick, text];
        self.line(&Tags::default(), Source::Server, "NOTICE", &params, out);
    }

    pub(super) fn push_source(&self, source: Source<'_>, out: &mut Vec<u8>) {
        out.push(b':');
        match source {
            Source::Server => out.extend_from_slice(self.world.server().name.as_bytes()),
            Source::Literal(name) => out.extend_from_slice(name.as_bytes()),
            Source::User(nick) => self.write_source(nick, out),
            Source::Renamed(from, to) => {
                out.extend_from_slice(from.as_str().as_bytes());
                let mut whole = Vec::new();
                self.write_source(to, &mut whole);
                let place = whole.iter().position(|&byte| byte == b'!');
                out.extend_from_slice(&whole[place.unwrap_or(whole.len())..]);
            }
        }
        out.push(b' ');
    }

    fn write_source(&self, nick: &Nick, out: &mut Vec<u8>) {
        match self.source.filter(|source| source.nick == *nick) {
            Some(source) => source.write_source(out),
            None => self.world.write_source(nick, out),
        }
    }

    /// What is known of somebody, or was when it did what is told.
    pub(super) fn person_of(&self, nick: &Nick) -> Option<Cow<'_, Person>> {
        match self.source.filter(|source| source.nick == *nick) {
            Some(source) => Some(Cow::Borrowed(source)),
            None => self.world.known_as(nick).map(Cow::Owned),
        }
    }

    pub(super) fn push_tags(&self, tags: &Tags<'_>, out: &mut Vec<u8>) {
        let tagged = Caps::MESSAGE_TAGS
            .with(Caps::SERVER_TIME)
            .with(Caps::ACCOUNT_TAG)
            .with(Caps::BATCH);
        if !self.caps.has_any(tagged) {
            return;
        }
        let start = out.len();
        if tags.is_inner {
            return push_inner(tags, out);
        }
        let mut push = |key: &str, value: &str| {
            out.push(if out.len() == start { b'@' } else { b';' });
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(value.as_bytes());
        };
        if let Some(batch) = tags.batch {
            push("batch=", batch);
        }
        if self.caps.has(Caps::SERVER_TIME) {
            push("time=", &timestamp(tags.at_ms.unwrap_or(self.now.unix_ms)));
        }
        if let Some(id) = tags.msgid.filter(|_| self.caps.has(Caps::MESSAGE_TAGS)) {
            push("msgid=", &id.to_string());
        }
        let wants_person = self
            .caps
            .has_any(Caps::ACCOUNT_TAG.with(Caps::MESSAGE_TAGS));
        let by = tags.by.filter(|_| wants_person);
        let person = by.and_then(|nick| self.person_of(nick));
        if let Some(person) = person {
            let account = person.account.as_ref();
            let account = account.filter(|_| self.caps.has(Caps::ACCOUNT_TAG));
            if let Some(account) = account {
                push("account=", &escaped(account.as_str()));
            }
            if person.is_bot && self.caps.has(Caps::MESSAGE_TAGS) {
                push("bot", "");
            }
        }
        if !tags.client.is_empty() && self.caps.has(Caps::MESSAGE_TAGS) {
            push("", tags.client);
        }
        if out.len() > start {
            out.push(b' ');
        }
    }
}

/// Appends the tags of a line that is one of a batch.
fn push_inner(tags: &Tags<'_>, out: &mut Vec<u8>) {
    let Some(batch) = tags.batch else {
        return;
    };
    out.extend_from_slice(b"@batch=");
    out.extend_from_slice(batch.as_bytes());
    if tags.is_joined {
        out.push(b';');
        out.extend_from_slice(CONCAT.as_bytes());
    }
    out.push(b' ');
}

/// The beginning of a text that is a note.
pub(super) fn shortened(text: &str) -> String {
    let mut len = text.len().min(NOTE_BYTES_MAX);
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    text[..len].into()
}

/// A time as server-time has it.
pub(super) fn timestamp(unix_ms: u64) -> String {
    let (day, ms) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let (s, ms) = (ms / 1000, ms % 1000);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    let date = date(i64::try_from(day).unwrap_or_default());
    format!("{date}T{h:02}:{m:02}:{s:02}.{ms:03}Z")
}

/// What ends a line, here or for a program that splits what it reads as text.
pub(super) const BREAKS: [char; 8] = [
    '\r', '\n', '\0', '\x0B', '\x0C', '\u{85}', '\u{2028}', '\u{2029}',
];

/// A text in which nothing ends a line: what one dialect lets pass is no command in this one.
pub(super) fn without_breaks(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // Of the longer ones the first bytes are looked for, which ASCII does not have.
    let may_break = memchr3(b'\r', b'\n', 0, bytes)
        .or_else(|| memchr2(b'\x0B', b'\x0C', bytes))
        .or_else(|| memchr2(0xC2, 0xE2, bytes));
    match may_break.is_some() && text.contains(BREAKS) {
        true => text.replace(BREAKS, " ").into(),
        false => text.into(),
    }
}

/// Cuts a line down to what one may be, between characters, and takes from it what would end it.
fn cut(out: &mut Vec<u8>, start: usize) {
    if let Ok(line) = std::str::from_utf8(&out[start..])
        && let Cow::Owned(line) = without_breaks(line)
    {
        out.truncate(start);
        out.extend_from_slice(line.as_bytes());
    }
    let mut end = out.len().min(start + LINE_BYTES_MAX);
    while end < out.len() && end > start && out[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    out.truncate(end);
}
