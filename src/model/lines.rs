//! The lines of a text.

/// The lines of a text, which end in CR LF, LF or CR. What is behind the last end is one too, empty or not. Other
/// characters that Unicode has for that (VT, FF, NEL, U+2028, U+2029) end none: nobody types them.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = memchr::memchr2(b'\r', b'\n', text.as_bytes()) else {
            return rest.take();
        };
        let (line, behind) = text.split_at(end);
        rest = Some(behind.strip_prefix("\r\n").unwrap_or(&behind[1..]));
        Some(line)
    })
}

/// The lines of a message as they are shown: no blank one before the first or behind the last, but one at least.
pub(crate) fn shown_lines(text: &str) -> impl Iterator<Item = &str> {
    let shown = match memchr::memchr2(b'\r', b'\n', text.as_bytes()) {
        None => text,
        Some(_) => without_blank_ends(text),
    };
    lines(shown)
}

fn without_blank_ends(text: &str) -> &str {
    let is_seen = |c: char| !c.is_whitespace() && !c.is_control();
    let (Some(first), Some(last)) = (text.find(is_seen), text.rfind(is_seen)) else {
        return "";
    };
    const ENDS: [char; 2] = ['\r', '\n'];
    let begin = text[..first].rfind(ENDS).map_or(0, |at| at + 1);
    let end = text[last..].find(ENDS).map_or(text.len(), |at| last + at);
    &text[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines() {
        for (text, expected) in [
            ("", vec![""]),
            ("a", vec!["a"]),
            ("a\nb\r\nc\rd", vec!["a", "b", "c", "d"]),
            ("a\n", vec!["a", ""]),
            ("\n\r\r\n", vec!["", "", "", ""]),
            ("é\u{85}\u{2028}\x0B\x0C", vec!["é\u{85}\u{2028}\x0B\x0C"]),
        ] {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn blank_lines_are_shown_within_only() {
        for (text, expected) in [
            ("", vec![""]),
            (" a ", vec![" a "]),
            (" \n\u{1b}\r\n", vec![""]),
            (" \n a\n\nb \r\n \r", vec![" a", "", "b "]),
            ("\n\u{2028}\n", vec![""]),
        ] {
            assert_eq!(shown_lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
