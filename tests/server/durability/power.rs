//! A loss of power, played: from the record of what was written and synced, the directory as a disk may
//! hold it that kept what was synced, and of the rest anything.

use std::collections::HashMap;
use std::path::Path;

use crate::random::Random;

/// The unit in which a disk writes, in bytes.
const SECTOR: usize = 512;

/// A change of the directory or of a file in it, as `faulty_disk.cc` records it.
#[derive(Debug, Clone)]
struct Change {
    kind: u8,
    name: String,
    data: Vec<u8>,
    offset: usize,
    began_ns: u64,
    ended_ns: u64,
}

/// All that was done to a directory that was empty at first.
pub(crate) struct Record(Vec<Change>);

/// What the disk has of a file, and what it may have beyond that.
#[derive(Debug, Clone, Default)]
struct Contents {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

/// A directory in memory. Files are numbered; a name may come to stand for another file.
#[derive(Default)]
struct Disk {
    files: Vec<Contents>,
    names: HashMap<String, usize>,
    durable_names: HashMap<String, usize>,
    pending_names: Vec<(u64, Naming)>,
}

enum Naming {
    Made(String, usize),
    Gone(String),
    Moved(String, String),
}

impl Record {
    pub(crate) fn read(path: &Path) -> Record {
        let bytes = std::fs::read(path).expect("it was recorded");
        let mut changes = Vec::new();
        let mut rest = &bytes[..];
        while let Some((change, behind)) = Change::read(rest) {
            changes.push(change);
            rest = behind;
        }
        // Each entry is one write: only the last can be cut off, by a kill.
        Record(changes)
    }

    /// How many syncs of files it has.
    pub(crate) fn syncs(&self) -> usize {
        self.0.iter().filter(|change| change.kind == b'S').count()
    }

    /// How often a file of that name was synced.
    pub(crate) fn syncs_of(&self, name: &str) -> usize {
        let is_it = |change: &&Change| change.kind == b'S' && change.name == name;
        self.0.iter().filter(is_it).count()
    }

    /// Makes `directory` what a disk may hold whose power went when the steady clock showed `at_ns`.
    pub(crate) fn rebuild(&self, at_ns: u64, random: &mut Random, directory: &Path) {
        let mut disk = Disk::default();
        for change in &self.0 {
            if change.ended_ns <= at_ns {
                disk.apply(change, random);
            } else if change.began_ns <= at_ns && matches!(change.kind, b'W' | b'T') {
                disk.write(change);
            }
        }
        std::fs::create_dir_all(directory).expect("a directory");
        for (name, contents) in disk.lose_power(random) {
            std::fs::write(directory.join(name), contents).expect("a file");
        }
    }
}

impl Change {
    fn read(bytes: &[u8]) -> Option<(Change, &[u8])> {
        let (head, rest) = bytes.split_at_checked(40)?;
        let number = |at: usize| -> u64 {
            u64::from_ne_bytes(head[at..at + 8].try_into().expect("eight bytes"))
        };
        let name_length = u32::from_ne_bytes(head[4..8].try_into().expect("four bytes"));
        let (name, rest) = rest.split_at_checked(name_length as usize)?;
        let (data, rest) = rest.split_at_checked(number(8) as usize)?;
        let change = Change {
            kind: head[0],
            name: String::from_utf8(name.into()).expect("names of ours"),
            data: data.into(),
            offset: number(16) as usize,
            began_ns: number(24),
            ended_ns: number(32),
        };
        Some((change, rest))
    }

    fn apply_to(&self, contents: &mut Vec<u8>) {
        if self.kind == b'T' {
            contents.resize(self.offset, 0);
            return;
        }
        write_at(contents, self.offset, &self.data);
    }

    /// Applies what a disk that lost its power in the middle may have of it.
    fn apply_torn(&self, contents: &mut Vec<u8>, random: &mut Random) {
        if self.kind == b'T' {
            return self.apply_to(contents);
        }
        let mut at = 0;
        while at < self.data.len() {
            let to_boundary = SECTOR - (self.offset + at) % SECTOR;
            let end = self.data.len().min(at + to_boundary);
            if random.one_in(2) {
                write_at(contents, self.offset + at, &self.data[at..end]);
            }
            at = end;
        }
    }
}

fn write_at(contents: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if contents.len() < end {
        contents.resize(end, 0);
    }
    contents[offset..end].copy_from_slice(data);
}

impl Disk {
    fn apply(&mut self, change: &Change, random: &mut Random) {
        let name = change.name.clone();
        match change.kind {
            b'C' => {
                self.files.push(Contents::default());
                let file = self.files.len() - 1;
                self.names.insert(name.clone(), file);
                self.pending_names
                    .push((change.ended_ns, Naming::Made(name, file)));
            }
            b'U' => {
                self.names.remove(&name);
                self.pending_names
                    .push((change.ended_ns, Naming::Gone(name)));
            }
            b'R' => {
                let to = String::from_utf8(change.data.clone()).expect("names of ours");
                if let Some(file) = self.names.remove(&name) {
                    self.names.insert(to.clone(), file);
                }
                self.pending_names
                    .push((change.ended_ns, Naming::Moved(name, to)));
            }
            b'S' if name.is_empty() => self.sync_names(change.began_ns),
            b'S' => self.sync(change),
            b'F' => self.forget(change, random),
            _ => self.write(change),
        }
    }

    fn write(&mut self, change: &Change) {
        if let Some(&file) = self.names.get(&change.name) {
            self.files[file].pending.push(change.clone());
        }
    }

