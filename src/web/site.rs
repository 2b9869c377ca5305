//! What an operator set: who may ask from other pages, and who may post.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::model::Nick;

/// What an operator set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    /// Who may post; `None` is that nobody may.
    pub tokens: Option<Tokens>,
    /// The pages of other hosts that may ask.
    pub origins: Vec<OriginRule>,
    /// The names that browsers know the server under.
    pub public_hosts: Vec<PublicHost>,
    /// Where the servers of the cluster are reached: pages of one may go on at another.
    pub nodes: Vec<Origin>,
    /// Does the server want a word of who comes in, so that nothing is told to who has no token?
    pub is_locked: bool,
    /// Do accounts have bots, which may post with their own tokens?
    pub has_bots: bool,
    /// How long a file may be that is shared, in bytes; `None`: none is.
    pub file_bytes_max: Option<u64>,
    /// Is there an echo of WebSocket messages, for conformance suites?
    pub has_echo: bool,
}

/// A name that browsers know the server under, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicHost(String);

/// A page, or every page, that may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginRule {
    /// Every one.
    Any,
    /// Those of this origin.
    One(Origin),
}

/// Where a page comes from (RFC 6454 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    /// Invariant: lower case, and the port that is meant where none is said.
    authority: (String, u16),
}

/// Who may post, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// Of the token, so that a comparison tells nothing of how much of it was right.
    digest: [u8; SHA256_OUTPUT_LEN],
    nick: Nick,
}

/// Who posts where the file says no name.
const NAMELESS: &str = "api";

impl Site {
    /// May a request be answered that came to `host` from the page that `origin` names? What names none
    /// is no browser's, and may. A host without a port has that of the page's scheme: who ends TLS before
    /// this server hands on the host alone.
    pub(super) fn admits(&self, origin: Option<&str>, host: &str) -> bool {
        let Some(origin) = origin else { return true };
        if self.origins.contains(&OriginRule::Any) {
            return true;
        }
        let Some(origin) = Origin::parse(origin) else {
            return false;
        };
        let port = default_port(&origin.scheme);
        let is_own =
            port.is_some_and(|port| authority(host, port) == Some(origin.authority.clone()));
        is_own || self.nodes.contains(&origin) || self.origins.contains(&OriginRule::One(origin))
    }
}

impl Site {
    /// Is this server meant by the host of a request? A page whose own name was made to lead here (DNS
    /// rebinding) asks for that name, and its browser takes it for one of ours. At doors that only this
    /// machine reaches no such name is right; at others that is known only where names are set. What names
    /// no host is no browser's.
    pub(super) fn is_host(&self, host: &str, is_loopback: bool) -> bool {
        let is_checked = is_loopback || !self.public_hosts.is_empty();
        if !is_checked || host.is_empty() || self.origins.contains(&OriginRule::Any) {
            return true;
        }
        let Some((name, _)) = authority(host, 0) else {
            return false;
        };
        let name = name.strip_suffix('.').unwrap_or(&name);
        let is_allowed = |rule: &OriginRule| match rule {
            OriginRule::Any => true,
            OriginRule::One(origin) => origin.authority.0 == name,
        };
        let is_node = |node: &Origin| node.authority.0 == name;
        let is_public = |host: &PublicHost| host.0 == name;
        name == "localhost"
            || is_address(name)
            || self.public_hosts.iter().any(is_public)
            || self.nodes.iter().any(is_node)
            || self.origins.iter().any(is_allowed)
    }
}

impl Site {
    /// Takes in where the servers of the cluster are reached.
    pub(crate) fn note_nodes<'a>(&mut self, addresses: impl Iterator<Item = &'a str>) {
        self.nodes = addresses.filter_map(Origin::of_page).collect();
    }

    /// Where pages may connect to beside their own server, as sources of a policy, each behind a space.
    pub(super) fn sources(&self) -> String {
        let source = |node: &Origin| {
            let scheme = if node.scheme == "https" { "wss" } else { "ws" };
            format!(" {scheme}://{}:{}", node.authority.0, node.authority.1)
        };
        self.nodes.iter().map(source).collect()
    }
}

fn is_address(name: &str) -> bool {
    match name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
    {
        Some(name) => name.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<Ipv4Addr>().is_ok(),
    }
}

impl fmt::Display for PublicHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicHost {
    type Err = String;

    fn from_str(text: &str) -> Result<PublicHost, String> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let name = text.strip_suffix('.').unwrap_or(text);
        match !name.is_empty() && name.bytes().all(is_good) {
            true => Ok(PublicHost(name.to_ascii_lowercase())),
            false => Err("a host is a name, as in chat.example".into()),
        }
    }
}

impl FromStr for OriginRule {
    type Err = String;

    fn from_str(text: &str) -> Result<OriginRule, String> {
        if text == "*" {
            return Ok(OriginRule::Any);
        }
        let origin = Origin::parse(text).map(OriginRule::One);
        origin.ok_or("an origin is SCHEME://HOST[:PORT], as in https://chat.example, or *".into())
    }
}

impl Origin {
    /// Of a page at an address.
    fn of_page(address: &str) -> Option<Origin> {
        let (scheme, rest) = address.split_once("://")?;
        let host = rest.split('/').next()?;
        Origin::parse(&format!("{scheme}://{host}"))
    }

    fn parse(text: &str) -> Option<Origin> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(is_good);
        let port = default_port(&scheme).unwrap_or(0);
        let authority = authority(rest, port).filter(|_| is_scheme)?;
        Some(Origin { scheme, authority })
    }
}

