//! What was said, by whom and for whom: each text carries a number that is its own, so that whoever is
//! told it can be held against what its sender meant.

use std::collections::{HashMap, HashSet};

use hubbub::testing::Key;

use crate::peer::Peer;
use crate::plan::Tongue;
use crate::told::{Heard, Where};

/// What stands in every secret, and so never on a wire to a client.
pub(crate) const SECRET: &str = "s3cret";

/// For whom a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    /// The members of a room; `None`, of the one that its sender speaks in.
    Room(Option<Key>),
    /// Whoever goes by that name.
    User(Key),
    /// Whoever is shown it: a topic, a reason, last words.
    Anybody,
}

/// One text.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    /// Which peer said it.
    pub(crate) by: usize,
    pub(crate) to: To,
    /// The step in which it was sent.
    pub(crate) step: u64,
    /// The id, the room and the author that its readers were told; they must agree.
    pub(crate) id: Option<u64>,
    pub(crate) room: Option<Key>,
    pub(crate) author: Option<String>,
    /// Did its sender or a reader see it as said now, in a room?
    pub(crate) is_heard: bool,
    /// Was somebody told that it is kept?
    pub(crate) is_acknowledged: bool,
    /// When it was told to somebody first, in virtual time.
    pub(crate) heard_at_us: u64,
    /// The run of the server in which it was said, counted from 0.
    pub(crate) epoch: usize,
}

/// All that was said.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    said: Vec<Said>,
    /// Which text has which id.
    ids: HashMap<u64, usize>,
    pub(crate) epoch: usize,
    /// Messages that were deleted, as far as anybody was told.
    pub(crate) deleted: HashSet<u64>,
    /// Is what was said told later than what keeps nothing, such as a change of names, may be?
    is_held: bool,
    pub(crate) last_id: u64,
    /// The highest id that was told before the server was started last.
    pub(crate) last_id_before: u64,
}

/// A word that stands for a text.
pub(crate) fn nonce(number: usize) -> String {
    format!("zq{number:06x}qz")
}

/// The numbers of the texts in a text.
pub(crate) fn nonces(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("zq").filter_map(|(at, _)| {
        let number = text.get(at + 2..at + 8)?;
        let is_whole = text.get(at + 8..at + 10) == Some("qz");
        usize::from_str_radix(number, 16).ok().filter(|_| is_whole)
    })
}

impl Ledger {
    pub(crate) fn new(is_held: bool) -> Ledger {
        Ledger {
            is_held,
            ..Ledger::default()
        }
    }

    /// Takes a new text in; its number.
    pub(crate) fn say(&mut self, by: usize, to: To, step: u64) -> usize {
        self.said.push(Said {
            by,
            to,
            step,
            id: None,
            room: None,
            author: None,
            is_heard: false,
            is_acknowledged: false,
            heard_at_us: 0,
            epoch: self.epoch,
        });
        self.said.len() - 1
    }

