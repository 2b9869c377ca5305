//! How a running server and the program that takes over from it meet: at a Unix-domain socket of records
//! (`SOCK_SEQPACKET`, unix(7)), over which go what is to be known and every descriptor (`SCM_RIGHTS`).
//!
//! A record is a [`Word`] and what belongs to it:
//! ```text
//! the new program                         the old one
//!                    ← Offer              the version of the snapshot, its length, the number of descriptors
//!                    ← Snapshot ...       its bytes
//!                    ← Descriptors ...    at most 200 at a time
//! Ready →                                 all is read, checked and registered
//!                    ← Yours              the old one touches nothing any more
//!                    ← the end            it has closed what it had of it
//! ```
//! In place of `Offer` or `Ready` either may say `Refusal` and why; with that, with an error or with silence all is
//! as before. Who has much to do before says `Alive` meanwhile, which is no silence. Each side is the same user's, or root's (`SO_PEERCRED`).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::cmsg_space;
use rustix::io::retry_on_intr;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::limits::{
    HANDOVER_ALIVE_MS, HANDOVER_BATCH, HANDOVER_BYTES_MAX, HANDOVER_CHUNK_BYTES,
    HANDOVER_PATIENCE_MS, HANDOVER_SILENCE_MS,
};

use super::unix::SocketFile;

/// What the socket is called in its directory.
const SOCKET_FILE: &str = "take-over.sock";

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Offer = 1,
    Snapshot = 2,
    Descriptors = 3,
    Ready = 4,
    Yours = 5,
    Refusal = 6,
    Alive = 7,
}

impl Word {
    fn of(byte: u8) -> Option<Word> {
        use Word::{Alive, Descriptors, Offer, Ready, Refusal, Snapshot, Yours};
        let all = [Offer, Snapshot, Descriptors, Ready, Yours, Refusal, Alive];
        all.into_iter().find(|&word| word as u8 == byte)
    }
}

/// Where a running server waits for a program that takes over.
pub(super) struct Meeting {
    socket: Socket,
    path: PathBuf,
    /// Absent as long as it is the other program's.
    file: Option<SocketFile>,
}

impl Meeting {
    /// Binds in a directory, for this user alone.
    ///
    /// # Errors
    /// The system's, and `AddrInUse` where another server waits there.
    pub(super) fn open(dir: &Path) -> io::Result<Meeting> {
        let path = dir.join(SOCKET_FILE);
        let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None)?;
        socket.set_nonblocking(true)?;
        let file = SocketFile::bind(&socket, &path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        socket.listen(1)?;
        let file = Some(file);
        Ok(Meeting { socket, path, file })
    }

    /// The same, where it was handed over.
    pub(super) fn of_given(socket: OwnedFd, dir: &Path) -> Meeting {
        Meeting {
            socket: socket.into(),
            path: dir.join(SOCKET_FILE),
            file: None,
        }
    }

    /// Its file is this program's from now on.
    pub(super) fn claim_file(&mut self) {
        self.file = SocketFile::of(&self.path).ok();
    }

    /// Who has come.
    ///
    /// # Errors
    /// The system's, `WouldBlock` where nobody has, and `PermissionDenied` for another user.
    pub(super) fn admit(&self) -> io::Result<Link> {
        let (socket, _) = self.socket.accept()?;
        socket.set_nonblocking(false)?;
        Link::between(socket)
    }

    /// Has the poll watch it.
    pub(super) fn watch(&self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(
            &mut SourceFd(&self.socket.as_raw_fd()),
            token,
            Interest::READABLE,
        )
    }

    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// It is another's from now on, with its file.
    pub(super) fn leave_file(self) {
        if let Some(file) = self.file {
            file.forget();
        }
    }
}

/// Connects to who listens there; `None` where nobody does.
fn connect(address: &SockAddr) -> io::Result<Option<Socket>> {
    let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None)?;
    match socket.connect(address) {
        Ok(()) => Ok(Some(socket)),
        Err(e) => match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(e),
        },
    }
}

/// A record: what it is, where that is known, and what belongs to it.
type Received = (Option<Word>, Vec<u8>, Vec<OwnedFd>);

