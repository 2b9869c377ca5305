//! Options of files that people share.

use clap::Args;

use crate::limits::{
    FILE_BYTES_MAX, FILE_EXPIRY_MS, FILES_PER_ACCOUNT_BYTES, FILES_PER_ROOM_BYTES,
    FILES_TOTAL_BYTES, options,
};
use crate::store::FileOptions;

use super::super::values::{
    LargeSize, Size, TimeOrOff, large_size_in, public_url, size_in, time_or_off_in,
};

/// Files that people share in rooms.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(in crate::cli) struct SharedOptions {
    /// Let people share files in rooms, which are kept in the --data directory; see `hubbub help files`
    #[arg(long, requires = "data")]
    pub(in crate::cli) files: bool,

    /// The longest file
    #[arg(long, value_name = "BYTES", default_value_t = Size(FILE_BYTES_MAX), requires = "data", value_parser = size_in(options::FILE_BYTES))]
    pub(in crate::cli) max_file: Size,

    /// All files that one account, or one guest, has shared
    #[arg(long, value_name = "BYTES", default_value_t = LargeSize(FILES_PER_ACCOUNT_BYTES as u64), requires = "data", value_parser = large_size_in(options::FILES_BYTES))]
    pub(in crate::cli) files_per_account: LargeSize,

    /// All files of one room
    #[arg(long, value_name = "BYTES", default_value_t = LargeSize(FILES_PER_ROOM_BYTES as u64), requires = "data", value_parser = large_size_in(options::FILES_BYTES))]
    pub(in crate::cli) files_per_room: LargeSize,

    /// All files together
    #[arg(long, value_name = "BYTES", default_value_t = LargeSize(FILES_TOTAL_BYTES as u64), requires = "data", value_parser = large_size_in(options::FILES_BYTES))]
    pub(in crate::cli) files_total: LargeSize,

    /// How long a file is kept, and the message that shares it
    #[arg(long, value_name = "TIME|off", default_value_t = TimeOrOff(Some(FILE_EXPIRY_MS)), requires = "data", value_parser = time_or_off_in(options::LASTING_MS))]
    pub(in crate::cli) file_expiry: TimeOrOff,

    /// What links to files begin with, as in https://chat.example [default: the address that a reader has come to, and
    /// the port where HTTP is spoken; the first --public-host instead of that address]
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub(in crate::cli) public_url: Option<String>,
}

impl SharedOptions {
    /// How files are shared, if they are.
    pub(super) fn options(&self) -> Option<FileOptions> {
        self.files.then_some(FileOptions {
            bytes_max: self.max_file.0 as u64,
            per_account: self.files_per_account.0,
            per_room: self.files_per_room.0,
            total: self.files_total.0,
            expiry_ms: self.file_expiry.0,
        })
    }
}
