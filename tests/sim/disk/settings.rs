//! The file of settings: written and read beside the loop, and edited by hand.

use std::cell::RefCell;
use std::rc::Rc;

use hubbub::testing::{Settings, SettingsFile};

use super::Shelves;

/// The file, and what is being done to it.
#[derive(Default)]
pub(super) struct File {
    text: Settings,
    /// It can't be understood.
    is_bad: bool,
    /// The server knows what stands in it: nothing was lost on its way, or edited and not read since.
    is_known: bool,
    /// What is being written, and when it is.
    writing: Option<(u64, Settings)>,
    /// When it is read again; what was, and whether that stands in it yet.
    reading: Option<u64>,
    read: Option<Result<Settings, String>>,
    is_read_current: bool,
}

impl File {
    pub(super) fn next_due_us(&self) -> Option<u64> {
        let writing = self.writing.as_ref().map(|&(at_us, _)| at_us);
        writing.into_iter().chain(self.reading).min()
    }

    /// Lets happen what is due.
    pub(super) fn advance(&mut self, now_us: u64, can_write: bool) {
        if self
            .writing
            .as_ref()
            .is_some_and(|&(at_us, _)| at_us <= now_us)
        {
            self.write(can_write);
        }
        if self.reading.take_if(|at_us| *at_us <= now_us).is_some() {
            self.read = Some(match self.is_bad {
                true => Err("settings: not a good file".into()),
                false => Ok(self.text.clone()),
            });
            self.is_read_current = true;
        }
    }

    fn take_read(&mut self) -> Option<Result<Settings, String>> {
        let read = self.read.take()?;
        self.is_known = read.is_ok() && self.is_read_current;
        Some(read)
    }

    /// Writes what is yet to be written; it is lost where that can't be.
    fn write(&mut self, can_write: bool) {
        if let Some((_, settings)) = self.writing.take() {
            self.is_known = can_write;
            if can_write {
                (self.text, self.is_bad) = (settings, false);
            }
        }
    }

    /// The power fails.
    pub(super) fn forget(&mut self) {
        (self.writing, self.reading, self.read) = (None, None, None);
    }

    pub(super) fn edit(&mut self, text: Option<Settings>) {
        self.is_bad = text.is_none();
        (self.is_known, self.is_read_current) = (false, false);
        if let Some(text) = text {
            self.text = text;
        }
    }

    /// What stands in it, where the server knows that.
    pub(super) fn known(&self) -> Option<&Settings> {
        self.is_known.then_some(&self.text)
    }
}

/// The file as a server has it.
pub(crate) struct SimSettings(Rc<RefCell<Shelves>>);

impl SimSettings {
    /// Where it can't be understood, its operator mends it first.
    pub(crate) fn open(shelves: &Rc<RefCell<Shelves>>) -> (Settings, SimSettings) {
        let file = &mut shelves.borrow_mut().file;
        (file.is_bad, file.is_known) = (false, true);
        (file.text.clone(), SimSettings(Rc::clone(shelves)))
    }
}

impl Drop for SimSettings {
    /// What is yet to be written is waited for.
    fn drop(&mut self) {
        let mut shelves = self.0.borrow_mut();
        let can_write = shelves.can_write();
        shelves.file.write(can_write);
        shelves.file.forget();
    }
}

impl SettingsFile for SimSettings {
    fn keep(&self, settings: Settings) {
        let mut shelves = self.0.borrow_mut();
        if !shelves.is_off {
            let at_us = shelves.now_us + 100 + shelves.chance.below(20_000);
            shelves.file.writing = Some((at_us, settings));
        }
    }

    fn read_again(&self) -> bool {
        let mut shelves = self.0.borrow_mut();
        let is_behind = shelves.file.writing.is_some();
        shelves.file.read = None;
        if !is_behind {
            let at_us = shelves.now_us + shelves.chance.below(20_000);
            shelves.file.reading = Some(at_us);
        }
        !is_behind
    }

    fn take_read(&self) -> Option<Result<Settings, String>> {
        self.0.borrow_mut().file.take_read()
    }
}
