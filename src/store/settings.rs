//! The file that operators' settings survive a restart in: small, written whole to a temporary name,
//! fsynced, renamed, and read at the start. A broken one is set aside, never emptied.

use std::fs::{self, File};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::model::{AccountId, Ban, Key, Mark, Mute, RoomName, Settings};

/// Reads the settings and has them kept from now on. They are written once at once: a file that
/// cannot be written is to be known before somebody relies on it.
///
/// # Errors
/// One line that says what cannot be done.
pub(crate) fn open(path: &Path) -> Result<(Settings, Keeper), String> {
    let shown = path.display();
    let cannot = |what: &str, e: io::Error| format!("cannot {what} the settings in {shown}: {e}");
    let settings = load(path).map_err(|e| cannot("read", e))?;
    write(path, &encode(&settings)).map_err(|e| cannot("keep", e))?;
    let keeper = Keeper::new(path.into()).map_err(|e| cannot("keep", e))?;
    Ok((settings, keeper))
}

/// Reads the settings; a file that is not there has none. One that cannot be understood is renamed
/// to `PATH.broken`, which is logged.
///
/// # Errors
/// A file that is there and cannot be read, or not be set aside.
pub(crate) fn load(path: &Path) -> io::Result<Settings> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => String::new(),
        Err(e) => return Err(e),
    };
    match decode(&text) {
        Some(settings) => Ok(settings),
        None => {
            let aside = aside(path);
            fs::rename(path, &aside)?;
            log::error!(
                "{} is broken; it is kept as {}",
                path.display(),
                aside.display()
            );
            Ok(Settings::default())
        }
    }
}

/// Reads the settings once more, which somebody may have edited. Nothing is set aside.
///
/// # Errors
/// One line that says why there are none: the file is gone, or cannot be read or understood.
fn read_again(path: &Path) -> Result<Settings, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|e| format!("cannot read {shown}: {e}"))?;
    decode(&text).ok_or_else(|| format!("{shown} is broken"))
}

/// A name that no file has yet.
fn aside(path: &Path) -> PathBuf {
    let named = |suffix: String| PathBuf::from(format!("{}{suffix}", path.display()));
    let first = named(".broken".into());
    std::iter::once(first.clone())
        .chain((2..1000).map(|n| named(format!(".broken-{n}"))))
        .find(|candidate| !candidate.exists())
        .unwrap_or(first)
}

/// The settings as the file has them.
pub(crate) fn encode(settings: &Settings) -> String {
    let bans: Vec<Value> = settings
        .bans
        .iter()
        .map(|ban| json!({"mask": ban.text, "until_ms": ban.until_ms, "reason": ban.reason}))
        .collect();
    let mut mutes: Vec<&Mute> = settings.mutes.iter().collect();
    mutes.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let mutes: Vec<Value> = mutes.into_iter().map(encode_mute).collect();
    let mut locked: Vec<&str> = settings.locked.values().map(RoomName::as_str).collect();
    locked.sort_unstable();
    format!(
        "{:#}\n",
        json!({"version": 1, "bans": bans, "mutes": mutes, "locked": locked})
    )
}

