//! Characters that are not seen, and where they are needed all the same.

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use crate::model::is_unseen;

/// Does a script or an emoji need `c`, which is not seen, between what is shown before it and the
/// character behind it? Tags are not among this: see [`flag_len`].
pub(super) fn is_needed(c: char, before: Option<char>, after: Option<char>) -> bool {
    let Some(before) = before else {
        // An old syllable that begins with a vowel.
        return c == '\u{115F}' && after.is_some_and(is_jamo_vowel);
    };
    let comes = |is: fn(char) -> bool| after.is_some_and(is);
    match c {
        // Joiners: within a word, behind a virama (RFC 5892, appendix A), and between emoji.
        '\u{200C}' | '\u{200D}' if is_joined(before) => is_virama(before) || comes(is_joined),
        '\u{200D}' => is_end_of_emoji(before) && comes(is_emoji),
        // The text and the emoji presentation, of keycaps too.
        '\u{FE0E}'..='\u{FE0F}' => match before {
            '#' | '*' | '0'..='9' => after == Some('\u{20E3}'),
            _ => is_emoji(before),
        },
        '\u{FE00}'..='\u{FE0D}' => before >= '\u{1000}' && is_base(before),
        '\u{E0100}'..='\u{E01EF}' => is_ideograph(before),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => is_mongolian(before),
        '\u{180E}' => is_mongolian(before) && comes(is_mongolian),
        '\u{115F}' => comes(is_jamo_vowel),
        '\u{1160}' => matches!(before, '\u{1100}'..='\u{115E}' | '\u{A960}'..='\u{A97C}'),
        _ => false,
    }
}

/// How many bytes of `after` are the tags that make another flag of a black `flag` (UTS #51 section
/// 1.4.6): three to six letters and digits, which name a part of a country, and the end.
pub(super) fn flag_len(flag: char, after: &str) -> usize {
    const TAG_BYTES: usize = '\u{E007F}'.len_utf8();
    if flag != '\u{1F3F4}' {
        return 0;
    }
    let is_tag = |c: &char| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}');
    let count = after.chars().take(7).take_while(is_tag).count();
    match after.chars().nth(count) {
        Some('\u{E007F}') if (3..=6).contains(&count) => (count + 1) * TAG_BYTES,
        _ => 0,
    }
}

/// A letter or mark of the scripts whose letters join, or stack.
fn is_joined(c: char) -> bool {
    let is_of_script = matches!(
        c,
        '\u{600}'..='\u{DFF}'
            | '\u{1000}'..='\u{109F}'
            | '\u{1780}'..='\u{18AF}'
            | '\u{1B00}'..='\u{1C7F}'
            | '\u{A800}'..='\u{A95F}'
            | '\u{A980}'..='\u{AAFF}'
            | '\u{ABC0}'..='\u{ABFF}'
            | '\u{FB50}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFC}'
            | '\u{10A00}'..='\u{11FFF}'
            | '\u{1E900}'..='\u{1E95F}'
    );
    is_of_script && (c.is_alphabetic() || is_combining_mark(c)) && !is_unseen(c)
}

/// What takes its own vowel from a letter.
fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == 9
}

/// Where emoji are among other symbols.
fn is_emoji(c: char) -> bool {
    matches!(
        c,
        '\u{A9}'
            | '\u{AE}'
            | '\u{203C}'
            | '\u{2049}'
            | '\u{2122}'
            | '\u{2139}'
            | '\u{2190}'..='\u{21FF}'
            | '\u{2300}'..='\u{23FF}'
            | '\u{24C2}'
            | '\u{25A0}'..='\u{27BF}'
            | '\u{2934}'..='\u{2935}'
            | '\u{2B00}'..='\u{2BFF}'
            | '\u{3030}'
            | '\u{303D}'
            | '\u{3297}'
            | '\u{3299}'
            | '\u{1F000}'..='\u{1FAFF}'
    )
}

/// An emoji, its presentation, or the end of a flag's tags.
fn is_end_of_emoji(c: char) -> bool {
    is_emoji(c) || matches!(c, '\u{FE0F}' | '\u{E007F}')
}

/// What may be shown in another form.
fn is_base(c: char) -> bool {
    !c.is_whitespace() && !is_combining_mark(c) && !is_unseen(c)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{18AA}')
}

fn is_jamo_vowel(c: char) -> bool {
    matches!(c, '\u{1161}'..='\u{11A7}' | '\u{D7B0}'..='\u{D7C6}')
}
