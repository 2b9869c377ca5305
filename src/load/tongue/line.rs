//! Servers that pass on what is said as it is, perhaps with something in front, and say nothing
//! about who is in: any line server, and Hubbub's anon and colon dialects.

use memchr::memchr;

use super::{Heard, Speaker, Tongue};
use crate::load::payload;

pub(super) struct LineTongue {
    name: &'static str,
    /// Is a name sent first?
    gives_name: bool,
    /// Are there line ends behind what is said? Else it is its own last byte that ends it.
    has_line_ends: bool,
}

impl LineTongue {
    /// Any line server without names.
    pub(super) const PLAIN: LineTongue = LineTongue {
        name: "line",
        gives_name: false,
        has_line_ends: true,
    };

    /// Addresses instead of names.
    pub(super) const ANON: LineTongue = LineTongue {
        name: "anon",
        gives_name: false,
        has_line_ends: true,
    };

    /// Coloured lines without line ends; a name comes first.
    pub(super) const COLON: LineTongue = LineTongue {
        name: "colon",
        gives_name: true,
        has_line_ends: false,
    };
}

impl Tongue for LineTongue {
    fn name(&self) -> &'static str {
        self.name
    }

    fn has_rooms(&self) -> bool {
        false
    }

    fn welcomes(&self) -> bool {
        false
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        if self.gives_name {
            out.extend_from_slice(who.name.as_bytes());
            out.push(b'\n');
        }
    }

    fn read<'a>(
        &self,
        _: &Speaker,
        _: &mut u8,
        bytes: &'a [u8],
        _: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        if !self.has_line_ends {
            return read_coloured(bytes);
        }
        let end = memchr(b'\n', bytes)?;
        let line = &bytes[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let heard = payload::find_last(line).map_or(Heard::Other, |at| Heard::Said(&line[at..]));
        Some((end + 1, heard))
    }

    fn say(&self, _: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(text);
        out.push(b'\n');
    }
}

fn read_coloured(bytes: &[u8]) -> Option<(usize, Heard<'_>)> {
    match payload::find(bytes) {
        Some(0) => {
            let end = memchr(payload::END, bytes)? + 1;
            Some((end, Heard::Said(&bytes[..end])))
        }
        Some(before) => Some((before, Heard::Other)),
        None if bytes.is_empty() => None,
        None => Some((bytes.len(), Heard::Other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{Told, check, speaker};
    use super::*;

    #[test]
    fn a_line_with_something_in_front_or_not() {
        let (told, _) = check(
            &LineTongue::PLAIN,
            &speaker(None),
            b"~one.\n~bob^ ~two.\r\nwelcome\n",
        );
        let said = |text: &[u8]| Told::Said(text.to_vec());
        assert_eq!(told, [said(b"~one."), said(b"~two."), Told::Other]);
    }

    #[test]
    fn an_address_in_front() {
        let (told, _) = check(
            &LineTongue::ANON,
            &speaker(None),
            b"('127.0.0.1', 44692) dice: ^x.\n",
        );
        assert_eq!(told, [Told::Said(b"^x.".to_vec())]);
    }

    #[test]
    fn colours_and_no_line_end() {
        let bytes = b"\x1b[96m[23:48:30] Client 127.0.0.1:5 CONNECTED Name: eve\x1b[0m\
            \x1b[93m[23:48:31] eve >> \x1b[0m~one.\x1b[93m[23:48:31] eve >> \x1b[0m~two.";
        let (told, _) = check(&LineTongue::COLON, &speaker(None), bytes);
        let said: Vec<_> = told
            .into_iter()
            .filter(|told| *told != Told::Other)
            .collect();
        assert_eq!(
            said,
            [Told::Said(b"~one.".to_vec()), Told::Said(b"~two.".to_vec())]
        );
    }

    #[test]
    fn what_is_sent() {
        let mut out = Vec::new();
        LineTongue::PLAIN.greet(&speaker(None), &mut out);
        LineTongue::COLON.greet(&speaker(None), &mut out);
        LineTongue::PLAIN.say(&speaker(None), b"~x.", &mut out);
        assert_eq!(out, b"bob\n~x.\n");
    }
}
