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
    /// The first byte of a TLS handshake, and nothing behind it yet.
    Hello,
    /// A dialect spoken here.
    Spoken(Dialect),
    /// A protocol that is not spoken here.
    Foreign(Foreign),
}

/// Protocols that are recognised, so that their clients get an answer that they understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// TLS (RFC 8446).
    Tls,
    /// IRC (RFC 2812).
    Irc,
}

impl Foreign {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Foreign::Tls => "TLS",
            Foreign::Irc => "IRC",
        }
    }

    /// The refusal in the protocol's own form.
    pub fn refusal(self) -> &'static [u8] {
        match self {
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
    if bytes == &TLS_HANDSHAKE[..1] {
        return Sniffed::Hello;
    }
    let methods = HTTP_METHODS.map(|method| (method, Sniffed::Spoken(Dialect::Http)));
    let commands = IRC_COMMANDS.map(|command| (command, Sniffed::Foreign(Foreign::Irc)));
    let known = methods
        .into_iter()
        .chain(commands)
        .chain([(TLS_HANDSHAKE, Sniffed::Foreign(Foreign::Tls))]);
    let mut sniffed = Sniffed::Spoken(Dialect::Text);
    for (beginning, told) in known {
        if bytes.starts_with(beginning) {
            return told;
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
        let http = Sniffed::Spoken(Dialect::Http);
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
            (b"GET /", http),
            (b"OPTIONS *", http),
            (b"P", Sniffed::Undecided),
            (b"PASS x", Sniffed::Foreign(Foreign::Irc)),
            (b"CAP LS 302", Sniffed::Foreign(Foreign::Irc)),
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
