//! The auto door: which dialect do the first bytes belong to?

use serde_json::Value;

use super::{Dialect, object};

/// What the first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// Not enough yet.
    Undecided,
    /// JSON: the keys of the first object will tell which ([`sniff_object`]).
    Object,
    /// A dialect spoken here.
    Spoken(Dialect),
    /// A protocol that is not spoken here.
    Foreign(Foreign),
}

/// Protocols that are recognised, so that their clients get an answer that they understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// HTTP (RFC 9112).
    Http,
    /// TLS (RFC 8446).
    Tls,
    /// IRC (RFC 2812).
    Irc,
}

impl Foreign {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Foreign::Http => "HTTP",
            Foreign::Tls => "TLS",
            Foreign::Irc => "IRC",
        }
    }

    /// The refusal in the protocol's own form.
    pub fn refusal(self) -> &'static [u8] {
        match self {
            Foreign::Http => {
                b"HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nContent-Length: 48\r\n\
                  Connection: close\r\n\r\nThis is a chat server: connect with nc instead.\n"
            }
            // A fatal handshake_failure alert (RFC 8446 section 6).
            Foreign::Tls => b"\x15\x03\x01\x00\x02\x02\x28",
            Foreign::Irc => b"ERROR :This server does not speak IRC; connect with nc\r\n",
        }
    }
}

const HTTP_METHODS: [&[u8]; 9] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"CONNECT ",
    b"TRACE ",
];
const IRC_COMMANDS: [&[u8]; 4] = [b"NICK ", b"USER ", b"CAP ", b"PASS "];
const TLS_HANDSHAKE: &[u8] = b"\x16\x03";

/// Looks at the first bytes of a connection. White space before `{` means nothing; anything that
/// begins nothing else is text.
pub fn sniff(bytes: &[u8]) -> Sniffed {
    // JSON's white space (RFC 8259 section 2), which is not all of ASCII's.
    let start = bytes.iter().position(|byte| !b" \t\r\n".contains(byte));
    let trimmed = &bytes[start.unwrap_or(bytes.len())..];
    if trimmed.is_empty() {
        return Sniffed::Undecided;
    }
    if trimmed[0] == b'{' {
        return Sniffed::Object;
    }
    let known = HTTP_METHODS
        .iter()
        .map(|method| (*method, Foreign::Http))
        .chain(IRC_COMMANDS.iter().map(|command| (*command, Foreign::Irc)))
        .chain([(TLS_HANDSHAKE, Foreign::Tls)]);
    let mut sniffed = Sniffed::Spoken(Dialect::Text);
    for (beginning, foreign) in known {
        if bytes.starts_with(beginning) {
            return Sniffed::Foreign(foreign);
        }
        if beginning.starts_with(bytes) {
            sniffed = Sniffed::Undecided;
        }
    }
    sniffed
}

/// Which of the JSON dialects begins with the object of these `bytes`: the one whose key it has. Anything else is
/// json, which refuses it.
pub fn sniff_object(bytes: &[u8]) -> Dialect {
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
        for (bytes, expected) in [
            (&b""[..], Sniffed::Undecided),
            (b" \r\n", Sniffed::Undecided),
            (b"{", Sniffed::Object),
            (b"\r\n {", Sniffed::Object),
            (b" G", text),
            (b"bob", text),
            (b"G", Sniffed::Undecided),
            (b"GET", Sniffed::Undecided),
            (b"GET\n", text),
            (b"Gerd", text),
            (b"GET /", Sniffed::Foreign(Foreign::Http)),
            (b"OPTIONS *", Sniffed::Foreign(Foreign::Http)),
            (b"P", Sniffed::Undecided),
            (b"PASS x", Sniffed::Foreign(Foreign::Irc)),
            (b"CAP LS 302", Sniffed::Foreign(Foreign::Irc)),
            (b"\x16", Sniffed::Undecided),
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

    #[test]
    fn an_http_refusal_says_its_length() {
        let refusal = String::from_utf8_lossy(Foreign::Http.refusal());
        let (head, body) = refusal.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    }
}
