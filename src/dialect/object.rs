//! JSON objects, read once and written as one line of ASCII (RFC 8259).

use std::io::Write as _;

use serde_json::{Map, Value};

use crate::limits::JSON_DEPTH_MAX;
use crate::model::{ErrorCode, Moment, Nick, RoomName, Roster};

use super::{unmarked, utf8};

/// Parses a frame as one object, looking at its depth before serde_json recurses into it.
pub(crate) fn read(frame: &[u8]) -> Result<Map<String, Value>, ErrorCode> {
    let text = unmarked(utf8(frame)?);
    // It is no deeper than it has beginnings, which are quickly counted.
    let beginnings = memchr::memchr2_iter(b'{', b'[', frame).count();
    if beginnings > JSON_DEPTH_MAX && depth(frame) > JSON_DEPTH_MAX {
        return Err(ErrorCode::TooDeep);
    }
    serde_json::from_str(text).map_err(|_| ErrorCode::NotJson)
}

/// As [`read`], where anything but an object is a bad name.
pub(super) fn read_first(frame: &[u8]) -> Result<Map<String, Value>, ErrorCode> {
    read(frame).map_err(|code| match code {
        ErrorCode::NotJson => ErrorCode::BadNick,
        other => other,
    })
}

/// The deepest nesting of objects and arrays, in one pass.
fn depth(frame: &[u8]) -> usize {
    let (mut deepest, mut depth) = (0usize, 0usize);
    let (mut in_string, mut escaped) = (false, false);
    for &byte in frame {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

pub(crate) fn string<'a>(
    object: &'a Map<String, Value>,
    field: &'static str,
) -> Result<&'a str, ErrorCode> {
    match object.get(field) {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(ErrorCode::MissingField(field)),
        Some(_) => Err(ErrorCode::WrongField(field)),
    }
}

/// An object being written.
pub(crate) struct Object<'a>(&'a mut Vec<u8>);

impl<'a> Object<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, kind: &str) -> Object<'a> {
        out.extend_from_slice(br#"{"type":""#);
        out.extend_from_slice(kind.as_bytes());
        out.push(b'"');
        Object(out)
    }

