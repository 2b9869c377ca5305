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
}