/// What a running server hands over.
#[derive(Debug)]
pub(crate) struct Offer {
    link: Link,
    /// That of the snapshot.
    pub(crate) version: u32,
    pub(crate) snapshot: Vec<u8>,
    /// In the order in which they were sent.
    pub(crate) descriptors: Vec<OwnedFd>,
    /// When the other program heard last that this one lives.
    reassured: Instant,
}

impl Offer {
    /// That of the server that has programs come to a directory; `None` where none does.
    ///
    /// # Errors
    /// One line: it is refused, it is none or too much, nothing came for too long, or the system's.
    pub(crate) fn hear(dir: &Path) -> Result<Option<Offer>, String> {
        let link = Link::to(dir).map_err(in_words)?;
        link.map(Link::hear_offer).transpose()
    }

    /// Tells the other program that this one is at it, where that is some time ago.
    pub(crate) fn reassure(&mut self) {
        if self.reassured.elapsed() >= Duration::from_millis(HANDOVER_ALIVE_MS) {
            self.reassured = Instant::now();
            // Whether it has gone is found out in the end.
            let _ = self.link.reassure();
        }
    }

    /// Nothing comes of it: all stays the other program's.
    pub(crate) fn refuse(&self, why: &str) {
        self.link.refuse(why);
    }

    /// All that was offered is here and good. Returns when it is this program's, and the other has let go of it.
    ///
    /// # Errors
    /// One line: it stays the other's.
    pub(crate) fn take(self) -> Result<(), String> {
        let link = self.link;
        link.send(Word::Ready, &[], &[])?;
        link.expect(Word::Yours)?;
        // Its end says that the other side has nothing any more; a disk may take its time.
        link.socket.set_read_timeout(None).map_err(in_words)?;
        let _ = link.receive();
        Ok(())
    }
}

/// The connection of the two. Nothing waits longer than [`HANDOVER_SILENCE_MS`] for the other side.
#[derive(Debug)]
pub(super) struct Link {
    socket: Socket,
    /// The process of the other side.
    pub(super) pid: u32,
}

impl Link {
    /// To the server that waits in a directory; `None` where none does.
    ///
    /// # Errors
    /// The system's, and `PermissionDenied` where it is another user's.
    pub(super) fn to(dir: &Path) -> io::Result<Option<Link>> {
        let address = SockAddr::unix(dir.join(SOCKET_FILE))?;
        connect(&address)?.map(Link::between).transpose()
    }

    fn between(socket: Socket) -> io::Result<Link> {
        let peer = socket_peercred(&socket)?;
        if !peer.uid.is_root() && peer.uid != rustix::process::geteuid() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let silence = Some(Duration::from_millis(HANDOVER_SILENCE_MS));
        socket.set_read_timeout(silence)?;
        socket.set_write_timeout(silence)?;
        let pid = peer.pid.as_raw_nonzero().get().unsigned_abs();
        Ok(Link { socket, pid })
    }

    /// Offers what is to be handed over, and waits until the other side has all of it. Descriptors are asked for
    /// as they are sent.
    ///
    /// # Errors
    /// One line: it is refused, nothing came for too long, or the system's.
    pub(super) fn give<D: AsFd>(
        &self,
        version: u32,
        snapshot: &[u8],
        count: usize,
        mut descriptors: impl Iterator<Item = io::Result<D>>,
    ) -> Result<(), String> {
        let mut head = Vec::from(version.to_le_bytes());
        head.extend_from_slice(&(snapshot.len() as u64).to_le_bytes());
        head.extend_from_slice(&(count as u64).to_le_bytes());
        self.send(Word::Offer, &head, &[])?;
        for chunk in snapshot.chunks(HANDOVER_CHUNK_BYTES) {
            self.send(Word::Snapshot, chunk, &[])?;
        }
        loop {
            let batch = descriptors.by_ref().take(HANDOVER_BATCH);
            let batch: Vec<D> = batch.collect::<Result<_, _>>().map_err(in_words)?;
            if batch.is_empty() {
                break;
            }
            let batch: Vec<BorrowedFd<'_>> = batch.iter().map(D::as_fd).collect();
            self.send(Word::Descriptors, &[], &batch)?;
        }
        self.expect(Word::Ready).map(drop)
    }

