//! Text of other users on a terminal: what could move the cursor, ring, hide or reorder is removed.

/// Appends `text` without control characters (C0 except tab, DEL, C1), without the bidirectional
/// embeddings, overrides and isolates (UAX #9 section 2), and without the two Unicode line breaks.
pub(super) fn push(text: &str, out: &mut Vec<u8>) {
    if text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut utf8 = [0; 4];
    for c in text.chars().filter(|&c| is_harmless(c)) {
        out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
    }
}

/// `text` as [`push`] appends it.
pub(crate) fn cleaned(text: &str) -> String {
    text.chars().filter(|&c| is_harmless(c)).collect()
}

/// May `c` of another user reach a terminal?
pub(super) fn is_harmless(c: char) -> bool {
    let breaks_a_line = matches!(c, '\u{2028}' | '\u{2029}');
    let reorders = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    (c == '\t' || !c.is_control()) && !breaks_a_line && !reorders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_no_controls() {
        let pushed = |text: &str| {
            let mut out = Vec::new();
            push(text, &mut out);
            assert_eq!(out, cleaned(text).as_bytes());
            String::from_utf8(out).expect("UTF-8 stays UTF-8")
        };
        assert_eq!(pushed("plain\ttext ~"), "plain\ttext ~");
        assert_eq!(pushed("a\x1b[31mb\x07\0\r\nc\x7f"), "a[31mbc");
        assert_eq!(
            pushed("a\u{85}\u{9b}31m\u{202e}b\u{2066}\u{2029}c"),
            "a31mbc"
        );
        assert_eq!(pushed("héllo 日本 🎉 \u{200f}"), "héllo 日本 🎉 \u{200f}");
    }
}
