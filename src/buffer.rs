//! What a connection holds between turns: an [`Inbox`] of bytes not yet parsed and an [`Outbox`] of
//! chunks not yet sent. Both give their memory back when they are empty.

use std::cell::{Cell, Ref, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::iter;
use std::rc::Rc;

use crate::limits::{CHUNKS_PER_WRITE, PAGE_BYTES};

/// Bytes that a peer sent and nobody has parsed yet.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// Invariant: `head <= bytes.len()`; what stands before it has been consumed.
    head: usize,
}

impl Inbox {
    /// The unparsed bytes, the oldest first.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    /// The unparsed bytes, for a parser that works in their place.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.head..]
    }

    /// Is nothing waiting to be parsed?
    pub(crate) fn is_empty(&self) -> bool {
        self.head == self.bytes.len()
    }

    /// Adds bytes behind the unparsed ones.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.settle();
        self.bytes.extend_from_slice(bytes);
    }

    /// Drops the first `count` unparsed bytes; more than there are is all of them.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.bytes().len(), "consumed more than there was");
        self.head = (self.head + count).min(self.bytes.len());
    }

    /// Takes back the last `count` unparsed bytes; more than there are is all of them.
    pub(crate) fn retract(&mut self, count: usize) {
        let kept = self.bytes.len().saturating_sub(count).max(self.head);
        self.bytes.truncate(kept);
    }

    /// Moves a partial frame to the front and gives back memory that it does not need.
    pub(crate) fn settle(&mut self) {
        if self.is_empty() {
            *self = Inbox::default();
        } else if self.head > 0 {
            self.bytes.drain(..self.head);
            self.head = 0;
            if self.bytes.capacity() > 4 * self.bytes.len() {
                self.bytes.shrink_to_fit();
            }
        }
    }

    /// The memory held, in bytes.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

/// The memory that pages of pending output hold, all together and each counted once however many
/// Outboxes share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Rc<Cell<usize>>);

impl Ledger {
    /// Bytes held now.
    pub(crate) fn held(&self) -> usize {
        self.0.get()
    }

    /// Memory that was `before` bytes large is `after` bytes large now.
    fn resized(&self, before: usize, after: usize) {
        self.0.set(self.0.get() + after - before);
    }
}

/// Rendered bytes, append-only while anybody refers to them.
#[derive(Debug)]
pub(crate) struct Page {
    bytes: RefCell<Vec<u8>>,
    ledger: Ledger,
}

impl Page {
    /// An empty page, counted in `ledger`.
    pub(crate) fn new(ledger: &Ledger) -> Rc<Page> {
        Rc::new(Page {
            bytes: RefCell::default(),
            ledger: ledger.clone(),
        })
    }

    /// Is there room for `count` more bytes? An empty page takes any number.
    pub(crate) fn has_room(&self, count: usize) -> bool {
        let len = self.bytes.borrow().len();
        len == 0 || len + count <= PAGE_BYTES
    }

    /// Appends what `write` writes and returns it as a chunk of the page.
    pub(crate) fn append(self: &Rc<Page>, write: impl FnOnce(&mut Vec<u8>)) -> Chunk {
        let mut bytes = self.bytes.borrow_mut();
        let place = |len| u32::try_from(len).expect("a page is far below 4 GiB");
        let (start, before) = (place(bytes.len()), bytes.capacity());
        write(&mut bytes);
        self.ledger.resized(before, bytes.capacity());
        Chunk {
            page: Rc::clone(self),
            start,
            end: place(bytes.len()),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.ledger.resized(self.bytes.get_mut().capacity(), 0);
    }
}

/// Rendered bytes shared by reference: a range of a page.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    page: Rc<Page>,
    start: u32,
    /// Invariant: `start <= end`, and `end` is within the page.
    end: u32,
}

impl Chunk {
    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Is there nothing in it?
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Does anybody else refer to its page?
    pub(crate) fn is_shared(&self) -> bool {
        Rc::strong_count(&self.page) > 1
    }

    /// Splits off its first `count` bytes; more than there are is all of them.
    pub(crate) fn split_to(&mut self, count: usize) -> Chunk {
        let mut first = self.clone();
        // Never more than its length, which is below 2^32.
        first.end = first.start + count.min(self.len()) as u32;
        self.start = first.end;
        first
    }

    /// From its start to the end of `last`, where both are on one page.
    pub(crate) fn through(&self, last: &Chunk) -> Option<Chunk> {
        let is_one = Rc::ptr_eq(&self.page, &last.page) && self.start <= last.end;
        is_one.then(|| Chunk {
            page: Rc::clone(&self.page),
            start: self.start,
            end: last.end,
        })
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> Ref<'_, [u8]> {
        Ref::map(self.page.bytes.borrow(), |bytes| {
            &bytes[self.start as usize..self.end as usize]
        })
    }
}

/// One chunk of all, where there is something in them and they are neighbours on one page.
pub(crate) fn joined(chunks: &[Chunk]) -> Option<Chunk> {
    let chunk = chunks.first()?.through(chunks.last()?)?;
    (!chunk.is_empty()).then_some(chunk)
}

