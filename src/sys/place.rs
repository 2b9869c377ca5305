//! Where to listen, as an operator writes it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place to listen at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A host and a port.
    Tcp(String),
    /// A path of a Unix-domain socket, and who may connect to it.
    Unix(UnixPlace),
}

impl Place {
    /// Do only programs of this machine reach it, and the pages that their browsers show?
    pub fn is_loopback(&self) -> bool {
        match self {
            Place::Tcp(address) => address
                .parse()
                .is_ok_and(|address: SocketAddr| address.ip().to_canonical().is_loopback()),
            // No browser reaches it but through somebody who passes on what is asked.
            Place::Unix(_) => false,
        }
    }
}

/// The file of groups (group(5)).
const GROUPS: &str = "/etc/group";

/// What a socket's permissions are where only a group is named: whoever writes to it may connect (unix(7)).
const MODE_OF_GROUP: u32 = 0o660;

/// A path to listen at, as an operator writes it: `PATH`, `PATH?mode=0666`, `PATH?group=NAME` or both,
/// joined by `&`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixPlace {
    /// Where the socket is.
    pub path: PathBuf,
    /// Its permissions; `None` is what the process's umask leaves.
    pub mode: Option<u32>,
    /// The number of its group; `None` is the process's.
    pub group: Option<u32>,
}

impl UnixPlace {
    /// One that its owner alone may connect to.
    pub fn private(path: PathBuf) -> UnixPlace {
        UnixPlace {
            path,
            mode: Some(0o600),
            group: None,
        }
    }
}

impl FromStr for UnixPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<UnixPlace, String> {
        let (path, options) = match text.split_once('?') {
            Some((path, options)) => (path, Some(options)),
            None => (text, None),
        };
        if path.is_empty() {
            return Err("a path is missing behind ://".into());
        }
        let (mut mode, mut group) = (None, None);
        for option in options.into_iter().flat_map(|options| options.split('&')) {
            let (slot, value) = match option.split_once('=') {
                Some(("mode", value)) => (&mut mode, mode_of(value)?),
                Some(("group", value)) => (&mut group, group_of(value)?),
                _ => {
                    return Err(format!(
                        "behind ? stands mode=0666, group=NAME or both with & between, not '{option}'"
                    ));
                }
            };
            if slot.replace(value).is_some() {
                return Err(format!("'{option}' is there twice"));
            }
        }
        Ok(UnixPlace {
            path: path.into(),
            mode: mode.or(group.map(|_| MODE_OF_GROUP)),
            group,
        })
    }
}

/// Permissions as chmod(1) takes them: up to four octal digits.
fn mode_of(text: &str) -> Result<u32, String> {
    let is_octal = (1..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..b'8').contains(&b));
    let mode = u32::from_str_radix(text, 8).ok().filter(|_| is_octal);
    mode.filter(|&mode| mode <= 0o777)
        .ok_or_else(|| format!("mode is octal and 0777 at most, as in mode=0666, not '{text}'"))
}

/// A group by its number, or by its name in the file of groups.
fn group_of(text: &str) -> Result<u32, String> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_number && let Ok(number) = text.parse() {
        return Ok(number);
    }
    let groups = std::fs::read_to_string(GROUPS).map_err(|e| format!("{GROUPS}: {e}"))?;
    find_group(&groups, text).ok_or_else(|| format!("there is no group '{text}'"))
}

fn find_group(groups: &str, name: &str) -> Option<u32> {
    let number = |line: &str| {
        let mut fields = line.split(':');
        let is_it = !name.is_empty() && fields.next() == Some(name);
        is_it.then(|| fields.nth(1)?.parse().ok()).flatten()
    };
    groups.lines().find_map(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_as_an_operator_writes_them() {
        for (text, mode, group) in [
            ("/x.sock", None, None),
            ("/x.sock?mode=0666", Some(0o666), None),
            ("/x.sock?mode=660&group=0", Some(0o660), Some(0)),
            ("/x.sock?group=7&mode=0600", Some(0o600), Some(7)),
            ("/x.sock?group=root", Some(0o660), Some(0)),
        ] {
            let path = PathBuf::from("/x.sock");
            assert_eq!(text.parse(), Ok(UnixPlace { path, mode, group }), "{text}");
        }
        for bad in [
            "",
            "?mode=0666",
            "/x?",
            "/x?mode",
            "/x?mode=",
            "/x?mode=0888",
            "/x?mode=+666",
            "/x?mode=01777",
            "/x?mode=rw",
            "/x?group=",
            "/x?group=no-such-group",
            "/x?group=-1",
            "/x?group=4294967296",
            "/x?mode=0666&mode=0666",
            "/x?mode=0666&",
            "/x?owner=root",
        ] {
            assert!(bad.parse::<UnixPlace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn groups_by_name() {
        let groups = "root:x:0:\nwww-data:x:33:alice,bob\nbroken\nodd:x:y:\n";
        assert_eq!(find_group(groups, "www-data"), Some(33));
        for name in ["www", "broken", "odd", "alice", ""] {
            assert_eq!(find_group(groups, name), None, "{name}");
        }
    }
}