    pub(crate) fn said(&self) -> &[Said] {
        &self.said
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Said> {
        self.said.get(number)
    }

    /// The server begins anew: `is_kept`, with what it has kept.
    pub(crate) fn begin_epoch(&mut self, is_kept: bool) {
        self.epoch += 1;
        match is_kept {
            true => self.last_id_before = self.last_id,
            false => {
                self.ids.clear();
                (self.last_id, self.last_id_before) = (0, 0);
            }
        }
    }

    /// A sender is told which id its message has.
    ///
    /// # Errors
    /// It is another message's.
    pub(crate) fn acknowledge(&mut self, id: u64, number: usize) -> Result<(), String> {
        self.identify(number, id, true)?;
        self.said[number].is_acknowledged = true;
        Ok(())
    }

    /// It is on disk, and stays there.
    pub(crate) fn note_kept(&mut self, number: usize) {
        if let Some(said) = self.said.get_mut(number) {
            said.is_acknowledged = true;
        }
    }

    /// A reader is told a message.
    ///
    /// # Errors
    /// What must not be told, or not so.
    pub(crate) fn hear(
        &mut self,
        reader: &mut Peer,
        heard: &Heard,
        now_us: u64,
    ) -> Result<(), String> {
        if let Some(id) = heard.id {
            reader.check_rise(heard, id)?;
        }
        let mut numbers = nonces(&heard.text).peekable();
        let is_alone = numbers.peek().is_some() && nonces(&heard.text).count() == 1;
        for number in numbers {
            let Some(said) = self.said.get(number) else {
                return Err(format!("was told what nobody said: {heard:?}"));
            };
            // Two frames may come as one where silence ends them.
            if is_alone {
                check_place(said, reader, heard, self.is_held)?;
                self.agree(number, reader, heard)?;
                if let Some(id) = heard.id {
                    self.identify(number, id, heard.is_live == Some(true))?;
                }
            }
            let said = &mut self.said[number];
            if !said.is_heard {
                (said.is_heard, said.heard_at_us) = (true, now_us);
            }
            reader.note_heard(number, heard)?;
        }
        Ok(())
    }

    /// A text in which no message is told: what a message was is not to be in it.
    ///
    /// # Errors
    /// Somebody else's private words.
    pub(crate) fn overhear(&self, reader: &Peer, text: &str) -> Result<(), String> {
        for number in nonces(text) {
            let Some(said) = self.said.get(number) else {
                return Err(format!("was told what nobody said: {text:?}"));
            };
            let is_for = match &said.to {
                To::User(name) => {
                    said.by == reader.serial
                        || reader.names_ever.contains(name)
                        || reader.may_be_twin
                }
                To::Room(_) | To::Anybody => true,
            };
            if !is_for && !reader.is_console() {
                return Err(format!("was told private words: {text:?}"));
            }
        }
        Ok(())
    }

    /// An id stands for one message, for ever, and a later server gives out higher ones.
    fn identify(&mut self, number: usize, id: u64, is_live: bool) -> Result<(), String> {
        let other = *self.ids.entry(id).or_insert(number);
        let said = &mut self.said[number];
        if other != number || said.id.is_some_and(|known| known != id) {
            return Err(format!(
                "the id {id} stands for {} and {}",
                nonce(other),
                nonce(number)
            ));
        }
        if is_live && said.epoch == self.epoch && id <= self.last_id_before {
            return Err(format!("the id {id} was given out before the restart"));
        }
        said.id = Some(id);
        self.last_id = self.last_id.max(id);
        Ok(())
    }

    /// All who are told a message are told the same author and room.
    fn agree(&mut self, number: usize, reader: &Peer, heard: &Heard) -> Result<(), String> {
        let room = match &heard.place {
            Where::Room(room) => Some(Key::of(room)),
            Where::Here => reader
                .focus
                .clone()
                .filter(|_| heard.is_live == Some(true) && !reader.may_be_twin),
            Where::ToMe | Where::ByMe(_) => None,
        };
        let said = &mut self.said[number];
        if let Some(room) = room {
            let known = said.room.get_or_insert_with(|| room.clone());
            if *known != room {
                return Err(format!(
                    "was told it in {room:?}, others in {known:?}: {heard:?}"
                ));
            }
        }
        if let Some(by) = &heard.by {
            let known = said.author.get_or_insert_with(|| by.clone());
            if known != by {
                return Err(format!("was told it by {by}, others by {known}: {heard:?}"));
            }
        }
        Ok(())
    }
}

/// Is the reader one of those whom it is for, and told so?
fn check_place(said: &Said, reader: &Peer, heard: &Heard, is_held: bool) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{why}: {heard:?}, which was for {:?}", said.to));
    match (&said.to, &heard.place) {
        (To::Anybody, _) => Ok(()),
        (To::Room(_), Where::ToMe | Where::ByMe(_)) => wrong("was told to it alone"),
        (To::User(_), Where::Room(_) | Where::Here) => wrong("was told to a room"),
        (To::User(name), Where::ByMe(to)) => match Key::of(to) == *name {
            true if said.by == reader.serial
                || reader.may_be_twin
                || heard.is_live != Some(true) =>
            {
                Ok(())
            }
            true => wrong("is not its sender"),
            false => wrong("to somebody else"),
        },
        (To::User(name), Where::ToMe) => {
            let goes_by = match heard.is_live {
                Some(true) if !is_held => reader.goes_by(name),
                _ => reader.names_ever.contains(name),
            };
            match goes_by || reader.may_be_twin {
                true => Ok(()),
                false => wrong("goes by another name"),
            }
        }
        (To::Room(meant), Where::Room(room)) => {
            let room = Key::of(room);
            if meant.as_ref().is_some_and(|meant| *meant != room) {
                return wrong("was told it in another room");
            }
            match heard.is_live {
                Some(false) => Ok(()),
                // It comes back also to who may speak there from outside.
                _ if said.by == reader.serial && reader.tongue == Tongue::Irc => Ok(()),
                _ if reader.is_in(&room) || is_held && reader.was_in(&room) => Ok(()),
                _ => wrong("is not in that room"),
            }
        }
        (To::Room(_), Where::Here) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_texts() {
        let text = format!("a {}b{} zq12 zq00000gqz", nonce(7), nonce(0xabcdef));
        assert_eq!(nonces(&text).collect::<Vec<_>>(), [7, 0xabcdef]);
        assert_eq!(nonces("zqé00000qz").count(), 0);
    }
}