/// The port of a web page's address that says none.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A host and its port, in the one form that can be compared.
fn authority(text: &str, default_port: u16) -> Option<(String, u16)> {
    let host_len = match text.starts_with('[') {
        true => text.find(']')? + 1,
        false => text.find(':').unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(host_len);
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => default_port,
        Some("") => default_port,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    let is_host = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*', ',']);
    is_host.then(|| (host.to_ascii_lowercase(), port))
}

impl Tokens {
    /// Reads the file of tokens: `TOKEN [NAME]` a line, and comments from a word with `#` in front.
    ///
    /// # Errors
    /// One line that says what is wrong; it names no token.
    pub fn parse(text: &str) -> Result<Tokens, String> {
        let mut tokens = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let words = line.split_whitespace();
            // A token may have one inside.
            let mut words = words.take_while(|word| !word.starts_with('#'));
            let Some(token) = words.next() else { continue };
            let nick = Nick::parse(words.next().unwrap_or(NAMELESS));
            match nick.filter(|nick| !nick.is_reserved() && words.next().is_none()) {
                Some(nick) => tokens.push(Token {
                    digest: sha256(token),
                    nick,
                }),
                None => return Err(format!("line {} is not TOKEN [NAME]", at + 1)),
            }
        }
        match tokens.is_empty() {
            true => Err("there is no token in it".into()),
            false => Ok(Tokens(tokens)),
        }
    }

    /// Who posts with a token, if anybody does. It takes as long whatever of it is right.
    pub(super) fn nick_of(&self, token: &str) -> Option<&Nick> {
        let asked = sha256(token);
        let is_same = |token: &&Token| {
            let differing = asked.iter().zip(token.digest).map(|(a, b)| a ^ b);
            differing.fold(0, |all, bits| all | bits) == 0
        };
        self.0.iter().find(is_same).map(|token| &token.nick)
    }
}

pub(super) fn sha256(token: &str) -> [u8; SHA256_OUTPUT_LEN] {
    let mut bytes = [0; SHA256_OUTPUT_LEN];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_port_is_the_schemes() {
        let site = Site::default();
        let admits = |origin, host| site.admits(Some(origin), host);
        assert!(admits("http://a", "a"));
        assert!(admits("http://a:80", "a"));
        assert!(admits("https://a", "a"));
        assert!(admits("https://A:443", "a:443"));
        assert!(admits("http://[::1]:8080", "[::1]:8080"));
        assert!(!admits("https://a", "a:80"));
        assert!(!admits("https://a:8443", "a"));
        assert!(!admits("http://a:", "a:81"));
        assert!(!admits("http://b", "a"));
        assert!(!admits("ftp://a", "a"));
        assert!(!admits("null", "null"));
        assert!(!admits("http://", ""));
        assert!(site.admits(None, "a"));
        let any = Site {
            origins: vec![OriginRule::Any],
            ..Site::default()
        };
        assert!(any.admits(Some("null"), "a"));
    }

    #[test]
    fn another_name_for_this_machine_is_no_host() {
        let mut site = Site::default();
        let own = [
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:8080",
            "192.168.1.7:80",
            "localhost",
            "LocalHost:8080",
            "localhost.:8080",
            "",
        ];
        let others = [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "chat.example",
            "chat.example.evil.example",
            "[::1].evil.example",
            "::1",
            "a:b",
            "127.1",
        ];
        for host in own {
            assert!(site.is_host(host, true), "{host}");
        }
        for host in others {
            assert!(!site.is_host(host, true), "{host}");
            assert!(site.is_host(host, false), "{host}");
        }
        site.public_hosts = vec!["Chat.Example".parse().expect("a host")];
        for is_loopback in [true, false] {
            for host in [
                "chat.example",
                "CHAT.example.:8443",
                "127.0.0.1",
                "localhost:1",
            ] {
                assert!(site.is_host(host, is_loopback), "{host}");
            }
            for host in ["evil.example", "a.chat.example", "chat.example.evil"] {
                assert!(!site.is_host(host, is_loopback), "{host}");
            }
        }
        site.public_hosts.clear();
        site.origins = vec!["https://chat.example:8443".parse().expect("an origin")];
        assert!(site.is_host("chat.example", true) && !site.is_host("evil.example", true));
        site.origins = vec![OriginRule::Any];
        assert!(site.is_host("evil.example", true));
        for bad in [
            "",
            ".",
            "http://a",
            "a/",
            "a:80",
            "a b",
            "*",
            "a.example,b.example",
        ] {
            assert!(bad.parse::<PublicHost>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_are_origins() {
        for good in ["*", "http://a", "https://a.example:8443", "http://[::1]"] {
            assert!(good.parse::<OriginRule>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "http://",
            "http://a/",
            "http://a:b",
            "http://a:99999",
            "://a",
            "http://*.a",
            "http://[::1",
            "http://a:1:2",
            "h t://a",
        ] {
            assert!(bad.parse::<OriginRule>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_of_tokens() {
        let text = "# who may post\n\nsecret bot\n word  # nobody\ns#cret eve #1\n#off x\n";
        let tokens = Tokens::parse(text).expect("three tokens");
        let nick_of = |token| tokens.nick_of(token).map(Nick::as_str);
        assert_eq!(nick_of("secret"), Some("bot"));
        assert_eq!(nick_of("word"), Some("api"));
        assert_eq!(nick_of("s#cret"), Some("eve"));
        for wrong in ["", "s", "off", "secre", "secrets", "SECRET", "bot", "#"] {
            assert_eq!(nick_of(wrong), None, "{wrong}");
        }
        for bad in [
            "",
            "# secret\n",
            "secret a b\n",
            "secret a/b\n",
            "secret Server\n",
        ] {
            let error = Tokens::parse(bad).expect_err("no file of tokens");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
