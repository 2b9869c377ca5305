//! The directory of what is kept: its files, and that one server has it at a time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

const DATABASE: &str = "hubbub.db";
const LOCK: &str = "lock";

/// What SQLite keeps beside a database: the write-ahead log and its index.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// A directory that this process has for itself as long as this lives.
#[derive(Debug)]
pub(super) struct LockedDir {
    dir: PathBuf,
    /// Locked. The system unlocks it when the process ends, however it ends.
    lock: OwnedFd,
}

/// The database in `dir`.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// # Errors
/// That is not the lock of the directory.
pub(super) fn check_lock(dir: &Path, lock: &OwnedFd) -> io::Result<()> {
    let (own, given) = (rustix::fs::stat(dir.join(LOCK))?, rustix::fs::fstat(lock)?);
    match (own.st_dev, own.st_ino) == (given.st_dev, given.st_ino) {
        true => Ok(()),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

impl LockedDir {
    /// Makes the directory where there is none, readable by its owner alone, and takes it.
    ///
    /// # Errors
    /// One line: the directory cannot be made or written to, or another server has it.
    pub(super) fn take(dir: &Path) -> Result<LockedDir, String> {
        let shown = dir.display();
        let cannot = |e: io::Error| format!("cannot keep anything in {shown}: {e}");
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(dir).map_err(cannot)?;
        let lock = owned_file(&dir.join(LOCK)).map_err(cannot)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(format!("another server keeps its history in {shown}"));
            }
            Err(e) => return Err(cannot(e.into())),
        }
        // SQLite gives what it makes beside the database the same mode.
        owned_file(&database(dir)).map_err(cannot)?;
        let place = LockedDir {
            dir: dir.into(),
            lock: lock.into(),
        };
        place.sync().map_err(cannot)?;
        Ok(place)
    }

    /// The same, of which the lock was handed over.
    pub(super) fn of_given(dir: &Path, lock: OwnedFd) -> LockedDir {
        LockedDir {
            dir: dir.into(),
            lock,
        }
    }

    pub(super) fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }

    pub(super) fn database(&self) -> PathBuf {
        database(&self.dir)
    }

    /// Renames the database and what belongs to it, and begins an empty one. Says what it is called now.
    ///
    /// # Errors
    /// One line: the directory cannot be written to.
    pub(super) fn set_aside(&self) -> Result<PathBuf, String> {
        let database = self.database();
        let cannot = |e: io::Error| format!("cannot set {} aside: {e}", database.display());
        let aside = (1..)
            .map(|n| match n {
                1 => self.dir.join(format!("{DATABASE}.broken")),
                n => self.dir.join(format!("{DATABASE}.broken-{n}")),
            })
            .find(|path| !path.exists())
            .unwrap_or_else(|| self.dir.join(format!("{DATABASE}.broken")));
        for suffix in BESIDE {
            match fs::rename(with_suffix(&database, suffix), with_suffix(&aside, suffix)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(cannot(e)),
                _ => {}
            }
        }
        fs::rename(&database, &aside).map_err(cannot)?;
        owned_file(&database).map_err(cannot)?;
        self.sync().map_err(cannot)?;
        Ok(aside)
    }

    /// Has a database that is whole take the place of the one that is there.
    ///
    /// # Errors
    /// One line: the directory cannot be written to.
    pub(super) fn put(&self, from: &Path) -> Result<(), String> {
        let database = self.database();
        let cannot = |e: io::Error| format!("cannot replace {}: {e}", database.display());
        for suffix in BESIDE {
            match fs::remove_file(with_suffix(&database, suffix)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(cannot(e)),
                _ => {}
            }
        }
        fs::rename(from, &database).map_err(cannot)?;
        self.sync().map_err(cannot)
    }

    /// Has the names in the directory on disk.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }
}

/// An empty file that its owner alone may read.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    options.mode(0o600).open(path)
}

/// A file that its owner alone may read, made where there is none.
fn owned_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
