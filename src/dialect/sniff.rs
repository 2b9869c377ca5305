//! The auto door: which dialect do the first bytes belong to?

use memchr::memchr;
use serde_json::Value;

use super::foreign::{BYTE_ORDER_MARK, Beginning, TLS_HANDSHAKE, beginning, request_line};
use super::{Dialect, object};

/// What the first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sniffed {
    /// Not enough yet.
    Undecided,
    /// JSON: the keys of the first object will tell which ([`sniff_object`]).
    Object,
    /// The first byte of a TLS handshake, and nothing behind it yet.
    Hello,
    /// The line of a request, as HTTP has it, which is not whole yet.
    Request,
    /// A dialect spoken here.
    Spoken(Dialect),
    /// A protocol that is not spoken here.
    Foreign(Foreign),
}

impl Sniffed {
    /// In which dialect somebody is answered of whom no more is known.
    pub(crate) fn answered_in(self) -> Dialect {
        match self {
            Sniffed::Object => Dialect::Json,
            Sniffed::Undecided
            | Sniffed::Hello
            | Sniffed::Request
            | Sniffed::Spoken(_)
            | Sniffed::Foreign(_) => Dialect::Text,
        }
    }

    /// What it is taken for where nothing more is waited for.
    pub(crate) fn taken_for(self) -> Dialect {
        match self {
            Sniffed::Request => Dialect::Http,
            Sniffed::Spoken(dialect) => dialect,
            Sniffed::Undecided | Sniffed::Object | Sniffed::Hello | Sniffed::Foreign(_) => {
                self.answered_in()
            }
        }
    }
}

/// Protocols that are recognised, so that their clients get an answer that they understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// TLS (RFC 8446).
    Tls,
}

impl Foreign {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Foreign::Tls => "TLS",
        }
    }

    /// The refusal in the protocol's own form.
    pub(crate) fn refusal(self) -> &'static [u8] {
        match self {
            // A fatal handshake_failure alert (RFC 8446 section 6).
            Foreign::Tls => b"\x15\x03\x01\x00\x02\x02\x28",
        }
    }
}

/// How long the byte-order mark at the beginning is: it belongs to nothing.
pub(crate) fn byte_order_mark_len(bytes: &[u8]) -> usize {
    match bytes.starts_with(BYTE_ORDER_MARK) {
        true => BYTE_ORDER_MARK.len(),
        false => 0,
    }
}

/// What a client of IRC begins with, in any case.
const IRC_COMMANDS: [&[u8]; 4] = [b"NICK ", b"USER ", b"CAP ", b"PASS "];

/// Looks at the first bytes of a connection. White space before `{` means nothing; anything that
/// begins nothing else is text.
pub(crate) fn sniff(bytes: &[u8]) -> Sniffed {
    if !bytes.is_empty() && BYTE_ORDER_MARK.starts_with(bytes) {
        return Sniffed::Undecided;
    }
    let bytes = &bytes[byte_order_mark_len(bytes)..];
    // JSON's white space (RFC 8259 section 2), which is not all of ASCII's.
    let start = bytes.iter().position(|byte| !b" \t\r\n".contains(byte));
    let trimmed = &bytes[start.unwrap_or(bytes.len())..];
    if trimmed.is_empty() {
        return Sniffed::Undecided;
    }
    if trimmed[0] == b'{' {
        return Sniffed::Object;
    }
    if bytes == &TLS_HANDSHAKE[..1] {
        return Sniffed::Hello;
    }
    if bytes.starts_with(TLS_HANDSHAKE) {
        return Sniffed::Foreign(Foreign::Tls);
    }
    for command in IRC_COMMANDS {
        let len = command.len().min(bytes.len());
        if bytes[..len].eq_ignore_ascii_case(&command[..len]) {
            return match len == command.len() {
                true => Sniffed::Spoken(Dialect::Irc),
                false => Sniffed::Undecided,
            };
        }
    }
    match memchr(b'\n', bytes) {
        Some(line_end) => Sniffed::Spoken(dialect_of(&bytes[..line_end])),
        None => match beginning(bytes) {
            Beginning::None => Sniffed::Spoken(Dialect::Text),
            Beginning::Possible => Sniffed::Undecided,
            Beginning::Begun => Sniffed::Request,
        },
    }
}

