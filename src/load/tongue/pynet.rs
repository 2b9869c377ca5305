//! Hubbub's pynet dialect: JSON objects with nothing between them, each of the same size.

use memchr::memchr;

use super::{Heard, Speaker, Tongue};
use crate::limits::CLIENT_READ_BYTES;

pub(super) struct Pynet;

impl Tongue for Pynet {
    fn name(&self) -> &'static str {
        "pynet"
    }

    fn has_rooms(&self) -> bool {
        false
    }

    fn welcomes(&self) -> bool {
        false
    }

    /// A longer text comes as several objects.
    fn size_max(&self) -> usize {
        900
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        object("join", who.name.as_bytes(), out);
    }

    fn read<'a>(
        &self,
        _: &Speaker,
        _: &mut u8,
        bytes: &'a [u8],
        _: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let object = bytes.get(..CLIENT_READ_BYTES)?;
        Some((CLIENT_READ_BYTES, said(object)))
    }

    fn say(&self, _: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        object("chat", text, out);
    }
}

fn object(kind: &str, data: &[u8], out: &mut Vec<u8>) {
    let parts: [&[u8]; 5] = [
        br#"{"type":""#,
        kind.as_bytes(),
        br#"","data":""#,
        data,
        br#""}"#,
    ];
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// `{"type":"message","from":"NAME","data":"TEXT"}`: a text of ours needs no escapes.
fn said(object: &[u8]) -> Heard<'_> {
    let text = || {
        let rest = object.strip_prefix(br#"{"type":"message","from":""#)?;
        let rest = rest[memchr(b'"', rest)?..].strip_prefix(br#"","data":""#)?;
        Some(&rest[..memchr(b'"', rest)?])
    };
    match object.strip_prefix(br#"{"type":"server_message","data":""#) {
        Some(rest)
            if !rest.starts_with(b"[")
                && memchr::memmem::find(rest, b" has left the chat").is_none() =>
        {
            Heard::Refused(&rest[..memchr(b'"', rest).unwrap_or(0)])
        }
        _ => text().map_or(Heard::Other, Heard::Said),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{Told, check, speaker};
    use super::*;

    fn padded(object: &str) -> String {
        format!("{object:CLIENT_READ_BYTES$}")
    }

    #[test]
    fn objects_side_by_side() {
        let bytes = [
            padded(r#"{"type":"message","from":"eve","data":"~x."}"#),
            padded(r#"{"type":"server_message","data":"eve has left the chat."}"#),
            padded(r#"{"type":"server_message","data":"That name is taken."}"#),
        ];
        let (told, _) = check(&Pynet, &speaker(None), bytes.concat().as_bytes());
        let refused = Told::Refused(b"That name is taken.".to_vec());
        assert_eq!(told, [Told::Said(b"~x.".to_vec()), Told::Other, refused]);
    }

    #[test]
    fn what_is_sent_is_what_the_dialect_reads() {
        use crate::dialect::{Ask, Dialect, Stage};
        let mut out = Vec::new();
        Pynet.greet(&speaker(None), &mut out);
        let asked = Dialect::Pynet.parse(&out, Stage::Joining).ask;
        assert!(matches!(asked, Ask::Request(_)));
        out.clear();
        Pynet.say(&speaker(None), b"~x.", &mut out);
        let asked = Dialect::Pynet.parse(&out, Stage::Joined).ask;
        assert!(matches!(asked, Ask::Request(_)));
    }
}
