//! The header that a proxy puts before a connection's first byte, to say whose it is: the PROXY protocol,
//! versions 1 and 2 (haproxy's proxy-protocol.txt, sections 2.1 and 2.2).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::limits::{PROXY_HEADER_BYTES_MAX, PROXY_LINE_BYTES_MAX};

/// What a header of version 1 begins with.
const LINE: &[u8] = b"PROXY ";

/// What one of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The signature, version and command, family and protocol, and the length of the rest.
const FIXED_BYTES: usize = 16;

/// Who is at the other end of the proxy: address and port.
pub(crate) type Proxied = (IpAddr, u16);

/// What a connection begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// It may be a header: more bytes are needed.
    Partial,
    /// No header.
    Absent,
    /// One that breaks the rules: its sender is no proxy, and what follows is nobody's.
    Bad,
    /// A whole one.
    Whole {
        /// How many bytes it takes.
        len: usize,
        /// Whose connection it is; `None` is the proxy's own (a check of its), or one that it knows nothing of.
        source: Option<Proxied>,
    },
}

/// Looks for a header at the front of what came, which `is_all` says is all that will come. No more than
/// [`PROXY_HEADER_BYTES_MAX`] bytes are ever asked for.
pub(crate) fn read(bytes: &[u8], is_all: bool) -> Header {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(byte, wanted)| byte == wanted);
    let header = match (begins(LINE), begins(SIGNATURE)) {
        (false, false) => Header::Absent,
        (true, _) if bytes.len() >= LINE.len() => line(bytes),
        (_, true) if bytes.len() >= SIGNATURE.len() => binary(bytes),
        _ => Header::Partial,
    };
    match header {
        Header::Partial if is_all => Header::Absent,
        header => header,
    }
}

/// A line of words with one blank between (section 2.1).
fn line(bytes: &[u8]) -> Header {
    let seen = &bytes[..bytes.len().min(PROXY_LINE_BYTES_MAX)];
    let end = seen.windows(2).position(|pair| pair == b"\r\n");
    let Some(end) = end else {
        return match seen.len() < PROXY_LINE_BYTES_MAX {
            true => Header::Partial,
            false => Header::Bad,
        };
    };
    let words = str::from_utf8(&seen[LINE.len()..end]).unwrap_or_default();
    let source = match words.split_once(' ').unwrap_or((words, "")) {
        ("UNKNOWN", _) => Some(None),
        ("TCP4", rest) => source::<Ipv4Addr>(rest).map(Some),
        ("TCP6", rest) => source::<Ipv6Addr>(rest).map(Some),
        _ => None,
    };
    source.map_or(Header::Bad, |source| {
        let len = end + 2;
        Header::Whole { len, source }
    })
}

/// The first of both ends, of which all must be right.
fn source<A: core::str::FromStr + Into<IpAddr>>(words: &str) -> Option<Proxied> {
    let mut words = words.split(' ');
    let mut next = || words.next();
    let (from, _to) = (next()?.parse::<A>().ok()?, next()?.parse::<A>().ok()?);
    let (port, _) = (port(next()?)?, port(next()?)?);
    next().is_none().then_some((from.into(), port))
}

/// Digits, of which the first is 0 only where there is no other.
fn port(text: &str) -> Option<u16> {
    let is_good = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_good && is_short)
}

