//! Bounds of files that are shared.

/// A file's name, in bytes: what a line has room for beside a link.
pub(crate) const FILE_NAME_BYTES_MAX: usize = 100;

/// The same in a link, in bytes: a line of IRC has room for the whole link.
pub(crate) const FILE_URL_NAME_BYTES_MAX: usize = 48;

/// How long a link holds, in seconds: long enough to open it after a night.
pub(crate) const FILE_LINK_S: u64 = 24 * 3_600;

/// How long the same link is made for the same reader, in seconds.
pub(crate) const FILE_LINK_STEP_S: u64 = 3_600;

/// What is read or written of a file at once, in bytes: each transfer holds one such piece.
pub(crate) const FILE_PIECE_BYTES: usize = 64 * 1024;

/// A file by default, in bytes (`--max-file`).
pub(crate) const FILE_BYTES_MAX: usize = 16 << 20;

/// Files of one account, of one room and in all by default, in bytes.
pub(crate) const FILES_PER_ACCOUNT_BYTES: usize = 128 << 20;
pub(crate) const FILES_PER_ROOM_BYTES: usize = 512 << 20;
pub(crate) const FILES_TOTAL_BYTES: usize = 1 << 30;

/// How long files are kept by default, in milliseconds.
pub(crate) const FILE_EXPIRY_MS: u64 = 30 * 24 * 3_600_000;

/// Uploads at once in all, and of one address: each holds a piece, a file and a part of the disk.
pub(crate) const UPLOADS_MAX: usize = 64;
pub(crate) const UPLOADS_PER_ADDRESS: usize = 4;

/// Downloads at once in all: each holds a piece and a file.
pub(crate) const DOWNLOADS_MAX: usize = 512;

/// How long a ticket to send a file lasts, from when it was made or more of the file came, in milliseconds.
pub(crate) const TICKET_MS: u64 = 10 * 60_000;

/// Tickets that are not used up, in all and of one session: each may have a part of a file.
pub(crate) const TICKETS_MAX: usize = 1_000;
pub(crate) const TICKETS_PER_SESSION: usize = 10;

/// What an upload must bring, in bytes a second, once it has used up the time for a request.
pub(crate) const UPLOAD_BYTES_PER_S: u64 = 4 * 1024;

/// How much longer than a request a piece of a download may take, in milliseconds: about 1 KiB a second.
pub(crate) const PIECE_MS: u64 = 60_000;
