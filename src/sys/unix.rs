//! Unix-domain sockets: who may connect to them, and their files.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mio::net::UnixListener;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::limits::Limits;

use super::place::UnixPlace;

/// Binds and listens. Nobody can connect before its permissions are what they are to be.
///
/// # Errors
/// The system's, and `AddrInUse` where the path is taken by anything but a dead socket of ours.
pub(super) fn listen(place: &UnixPlace, limits: &Limits) -> io::Result<(UnixListener, SocketFile)> {
    let path = &place.path;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let file = SocketFile::bind(&socket, path)?;
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
fn is_dead_socket_of_ours(path: &Path, kind: Type) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    let is_ours = std::fs::symlink_metadata(path)
        .is_ok_and(|file| file.file_type().is_socket() && file.uid() == uid);
    let connect = || Socket::new(Domain::UNIX, kind, None)?.connect(&SockAddr::unix(path)?);
    is_ours && connect().is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
}

/// The file of a Unix-domain socket, removed with its listener unless it is another's by then.
pub struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl SocketFile {
    /// Binds a socket there, in place of a dead one of ours.
    pub(super) fn bind(socket: &Socket, path: &Path) -> io::Result<SocketFile> {
        let address = SockAddr::unix(path)?;
        if let Err(e) = socket.bind(&address) {
            let is_taken = e.kind() == io::ErrorKind::AddrInUse;
            if !is_taken || !is_dead_socket_of_ours(path, socket.r#type()?) {
                return Err(e);
            }
            std::fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        SocketFile::of(path)
    }

    /// The one that is there.
    pub(super) fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile {
            path: path.into(),
            inode: inode(path)?,
        })
    }

    /// It is another program's to remove.
    pub(super) fn forget(self) {
        std::mem::forget(self);
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