    pub(crate) fn text(self, key: &str, text: &str) -> Object<'a> {
        let object = self.key(key);
        push_string(text, object.0);
        object
    }

    pub(crate) fn close(self) {
        self.0.push(b'}');
    }

    fn key(self, key: &str) -> Object<'a> {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }

    pub(crate) fn raw(self, key: &str, json: &str) -> Object<'a> {
        let object = self.key(key);
        object.0.extend_from_slice(json.as_bytes());
        object
    }

    /// A number, or nothing.
    pub(crate) fn number(self, key: &str, number: Option<u64>) -> Object<'a> {
        match number {
            Some(number) => self.raw(key, &number.to_string()),
            None => self,
        }
    }

    /// A text, or nothing.
    pub(crate) fn maybe(self, key: &str, text: Option<&str>) -> Object<'a> {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    pub(crate) fn flag(self, key: &str, is_set: bool) -> Object<'a> {
        self.raw(key, if is_set { "true" } else { "false" })
    }

    /// Who is in a room: names, and where these are not all, how many there are and whether any come after.
    pub(crate) fn roster(self, users: &Roster) -> Object<'a> {
        let object = self.names("users", &users.nicks);
        match users.nicks.len() < users.members {
            true => object
                .number("members", Some(users.members as u64))
                .flag("more", users.rest > 0),
            false => object,
        }
    }

    /// A list of objects, each written by `write` without a type.
    pub(crate) fn objects<T>(
        self,
        key: &str,
        items: &[T],
        write: impl for<'b> Fn(Object<'b>, &T) -> Object<'b>,
    ) -> Object<'a> {
        let object = self.key(key);
        object.0.push(b'[');
        for (at, item) in items.iter().enumerate() {
            object
                .0
                .extend_from_slice(if at > 0 { b",{" } else { b"{" });
            let start = object.0.len();
            write(Object(object.0), item).close();
            // The comma before the first field.
            object.0.remove(start);
        }
        object.0.push(b']');
        object
    }

    /// An object within, written by `write` without a type.
    pub(super) fn object(
        self,
        key: &str,
        write: impl for<'b> FnOnce(Object<'b>) -> Object<'b>,
    ) -> Object<'a> {
        let object = self.key(key);
        object.0.push(b'{');
        let start = object.0.len();
        write(Object(object.0)).close();
        // The comma before the first field.
        object.0.remove(start);
        object
    }

    pub(crate) fn names(self, key: &str, nicks: &[Nick]) -> Object<'a> {
        self.texts(key, nicks.iter().map(Nick::as_str))
    }

    pub(super) fn texts<'t>(self, key: &str, texts: impl Iterator<Item = &'t str>) -> Object<'a> {
        let object = self.key(key);
        push_strings(texts, object.0);
        object
    }

    /// An object of lists of texts.
    pub(super) fn lists<'t>(
        self,
        key: &str,
        lists: impl Iterator<Item = (&'t str, impl Iterator<Item = &'t str>)>,
    ) -> Object<'a> {
        let object = self.key(key);
        let mut begin = b'{';
        for (name, texts) in lists {
            object.0.push(begin);
            push_string(name, object.0);
            object.0.push(b':');
            push_strings(texts, object.0);
            begin = b',';
        }
        if begin == b'{' {
            object.0.push(begin);
        }
        object.0.push(b'}');
        object
    }

    /// An object of whole numbers.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn numbers<'t>(
        self,
        key: &str,
        numbers: impl Iterator<Item = (&'t str, u64)>,
    ) -> Object<'a> {
        let object = self.key(key);
        object.0.push(b'{');
        for (at, (name, number)) in numbers.enumerate() {
            if at > 0 {
                object.0.push(b',');
            }
            push_string(name, object.0);
            // Writing to a Vec cannot fail.
            let _ = write!(object.0, ":{number}");
        }
        object.0.push(b'}');
        object
    }

    /// The room of something said or done; left out for the lobby.
    pub(super) fn room(self, room: &RoomName) -> Object<'a> {
        if room.is_lobby() {
            self
        } else {
            self.text("room", room.as_str())
        }
    }

    pub(crate) fn time(self, now: Moment) -> Object<'a> {
        self.timestamp(now.unix_ms)
    }

    /// A time in milliseconds since 1970.
    pub(crate) fn timestamp(self, unix_ms: u64) -> Object<'a> {
        let object = self.key("timestamp");
        // Writing to a Vec cannot fail.
        let _ = write!(object.0, "{}.{:03}", unix_ms / 1000, unix_ms % 1000);
        object
    }
}

/// Appends a list of texts.
fn push_strings<'t>(texts: impl Iterator<Item = &'t str>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_string(text, out);
    }
    out.push(b']');
}

/// Appends `text` as a JSON string of ASCII.
pub(super) fn push_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // What stands for itself, mostly all of it, is taken at once.
        let plain = rest.bytes().position(|byte| !is_plain(byte));
        let taken = match plain.unwrap_or(rest.len()) {
            0 => {
                escape(c, |part| out.extend_from_slice(part.as_bytes()));
                c.len_utf8()
            }
            plain => {
                out.extend_from_slice(&rest.as_bytes()[..plain]);
                plain
            }
        };
        rest = &rest[taken..];
    }
    out.push(b'"');
}

/// Does a byte stand for itself inside a JSON string?
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// Gives `c` as ASCII inside a JSON string: itself, a short escape, or one or two `\uXXXX`.
pub(super) fn escape(c: char, mut push: impl FnMut(&str)) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut buffer = [0; 4];
    match c {
        '"' => push("\\\""),
        '\\' => push("\\\\"),
        '\n' => push("\\n"),
        '\r' => push("\\r"),
        '\t' => push("\\t"),
        ' '..='~' => push(c.encode_utf8(&mut buffer)),
        _ => {
            for &mut unit in c.encode_utf16(&mut [0; 2]) {
                let digit = |shift: u16| DIGITS[usize::from(unit >> shift & 0xF)];
                let escaped = [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)];
                push(std::str::from_utf8(&escaped).expect("ASCII"));
            }
        }
    }
}
