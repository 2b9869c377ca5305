//! What begins another protocol: programs that have come to the wrong door, and pages that have a
//! visitor's browser send a request whose body would be words in the chat.

/// What browsers speak.
pub(crate) const HTTP: &str = "HTTP";

/// What is known of a frame beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    /// Is it a whole line, or whatever the dialect's frames are? What is not may have been cut within the
    /// line of a request.
    pub is_whole: bool,
    /// Is a name asked for, so that a single word is more than something said?
    pub asks_name: bool,
}

/// The protocol that a connection's first frame belongs to, if it is one that no dialect of lines or
/// objects is.
pub(crate) fn protocol(frame: &[u8], begun: Begun) -> Option<&'static str> {
    let frame = frame.strip_prefix(BYTE_ORDER_MARK).unwrap_or(frame);
    let line = frame.trim_ascii();
    let named = [
        (&b"SSH-"[..], "SSH"),
        (b"EHLO ", "SMTP"),
        (b"HELO ", "SMTP"),
        (TLS_HANDSHAKE, "TLS"),
    ];
    let begins = named.into_iter().find(|(start, _)| line.starts_with(start));
    if let Some((_, name)) = begins {
        return Some(name);
    }
    if is_binary(frame) {
        return Some("A binary protocol");
    }
    if is_array_of_redis(line) || (begun.asks_name && line == b"PING") {
        return Some("RESP");
    }
    match request_line(line) {
        Some(version) => Some(version.protocol),
        None if !begun.is_whole && beginning(line) == Beginning::Begun => Some(HTTP),
        None => None,
    }
}

/// A protocol and its major version, as a request line ends in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) protocol: &'static str,
    /// A digit.
    pub(super) major: u8,
}

/// The beginning of a TLS handshake (RFC 8446 section 5.1).
pub(super) const TLS_HANDSHAKE: &[u8] = b"\x16\x03";
/// Of UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What has request lines: RFC 9112 section 3, RFC 3261 section 7.1, RFC 7826 section 4.
const PROTOCOLS: [(&[u8], &str); 3] = [(b"HTTP/", HTTP), (b"SIP/", "SIP"), (b"RTSP/", "RTSP")];
/// The shortest of the methods there are, `GET` and `PRI`.
const METHOD_LEN_MIN: usize = 3;

/// The version of a request line: a method, a target, and the version, with blanks between.
pub(super) fn request_line(line: &[u8]) -> Option<Version> {
    let mut words = line
        .split(|byte| b" \t".contains(byte))
        .filter(|word| !word.is_empty());
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_alone = words.next().is_none();
    // "I like HTTP/1.1" is something to say.
    let is_request = is_token(method) && (is_target(target) || is_capital(method));
    (is_alone && is_request).then(|| parse_version(version))?
}

/// How far a request line has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It is none.
    None,
    /// Every byte so far could be of one.
    Possible,
    /// There is a method, written as they all are, and a target has begun.
    Begun,
}

/// Does something begin a request line? It has no line end yet.
pub(super) fn beginning(bytes: &[u8]) -> Beginning {
    let mut words = bytes.splitn(2, |&byte| byte == b' ');
    let method = words.next().unwrap_or_default();
    let Some(target) = words.next() else {
        return match method.iter().all(is_capital_letter) {
            true => Beginning::Possible,
            false => Beginning::None,
        };
    };
    if !is_capital(method) {
        return Beginning::None;
    }
    let is_begun = |start: &&[u8]| target.starts_with(start);
    let is_possible = |start: &&[u8]| start.starts_with(target);
    if TARGETS.iter().any(is_begun) {
        Beginning::Begun
    } else if TARGETS.iter().any(is_possible) {
        Beginning::Possible
    } else {
        Beginning::None
    }
}

/// How targets begin.
const TARGETS: [&[u8]; 7] = [
    b"/",
    b"* ",
    b"http://",
    b"https://",
    b"sip:",
    b"sips:",
    b"rtsp:",
];

fn parse_version(word: &[u8]) -> Option<Version> {
    PROTOCOLS.into_iter().find_map(|(start, protocol)| {
        let (own, number) = word.split_at_checked(start.len())?;
        let is_number = number
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.');
        let &major = number.first().filter(|byte| byte.is_ascii_digit())?;
        (own.eq_ignore_ascii_case(start) && is_number).then_some(Version { protocol, major })
    })
}

/// A method (RFC 9110 section 5.6.2).
fn is_token(word: &[u8]) -> bool {
    let is_good = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !word.is_empty() && word.iter().all(is_good)
}

