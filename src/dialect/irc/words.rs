//! Words as they are sent: a message in as many lines as it takes, and one of several lines as a batch of them (IRCv3
//! draft multiline).

use std::borrow::Cow;

use memchr::memchr2;

use crate::model::{Manner, Message, lines};

use super::about::with_reply;
use super::caps::Caps;
use super::codes;
use super::line::LINE_BYTES_MAX;
use super::write::{Listener, Source, Tags, without_breaks};

/// What kind of batch that is.
pub(super) const KIND: &str = "draft/multiline";

/// The tag of a line that goes on with the one before it.
pub(super) const CONCAT: &str = "draft/multiline-concat";

/// A line of a message.
struct Piece<'a> {
    text: Cow<'a, str>,
    /// Does it go on with the one before it?
    is_joined: bool,
}

/// The tags that clients have for each other, and where lines of the message go on.
pub(super) fn parted(tags: &str) -> (&str, Vec<usize>) {
    let (others, last) = tags.rsplit_once(';').unwrap_or(("", tags));
    match last
        .strip_prefix(CONCAT)
        .and_then(|it| it.strip_prefix('='))
    {
        Some(joints) => {
            let joints = joints.split(',').filter_map(|at| at.parse().ok());
            (others, joints.collect())
        }
        None => (tags, Vec::new()),
    }
}

fn pieces<'a>(text: &'a str, joints: &[usize]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for line in lines(text) {
        let start = line.as_ptr().addr() - text.as_ptr().addr();
        let end = start + line.len();
        let mut at = start;
        let within = joints
            .iter()
            .filter(|joint| (start + 1..end).contains(joint));
        for &joint in within.chain([&end]) {
            let part = text.get(at..joint).unwrap_or_default();
            pieces.push(Piece {
                text: without_breaks(part),
                is_joined: at > start,
            });
            at = joint;
        }
    }
    pieces
}

