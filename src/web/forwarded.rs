//! Who asks through proxies: `Forwarded` (RFC 7239) and `X-Forwarded-For`, in which each proxy writes behind those
//! before it whom it was asked by.

use core::net::{IpAddr, SocketAddr};

use crate::dialect::http::Forwarding;
use crate::model::TrustedProxies;

/// Who asks, as trusted proxies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ForwardedFor {
    /// Its address, and its port where that is known. `None`: whoever the last proxy is.
    pub(crate) address: Option<(IpAddr, Option<u16>)>,
    /// Does it ask over TLS?
    pub(crate) is_secure: bool,
}

/// There is no telling what the proxy wrote and what it let through: the two kinds of fields name different clients,
/// or somebody left a quotation open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unclear;

/// One proxy's word.
#[derive(Debug, Default, Clone, Copy)]
struct Hop {
    /// `None`: unknown, hidden, or nonsense.
    address: Option<(IpAddr, Option<u16>)>,
    is_secure: bool,
}

/// The client of a request that came from a trusted proxy: the right-most that is no such proxy itself. What stands
/// further to the left anybody may have written.
///
/// # Errors
/// See [`Unclear`].
pub(crate) fn client(
    trusted: &TrustedProxies,
    forwarding: &Forwarding,
) -> Result<ForwardedFor, Unclear> {
    let x_is_secure = forwarding
        .x_proto
        .as_deref()
        .and_then(|all| all.rsplit(',').next())
        .is_some_and(is_https);
    let standard = forwarding.forwarded.as_deref().map(|field| {
        let hops = split(field, b',')?.into_iter().rev().map(hop);
        Ok(last_untrusted(trusted, hops))
    });
    let standard = standard.transpose()?;
    let customary = forwarding.x_for.as_deref().map(|field| {
        let hops = field.rsplit(',').map(|node| Hop {
            address: address(node.trim()),
            is_secure: x_is_secure,
        });
        last_untrusted(trusted, hops)
    });
    let ip = |hop: &Hop| hop.address.map(|(ip, _)| ip);
    let hop = match (standard, customary) {
        (Some(one), Some(other)) if ip(&one) != ip(&other) => return Err(Unclear),
        (Some(one), Some(other)) => Hop {
            is_secure: one.is_secure || other.is_secure,
            ..one
        },
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Hop {
            address: None,
            is_secure: x_is_secure,
        },
    };
    Ok(ForwardedFor {
        address: hop.address,
        is_secure: hop.is_secure,
    })
}

/// Goes from the nearest proxy to the left, as long as it meets proxies that are believed.
fn last_untrusted(trusted: &TrustedProxies, hops: impl Iterator<Item = Hop>) -> Hop {
    let mut last = Hop::default();
    for hop in hops {
        let Some((ip, _)) = hop.address else {
            return last;
        };
        last = hop;
        if !trusted.has_ip(ip) {
            break;
        }
    }
    last
}

/// One element of `Forwarded`: pairs with semicolons between (RFC 7239 section 4).
fn hop(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in split(element, b';').unwrap_or_default() {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = unquoted(value.trim());
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => hop.address = address(&value),
            name if name.eq_ignore_ascii_case("proto") => hop.is_secure = is_https(&value),
            _ => {}
        }
    }
    hop
}

/// The parts of a list; what separates them may stand in quoted strings.
fn split(text: &str, separator: u8) -> Result<Vec<&str>, Unclear> {
    let (mut is_quoted, mut is_escaped, mut begin) = (false, false, 0);
    let mut parts = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            byte if byte == separator && !is_quoted => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    match is_quoted {
        true => Err(Unclear),
        false => Ok(parts),
    }
}

/// A token, or what stands in a quoted string (RFC 9110 section 5.6.4).
fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.into();
    };
    let mut is_escaped = false;
    let is_kept = |c: &char| {
        is_escaped = *c == '\\' && !is_escaped;
        !is_escaped
    };
    inner.chars().filter(is_kept).collect()
}