    /// All of it is the other side's.
    ///
    /// # Errors
    /// One line: it is not to be told.
    pub(super) fn give_up(&self) -> Result<(), String> {
        self.send(Word::Yours, &[], &[])
    }

    /// Takes in what is offered, whatever it is.
    fn hear_offer(self) -> Result<Offer, String> {
        let (head, _) = self.expect(Word::Offer)?;
        let (version, rest) = head.split_first_chunk().ok_or_else(no_offer)?;
        let (len, rest) = rest.split_first_chunk().ok_or_else(no_offer)?;
        let count = rest.first_chunk().ok_or_else(no_offer)?;
        let version = u32::from_le_bytes(*version);
        let len = u64::from_le_bytes(*len);
        let count = u64::from_le_bytes(*count);
        if len > HANDOVER_BYTES_MAX {
            return Err(format!("a snapshot of {len} bytes is too long"));
        }
        let mut snapshot = Vec::new();
        while (snapshot.len() as u64) < len {
            snapshot.extend_from_slice(&self.expect(Word::Snapshot)?.0);
        }
        let mut descriptors = Vec::new();
        while (descriptors.len() as u64) < count {
            descriptors.append(&mut self.expect(Word::Descriptors)?.1);
        }
        Ok(Offer {
            link: self,
            version,
            snapshot,
            descriptors,
            reassured: Instant::now(),
        })
    }

    /// Tells that this side is at it.
    ///
    /// # Errors
    /// One line: it is not to be told.
    pub(super) fn reassure(&self) -> Result<(), String> {
        self.send(Word::Alive, &[], &[])
    }

    /// Nothing comes of it.
    pub(super) fn refuse(&self, why: &str) {
        // It may be gone: then it knows.
        let _ = self.send(Word::Refusal, why.as_bytes(), &[]);
    }

    fn send(&self, word: Word, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<(), String> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(HANDOVER_BATCH))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() {
            let has_room = ancillary.push(SendAncillaryMessage::ScmRights(fds));
            debug_assert!(has_room, "a batch fits");
        }
        let word = [word as u8];
        let slices = [IoSlice::new(&word), IoSlice::new(bytes)];
        let flags = SendFlags::NOSIGNAL;
        let sent = retry_on_intr(|| sendmsg(&self.socket, &slices, &mut ancillary, flags));
        sent.map(drop).map_err(|e| in_words(e.into()))
    }

    /// What belongs to the next record, which is to be `word`.
    fn expect(&self, word: Word) -> Result<(Vec<u8>, Vec<OwnedFd>), String> {
        let begun = Instant::now();
        loop {
            return match self.receive()? {
                (Some(found), bytes, fds) if found == word => Ok((bytes, fds)),
                (Some(Word::Alive), ..) => match begun.elapsed().as_millis() {
                    passed if passed < u128::from(HANDOVER_PATIENCE_MS) => continue,
                    _ => Err("the other program takes too long".into()),
                },
                (Some(Word::Refusal), bytes, _) => {
                    Err(String::from_utf8_lossy(&bytes).into_owned())
                }
                _ => Err("the other program says what makes no sense here".into()),
            };
        }
    }

    fn receive(&self) -> Result<Received, String> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(HANDOVER_BATCH))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = vec![0; 1 + HANDOVER_CHUNK_BYTES];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let received = retry_on_intr(|| {
            let mut slices = [IoSliceMut::new(&mut bytes)];
            recvmsg(&self.socket, &mut slices, &mut ancillary, flags)
        });
        let received = received.map_err(|e| in_words(e.into()))?;
        let mut fds = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err("there are too few descriptors for all connections".into());
        }
        bytes.truncate(received.bytes);
        if bytes.is_empty() {
            return Err("the other program has gone".into());
        }
        Ok((Word::of(bytes.remove(0)), bytes, fds))
    }
}

fn no_offer() -> String {
    "the other program offers nothing that can be understood".into()
}

fn in_words(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock => "the other program says nothing".into(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "the other program has gone".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
