//! Text of other users on a terminal: what could move the cursor, ring, hide or reorder is removed, what
//! breaks a line or parts words is one blank, and so what is given here is one line: messages are given line by line.
//! IRC's formatting codes are removed whole.

mod unseen;

use crate::model::is_unseen;
use unseen::{flag_len, is_needed};

/// Appends `text` as terminals may have it. What separates lines or words (CR LF, LF, CR, VT, FF, NEL, and
/// Unicode's line and paragraph separators) becomes a blank; a tab stays. Removed are the other control
/// characters (C0, DEL, C1), what turns the direction of text around (UAX #9 section 2), and what is not
/// seen, but where a script or an emoji needs it.
pub(super) fn push(text: &str, out: &mut Vec<u8>) {
    if text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let mut utf8 = [0; 4];
    clean(text, |c| {
        out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
    });
}

/// `text` as [`push`] appends it.
pub(crate) fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    clean(text, |c| out.push(c));
    out
}

/// Puts the characters of `text` that are shown, in linear time.
fn clean(text: &str, mut put: impl FnMut(char)) {
    let mut rest = text.chars();
    // What was put last.
    let mut before = None;
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        let shown = match c {
            '\r' if after.starts_with('\n') => None,
            '\n' | '\r' | '\x0B' | '\x0C' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
            '\t' => Some(c),
            '\x03' => {
                rest = without_colours(after, 2, |c| c.is_ascii_digit()).chars();
                None
            }
            '\x04' => {
                rest = without_colours(after, 6, |c| c.is_ascii_hexdigit()).chars();
                None
            }
            _ if c.is_control() => None,
            _ if is_unseen(c) => is_needed(c, before, after.chars().next()).then_some(c),
            _ => Some(c),
        };
        let Some(shown) = shown else { continue };
        put(shown);
        before = Some(shown);
        let (flag, behind) = after.split_at(flag_len(shown, after));
        for tag in flag.chars() {
            put(tag);
            before = Some(tag);
        }
        if !flag.is_empty() {
            rest = behind.chars();
        }
    }
}

