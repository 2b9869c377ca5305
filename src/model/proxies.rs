//! Which peers are proxies that are believed about whose a connection is.

use core::net::IpAddr;
use core::str::FromStr;

use super::{Mask, Peer};

/// Where a proxy that is believed connects from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedProxy {
    /// One of these addresses.
    Net(Mask),
    /// A Unix-domain door.
    Unix,
}

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<TrustedProxy, String> {
        match (text, Mask::parse(text)) {
            ("unix", _) => Ok(TrustedProxy::Unix),
            (_, Some(mask @ Mask::Net(..))) => Ok(TrustedProxy::Net(mask)),
            _ => Err("a proxy is ADDR[/BITS], as in 127.0.0.1 or 2001:db8::/32, or unix".into()),
        }
    }
}

/// All that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(pub(crate) Vec<TrustedProxy>);

impl TrustedProxies {
    pub(crate) fn has(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Ip { ip, .. } => self.has_ip(*ip),
            Peer::Unix(_) => self.0.contains(&TrustedProxy::Unix),
        }
    }

    pub(crate) fn has_ip(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|proxy| match proxy {
            TrustedProxy::Net(mask) => mask.covers_ip(ip),
            TrustedProxy::Unix => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_as_an_operator_writes_them() {
        let all = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "unix"].map(str::parse);
        let all = TrustedProxies(all.into_iter().collect::<Result<_, _>>().expect("good"));
        for (address, is_trusted) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.200.0.1", true),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            let ip = address.parse().expect(address);
            assert_eq!(all.has_ip(ip), is_trusted, "{address}");
        }
        assert!(all.has(&Peer::Unix(1)));
        for bad in [
            "",
            "localhost",
            "127.0.0.1/33",
            "10.0.0",
            "127.0.0.1:80",
            "*",
        ] {
            assert!(bad.parse::<TrustedProxy>().is_err(), "{bad}");
        }
    }
}