fn is_https(proto: &str) -> bool {
    let proto = proto.trim();
    proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
}

/// An address with or without a port; those of IPv6 stand in brackets with one (RFC 7239 section 6), and often
/// without them where there is none.
fn address(node: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(ip) = node.parse::<IpAddr>() {
        return Some((ip.to_canonical(), None));
    }
    if let Ok(both) = node.parse::<SocketAddr>() {
        return Some((both.ip().to_canonical(), Some(both.port())));
    }
    let (host, port) = match node.rsplit_once(':') {
        // A port may be hidden: `_name`.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()),
        _ => (node, None),
    };
    let host = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let ip = match host {
        Some(host) => IpAddr::V6(host.parse().ok()?),
        None => IpAddr::V4(node.split_once(':')?.0.parse().ok()?),
    };
    Some((ip.to_canonical(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(forwarded: &str, x_for: &str) -> Result<String, Unclear> {
        let trusted = ["127.0.0.1", "10.0.0.0/8"].map(|text| text.parse().expect("a proxy"));
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let forwarding = Forwarding {
            forwarded: some(forwarded),
            x_for: some(x_for),
            x_proto: None,
        };
        let client = client(&TrustedProxies(trusted.into()), &forwarding)?;
        let address = match client.address {
            None => "-".into(),
            Some((ip, None)) => ip.to_string(),
            Some((ip, Some(port))) => SocketAddr::new(ip, port).to_string(),
        };
        let secure = if client.is_secure { " https" } else { "" };
        Ok(address + secure)
    }

    #[test]
    fn the_right_most_that_is_not_trusted() {
        for (x_for, expected) in [
            ("", "-"),
            ("192.0.2.1", "192.0.2.1"),
            ("1.1.1.1, 192.0.2.1", "192.0.2.1"),
            ("1.1.1.1,192.0.2.1 , 10.1.1.1,127.0.0.1", "192.0.2.1"),
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("192.0.2.1:4711", "192.0.2.1:4711"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            // What is no address hides what is before it: whoever wrote that counts.
            ("192.0.2.1, unknown", "-"),
            ("192.0.2.1, nonsense, 10.1.1.1", "10.1.1.1"),
            ("192.0.2.1,", "-"),
        ] {
            assert_eq!(found("", x_for), Ok(expected.into()), "{x_for}");
        }
        for (forwarded, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=192.0.2.1;PROTO=https;by=10.1.1.1", "192.0.2.1 https"),
            (r#"for="[2001:db8::1]:4711""#, "[2001:db8::1]:4711"),
            (r#"for="[2001:db8::1]:_port""#, "2001:db8::1"),
            (r#"for="[2001:db8::1]""#, "2001:db8::1"),
            (r#"for="192.0.2.1:_port""#, "192.0.2.1"),
            (
                "for=1.1.1.1, for=192.0.2.1;proto=http, for=10.1.1.1",
                "192.0.2.1",
            ),
            (
                r#"for=1.1.1.1, for=192.0.2.1;host="a,for=2.2.2.2""#,
                "192.0.2.1",
            ),
            (r#"for=192.0.2.1;host="a\",;for=2.2.2.2""#, "192.0.2.1"),
            (r#"for="192.0\.2.1""#, "192.0.2.1"),
            ("for=192.0.2.1, for=unknown", "-"),
            ("for=192.0.2.1, for=_hidden", "-"),
            ("by=10.1.1.1", "-"),
        ] {
            assert_eq!(found(forwarded, ""), Ok(expected.into()), "{forwarded}");
        }
    }

    #[test]
    fn nobody_hides_what_the_proxy_wrote() {
        assert_eq!(found("for=192.0.2.1", "192.0.2.1"), Ok("192.0.2.1".into()));
        assert_eq!(found("for=192.0.2.1", "192.0.2.2"), Err(Unclear));
        assert_eq!(found("for=unknown", "192.0.2.2"), Err(Unclear));
        assert_eq!(found("for=\"1.1.1.1, for=192.0.2.1", ""), Err(Unclear));
    }
}