/// Sixteen bytes, and as many as they say (section 2.2). What stands behind the addresses (TLVs) is passed over.
fn binary(bytes: &[u8]) -> Header {
    let Some(fixed) = bytes.first_chunk::<FIXED_BYTES>() else {
        return Header::Partial;
    };
    let [.., version, family, high, low] = *fixed;
    let len = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    let (command, protocol) = (version & 0xf, family & 0xf);
    if version >> 4 != 2
        || command > 1
        || family >> 4 > 3
        || protocol > 2
        || len > PROXY_HEADER_BYTES_MAX
    {
        return Header::Bad;
    }
    let Some(rest) = bytes.get(FIXED_BYTES..len) else {
        return Header::Partial;
    };
    let source = match (command, family) {
        (1, 0x11) => rest
            .first_chunk::<12>()
            .map(|&[a, b, c, d, _, _, _, _, high, low, ..]| {
                let port = u16::from_be_bytes([high, low]);
                (IpAddr::from([a, b, c, d]), port)
            }),
        (1, 0x21) => rest.first_chunk::<36>().and_then(|ends| {
            let from: [u8; 16] = *ends.first_chunk()?;
            Some((from.into(), u16::from_be_bytes([ends[32], ends[33]])))
        }),
        // The proxy's own, or of a kind that has no address that could be banned: the proxy's counts.
        _ => return Header::Whole { len, source: None },
    };
    match source {
        None => Header::Bad,
        source => Header::Whole { len, source },
    }
}