    /// What was written before the sync began is on disk.
    fn sync(&mut self, sync: &Change) {
        let Some(&file) = self.names.get(&sync.name) else {
            return;
        };
        let contents = &mut self.files[file];
        for change in std::mem::take(&mut contents.pending) {
            match change.ended_ns <= sync.began_ns {
                true => change.apply_to(&mut contents.durable),
                false => contents.pending.push(change),
            }
        }
    }

    /// After a sync that failed the kernel takes for written what may not be: no later sync writes it.
    fn forget(&mut self, sync: &Change, random: &mut Random) {
        if let Some(&file) = self.names.get(&sync.name) {
            let pending = &mut self.files[file].pending;
            pending.retain(|change| change.ended_ns > sync.began_ns || random.one_in(2));
        }
    }

    fn sync_names(&mut self, began_ns: u64) {
        for (at_ns, naming) in std::mem::take(&mut self.pending_names) {
            match at_ns <= began_ns {
                true => naming.apply_to(&mut self.durable_names),
                false => self.pending_names.push((at_ns, naming)),
            }
        }
    }

    /// What is there when the power comes back: of the names' changes some first ones, of a file's
    /// none, the first, any, or parts of any.
    fn lose_power(mut self, random: &mut Random) -> Vec<(String, Vec<u8>)> {
        let kept = random.below(self.pending_names.len() + 1);
        for (_, naming) in self.pending_names.drain(..).take(kept) {
            naming.apply_to(&mut self.durable_names);
        }
        let manner = random.below(4);
        let mut found = Vec::new();
        for (name, file) in &self.durable_names {
            let Contents { durable, pending } = &self.files[*file];
            let mut contents = durable.clone();
            let first = random.below(pending.len() + 1);
            for (at, change) in pending.iter().enumerate() {
                match manner {
                    0 => {}
                    1 if at < first => change.apply_to(&mut contents),
                    2 if random.one_in(2) => change.apply_to(&mut contents),
                    3 => change.apply_torn(&mut contents, random),
                    _ => {}
                }
            }
            found.push((name.clone(), contents));
        }
        found
    }
}

impl Naming {
    fn apply_to(self, names: &mut HashMap<String, usize>) {
        match self {
            Naming::Made(name, file) => drop(names.insert(name, file)),
            Naming::Gone(name) => drop(names.remove(&name)),
            Naming::Moved(from, to) => {
                if let Some(file) = names.remove(&from) {
                    names.insert(to, file);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: u8, name: &str, data: &[u8], offset: usize, at: u64) -> Change {
        let (began_ns, ended_ns) = (at, at);
        Change {
            kind,
            name: name.into(),
            data: data.into(),
            offset,
            began_ns,
            ended_ns,
        }
    }

    /// What the disk may hold of the file `a` at a time, in many losses of power.
    fn losses(changes: &[Change], at_ns: u64) -> Vec<Option<Vec<u8>>> {
        let mut random = Random::new(7);
        let losses = (0..200).map(|_| {
            let mut disk = Disk::default();
            for change in changes.iter().filter(|change| change.ended_ns <= at_ns) {
                disk.apply(change, &mut random);
            }
            let found = disk
                .lose_power(&mut random)
                .into_iter()
                .find(|(name, _)| name == "a");
            found.map(|(_, contents)| contents)
        });
        let mut losses: Vec<_> = losses.collect();
        losses.sort();
        losses.dedup();
        losses
    }

    #[test]
    fn what_is_synced_is_there_and_the_rest_may_be() {
        let changes = [
            change(b'C', "a", b"", 0, 1),
            change(b'S', "", b"", 0, 2),
            change(b'W', "a", b"one", 0, 3),
            change(b'S', "a", b"", 0, 4),
            change(b'W', "a", b"two", 3, 5),
            change(b'T', "a", b"", 4, 6),
            change(b'S', "a", b"", 0, 7),
            change(b'U', "a", b"", 0, 8),
        ];
        let some = |texts: &[&str]| -> Vec<Option<Vec<u8>>> {
            texts
                .iter()
                .map(|text| Some(text.as_bytes().to_vec()))
                .collect()
        };
        assert_eq!(losses(&changes, 1), [vec![None], some(&[""])].concat());
        assert_eq!(losses(&changes, 3), some(&["", "one"]));
        assert_eq!(losses(&changes, 4), some(&["one"]));
        assert_eq!(losses(&changes, 5), some(&["one", "onetwo"]));
        assert_eq!(losses(&changes, 7), some(&["onet"]));
        assert_eq!(losses(&changes, 8), [vec![None], some(&["onet"])].concat());
    }

    #[test]
    fn writes_are_torn_between_sectors_and_forgotten_after_a_sync_that_failed() {
        let data = [b'x'; 2 * SECTOR];
        let mut changes = vec![
            change(b'C', "a", b"", 0, 1),
            change(b'S', "", b"", 0, 2),
            change(b'W', "a", &data, 0, 3),
        ];
        let second = [vec![0; SECTOR], vec![b'x'; SECTOR]].concat();
        let torn = losses(&changes, 3);
        for contents in [vec![], vec![b'x'; SECTOR], second, data.to_vec()] {
            assert!(torn.contains(&Some(contents)));
        }
        changes.push(change(b'F', "a", b"", 0, 4));
        changes.push(change(b'S', "a", b"", 0, 5));
        assert_eq!(losses(&changes, 5), [Some(vec![]), Some(data.to_vec())]);
    }
}
