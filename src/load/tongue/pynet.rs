//! Hubbub's pynet dialect, and what it stands in for: JSON objects with nothing between them, or blanks.

use memchr::memmem;

use super::{Heard, Speaker, Tongue, object, pad};

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

    fn fills_reads(&self) -> bool {
        true
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        push("join", who.name.as_bytes(), out);
    }

    fn read<'a>(
        &self,
        _: &Speaker,
        _: &mut u8,
        bytes: &'a [u8],
        _: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let len = object::len(bytes)?;
        Some((len, said(&bytes[..len])))
    }

    fn say(&self, _: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        push("chat", text, out);
    }
}

fn push(kind: &str, data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
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
    pad(start, b"", out);
}

/// What an object says: a text of ours needs no escapes.
fn said(bytes: &[u8]) -> Heard<'_> {
    let (Some(kind), Some(data)) = (object::text(bytes, "type"), object::text(bytes, "data"))
    else {
        return Heard::Other;
    };
    let is_told = data.starts_with(b"[") || memmem::find(data, b" has left the chat").is_some();
    match kind {
        b"message" => Heard::Said(data),
        b"server_message" if !is_told => Heard::Refused(data),
        _ => Heard::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{Told, check, speaker};
    use super::*;
    use crate::limits::CLIENT_READ_BYTES;

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
    fn objects_with_nothing_between_them() {
        let bytes = br#"{"type": "message", "from": "eve", "data": "~x."}{"type":"message","from":"e{","data":"~y."}
            {"data": "eve has left the chat.", "type": "server_message"}{"type": "message", "from": "eve", "data": "~z."}"#;
        let (told, _) = check(&Pynet, &speaker(None), bytes);
        let said = |text: &[u8]| Told::Said(text.to_vec());
        assert_eq!(
            told,
            [said(b"~x."), said(b"~y."), Told::Other, said(b"~z.")]
        );
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
