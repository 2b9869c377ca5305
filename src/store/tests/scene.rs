//! A store in a directory of its own, and what is said in it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::rows::integer;
use super::super::*;
use crate::model::{AccountId, Found, Key, Manner, Message, Nick, RoomName, SaidBy, Window};

/// However slow the machine is.
const DEADLINE: Duration = Duration::from_secs(30);

pub(super) const ALL: Window = Window::first(1_000);

/// A directory of its own, removed with its content.
pub(super) struct TempDir(pub(super) PathBuf);

impl TempDir {
    pub(super) fn new() -> TempDir {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let serial = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hubbub-store-{}-{serial}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).expect("a fresh directory");
        TempDir(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The usual, in `dir`.
pub(super) fn options(dir: &TempDir) -> Options {
    Options {
        dir: dir.0.join("data"),
        durability: Durability::Seen,
        retention: Retention::default(),
        replay: 3,
        sets_aside: false,
        is_shared: false,
        files: None,
    }
}

pub(super) fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room's name")
}

/// Said at as many seconds as its id is.
pub(super) fn message(id: u64, text: &str) -> Message {
    Message {
        id: MessageId(id),
        unix_ms: id * 1_000,
        nick: Nick::parse("Alice").expect("a nick"),
        origin: SaidBy::Unknown,
        manner: Manner::Said,
        text: text.into(),
        tags: None,
        marks: None,
    }
}

pub(super) fn said(id: u64, room_name: &str, text: &str) -> Record {
    Record::Said {
        room: room(room_name),
        message: Arc::new(message(id, text)),
        is_guarded: false,
    }
}

/// The account of a name in these tests.
pub(super) fn account(name: &str) -> AccountId {
    AccountId(Key::of(name).as_str().bytes().map(u64::from).sum())
}

/// The flags: from an account, to an account, delivered.
pub(super) fn whispered(id: u64, from: &str, to: &str, flags: [bool; 3]) -> Record {
    Record::Private {
        message: Arc::new(Message {
            nick: Nick::parse(from).expect("a nick"),
            ..message(id, "psst")
        }),
        to: Nick::parse(to).expect("a nick"),
        from_account: flags[0].then(|| account(from)),
        to_account: flags[1].then(|| account(to)),
        is_delivered: flags[2],
    }
}

pub(super) fn history(name: &str, window: Window) -> Query {
    Query::History {
        room: room(name),
        guarded_from: MessageId(0),
        through: MessageId(0),
        window,
    }
}

pub(super) struct Scene {
    store: Option<Store>,
    pub(super) options: Options,
    woken: Receiver<()>,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// Removed last.
    _dir: TempDir,
}

impl Scene {
    pub(super) fn new() -> Scene {
        Scene::with(|_| {})
    }

    pub(super) fn with(change: impl Fn(&mut Options)) -> Scene {
        let dir = TempDir::new();
        let mut options = options(&dir);
        change(&mut options);
        let (wakes, woken): (Sender<()>, _) = channel();
        let wakes = Mutex::new(wakes);
        let wake = move || {
            let _ = wakes.lock().expect("nobody panicked").send(());
        };
        let mut scene = Scene {
            store: None,
            options,
            woken,
            wake: Arc::new(wake),
            _dir: dir,
        };
        scene.restart();
        scene
    }

    /// Makes accounts of these names, beside the store, which go by [`account`].
    pub(super) fn make_accounts(&self, names: &[&str]) {
        let connection = super::super::accounts::open(&self.options.dir).expect("the database");
        for name in names {
            let row = (integer(account(name).0), Key::of(name).as_str().to_owned());
            let sql = "INSERT INTO accounts (id, key, name, created_ms) VALUES (?1, ?2, ?2, 0)";
            connection.execute(sql, row).expect("an account");
        }
    }

    /// Stops in good order, and starts again.
    pub(super) fn restart(&mut self) -> Kept {
        self.stop();
        let (store, kept) = open(&self.options, Arc::clone(&self.wake)).expect("it opens");
        self.store = Some(store);
        kept
    }

    pub(super) fn stop(&mut self) {
        self.store = None;
    }

    pub(super) fn store(&mut self) -> &mut Store {
        self.store.as_mut().expect("it runs")
    }

    pub(super) fn keep(&mut self, record: Record) {
        assert_eq!(self.store().keep(record), Ok(()));
    }

    /// The next answer, but for commits.
    pub(super) fn answer(&mut self) -> Answer {
        loop {
            if let Some(answer) = self.store().poll_answer() {
                return answer;
            }
            self.woken
                .recv_timeout(DEADLINE)
                .expect("an answer in time");
        }
    }

    /// Waits until everything up to that message is on disk.
    pub(super) fn wait_for(&mut self, id: u64) {
        self.store().flush();
        while self.store().committed() < MessageId(id) {
            assert_eq!(self.store().poll_answer(), None, "nothing was asked");
            self.woken.recv_timeout(DEADLINE).expect("a commit in time");
        }
    }

    pub(super) fn wait_until(&mut self, is_so: impl Fn(&Store) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !is_so(self.store()) {
            assert!(Instant::now() < until, "not in time");
            std::thread::yield_now();
        }
    }

    pub(super) fn find(&mut self, query: Query) -> Found {
        self.store().submit(7, query).expect("there is room");
        match self.answer() {
            Answer::Found {
                ticket: 7, found, ..
            } => found,
            answer => panic!("that is no answer: {answer:?}"),
        }
    }

    /// The ids, up to where was looked, and whether there is more.
    pub(super) fn page(&mut self, query: Query) -> (Vec<u64>, u64, bool) {
        match self.find(query) {
            Found::Messages {
                messages,
                through,
                has_more,
            } => (
                messages.iter().map(|m| m.id.0).collect(),
                through.0,
                has_more,
            ),
            found => panic!("no messages: {found:?}"),
        }
    }

    pub(super) fn ids(&mut self, query: Query) -> Vec<u64> {
        self.page(query).0
    }

    /// The ids of what was found in rooms.
    pub(super) fn found(&mut self, query: Query) -> Vec<u64> {
        match self.find(query) {
            Found::InRooms { messages, .. } => messages.iter().map(|(_, m)| m.id.0).collect(),
            found => panic!("nothing in rooms: {found:?}"),
        }
    }
}