fn encode_mute(mute: &Mute) -> Value {
    let (mut names, mut accounts, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
    for mark in &mute.marks {
        match mark {
            Mark::Name(name) => names.push(name.as_str()),
            Mark::Account(AccountId(id)) => accounts.push(id),
            Mark::Address(address) => addresses.push(address.to_string()),
            Mark::User(_) => {}
        }
    }
    json!({
        "name": mute.name.as_str(), "until_ms": mute.until_ms,
        "names": names, "accounts": accounts, "addresses": addresses
    })
}

/// One that says nothing else holds for the name.
fn decode_mute(entry: &Value) -> Option<Mute> {
    let name = Key::of(entry["name"].as_str()?);
    let mut marks = Vec::new();
    let each = |field: &str| maybe(&entry[field], Value::as_array);
    match each("names")? {
        Some(names) => {
            for name in names {
                marks.push(Mark::Name(Key::of(name.as_str()?)));
            }
        }
        None => marks.push(Mark::Name(name.clone())),
    }
    for id in each("accounts")?.into_iter().flatten() {
        marks.push(Mark::Account(AccountId(id.as_u64()?)));
    }
    for address in each("addresses")?.into_iter().flatten() {
        marks.push(Mark::Address(address.as_str()?.parse().ok()?));
    }
    let until_ms = maybe(&entry["until_ms"], Value::as_u64)?;
    Some(Mute {
        name,
        until_ms,
        marks,
    })
}

/// `None` for what is no file of ours, whole.
pub(crate) fn decode(text: &str) -> Option<Settings> {
    let file: Value = serde_json::from_str(text).ok()?;
    if file["version"] != 1 {
        return None;
    }
    let mut settings = Settings::default();
    for entry in file["bans"].as_array()? {
        let reason = maybe(&entry["reason"], |value| value.as_str().map(String::from))?;
        let until_ms = maybe(&entry["until_ms"], Value::as_u64)?;
        let mask = entry["mask"].as_str()?;
        match Ban::new(mask, until_ms, reason) {
            Some(ban) => settings.bans.push(ban),
            None => {
                log::warn!("the ban of {mask:?} is left out: that is no name, address or network")
            }
        }
    }
    for entry in file["mutes"].as_array()? {
        settings.mutes.put(decode_mute(entry)?);
    }
    for entry in file["locked"].as_array()? {
        let room = RoomName::parse(entry.as_str()?)?;
        settings.locked.insert(room.key(), room);
    }
    Some(settings)
}

fn maybe<'a, T>(value: &'a Value, read: impl Fn(&'a Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() {
        Some(None)
    } else {
        read(value).map(Some)
    }
}

/// Writes `text` such that after a crash at any step the file is the old one or the new one.
///
/// # Errors
/// The system's; the old file is then untouched.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = PathBuf::from(format!("{}.new", path.display()));
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes settings in a thread of its own, so that no turn of the loop waits for a disk, or for thousands
/// of bans to be put into words.
pub struct Keeper {
    newest: Arc<Newest>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is to write.
#[derive(Default)]
struct Newest {
    state: Mutex<KeeperState>,
    changed: Condvar,
}

#[derive(Default)]
struct KeeperState {
    /// Settings that were given and are not being written yet. Of several only the last is.
    settings: Option<Settings>,
    is_writing: bool,
    /// Is the file to be read again, as soon as nothing waits to be written to it?
    wants_read: bool,
    /// What was read; an error is one line that says why nothing was.
    read: Option<Result<Settings, String>>,
    is_over: bool,
}

impl Newest {
    fn state(&self) -> MutexGuard<'_, KeeperState> {
        // Whoever had it last left it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Keeps in the file at `path`.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn new(path: PathBuf) -> io::Result<Keeper> {
        let newest = Arc::new(Newest::default());
        let shared = Arc::clone(&newest);
        let thread = std::thread::Builder::new()
            .name("settings".into())
            .spawn(move || keep(&path, &shared))?;
        Ok(Keeper {
            newest,
            thread: Some(thread),
        })
    }

    /// Has the settings written as they are now.
    pub(crate) fn keep(&self, settings: Settings) {
        let older = self.newest.state().settings.replace(settings);
        self.newest.changed.notify_one();
        drop(older);
    }

    /// Has the file read again, which somebody may have edited: thousands of bans take a while.
    /// [`Keeper::take_read`] has them then. `false`: it is yet to be written, which would undo what is read.
    pub(crate) fn read_again(&self) -> bool {
        let mut state = self.newest.state();
        let is_behind = state.settings.is_some() || state.is_writing;
        state.wants_read |= !is_behind;
        state.read = None;
        drop(state);
        self.newest.changed.notify_one();
        !is_behind
    }

    /// What was read again, or why it could not be.
    pub(crate) fn take_read(&self) -> Option<Result<Settings, String>> {
        self.newest.state().read.take()
    }
}