/// Bytes that a peer is owed, in order. One chunk, which is what most who wait have, takes no memory
/// of its own.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Invariant: not empty; absent only where nothing is owed.
    first: Option<Chunk>,
    /// Invariant: absent, or not empty.
    others: Option<Box<Others>>,
}

/// The chunks behind the first.
#[derive(Debug, Default)]
struct Others {
    /// Invariant: none is empty.
    chunks: VecDeque<Chunk>,
    /// Invariant: the sum of the chunks' lengths.
    len: usize,
}

impl Others {
    /// What they take themselves, in bytes; it is in the ledger of their pages.
    fn memory(&self) -> usize {
        size_of::<Others>() + self.chunks.capacity() * size_of::<Chunk>()
    }
}

impl Outbox {
    /// Bytes pending: the SendQ.
    pub(crate) fn len(&self) -> usize {
        let others = self.others.as_ref().map_or(0, |others| others.len);
        self.first.as_ref().map_or(0, Chunk::len) + others
    }

    /// What is pending, in one piece.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let others = self.others.iter().flat_map(|others| &others.chunks);
        let mut bytes = Vec::with_capacity(self.len());
        for chunk in self.first.iter().chain(others) {
            bytes.extend_from_slice(&chunk.bytes());
        }
        bytes
    }

    /// Is everything sent?
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds a shared chunk at the end. A chunk that follows the last one in its page joins it, so
    /// that many messages cost one entry and one write.
    pub(crate) fn push(&mut self, chunk: &Chunk) {
        if chunk.is_empty() {
            return;
        }
        let last = match &mut self.others {
            Some(others) => {
                others.len += chunk.len();
                others.chunks.back_mut()
            }
            None => self.first.as_mut(),
        };
        match last {
            None => self.first = Some(chunk.clone()),
            Some(last) if last.end == chunk.start && Rc::ptr_eq(&last.page, &chunk.page) => {
                last.end = chunk.end;
            }
            Some(_) => self.push_apart(chunk),
        }
    }

    fn push_apart(&mut self, chunk: &Chunk) {
        let before = self.others.as_ref().map_or(0, |others| others.memory());
        let others = self.others.get_or_insert_with(|| {
            Box::new(Others {
                chunks: VecDeque::new(),
                len: chunk.len(),
            })
        });
        others.chunks.push_back(chunk.clone());
        chunk.page.ledger.resized(before, others.memory());
    }

    /// Adds what `write` writes, for this peer alone.
    pub(crate) fn append(&mut self, ledger: &Ledger, write: impl FnOnce(&mut Vec<u8>)) {
        let last = match &self.others {
            Some(others) => others.chunks.back(),
            None => self.first.as_ref(),
        };
        let own = last.filter(|last| Rc::strong_count(&last.page) == 1 && last.page.has_room(1));
        let page = own.map_or_else(|| Page::new(ledger), |last| Rc::clone(&last.page));
        self.push(&page.append(write));
    }

    /// Writes until everything is sent or `sink` would block; returns the bytes taken.
    ///
    /// # Errors
    /// The sink's own, `Interrupted` among them, and `WriteZero` where it takes nothing. The bytes
    /// that were taken before are gone from the Outbox.
    pub(crate) fn flush(&mut self, sink: &mut impl Write) -> io::Result<usize> {
        let mut sent = 0;
        while let Some(first) = &self.first {
            let written = match &self.others {
                None => sink.write(&first.bytes()),
                Some(others) => write_many(first, &others.chunks, sink),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.consume(count);
                    sent += count;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        Ok(sent)
    }

    /// Forgets everything pending, and gives its memory back.
    pub(crate) fn clear(&mut self) {
        if let (Some(first), Some(others)) = (self.first.take(), self.others.take()) {
            first.page.ledger.resized(others.memory(), 0);
        }
    }

    /// Takes off the first `count` bytes, of at least as many.
    fn consume(&mut self, mut count: usize) {
        while let Some(first) = &mut self.first {
            if count < first.len() {
                first.split_to(count);
                return;
            }
            count -= first.len();
            let Some(others) = &mut self.others else {
                return self.clear();
            };
            let ledger = first.page.ledger.clone();
            self.first = others.chunks.pop_front();
            others.len -= self.first.as_ref().map_or(0, Chunk::len);
            if others.chunks.is_empty() {
                ledger.resized(others.memory(), 0);
                self.others = None;
            }
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.clear();
    }
}

fn write_many(first: &Chunk, others: &VecDeque<Chunk>, sink: &mut impl Write) -> io::Result<usize> {
    let chunks = iter::once(first).chain(others).take(CHUNKS_PER_WRITE);
    let bytes: Vec<Ref<'_, [u8]>> = chunks.map(Chunk::bytes).collect();
    let slices: Vec<IoSlice<'_>> = bytes.iter().map(|bytes| IoSlice::new(bytes)).collect();
    sink.write_vectored(&slices)
}

#[cfg(test)]
mod tests;
