//! `hubbub backup`.

use std::path::PathBuf;

use clap::Args;

use crate::store;

/// Copies all that a server keeps (history, accounts) to a file, beside the server or without it.
///
/// The file is the database as it was at one moment: put it as hubbub.db into an empty directory, and that is a
/// --data directory; shared files are copied to the directory FILE-files, which is to be `files` there. FILE must not be
/// there yet. Bans and mutes are not in it, but in the --state file.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The directory that the server was given
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl BackupArguments {
    /// Makes it, and says so.
    ///
    /// # Errors
    /// One line that says why it cannot be made.
    pub(super) fn run(&self) -> Result<String, String> {
        let bytes = store::backup(&self.data, &self.file)?;
        Ok(format!(
            "{} has all of it, {bytes} bytes",
            self.file.display()
        ))
    }
}