fn is_capital(word: &[u8]) -> bool {
    word.len() >= METHOD_LEN_MIN && word.iter().all(is_capital_letter)
}

fn is_capital_letter(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || b"-_".contains(byte)
}

/// A path, the server itself, a host and a port, or an address with its scheme (RFC 9112 section 3.2).
fn is_target(word: &[u8]) -> bool {
    word.starts_with(b"/") || word == b"*" || word.contains(&b':')
}

/// Is it no text? MQTT, LDAP, RDP, SOCKS and many others begin so. Telnet's options may be zero as well.
fn is_binary(frame: &[u8]) -> bool {
    const IAC: u8 = 0xFF;
    frame.contains(&0) && !frame.contains(&IAC)
}

/// The head of an array, as Redis's clients begin each request: `*1`.
fn is_array_of_redis(line: &[u8]) -> bool {
    let line = line.split(|&byte| byte == b'\r' || byte == b'\n').next();
    let count = line.and_then(|line| line.strip_prefix(b"*"));
    count.is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Begun = Begun {
        is_whole: true,
        asks_name: true,
    };
    const WORDS: Begun = Begun {
        asks_name: false,
        ..NAME
    };
    const CUT: Begun = Begun {
        is_whole: false,
        ..WORDS
    };

    #[test]
    fn other_protocols() {
        for (frame, name) in [
            ("GET / HTTP/1.1", "HTTP"),
            ("POST / HTTP/1.0", "HTTP"),
            ("PROPFIND /dav HTTP/1.1", "HTTP"),
            ("M-SEARCH * HTTP/1.1", "HTTP"),
            ("VERSION-CONTROL /x HTTP/1.1", "HTTP"),
            ("get / http/1.1", "HTTP"),
            ("brew /pot HTTP/1.1", "HTTP"),
            ("GET index.html HTTP/1.0", "HTTP"),
            ("CONNECT chat.example:443 HTTP/1.1", "HTTP"),
            ("GET http://a/ HTTP/1.1 ", "HTTP"),
            ("GET  /  HTTP/1.1", "HTTP"),
            ("\u{feff}GET / HTTP/1.1", "HTTP"),
            ("PRI * HTTP/2.0", "HTTP"),
            ("GET / HTTP/3", "HTTP"),
            ("OPTIONS sip:nm SIP/2.0", "SIP"),
            ("OPTIONS / RTSP/1.0", "RTSP"),
            ("SSH-2.0-OpenSSH_9.2", "SSH"),
            ("EHLO scanner", "SMTP"),
            ("HELO scanner", "SMTP"),
            ("*1", "RESP"),
            ("*1\r\n$4\r\nPING", "RESP"),
            ("\u{16}\u{3}\u{1}", "TLS"),
            ("\u{10}\u{c}\0\u{4}MQTT\u{4}", "A binary protocol"),
            ("\0", "A binary protocol"),
        ] {
            for begun in [NAME, WORDS, CUT] {
                assert_eq!(protocol(frame.as_bytes(), begun), Some(name), "{frame}");
            }
        }
        assert_eq!(protocol(b"PING", NAME), Some("RESP"));
        assert_eq!(protocol(b"PING", WORDS), None);
        let binary_by_telnet = b"\xff\xfb\0bob";
        assert_eq!(protocol(binary_by_telnet, NAME), None);
    }

    #[test]
    fn names_and_words() {
        for frame in [
            "",
            "Al",
            "GET",
            "GETty",
            "PINGU",
            "ping",
            "Ping",
            "SSH",
            "ssh-agent",
            "EHLO",
            "Helouise",
            "HTTP/1.1",
            "I like HTTP/1.1",
            "we do speak HTTP/1.1",
            "GET / and HTTP/1.1",
            "GET /list",
            "/list",
            "*",
            "*waves*",
            "*1st",
            "{\"type\":\"join\"}",
            "GET / HTTP",
            "GET / HTTP/x",
            "see http://a/ HTTPS/1.1",
        ] {
            assert_eq!(protocol(frame.as_bytes(), NAME), None, "{frame}");
            assert_eq!(protocol(frame.as_bytes(), WORDS), None, "{frame}");
        }
        for cut in [
            "GET",
            "GET ",
            "Go /x",
            "GET up",
            "I AM: here",
            "HELLO there: /x",
        ] {
            assert_eq!(protocol(cut.as_bytes(), CUT), None, "{cut}");
        }
        for cut in [
            "GET /",
            "POST /aaaa",
            "PUT http://a",
            "OPTIONS sip:nm",
            "PRI * HT",
        ] {
            assert_eq!(protocol(cut.as_bytes(), CUT), Some("HTTP"), "{cut}");
        }
    }
}
