//! A disk that fails on command: a library between the server and the kernel (`faulty_disk.cc`), and a
//! file system that is small.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::util::*;

/// What the disk does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nothing can be written any more.
    Write(Errno),
    /// What is written does not come to rest.
    Sync(Errno),
    /// What is written takes its time to come to rest.
    SlowSync(Duration),
    /// Nothing can be made, opened for writing or written, as where a file system becomes read-only.
    ReadOnly,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::None => f.write_str("the disk is well"),
            Fault::Write(errno) => write!(f, "writes fail with {errno}"),
            Fault::Sync(errno) => write!(f, "syncs fail with {errno}"),
            Fault::SlowSync(time) => write!(f, "each sync takes {time:?}"),
            Fault::ReadOnly => f.write_str("the disk is read-only"),
        }
    }
}

/// Stands between a server and the files in its directory.
pub(crate) struct FaultyDisk {
    directory: PathBuf,
    page: PathBuf,
    control: File,
    pub(crate) log: PathBuf,
}

/// The page's fields, as `faulty_disk.cc` has them.
const FIELDS: usize = 8;

impl FaultyDisk {
    /// For the files in `directory`; its own are in `scratch`.
    pub(crate) fn new(directory: &Path, scratch: &TempDir) -> FaultyDisk {
        let page = scratch.join("page");
        std::fs::write(&page, [0; 4 * FIELDS]).expect("room for a page");
        let log = scratch.join("log");
        File::create(&log).expect("a file");
        FaultyDisk {
            directory: directory.into(),
            control: File::options()
                .read(true)
                .write(true)
                .open(&page)
                .expect("it was written"),
            page,
            log,
        }
    }

    /// Makes a command's program write through this; what it writes is recorded if that `is_recorded`.
    pub(crate) fn put_under(&self, command: &mut Command, is_recorded: bool) {
        command
            .env("LD_PRELOAD", library())
            .env("FAULTY_DIR", &self.directory)
            .env("FAULTY_PAGE", &self.page);
        if is_recorded {
            command.env("FAULTY_LOG", &self.log);
        }
    }

    /// From now on, instead of whatever was before.
    pub(crate) fn set(&self, fault: Fault) {
        let code = |errno: Errno| errno.raw_os_error() as u32;
        let fields: [u32; 4] = match fault {
            Fault::None => [0, 0, 0, 0],
            Fault::Write(errno) => [code(errno), 0, 0, 0],
            Fault::Sync(errno) => [0, code(errno), 0, 0],
            Fault::SlowSync(time) => [0, 0, 0, time.as_millis() as u32],
            Fault::ReadOnly => [code(Errno::ROFS), 0, code(Errno::ROFS), 0],
        };
        let bytes: Vec<u8> = fields
            .iter()
            .flat_map(|field| field.to_ne_bytes())
            .collect();
        self.control.write_all_at(&bytes, 0).expect("a page");
    }

    /// How often something failed or was held up.
    pub(crate) fn hits(&self) -> u32 {
        let mut bytes = [0; 16];
        self.control.read_exact_at(&mut bytes, 16).expect("a page");
        let fields = bytes
            .chunks_exact(4)
            .map(|field| u32::from_ne_bytes(field.try_into().expect("four bytes")));
        fields.sum()
    }

    /// Waits until the fault was met: a test in which it is not shows nothing.
    #[track_caller]
    pub(crate) fn expect_hit(&self) {
        let before = self.hits();
        wait_until("the fault is met", || self.hits() > before);
    }
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/durability/faulty_disk.cc");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let fresh = folder.join(format!("faulty_disk-{}.so", std::process::id()));
        let compiled = run(Command::new("c++")
            .args(["-O2", "-Wall", "-shared", "-fPIC", "-o"])
            .args([&fresh, &source])
            .arg("-ldl"));
        assert!(compiled.status.success(), "{}", compiled.stderr);
        let library = folder.join("faulty_disk.so");
        std::fs::rename(&fresh, &library).expect("in one folder");
        library
    })
}

/// Polls until `is_so`; what others do has no other sign.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + 8 * DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to this: {what}");
        // To ask is work for the server, too.
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A file system of its own in memory, of a size.
pub(crate) struct SmallDisk {
    place: PathBuf,
    _folder: TempDir,
}

impl SmallDisk {
    /// Nothing where one may not mount, which is printed.
    pub(crate) fn mount(kib: usize) -> Option<SmallDisk> {
        let folder = TempDir::new();
        let place = folder.join("disk");
        std::fs::create_dir(&place).expect("a fresh directory");
        let size = format!("size={kib}k");
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&place);
        let mounted = run(&mut command);
        if !mounted.status.success() {
            println!(
                "skipped: no small file system here: {}",
                mounted.stderr.trim()
            );
            return None;
        }
        Some(SmallDisk {
            place,
            _folder: folder,
        })
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Takes all the room there is.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.join("ballast")).expect("a file");
        let full = std::iter::repeat(())
            .find_map(|()| std::io::Write::write_all(&mut file, &[0; 1024]).err());
        let full = full.expect("it has an end");
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.join("ballast")).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server that still ends may use it yet: then it goes when that has gone.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}
