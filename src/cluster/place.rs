//! Where the engine is.

use std::str::FromStr;

/// Where a Redis usually listens.
const PORT: u16 = 6379;
/// Where a Sentinel usually does.
const SENTINEL_PORT: u16 = 26379;
/// What the names of keys begin with, where nothing else is said.
const PREFIX: &str = "hubbub";

/// Where the engine is, and what is the cluster's there: `redis://`, `rediss://` (by TLS) or `redis+sentinel://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineAddress {
    /// Hosts and ports: of one Redis, or of Sentinels that know which Redis it is.
    pub(super) hosts: Vec<(String, u16)>,
    /// As what the Sentinels know it.
    pub(super) sentinel: Option<String>,
    pub(super) is_tls: bool,
    /// The ACL user; `None` is the default one.
    pub(super) user: Option<String>,
    pub(super) database: i64,
    /// What the names of all keys begin with.
    pub(super) prefix: String,
}

impl FromStr for EngineAddress {
    type Err = String;

    /// `SCHEME://[USER@]HOST[:PORT][,HOST[:PORT]...][/DB][?prefix=PREFIX]`, and `/NAME` before `/DB` for Sentinels.
    fn from_str(text: &str) -> Result<EngineAddress, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("an engine is redis://HOST:PORT/DB")?;
        let (is_sentinel, is_tls) = match scheme {
            "redis" => (false, false),
            "rediss" => (false, true),
            "redis+sentinel" => (true, false),
            _ => return Err(format!("no engine is spoken with by {scheme}://")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let prefix = prefix(query)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err(
                    "a password is seen by all on this machine: it belongs into \
                            the file of --cluster-password-file"
                        .into(),
                );
            }
            Some((user, hosts)) => (Some(user.to_string()), hosts),
            None => (None, authority),
        };
        let (sentinel, database) = match is_sentinel {
            false => (None, path),
            true => {
                let (name, database) = path.split_once('/').unwrap_or((path, ""));
                if name.is_empty() {
                    return Err("Sentinels are asked for a name: .../NAME/DB".into());
                }
                (Some(name.to_string()), database)
            }
        };
        let database = match database {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| format!("{number} is no number of a database"))?,
        };
        let port = if is_sentinel { SENTINEL_PORT } else { PORT };
        let hosts: Result<Vec<_>, String> = hosts.split(',').map(|it| host(it, port)).collect();
        let hosts = hosts?;
        if hosts.len() > 1 && !is_sentinel {
            return Err("one log is in one Redis: several hosts are for redis+sentinel://".into());
        }
        Ok(EngineAddress {
            hosts,
            sentinel,
            is_tls,
            user,
            database,
            prefix: prefix.to_string(),
        })
    }
}

/// What the names of keys begin with.
fn prefix(query: &str) -> Result<&str, String> {
    let prefix = match query.strip_prefix("prefix=") {
        Some(prefix) => prefix,
        None if query.is_empty() => PREFIX,
        None => return Err(format!("an engine has no {query}")),
    };
    let is_good = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    match !prefix.is_empty() && prefix.chars().all(is_good) {
        true => Ok(prefix),
        false => Err("a prefix is of letters, digits, -, _, . and :".into()),
    }
}

/// A host and its port; IPv6 addresses stand in brackets.
fn host(text: &str, port: u16) -> Result<(String, u16), String> {
    let (name, rest) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((name, rest)) => (name, rest),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let wrong = || format!("{text} is no host and port");
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| wrong())?,
        None if rest.is_empty() => port,
        None => return Err(wrong()),
    };
    match name.is_empty() {
        true => Err(wrong()),
        false => Ok((name.to_string(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_one_redis_or_what_sentinels_know() {
        let parsed: EngineAddress = "redis://10.0.0.5:6380/2?prefix=chat".parse().expect("good");
        assert_eq!(parsed.hosts, [("10.0.0.5".to_string(), 6380)]);
        assert_eq!((parsed.database, parsed.prefix.as_str()), (2, "chat"));
        let parsed: EngineAddress = "rediss://me@[::1]".parse().expect("good");
        assert_eq!(parsed.hosts, [("::1".to_string(), PORT)]);
        assert!(parsed.is_tls && parsed.user.as_deref() == Some("me") && parsed.prefix == PREFIX);
        let parsed: EngineAddress = "redis+sentinel://a,b:1/main/3".parse().expect("good");
        assert_eq!(
            parsed.hosts,
            [("a".to_string(), SENTINEL_PORT), ("b".to_string(), 1)]
        );
        assert_eq!(
            (parsed.sentinel.as_deref(), parsed.database),
            (Some("main"), 3)
        );
        for wrong in [
            "localhost",
            "http://a",
            "redis://",
            "redis://:6379",
            "redis://a:b",
            "redis://a,b",
            "redis://a/x",
            "redis://me:secret@a",
            "redis://a?prefix=",
            "redis://a?prefix=a b",
            "redis://a?db=1",
            "redis+sentinel://a",
        ] {
            assert!(wrong.parse::<EngineAddress>().is_err(), "{wrong}");
        }
    }
}
