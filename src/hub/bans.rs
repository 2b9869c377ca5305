//! Who is kept out: masks of names and of addresses, with a time.

use core::net::IpAddr;

use crate::limits::NICK_CHARS_MAX;
use crate::model::{BanEntry, Key, Nick};

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
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        match address.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                let bits_max = if address.is_ipv4() { 32 } else { 128 };
                let bits = bits.unwrap_or(bits_max);
                (bits <= bits_max).then_some(Mask::Net(address, bits))
            }
            Err(_) => {
                let plain = text.replace(['*', '?'], "x");
                let is_short = text.chars().count() <= NICK_CHARS_MAX;
                (is_short && Nick::parse(&plain).is_some()).then(|| Mask::Nick(Key::of(text)))
            }
        }
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

/// Are the first `bits` of both the same?
fn share(one: u128, other: u128, bits: u8) -> bool {
    (one ^ other)
        .checked_shr(128 - u32::from(bits))
        .unwrap_or(0)
        == 0
}

/// Matches `*` and `?`, going back to the last `*` only: no more steps than the product of lengths.
fn matches(pattern: &str, text: &str) -> bool {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// The mask as it was typed.
    pub text: String,
    /// What it covers. Invariant: what `text` reads as.
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

    pub(super) fn entry(&self, now_ms: u64) -> BanEntry {
        BanEntry {
            mask: self.text.clone(),
            seconds_left: self
                .until_ms
                .map(|until| until.saturating_sub(now_ms).div_ceil(1000)),
            reason: self.reason.clone(),
        }
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
        ] {
            assert_eq!(Mask::parse(text), None, "{text:?}");
        }
    }
}
