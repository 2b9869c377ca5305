//! Who is kept out: masks of names and of addresses, with a time.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::limits::NICK_CHARS_MAX;

use super::{BanEntry, Key, Nick};

/// Names or addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mask {
    /// A folded name in which `*` stands for any characters and `?` for one.
    Nick(Key),
    /// The addresses that share the first bits.
    Net(IpAddr, u8),
}

impl Mask {
    /// `None` for what is no mask.
    pub fn parse(text: &str) -> Option<Mask> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => {
                let is_number = bits.bytes().all(|byte| byte.is_ascii_digit());
                let bits = bits.parse::<u8>().ok().filter(|_| is_number)?;
                (address, Some(bits))
            }
            None => (text, None),
        };
        match address.parse::<IpAddr>() {
            Ok(address) => Mask::net(address, bits),
            Err(_) if bits.is_some() || is_like_address(text) => None,
            Err(_) => {
                let plain = text.replace(['*', '?'], "x");
                let is_short = text.chars().count() <= NICK_CHARS_MAX;
                (is_short && Nick::parse(&plain).is_some()).then(|| Mask::Nick(Key::of(text)))
            }
        }
    }

    fn net(address: IpAddr, bits: Option<u8>) -> Option<Mask> {
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(bits_max);
        let canonical = address.to_canonical();
        // IPv4 in IPv6 is its last 32 bits.
        let bits = match canonical.is_ipv4() && address.is_ipv6() {
            true => bits.checked_sub(96).filter(|&bits| bits <= 32)?,
            false => bits,
        };
        (bits <= bits_max).then_some(Mask::Net(canonical, bits))
    }

    /// Does the mask cover a name?
    pub fn covers_name(&self, name: &Key) -> bool {
        match self {
            Mask::Nick(pattern) => matches(pattern.as_str(), name.as_str()),
            Mask::Net(..) => false,
        }
    }

    /// Does the mask cover an address?
    pub fn covers_ip(&self, ip: IpAddr) -> bool {
        match (self, ip.to_canonical()) {
            (Mask::Net(IpAddr::V4(net), bits), IpAddr::V4(ip)) => share(
                u128::from(u32::from(*net)) << 96,
                u128::from(u32::from(ip)) << 96,
                *bits,
            ),
            (Mask::Net(IpAddr::V6(net), bits), IpAddr::V6(ip)) => {
                share(u128::from(*net), u128::from(ip), *bits)
            }
            _ => false,
        }
    }
}

/// Would a reader take it for an address, or a pattern of addresses, rather than for a name? Whoever bans
/// `1.2.3` or `10.0.*` does not mean a name.
fn is_like_address(text: &str) -> bool {
    let dots = text.matches('.').count();
    let has_digit = text.contains(|c: char| c.is_numeric());
    let is_of_address = |c: char| c.is_numeric() || ".*?-".contains(c);
    text.contains([':', '/', '%', '['])
        || (dots > 0 && text.chars().all(is_of_address) && (has_digit || dots >= 3))
}

/// Are the first `bits` of both the same?
fn share(one: u128, other: u128, bits: u8) -> bool {
    (one ^ other)
        .checked_shr(128 - u32::from(bits))
        .unwrap_or(0)
        == 0
}

/// Matches `*` and `?`, going back to the last `*` only: no more steps than the product of lengths.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What stands behind the last `*`, and the text from where that may begin.
    let mut last_star = None;
    loop {
        let (before, at) = (pattern.clone(), text.clone());
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                text = at;
                last_star = Some((pattern.clone(), text.clone()));
            }
            (None, None) => return true,
            (Some(wanted), Some(c)) if wanted == '?' || wanted == c => {}
            (_, None) => return before.as_str().chars().all(|c| c == '*'),
            (_, Some(_)) => match &mut last_star {
                Some((behind, from)) => {
                    from.next();
                    (pattern, text) = (behind.clone(), from.clone());
                }
                None => return false,
            },
        }
    }
}

/// One ban.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(String, Option<u64>, Option<String>)")]
pub struct Ban {
    /// The mask as it was typed.
    pub text: String,
    /// What it covers. Invariant: what `text` reads as.
    #[serde(skip)]
    pub mask: Mask,
    /// When it ends, in milliseconds since 1970; `None` is when it is undone.
    pub until_ms: Option<u64>,
    /// Why.
    pub reason: Option<String>,
}

impl Ban {
    /// `None` where `text` is no mask.
    pub fn new(text: &str, until_ms: Option<u64>, reason: Option<String>) -> Option<Ban> {
        Mask::parse(text).map(|mask| Ban {
            text: text.into(),
            mask,
            until_ms,
            reason,
        })
    }

    /// As it is listed at that time, in milliseconds since 1970.
    pub(crate) fn entry(&self, now_ms: u64) -> BanEntry {
        BanEntry {
            mask: self.text.clone(),
            seconds_left: self
                .until_ms
                .map(|until| until.saturating_sub(now_ms).div_ceil(1000)),
            reason: self.reason.clone(),
        }
    }
}

impl TryFrom<(String, Option<u64>, Option<String>)> for Ban {
    type Error = &'static str;

    fn try_from(
        (text, until_ms, reason): (String, Option<u64>, Option<String>),
    ) -> Result<Ban, &'static str> {
        Ban::new(&text, until_ms, reason).ok_or("no mask")
    }
}

/// Has what ends then ended?
pub(super) fn is_over(until_ms: Option<u64>, now_ms: u64) -> bool {
    until_ms.is_some_and(|until| until <= now_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_names() {
        for (mask, name, covered) in [
            ("bob", "BOB", true),
            ("bob", "bobby", false),
            ("b*", "Bobby", true),
            ("*b?", "bobby", true),
            ("b?b", "bob", true),
            ("b??b", "bob", false),
            ("*", "anyone", true),
            ("7", "7", true),
            ("v1.2", "V1.2", true),
            ("1?2?3", "1.2.3", true),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaa", false),
        ] {
            let mask = Mask::parse(mask).expect("a mask");
            assert_eq!(mask.covers_name(&Key::of(name)), covered, "{mask:?}");
        }
    }

    #[test]
    fn masks_of_addresses() {
        for (mask, address, covered) in [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::ffff:10.0.0.0/104", "10.200.3.4", true),
            ("::ffff:10.0.0.0/104", "11.0.0.1", false),
        ] {
            let parsed = Mask::parse(mask).expect("a mask");
            assert_eq!(
                parsed.covers_ip(address.parse().expect("an address")),
                covered,
                "{mask}"
            );
        }
    }

    #[test]
    fn what_is_no_mask() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "::/129",
            "a b",
            "a/8",
            "bob\n",
            "a!b",
            "1.2.3",
            "1.2.3.",
            "1.2.3.4.5",
            "1.2.3.4/33",
            "1.2.3/8",
            "1.2.3.4/+8",
            "1.2.3.4/ 8",
            "1.2.3.4/-1",
            "300.1.1.1",
            "010.0.0.1",
            "10.0.0.0/8/8",
            "10.*",
            "192.168.*.*",
            "*.*.*.*",
            "10.0.0.0-10.0.0.9",
            "１.２.３",
            "::g",
            ":::",
            "fe80::1%eth0",
            "[::1]",
            "::1/129",
            "::ffff:10.0.0.0/95",
            "/8",
        ] {
            assert_eq!(Mask::parse(text), None, "{text:?}");
        }
    }
}
