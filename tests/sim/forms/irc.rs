//! Lines of IRC as a server sends them (RFC 1459, IRCv3 message tags and batches).

use std::collections::{BTreeMap, BTreeSet};

use crate::told::{Heard, Told, Where};

use super::shown;

/// A line with its end, and its tags with theirs.
const LINE_BYTES_MAX: usize = 512;
const TAGS_BYTES_MAX: usize = 8191;

/// What a client knows between lines.
#[derive(Debug, Default)]
pub(crate) struct Irc {
    nick: Option<String>,
    /// Names told so far of each channel.
    names: BTreeMap<String, Vec<String>>,
    /// What was said before comes in batches, and those that do.
    has_batches: bool,
    past: BTreeSet<String>,
}

/// A line in its parts.
struct Line<'a> {
    tags: Vec<&'a str>,
    source: &'a str,
    command: &'a str,
    params: Vec<&'a str>,
}

impl Irc {
    /// Takes whole lines.
    pub(super) fn read(&mut self, bytes: &mut Vec<u8>, told: &mut Vec<Told>) -> Result<(), String> {
        let mut start = 0;
        while let Some(len) = bytes[start..].iter().position(|&byte| byte == b'\n') {
            let line = &bytes[start..start + len + 1];
            let wrong = |why: &str| format!("{why}: {}", shown(line));
            let text = line
                .strip_suffix(b"\r\n")
                .ok_or_else(|| wrong("no line end"))?;
            let text = std::str::from_utf8(text).map_err(|_| wrong("not UTF-8"))?;
            if text.contains(['\r', '\0']) {
                return Err(wrong("a control character"));
            }
            let line = Line::parse(text).ok_or_else(|| wrong("no line of IRC"))?;
            told.push(
                self.told(&line)
                    .ok_or_else(|| wrong("too few parameters"))?,
            );
            start += len + 1;
        }
        bytes.drain(..start);
        Ok(())
    }

    fn told(&mut self, line: &Line<'_>) -> Option<Told> {
        let param = |at: usize| line.params.get(at).copied();
        let by = line.source.split_once('!').map(|(nick, _)| nick);
        let is_own = by.is_some() && by == self.nick.as_deref();
        let channel = |at: usize| param(at)?.strip_prefix('#').map(String::from);
        Some(match line.command {
            "001" => {
                self.nick = Some(param(0)?.into());
                Told::Registered(param(0)?.into())
            }
            "PRIVMSG" | "NOTICE" if by.is_some() => self.heard(line, by?)?,
            "JOIN" if is_own => Told::Entered(channel(0)?),
            "PART" if is_own => left(channel(0)?),
            "KICK" if param(1) == self.nick.as_deref() => left(channel(0)?),
            "NICK" => {
                let (from, to) = (by?.to_owned(), param(0)?.to_owned());
                if is_own {
                    self.nick = Some(to.clone());
                }
                Told::Renamed { from, to }
            }
            "REDACT" => Told::Deleted(param(1)?.parse().ok()?),
            "QUIT" => Told::Gone(by?.into()),
            "353" => {
                let names = self.names.entry(channel(2)?).or_default();
                let shown = param(3)?.split(' ').filter(|name| !name.is_empty());
                names.extend(shown.map(|name| name.trim_start_matches(['@', '+']).to_owned()));
                Told::Other(String::new())
            }
            "366" => match channel(1).and_then(|room| self.names.remove_entry(&room)) {
                Some((room, names)) => Told::Roster {
                    room: Some(room),
                    names,
                    is_cut: false,
                },
                None => Told::Other(String::new()),
            },
            "BATCH" => {
                let (sign, reference) = param(0)?.split_at_checked(1)?;
                match (sign, param(1)) {
                    ("+", Some("chathistory")) => drop(self.past.insert(reference.into())),
                    ("+", Some(_)) | ("-", None) => {}
                    _ => return None,
                }
                Told::Other(String::new())
            }
            "CAP" if param(1) == Some("ACK") => {
                self.has_batches = param(2)?.split(' ').any(|cap| cap == "batch");
                Told::Other(String::new())
            }
            "PING" => Told::Ping(param(0)?.as_bytes().to_vec()),
            "ERROR" => Told::Farewell("link closed"),
            code if code.starts_with(['4', '5']) => Told::Refused(format!("irc {code}")),
            _ => Told::Other(line.params.join(" ")),
        })
    }