impl Drop for Keeper {
    /// Waits for what is yet to be written.
    fn drop(&mut self) {
        self.newest.state().is_over = true;
        self.newest.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes what is given until it is over and nothing waits.
fn keep(path: &Path, newest: &Newest) {
    loop {
        let mut state = newest.state();
        state.is_writing = false;
        let settings = loop {
            match state.settings.take() {
                Some(settings) => break settings,
                None if state.is_over => return,
                None if mem::take(&mut state.wants_read) => {
                    drop(state);
                    let read = read_again(path);
                    state = newest.state();
                    state.read = Some(read);
                }
                None => {
                    let waited = newest.changed.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        state.is_writing = true;
        drop(state);
        if let Err(e) = write(path, &encode(&settings)) {
            log::error!("cannot keep the settings in {}: {e}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mutes;

    fn settings() -> Settings {
        let ban = |text, until, reason: Option<&str>| {
            Ban::new(text, until, reason.map(Into::into)).expect("a mask")
        };
        let room = RoomName::parse("Rust").expect("a room name");
        let mut mutes = Mutes::default();
        let address = "192.0.2.7".parse().expect("an address");
        for (name, until_ms, marks) in [
            (
                "bob",
                None,
                vec![Mark::Name(Key::of("bob")), Mark::Address(address)],
            ),
            ("eve", Some(7), vec![Mark::Account(AccountId(5))]),
        ] {
            let name = Key::of(name);
            mutes.put(Mute {
                name,
                until_ms,
                marks,
            });
        }
        Settings {
            bans: vec![
                ban("10.0.0.0/8", Some(5), Some("too \"loud\"\n")),
                ban("b*", None, None),
            ],
            mutes,
            locked: [(room.key(), room)].into(),
        }
    }

    /// A folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("hubbub-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn what_is_kept_comes_back() {
        assert_eq!(decode(&encode(&settings())), Some(settings()));
        assert_eq!(
            decode(&encode(&Settings::default())),
            Some(Settings::default())
        );
    }

    #[test]
    fn a_file_of_an_older_version_is_read() {
        let old = r#"{"version": 1, "bans": [{"mask": "1.2.3"}, {"mask": "b*"}],
            "mutes": [{"name": "Bob", "until_ms": 9}], "locked": []}"#;
        let settings = decode(old).expect("settings");
        let masks: Vec<&str> = settings.bans.iter().map(|ban| ban.text.as_str()).collect();
        assert_eq!(masks, ["b*"]);
        let mutes: Vec<&Mute> = settings.mutes.iter().collect();
        let marks = vec![Mark::Name(Key::of("bob"))];
        let bob = Mute {
            name: Key::of("bob"),
            until_ms: Some(9),
            marks,
        };
        assert_eq!(mutes, [&bob]);
    }

    #[test]
    fn a_file_cut_anywhere_is_broken_not_empty() {
        let whole = encode(&settings());
        let end = whole.trim_end().len();
        for cut in 0..end {
            let Some(part) = whole.get(..cut) else {
                continue;
            };
            assert_eq!(decode(part), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_broken_file_is_set_aside() {
        let folder = folder("broken");
        let path = folder.join("state");
        for (text, aside) in [("{", "state.broken"), ("\u{ff}", "state.broken-2")] {
            fs::write(&path, text).expect("written");
            assert_eq!(load(&path).expect("readable"), Settings::default());
            assert!(!path.exists());
            assert_eq!(fs::read_to_string(folder.join(aside)).expect("kept"), text);
        }
        fs::remove_dir_all(folder).expect("removed");
    }

    /// Whatever of the writing is left undone by a crash, the old file or the new one is read.
    #[test]
    fn a_crash_at_any_step_of_writing_loses_no_file() {
        let folder = folder("crash");
        let (path, temporary) = (folder.join("state"), folder.join("state.new"));
        write(&path, &encode(&settings())).expect("written");
        let new = encode(&Settings::default());
        for written in [0, 1, new.len() / 2, new.len()] {
            fs::write(&temporary, &new[..written]).expect("written");
            assert_eq!(load(&path).expect("readable"), settings());
        }
        write(&path, &new).expect("written over what a crash left");
        assert_eq!(load(&path).expect("readable"), Settings::default());
        assert!(!temporary.exists());
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn the_keeper_writes_the_last_before_it_goes() {
        let folder = folder("keeper");
        let path = folder.join("state");
        let keeper = Keeper::new(path.clone()).expect("a thread");
        keeper.keep(Settings::default());
        keeper.keep(settings());
        drop(keeper);
        assert_eq!(load(&path).expect("readable"), settings());
        fs::remove_dir_all(folder).expect("removed");
    }
}