/// Without the numbers of colours that follow IRC's code for them: of the letters, and behind a comma of what is behind.
fn without_colours(text: &str, digits: usize, is_digit: fn(char) -> bool) -> &str {
    let number = |text: &str| {
        text.chars()
            .take(digits)
            .take_while(|c| is_digit(*c))
            .count()
    };
    let rest = &text[number(text)..];
    match rest
        .strip_prefix(',')
        .map(|behind| (behind, number(behind)))
    {
        Some((behind, count @ 1..)) if rest.len() < text.len() => &behind[count..],
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(text: &str) -> String {
        let mut out = Vec::new();
        push(text, &mut out);
        assert_eq!(out, cleaned(text).as_bytes());
        String::from_utf8(out).expect("UTF-8 stays UTF-8")
    }

    #[test]
    fn terminals_get_no_controls() {
        assert_eq!(pushed("plain\ttext ~"), "plain\ttext ~");
        assert_eq!(pushed("a\x1b[31mb\x07\0c\x7f\x08d"), "a[31mbcd");
        assert_eq!(pushed("a\u{9b}31m\u{202e}b\u{2066}c\u{2069}"), "a31mbc");
        assert_eq!(pushed("héllo 日本 🎉"), "héllo 日本 🎉");
    }

    #[test]
    fn codes_of_irc_are_none_of_the_text() {
        assert_eq!(
            pushed("\x02bold\x02 \x1Dit\x1D \x11code\x11"),
            "bold it code"
        );
        for (text, shown) in [
            ("\x034red\x03", "red"),
            ("\x0304,05red\x0f on", "red on"),
            ("\x03123", "3"),
            ("\x03,5", ",5"),
            ("\x034,x", ",x"),
            ("\x03é", "é"),
            ("\x04ff0000,00FF00x", "x"),
            ("\x0304\x034a", "a"),
        ] {
            assert_eq!(pushed(text), shown, "{text:?}");
        }
    }

    #[test]
    fn words_stay_apart() {
        for end in [
            "\n", "\r", "\r\n", "\x0B", "\x0C", "\u{85}", "\u{2028}", "\u{2029}",
        ] {
            assert_eq!(
                pushed(&format!("Hello{end}World")),
                "Hello World",
                "{end:?}"
            );
            assert_eq!(pushed(&format!("é{end}{end}é")), "é  é", "{end:?}");
        }
        assert_eq!(pushed("Hello\tWorld\n"), "Hello\tWorld ");
        assert_eq!(pushed("a\n\rb\r\r\nc"), "a  b  c");
        assert_eq!(pushed("a\r\0\nb"), "a  b");
    }

    #[test]
    fn what_is_not_seen_is_removed() {
        for c in "\u{AD}\u{34F}\u{61C}\u{115F}\u{1160}\u{17B4}\u{180B}\u{180E}\u{200B}\u{200C}\u{200D}\u{200E}\u{200F}\
            \u{2060}\u{2061}\u{2064}\u{206A}\u{206F}\u{3164}\u{FE00}\u{FE0E}\u{FE0F}\u{FEFF}\u{FFA0}\u{FFF9}\u{FFFB}\u{1BCA0}\
            \u{1D173}\u{E0001}\u{E0041}\u{E007F}\u{E0100}\u{E01EF}"
            .chars()
        {
            assert_eq!(pushed(&format!("a{c}b")), "ab", "{c:?}");
            assert_eq!(pushed(&format!("{c}{c}")), "", "{c:?}");
            assert_eq!(pushed(&format!("{c} é{c}{c} {c}")), " é ", "{c:?}");
        }
    }

    #[test]
    fn scripts_and_emoji_keep_what_they_need() {
        for needed in [
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
            "क\u{94D}\u{200C}ष",
            "ශ\u{DCA}\u{200D}රී",
            "അവന\u{D4D}\u{200D} വന്നു",
            "ᠠ\u{180E}ᠠ",
            "ᠠ\u{180B}",
            "ᄀ\u{1160}ᆨ",
            "\u{115F}ᅡ",
            "👩\u{200D}👩\u{200D}👧",
            "👩🏽\u{200D}💻",
            "❤\u{FE0F}\u{200D}🔥",
            "❤\u{FE0F}",
            "☎\u{FE0E}",
            "1\u{FE0F}\u{20E3}",
            "🏴\u{200D}☠\u{FE0F}",
            "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
            "葛\u{E0100}",
            "神\u{FE00}",
            "🇪🇸",
        ] {
            assert_eq!(pushed(needed), needed, "{needed:?}");
        }
    }

    #[test]
    fn nowhere_else_is_it_kept() {
        for (text, shown) in [
            ("a\u{200D}b", "ab"),
            ("می\u{200C}", "می"),
            ("می\u{200C} x", "می x"),
            ("\u{200C}می", "می"),
            ("می\u{200C}\u{200C}\u{200C}خ", "می\u{200C}خ"),
            ("क\u{200D} ", "क "),
            ("👩\u{200D}", "👩"),
            ("👩\u{200D}a", "👩a"),
            ("a\u{200D}👩", "a👩"),
            ("❤\u{FE0F}\u{FE0F}\u{FE0F}", "❤\u{FE0F}"),
            ("a\u{FE0F}", "a"),
            ("1\u{FE0F}2", "12"),
            ("é\u{E0100}", "é"),
            ("葛\u{E0100}\u{E0101}\u{E0102}", "葛\u{E0100}"),
            ("\u{115F}\u{1160}", ""),
            ("🏴\u{E0067}\u{E0062}", "🏴"),
            ("🏴\u{E007F}", "🏴"),
            (
                "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E0061}\u{E0061}\u{E007F}",
                "🏴",
            ),
            (
                "😀\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
                "😀",
            ),
            ("🏴\u{E0047}\u{E0042}\u{E0053}\u{E007F}", "🏴"),
        ] {
            assert_eq!(pushed(text), shown, "{text:?}");
        }
    }
}