impl Listener<'_> {
    /// Appends words, as many lines as they take: cut between characters, the first with the msgid.
    pub(super) fn words(
        &self,
        message: &Message,
        target: &str,
        batch: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let (client, joints) = parted(message.tags.as_deref().unwrap_or_default());
        let client = &with_reply(client, message.reply_to());
        let mut tags = Tags {
            at_ms: Some(message.unix_ms),
            msgid: (message.id.0 > 0).then_some(message.id.0),
            by: Some(&message.nick),
            client,
            batch,
            ..Tags::default()
        };
        // What has tags was typed by somebody whose words have codes.
        let text = match message.tags {
            Some(_) => Cow::Borrowed(&*message.text),
            None => codes::coded(&message.text),
        };
        let has_lines = memchr2(b'\r', b'\n', text.as_bytes()).is_some();
        match joints.is_empty() && !has_lines {
            true => {
                let text = without_breaks(&text);
                self.piece(message, &text, target, &mut tags, out);
            }
            false => self.lines_of(message, (&text, &joints), target, &mut tags, out),
        }
    }

    /// Appends a text of a message without line breaks: as many lines as it takes.
    pub(super) fn piece(
        &self,
        message: &Message,
        text: &str,
        target: &str,
        tags: &mut Tags<'_>,
        out: &mut Vec<u8>,
    ) {
        let (command, start, end) = manner(message.manner);
        let mut head = Vec::new();
        self.push_source(Source::User(&message.nick), &mut head);
        for part in [command, " ", target, " :", start] {
            head.extend_from_slice(part.as_bytes());
        }
        let room = LINE_BYTES_MAX.saturating_sub(head.len() + end.len()).max(4);
        let mut rest = text;
        loop {
            let len = floor(rest, room);
            self.push_tags(tags, out);
            for part in [&head, &rest.as_bytes()[..len], end.as_bytes(), b"\r\n"] {
                out.extend_from_slice(part);
            }
            (tags.msgid, tags.is_joined, rest) = (None, tags.is_inner, &rest[len..]);
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Appends a message of several lines: a batch for who knows those, and else a line each, but for blank ones.
    pub(super) fn lines_of(
        &self,
        message: &Message,
        (text, joints): (&str, &[usize]),
        target: &str,
        tags: &mut Tags<'_>,
        out: &mut Vec<u8>,
    ) {
        let pieces = pieces(text, joints);
        let knows = self.caps.has(Caps::MULTILINE.with(Caps::BATCH));
        if !knows || message.manner == Manner::Acted {
            let is_blank = pieces.iter().all(|piece| piece.text.is_empty());
            let shown = pieces.iter().filter(|piece| !piece.text.is_empty());
            for piece in shown {
                self.piece(message, &piece.text, target, tags, out);
            }
            if is_blank {
                self.piece(message, " ", target, tags, out);
            }
            return;
        }
        let reference = format!("m{}", message.id);
        let begun = format!("+{reference}");
        let source = Source::User(&message.nick);
        self.line(tags, source, "BATCH", &[&begun, KIND, target], out);
        for piece in &pieces {
            let mut inner = Tags {
                batch: Some(&reference),
                is_inner: true,
                is_joined: piece.is_joined,
                ..Tags::default()
            };
            self.piece(message, &piece.text, target, &mut inner, out);
        }
        let end = Tags {
            batch: tags.batch,
            is_inner: true,
            ..Tags::default()
        };
        let ended = format!("-{reference}");
        self.line(&end, Source::Server, "BATCH", &[&ended], out);
    }
}

/// The command that tells words of a manner, and what stands before and behind them.
fn manner(manner: Manner) -> (&'static str, &'static str, &'static str) {
    match manner {
        Manner::Said | Manner::File => ("PRIVMSG", "", ""),
        Manner::Acted => ("PRIVMSG", "\u{1}ACTION ", "\u{1}"),
        Manner::Noticed | Manner::Happened(_) => ("NOTICE", "", ""),
    }
}

/// How many of the first bytes of a text, `max` at most, end between two characters.
fn floor(text: &str, max: usize) -> usize {
    let mut len = text.len().min(max);
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MessageId, Moment, Nick, Nowhere, SaidBy};

    fn listener(caps: Caps) -> Listener<'static> {
        Listener {
            caps,
            nick: "bob",
            world: &Nowhere,
            source: None,
            now: Moment::default(),
        }
    }

    fn message(text: &str) -> Message {
        Message {
            id: MessageId(7),
            unix_ms: 86_399_999,
            nick: Nick::parse("al").expect("a nick"),
            origin: SaidBy::Unknown,
            manner: Manner::Said,
            text: text.into(),
            tags: None,
            marks: None,
        }
    }

    #[test]
    fn long_words_are_cut_between_characters_into_several_lines() {
        let mut out = Vec::new();
        let text = "é".repeat(600);
        listener(Caps::MESSAGE_TAGS).words(&message(&text), "#a", None, &mut out);
        let shown = String::from_utf8(out).expect("UTF-8");
        let lines: Vec<&str> = shown.split_inclusive("\r\n").collect();
        assert_eq!(lines.len(), 3);
        let said: String = lines
            .iter()
            .map(|line| line.trim_end().rsplit_once(" :").expect("words").1)
            .collect();
        assert_eq!(said, text);
        assert!(lines[0].starts_with("@msgid=7 :al!~u@hidden PRIVMSG #a :é"));
        assert!(lines[1].starts_with(":al!~u@hidden PRIVMSG #a :é"));
        assert!(lines[1].len() <= 512);
    }

    #[test]
    fn nothing_in_a_text_ends_a_line() {
        let mut out = Vec::new();
        listener(Caps::default()).words(&message("a KILL b\0"), "#a", None, &mut out);
        assert_eq!(out, b":al!~u@hidden PRIVMSG #a :a KILL b \r\n");
        out.clear();
        listener(Caps::default()).words(&message("a\r\n\rKILL b"), "#a", None, &mut out);
        let lines = b":al!~u@hidden PRIVMSG #a :a\r\n:al!~u@hidden PRIVMSG #a :KILL b\r\n";
        assert_eq!(out, lines);
    }

    #[test]
    fn a_time_with_milliseconds() {
        let mut out = Vec::new();
        listener(Caps::SERVER_TIME).words(&message("x"), "#a", None, &mut out);
        assert!(out.starts_with(b"@time=1970-01-01T23:59:59.999Z :al!"));
    }

    #[test]
    fn where_lines_go_on_stands_beside_the_tags_of_clients() {
        assert_eq!(parted(""), ("", vec![]));
        assert_eq!(parted("+a;+b=c"), ("+a;+b=c", vec![]));
        let strange = "+a=draft/multiline-concat=3";
        assert_eq!(parted(strange), (strange, vec![]));
        assert_eq!(parted("+a;draft/multiline-concat=3,9"), ("+a", vec![3, 9]));
        assert_eq!(parted("draft/multiline-concat=3"), ("", vec![3]));
    }

    #[test]
    fn a_text_in_pieces() {
        let shown = |text, joints: &[usize]| {
            let pieces = pieces(text, joints).into_iter();
            let pieces = pieces.map(|piece| (piece.text.into_owned(), piece.is_joined));
            pieces.collect::<Vec<_>>()
        };
        let piece = |text: &str, is_joined| (text.to_owned(), is_joined);
        assert_eq!(shown("a", &[]), [piece("a", false)]);
        let three = [piece("", false), piece("a ", false), piece("b", true)];
        assert_eq!(shown("\na b", &[3]), three);
        // Places that are none, or within a character, cut nothing wrong.
        assert_eq!(
            shown("é\r\nb", &[0, 99]),
            [piece("é", false), piece("b", false)]
        );
        let _ = shown("é", &[1]);
    }
}
