//! Blocks for the clients that take what one read of 1,024 bytes brings for one message.

use crate::limits::CLIENT_READ_BYTES;

/// Fills what was appended to `out` since `start` up with NUL, which terminals skip, to whole blocks. None
/// ends within a character (UTF-8) or a colour; one ends with a line where it can.
pub(super) fn fill(out: &mut Vec<u8>, start: usize) {
    if out.len() - start > CLIENT_READ_BYTES {
        let text = out.split_off(start);
        let mut rest = &text[..];
        while rest.len() > CLIENT_READ_BYTES {
            let (block, behind) = rest.split_at(end_of_block(rest));
            out.extend_from_slice(block);
            fill_last(out, start);
            rest = behind;
        }
        out.extend_from_slice(rest);
    }
    fill_last(out, start);
}

fn fill_last(out: &mut Vec<u8>, start: usize) {
    let len = (out.len() - start).next_multiple_of(CLIENT_READ_BYTES);
    out.resize(start + len, 0);
}

/// Where the first block of a text ends that is longer than one.
fn end_of_block(text: &[u8]) -> usize {
    const ESC: u8 = 0x1b;
    /// The longest escape sequence that sets a colour, `ESC [ 9 6 m`.
    const COLOUR_BYTES: usize = 5;
    let block = &text[..CLIENT_READ_BYTES];
    if let Some(line_end) = memchr::memrchr(b'\n', block) {
        return line_end + 1;
    }
    let goes_on = |at: &usize| text[*at] & 0b1100_0000 == 0b1000_0000;
    let mut end = CLIENT_READ_BYTES;
    while end > 1 && goes_on(&end) {
        end -= 1;
    }
    let last = end.saturating_sub(COLOUR_BYTES - 1).max(1)..end;
    match memchr::memrchr(ESC, &text[last.clone()]) {
        Some(at) if !text[last.start + at..end].contains(&b'm') => last.start + at,
        _ => end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks without what fills them.
    fn blocks(text: &str) -> Vec<String> {
        let mut out = b"before".to_vec();
        out.extend_from_slice(text.as_bytes());
        fill(&mut out, 6);
        let out = &out[6..];
        assert!(out.len().is_multiple_of(CLIENT_READ_BYTES));
        let shown = |block: &[u8]| {
            let block = std::str::from_utf8(block).expect("whole characters");
            block.replace('\0', "")
        };
        out.chunks(CLIENT_READ_BYTES).map(shown).collect()
    }

    #[test]
    fn a_text_is_filled_up_at_the_limit_and_around_it() {
        assert_eq!(blocks(""), Vec::<String>::new());
        for (len, count) in [
            (1, 1),
            (1023, 1),
            (1024, 1),
            (1025, 2),
            (2048, 2),
            (2049, 3),
        ] {
            let text = "x".repeat(len);
            assert_eq!(blocks(&text).len(), count, "{len}");
            assert_eq!(blocks(&text).concat(), text);
        }
    }

    #[test]
    fn no_block_ends_within_a_character_or_a_colour() {
        for character in ["é", "€", "🎉"] {
            for before in 0..5 {
                let text = "x".repeat(before) + &character.repeat(1100);
                assert_eq!(blocks(&text).concat(), text);
            }
        }
        for before in 1015..1030 {
            let text = "x".repeat(before) + "\x1b[96m" + &"y".repeat(before) + "\x1b[0m";
            for block in blocks(&text) {
                let escapes = block.matches('\x1b').count();
                assert_eq!(block.matches('m').count(), escapes, "{before}");
            }
            assert_eq!(blocks(&text).concat(), text);
        }
    }

    #[test]
    fn lines_stay_whole_where_they_fit() {
        let line = "- somebody\n";
        let blocks = blocks(&line.repeat(300));
        assert_eq!(blocks.len(), 4);
        assert!(blocks.iter().all(|block| block.ends_with(line)));
        assert_eq!(blocks.concat(), line.repeat(300));
    }
}