/// Checks one input of the fuzz target: what is found in the bytes must be found at each length of them, and be
/// waited for no longer than it may.
///
/// # Panics
/// Where that is not so.
#[cfg(any(test, feature = "testing"))]
pub(super) fn check(bytes: &[u8]) {
    let whole = read(bytes, false);
    for len in 0..=bytes.len().min(PROXY_HEADER_BYTES_MAX + 1) {
        let found = read(&bytes[..len], false);
        assert!(
            found == whole || found == Header::Partial,
            "{found:?} of {len} bytes, {whole:?} of all"
        );
        assert!(
            found != Header::Partial || len < PROXY_HEADER_BYTES_MAX,
            "{len} bytes are not enough"
        );
        assert_ne!(read(&bytes[..len], true), Header::Partial);
    }
    if let Header::Whole { len, .. } = whole {
        assert!(len <= bytes.len());
        assert_eq!(read(&bytes[..len], false), whole, "without what follows");
        assert_eq!(read(&bytes[..len - 1], false), Header::Partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(bytes: &[u8]) -> Header {
        check(bytes);
        check(&[bytes, b"hello\n"].concat());
        read(bytes, false)
    }

    fn whole(len: usize, address: &str, port: u16) -> Header {
        let source = Some((address.parse().expect("an address"), port));
        Header::Whole { len, source }
    }

    fn binary(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let len = (rest.len() as u16).to_be_bytes();
        [SIGNATURE, &[version, family], &len, rest].concat()
    }

    #[test]
    fn lines() {
        for (line, address, port) in [
            ("TCP4 192.0.2.1 192.0.2.2 56324 443", "192.0.2.1", 56324),
            (
                "TCP4 255.255.255.255 0.0.0.0 65535 0",
                "255.255.255.255",
                65535,
            ),
            ("TCP6 2001:db8::1 ::1 1 2", "2001:db8::1", 1),
        ] {
            let line = format!("PROXY {line}\r\n");
            assert_eq!(found(line.as_bytes()), whole(line.len(), address, port));
        }
        let longest = format!(
            "PROXY UNKNOWN {0} {0} 65535 65535\r\n",
            "ffff:f".repeat(6) + "ff"
        );
        for unknown in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN a b\r\n", &longest] {
            let (len, source) = (unknown.len(), None);
            assert_eq!(found(unknown.as_bytes()), Header::Whole { len, source });
        }
        for bad in [
            "TCP4 192.0.2.1 192.0.2.2 56324",
            "TCP4 192.0.2.1 192.0.2.2 56324 443 1",
            "TCP4  192.0.2.1 192.0.2.2 56324 443",
            "TCP4 192.0.2.1 192.0.2.2 65536 443",
            "TCP4 192.0.2.1 192.0.2.2 +1 443",
            "TCP4 192.0.2.1 192.0.2.2 01 443",
            "TCP4 192.0.2.256 192.0.2.2 1 443",
            "TCP4 ::1 ::1 1 443",
            "TCP6 192.0.2.1 192.0.2.2 1 443",
            "TCP5 192.0.2.1 192.0.2.2 1 443",
            "tcp4 192.0.2.1 192.0.2.2 1 443",
            "",
            "UNKNOWNS",
        ] {
            let line = format!("PROXY {bad}\r\n");
            assert_eq!(found(line.as_bytes()), Header::Bad, "{bad}");
        }
    }

    #[test]
    fn a_line_at_its_limit_and_one_past_it() {
        let line = |len: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(len - 16));
        let (len, source) = (PROXY_LINE_BYTES_MAX, None);
        assert_eq!(found(line(len).as_bytes()), Header::Whole { len, source });
        assert_eq!(found(line(len + 1).as_bytes()), Header::Bad);
        assert_eq!(found(&[LINE, &[b'x'; 9000][..]].concat()), Header::Bad);
    }

    #[test]
    fn binary_headers() {
        let v4 = [192, 0, 2, 1, 192, 0, 2, 2, 0x12, 0x34, 0, 80];
        assert_eq!(
            found(&binary(0x21, 0x11, &v4)),
            whole(28, "192.0.2.1", 0x1234)
        );
        let with_tlv = [&v4[..], &[4, 0, 1, 0]].concat();
        assert_eq!(
            found(&binary(0x21, 0x11, &with_tlv)),
            whole(32, "192.0.2.1", 0x1234)
        );
        let mut v6 = [0; 36];
        (v6[15], v6[32], v6[33]) = (1, 0x12, 0x34);
        assert_eq!(found(&binary(0x21, 0x21, &v6)), whole(52, "::1", 0x1234));
        // LOCAL, and what has no address that is any use.
        for (version, family, rest) in [
            (0x20, 0x11, &v4[..]),
            (0x20, 0, &[]),
            (0x21, 0, &[]),
            (0x21, 0x12, &v4),
            (0x21, 0x31, &[0; 216]),
        ] {
            let header = binary(version, family, rest);
            let (len, source) = (header.len(), None);
            assert_eq!(found(&header), Header::Whole { len, source });
        }
        for (version, family, rest) in [
            (0x11, 0x11, &v4[..]),
            (0x31, 0x11, &v4),
            (0x22, 0x11, &v4),
            (0x21, 0x41, &v4),
            (0x21, 0x13, &v4),
            (0x21, 0x11, &v4[..11]),
            (0x21, 0x21, &v6[..35]),
            (0x21, 0x11, &[0; PROXY_HEADER_BYTES_MAX - FIXED_BYTES + 1]),
        ] {
            let header = binary(version, family, rest);
            assert_eq!(found(&header), Header::Bad, "{version:x} {family:x}");
        }
        let longest = [0; PROXY_HEADER_BYTES_MAX - FIXED_BYTES];
        let header = found(&binary(0x21, 0x11, &longest));
        assert_eq!(header, whole(PROXY_HEADER_BYTES_MAX, "0.0.0.0", 0));
    }

    #[test]
    fn what_is_no_header() {
        for text in [
            "hello\n",
            "PROXIES\n",
            "PROXY",
            "\r\n\r\n",
            "\r\n\r\n\0\r\nQUIT",
        ] {
            assert_eq!(read(text.as_bytes(), true), Header::Absent, "{text:?}");
        }
        for text in [
            "hello\n",
            "proxy TCP4\r\n",
            "PROXY\tTCP4\r\n",
            "\r\n\r\nhello\n",
        ] {
            assert_eq!(found(text.as_bytes()), Header::Absent, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_one_way(
            begins in prop::sample::select(vec![LINE, b"PROXY TCP4 1.2.3.4 5.6.7.8 ", SIGNATURE, b""]),
            rest in prop::collection::vec(any::<u8>(), 0..200),
            ends in prop::sample::select(vec![&b"\r\n"[..], b"1 2\r\n", b"", b"\n"]),
        ) {
            check(&[begins, &rest, ends].concat());
            check(&[begins, ends].concat());
        }
    }
}