/// To which dialect a first line belongs. Of HTTP's versions the dialect knows which it speaks; only
/// that what begins HTTP/2 (RFC 9113 section 3.4) does not even look for an answer.
fn dialect_of(line: &[u8]) -> Dialect {
    let is_http = request_line(line.trim_ascii_end())
        .is_some_and(|version| version.protocol == "HTTP" && !line.starts_with(b"PRI "));
    match is_http {
        true => Dialect::Http,
        false => Dialect::Text,
    }
}

/// Which of the JSON dialects begins with the object of these `bytes`: the one whose key it has. Anything else is
/// json, which refuses it.
pub(crate) fn sniff_object(bytes: &[u8]) -> Dialect {
    let has = |object: &serde_json::Map<String, Value>, key| object.contains_key(key);
    match object::read(bytes) {
        Ok(object) if has(&object, "data") && !has(&object, "username") => Dialect::Pynet,
        _ => Dialect::Json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes() {
        let text = Sniffed::Spoken(Dialect::Text);
        let http = Sniffed::Spoken(Dialect::Http);
        let irc = Sniffed::Spoken(Dialect::Irc);
        for (bytes, expected) in [
            (&b""[..], Sniffed::Undecided),
            (b" \r\n", Sniffed::Undecided),
            (b"{", Sniffed::Object),
            (b"\r\n {", Sniffed::Object),
            (b"\xEF", Sniffed::Undecided),
            (b"\xEF\xBB\xBF", Sniffed::Undecided),
            (b"\xEF\xBB\xBF {", Sniffed::Object),
            (b"\xEF\xBB\xBFbob", text),
            (b"\xEF\xBB\xBFGET / HTTP/1.1\r\n", http),
            (b"\xEF\xBC\xA1", text),
            (b" G", text),
            (b"bob", text),
            (b"G", Sniffed::Undecided),
            (b"GET", Sniffed::Undecided),
            (b"GET\n", text),
            (b"Gerd", text),
            (b"GET /", Sniffed::Request),
            (b"GET / HTTP/1.1", Sniffed::Request),
            (b"GET / HTTP/1.1\r\n", http),
            (b"PROPFIND / HTTP/1.1\r\n", http),
            (b"OPTIONS *", Sniffed::Undecided),
            (b"OPTIONS * HTTP/1.1\n", http),
            (b"GET /nowhere\n", text),
            (b"GET / HTTP/3\n", http),
            (b"OPTIONS / RTSP/1.0\r\n", text),
            (b"PRI * HTTP/2.0\r\n", text),
            (b"SSH-2", text),
            (b"*1\r\n", text),
            (b"PING", Sniffed::Undecided),
            (b"PING\r\n", text),
            (b"P", Sniffed::Undecided),
            (b"PASS x", irc),
            (b"CAP LS 302", irc),
            (b"nick bob", irc),
            (b"User bob 0 * :bob", irc),
            (b"nick", Sniffed::Undecided),
            (b"nick\n", text),
            (b"nicole", text),
            (b"\x16", Sniffed::Hello),
            (b"\x16a", text),
            (b"\x16\x03\x01", Sniffed::Foreign(Foreign::Tls)),
            (b"\xff\xf4", text),
        ] {
            assert_eq!(sniff(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn the_first_objects_keys_tell_the_dialect() {
        assert_eq!(
            sniff_object(br#"{"type":"join","username":"a"}"#),
            Dialect::Json
        );
        assert_eq!(
            sniff_object(br#"{"type": "join", "data": "a"}"#),
            Dialect::Pynet
        );
        for other in [
            &b"{}"[..],
            b"{",
            br#"{"username":"a","data":"b"}"#,
            b"{\"data\":}",
        ] {
            assert_eq!(sniff_object(other), Dialect::Json);
        }
    }
}
