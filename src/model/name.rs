//! Names of users and rooms: what is one, and when two are the same.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::letters::{is_letter_or_digit, is_mark, latin, marks_max};
use crate::limits::{NICK_CHARS_MAX, ROOM_NAME_CHARS_MAX};

/// What names are compared by, however they were typed: canonical equivalents are one name, and so are
/// those that differ in case only (the Unicode Standard, section 3.13, D145 with full case folding).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(Box<str>);

impl Key {
    /// The key of a name as typed, be it a good one or not.
    pub fn of(name: &str) -> Key {
        match name.is_ascii() {
            true => Key(name.to_ascii_lowercase().into()),
            false => Key(folded(name).into()),
        }
    }

    /// The folded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn folded(name: &str) -> String {
    let decomposed: String = name.nfd().collect();
    let folded = UniCase::unicode(decomposed).to_folded_case();
    folded.nfc().collect()
}

/// A name that is compared and hashed as its key would be, which need not be made of ASCII.
#[derive(Debug, Clone)]
pub(crate) struct Folded<'a>(
    /// ASCII as it was typed, or what it is folded to.
    Cow<'a, str>,
);

impl<'a> Folded<'a> {
    /// Of a name as typed, be it a good one or not.
    pub(crate) fn of(name: &'a str) -> Folded<'a> {
        match name.is_ascii() {
            true => Folded(Cow::Borrowed(name)),
            false => Folded(Cow::Owned(folded(name))),
        }
    }
}

impl PartialEq for Folded<'_> {
    fn eq(&self, other: &Folded<'_>) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Folded<'_> {}

impl Hash for Folded<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        // No byte of UTF-8.
        state.write_u8(0xff);
    }
}

/// A user's name: 1 to 20 letters, digits and combining marks of any script, `_`, `-`, `.`, beginning
/// with a letter, a digit or `_`. One that exists is a good one, in normalization form C.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "&str")]
pub struct Nick(SmolStr);

impl Nick {
    /// `None` for anything that is not a nick; nothing is trimmed.
    pub fn parse(name: &str) -> Option<Nick> {
        let name = normalized(name, NICK_CHARS_MAX, "_-.")?;
        (!name.starts_with(['-', '.'])).then(|| Nick(name.as_ref().into()))
    }

    /// A name that an older program took for one: as it is, or what is left of it.
    pub fn nearest(name: &str) -> Nick {
        Nick::parse(name).unwrap_or_else(|| {
            let left = Nick::parse(&letters_of(name, NICK_CHARS_MAX));
            left.unwrap_or_else(|| Nick("_".into()))
        })
    }

    /// As it was typed, but for its normalization.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is compared by.
    pub fn key(&self) -> Key {
        Key::of(&self.0)
    }

    /// Does it look like the server itself, to somebody who reads it?
    pub fn is_reserved(&self) -> bool {
        let letters = self
            .0
            .nfkd()
            .filter(|&c| c.is_alphanumeric() && !is_combining_mark(c));
        let seen: String = letters.map(latin).collect();
        // These two are seen as one.
        let seen = seen.replace("rn", "m");
        ["server", "system"].contains(&seen.as_str())
    }
}

impl TryFrom<&str> for Nick {
    type Error = &'static str;

    fn try_from(name: &str) -> Result<Nick, &'static str> {
        Nick::parse(name).ok_or("no name of a user")
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name in normalization form C (UAX #15), of 1 to `chars_max` characters: letters, digits, `others`, and
/// marks behind the letter that they belong to.
fn normalized<'a>(name: &'a str, chars_max: usize, others: &str) -> Option<Cow<'a, str>> {
    let name = match name.is_ascii() {
        true => Cow::Borrowed(name),
        false => Cow::Owned(name.nfc().take(chars_max + 1).collect()),
    };
    // How many marks follow the last letter; none may follow anything else.
    let (mut letter, mut marks, mut chars) = (None, 0, 0);
    for c in name.chars() {
        chars += 1;
        let is_good = if is_combining_mark(c) {
            marks += 1;
            letter.is_some_and(|letter| is_mark(c, letter) && marks <= marks_max(c))
        } else {
            (letter, marks) = (c.is_alphabetic().then_some(c), 0);
            is_letter_or_digit(c) || others.contains(c)
        };
        if !is_good {
            return None;
        }
    }
    (1..=chars_max).contains(&chars).then_some(name)
}

/// What of something is always good in a name.
fn letters_of(name: &str, chars_max: usize) -> String {
    let composed = name.nfc();
    let letters = composed.filter(|&c| is_letter_or_digit(c) || c == '_');
    letters.take(chars_max).collect()
}

/// A room's name: 1 to 32 letters, digits and combining marks of any script, `_` and `-`. One that exists
/// is a good one, in normalization form C.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "&str")]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// The room that everyone starts in.
    pub const LOBBY: &'static str = "lobby";

    /// `None` for anything that is not a room name. A leading `#` is not part of it.
    pub fn parse(name: &str) -> Option<RoomName> {
        let name = name.strip_prefix('#').unwrap_or(name);
        let name = normalized(name, ROOM_NAME_CHARS_MAX, "_-")?;
        Some(match name.eq_ignore_ascii_case(RoomName::LOBBY) {
            true => RoomName::lobby(),
            false => RoomName(name.into()),
        })
    }

    /// As [`Nick::nearest`].
    pub fn nearest(name: &str) -> RoomName {
        RoomName::parse(name).unwrap_or_else(|| {
            let left = RoomName::parse(&letters_of(name, ROOM_NAME_CHARS_MAX));
            left.unwrap_or_else(|| RoomName("_".into()))
        })
    }

    /// The lobby's name.
    pub fn lobby() -> RoomName {
        RoomName(RoomName::LOBBY.into())
    }

    /// As it was typed by who created the room, but for its normalization.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is compared by.
    pub fn key(&self) -> Key {
        Key::of(&self.0)
    }

    /// Is this the lobby, however it was typed?
    pub fn is_lobby(&self) -> bool {
        self.0.eq_ignore_ascii_case(RoomName::LOBBY)
    }
}

impl TryFrom<&str> for RoomName {
    type Error = &'static str;

    fn try_from(name: &str) -> Result<RoomName, &'static str> {
        RoomName::parse(name).ok_or("no name of a room")
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