    fn heard(&self, line: &Line<'_>, by: &str) -> Option<Told> {
        let tag = |key: &str| {
            let tag = |tag: &&str| Some(tag.strip_prefix(key)?.strip_prefix('=')?.to_owned());
            line.tags.iter().find_map(tag)
        };
        let (&target, &text) = (line.params.first()?, line.params.get(1)?);
        let text = text.strip_prefix("\u{1}ACTION ").unwrap_or(text);
        let is_batched = tag("batch").is_some_and(|batch| self.past.contains(&batch));
        let (text, is_live) = match dated(text) {
            Some(text) => (text, Some(false)),
            None => (text, self.has_batches.then_some(!is_batched)),
        };
        let place = match target.strip_prefix('#') {
            Some(room) => Where::Room(room.into()),
            // To itself, too: that comes, and comes back.
            None if Some(by) == self.nick.as_deref() => Where::ByMe(target.into()),
            None => Where::ToMe,
        };
        Some(Told::Heard(Heard {
            place,
            by: Some(by.into()),
            id: tag("msgid").and_then(|id| id.parse().ok()),
            is_live,
            text: text.trim_end_matches('\u{1}').into(),
        }))
    }
}

fn left(room: String) -> Told {
    Told::Left { room, now_in: None }
}

/// What stands behind a time, where lines have none of their own.
fn dated(text: &str) -> Option<&str> {
    let (time, text) = text.strip_prefix('[')?.split_once("] ")?;
    let is_time = time.len() == "2026-11-26 12:00".len()
        && time
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"-: ".contains(&byte));
    is_time.then_some(text)
}

impl<'a> Line<'a> {
    fn parse(mut text: &'a str) -> Option<Line<'a>> {
        let mut tags = Vec::new();
        if let Some(tagged) = text.strip_prefix('@') {
            let (all, rest) = tagged.split_once(' ')?;
            if all.len() + 2 > TAGS_BYTES_MAX {
                return None;
            }
            (tags, text) = (all.split(';').collect(), rest);
        }
        if text.len() + 2 > LINE_BYTES_MAX {
            return None;
        }
        let mut source = "";
        if let Some(sourced) = text.strip_prefix(':') {
            (source, text) = sourced.split_once(' ')?;
        }
        let (head, last) = match text.split_once(" :") {
            Some((head, last)) => (head, Some(last)),
            None => (text, None),
        };
        let mut words = head.split(' ');
        let command = words.next().filter(|it| !it.is_empty())?;
        let params = words.chain(last).collect();
        Some(Line {
            tags,
            source,
            command,
            params,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> Result<Vec<Told>, String> {
        let (mut bytes, mut told) = (lines.as_bytes().to_vec(), Vec::new());
        let mut irc = Irc::default();
        irc.read(&mut bytes, &mut told).map(|()| told)
    }

    #[test]
    fn lines_of_irc() {
        let heard =
            told(":s 001 bob :Welcome\r\n@msgid=7;time=x :al!~u@h PRIVMSG #den :hi there\r\n");
        let Ok([Told::Registered(nick), Told::Heard(heard)]) = heard.as_deref() else {
            panic!("{heard:?}");
        };
        assert_eq!((nick.as_str(), heard.id), ("bob", Some(7)));
        assert_eq!(heard.place, Where::Room("den".into()));
        let names = told(":s 353 bob = #den :@al +bo\r\n:s 366 bob #den :End of /NAMES list\r\n");
        assert!(
            matches!(&names.expect("names")[1], Told::Roster { names, .. } if names == &["al", "bo"])
        );
        for line in ["PRIVMSG #a :hi\n", "\r\n", ":s\r\n", "@a=1\r\n"] {
            assert!(told(line).is_err(), "{line:?}");
        }
    }
}
