//! The database for whoever looks after accounts beside the server.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::limits::DATABASE_BUSY_MS;

use super::super::place::{self, LockedDir};
use super::super::schema::{self, OpenError};

/// Opens the database in a directory, be there a server that uses it or not.
///
/// # Errors
/// One line: there is none, or it cannot be used.
pub(crate) fn open(dir: &Path) -> Result<Connection, String> {
    let path = place::database(dir);
    if !path.exists() {
        return Err(format!("there is no {}", path.display()));
    }
    let connection = schema::open(&path).map_err(|refusal| match refusal {
        OpenError::Broken(how) => format!("{} is broken ({how})", path.display()),
        OpenError::Other(line) => line,
    })?;
    let patience = Duration::from_millis(DATABASE_BUSY_MS);
    match connection.busy_timeout(patience) {
        Ok(()) => Ok(connection),
        Err(e) => Err(format!("cannot use {}: {e}", path.display())),
    }
}

/// As [`open`], where there is none as a server would begin it.
///
/// # Errors
/// One line: it cannot be made or used.
pub(crate) fn begin(dir: &Path) -> Result<Connection, String> {
    if !place::database(dir).exists() {
        drop(LockedDir::take(dir)?);
    }
    open(dir)
}
