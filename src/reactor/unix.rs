//! Unix-domain sockets: where they are, who may connect to them, and their files.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mio::net::UnixListener;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::limits::Limits;

/// The file of groups (group(5)).
const GROUPS: &str = "/etc/group";

/// What a socket's permissions are where only a group is named: whoever writes to it may connect (unix(7)).
const MODE_OF_GROUP: u32 = 0o660;

/// A path to listen at, as an operator writes it: `PATH`, `PATH?mode=0666`, `PATH?group=NAME` or both,
/// joined by `&`.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Binds and listens. Nobody can connect before its permissions are what they are to be.
///
/// # Errors
/// The system's, and `AddrInUse` where the path is taken by anything but a dead socket of ours.
pub(super) fn listen(place: &UnixPlace, limits: &Limits) -> io::Result<(UnixListener, SocketFile)> {
    let path = &place.path;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let address = SockAddr::unix(path)?;
    if let Err(e) = socket.bind(&address) {
        if e.kind() != io::ErrorKind::AddrInUse || !is_dead_socket_of_ours(path) {
            return Err(e);
        }
        std::fs::remove_file(path)?;
        socket.bind(&address)?;
    }
    let file = SocketFile::of(path)?;
    if let Some(group) = place.group {
        std::os::unix::fs::lchown(path, None, Some(group)).map_err(|e| {
            io::Error::new(
                e.kind(),
                format!("it cannot be given to group {group}: {e}"),
            )
        })?;
    }
    if let Some(mode) = place.mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    socket.listen(limits.backlog)?;
    Ok((UnixListener::from_std(socket.into()), file))
}

/// Is there a socket file of our own user that nobody listens behind?
fn is_dead_socket_of_ours(path: &Path) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    let is_ours = std::fs::symlink_metadata(path)
        .is_ok_and(|file| file.file_type().is_socket() && file.uid() == uid);
    is_ours
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
}

/// The file of a Unix-domain socket, removed with its listener unless it is another's by then.
pub(super) struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path.into(),
            inode: inode(path)?,
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if inode(&self.path).is_ok_and(|inode| inode == self.inode) {
            // It may be gone since: then there is nothing to remove.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
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
