//! A copy of the database, made while a server goes on writing to it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{files, place, schema};

/// Copies the database in `dir` to a new file, as it is at one moment, and looks the copy over.
///
/// # Errors
/// One line: there is none, the file is there already, or cannot be written. What was made of it is gone.
pub(crate) fn backup(dir: &Path, to: &Path) -> Result<u64, String> {
    let from = place::database(dir);
    if !from.exists() {
        return Err(format!("there is no {}", from.display()));
    }
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(to);
    match made {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            let shown = to.display();
            return Err(format!("{shown} is there already, and is left as it is"));
        }
        Err(e) => return Err(format!("cannot write {}: {e}", to.display())),
    }
    let copied = copy(&from, to).and_then(|()| {
        // Behind the rows: a file is there before its row, and what is in no row is removed by who begins with it.
        let files = files::copy_all(&from, to);
        files.map_err(|e| format!("cannot copy the files: {e}"))
    });
    let copied = copied.and_then(|files| {
        let file = File::open(to).and_then(|file| file.sync_all().map(|()| file));
        let len = file.and_then(|file| Ok(file.metadata()?.len() + files));
        len.map_err(|e| format!("cannot write {}: {e}", to.display()))
    });
    if copied.is_err() {
        // Nobody is to take a part for the whole.
        let _ = fs::remove_file(to);
    }
    copied
}

/// All pages in one step: in WAL mode nobody waits for who reads, and between steps a server would write, with which
/// the copy would begin anew.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let cannot = |e: rusqlite::Error| format!("cannot copy {}: {e}", from.display());
    let source = schema::connect(from, true).map_err(cannot)?;
    let mut target = Connection::open(to).map_err(cannot)?;
    // The copy alone is to be the backup, without a log beside it.
    let step = Backup::new(&source, &mut target)
        .and_then(|backup| backup.step(-1))
        .map_err(cannot)?;
    if step != StepResult::Done {
        return Err(format!("cannot copy {}: it is in use", from.display()));
    }
    let mode = target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()));
    mode.map_err(cannot)?;
    let check = target.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match check.map_err(cannot)?.as_str() {
        "ok" => Ok(()),
        wrong => Err(format!("{} is broken: {wrong}", from.display())),
    }
}
