//! What text is searched by. Messages and queries pass through one function ([`terms`]), so that a
//! query finds what was written the same way, whatever case and accents it was typed with.

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::limits::{PREFIX_LETTERS_MIN, SEARCH_WORDS_MAX};

use super::letters::is_unseen;

/// The terms of a text, each between blanks: ` so 🤣 funny `; one blank where there are none.
///
/// Letters, digits and marks make words, case-folded. The accents of Latin, Greek and Cyrillic letters are
/// dropped; marks of other scripts, such as Indic vowel signs, stay. Han, kana, Hangul syllables and emoji
/// are terms of one character, and a flag's two are one; everything else is a blank, but for what has no
/// width, which is nothing. Takes time and memory in proportion to the text.
pub fn terms(text: &str) -> String {
    let mut terms = Terms {
        out: String::with_capacity(text.len() + 2),
        place: Preceding::Blank,
    };
    if text.is_ascii() {
        for byte in text.bytes() {
            terms.push_ascii(byte);
        }
    } else {
        let folded = UniCase::unicode(without_accents(text)).to_folded_case();
        for c in folded.chars() {
            terms.push(c);
        }
    }
    terms.out.push(' ');
    terms.out
}

/// What a search looks for: all of these words, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWords {
    /// Invariant: no two are the same, and all together have at most [`SEARCH_WORDS_MAX`] terms.
    phrases: Vec<Phrase>,
}

/// Terms that stand next to each other: one word, or CJK characters that were typed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// As [`terms`] has them, but for the blank behind the last.
    terms: String,
    /// May the last one go on?
    pub is_prefix: bool,
}

impl SearchWords {
    /// The first words of a query, as many as are looked for. A word of one Latin letter is left out: it is
    /// nearly everywhere. One that ends with a `*` may go on, if it has letters enough; else it is taken as
    /// it is.
    pub fn parse(query: &str) -> SearchWords {
        let mut words = SearchWords {
            phrases: Vec::new(),
        };
        let mut left = SEARCH_WORDS_MAX;
        for word in query.split_whitespace() {
            let (word, is_prefix) = match word.strip_suffix('*') {
                Some(stem) => (stem, true),
                None => (word, false),
            };
            words.take_in(&terms(word), is_prefix, &mut left);
            if left == 0 {
                break;
            }
        }
        words
    }

    /// Is nothing left of the query? Then nothing is found.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// What is to be in a text, all of it.
    pub fn phrases(&self) -> impl Iterator<Item = &Phrase> {
        self.phrases.iter()
    }

    /// Are all of them in a text whose [`terms`] these are? Nothing is found where nothing is left of the
    /// query.
    pub fn are_in(&self, terms: &str) -> bool {
        !self.is_empty() && self.phrases.iter().all(|phrase| phrase.is_in(terms))
    }

    /// Takes in the terms of one word as it was typed, as many as are `left`.
    fn take_in(&mut self, terms: &str, is_prefix: bool, left: &mut usize) {
        let mut last: Option<Phrase> = None;
        for term in terms.split_ascii_whitespace() {
            if *left == 0 {
                return self.add(last);
            }
            if is_one_latin_letter(term) {
                self.add(last.take());
                continue;
            }
            *left -= 1;
            match &mut last {
                Some(phrase) if term.starts_with(is_cjk) && phrase.ends_cjk() => phrase.push(term),
                _ => self.add(last.replace(Phrase::of(term))),
            }
        }
        if let Some(phrase) = &mut last {
            phrase.is_prefix = is_prefix && phrase.may_go_on();
        }
        self.add(last);
    }

    fn add(&mut self, phrase: Option<Phrase>) {
        if let Some(phrase) = phrase
            && !self.phrases.contains(&phrase)
        {
            self.phrases.push(phrase);
        }
    }
}

impl Phrase {
    fn of(term: &str) -> Phrase {
        Phrase {
            terms: format!(" {term}"),
            is_prefix: false,
        }
    }

    fn push(&mut self, term: &str) {
        self.terms.push(' ');
        self.terms.push_str(term);
    }

    /// Its terms, with a blank between two of them. Nothing in them but letters, digits, marks and emoji.
    pub fn as_str(&self) -> &str {
        self.terms.trim_start()
    }

    fn last(&self) -> &str {
        self.terms.rsplit(' ').next().unwrap_or_default()
    }

    fn ends_cjk(&self) -> bool {
        self.last().starts_with(is_cjk)
    }

    fn may_go_on(&self) -> bool {
        self.last().chars().count() >= PREFIX_LETTERS_MIN && !self.ends_cjk()
    }

    /// Is it in a text whose [`terms`] these are?
    fn is_in(&self, terms: &str) -> bool {
        let (terms, own) = (terms.as_bytes(), self.terms.as_bytes());
        let mut found = memchr::memmem::find_iter(terms, own);
        found.any(|at| self.is_prefix || terms.get(at + own.len()) == Some(&b' '))
    }
}

/// Terms as they are written.
struct Terms {
    out: String,
    place: Preceding,
}

/// What stands before the next character.
#[derive(PartialEq)]
enum Preceding {
    Blank,
    Word,
    Cjk,
    Emoji,
    /// The first of the two characters of a flag.
    HalfFlag,
}

impl Terms {
    fn push_ascii(&mut self, byte: u8) {
        if !byte.is_ascii_alphanumeric() {
            self.place = Preceding::Blank;
            return;
        }
        self.begin(Preceding::Word);
        self.out.push(byte.to_ascii_lowercase().into());
    }

    fn push(&mut self, c: char) {
        match c {
            '\u{1F1E6}'..='\u{1F1FF}' if self.place == Preceding::HalfFlag => {
                self.place = Preceding::Emoji
            }
            '\u{1F1E6}'..='\u{1F1FF}' => self.begin(Preceding::HalfFlag),
            _ if is_emoji(c) => self.begin(Preceding::Emoji),
            _ if is_combining_mark(c) => match self.place {
                Preceding::Word | Preceding::Cjk => {}
                Preceding::Blank | Preceding::Emoji | Preceding::HalfFlag => return,
            },
            _ if is_cjk(c) => self.begin(Preceding::Cjk),
            _ if c.is_alphanumeric() => self.begin(Preceding::Word),
            _ => {
                self.place = Preceding::Blank;
                return;
            }
        }
        self.out.push(c);
    }

    /// Begins a term, unless the word at hand goes on.
    fn begin(&mut self, place: Preceding) {
        if place != Preceding::Word || self.place != Preceding::Word {
            self.out.push(' ');
        }
        self.place = place;
    }
}

/// A text in one of the forms that Unicode calls equivalent (NFKC, but for emoji and the letters of
/// Korean laughter, which are kept as they are), without the accents of Latin, Greek and Cyrillic, and
/// without what has no width.
fn without_accents(text: &str) -> String {
    let mut decomposed = String::with_capacity(text.len() + text.len() / 2);
    for c in text.chars() {
        match c {
            '\u{3131}'..='\u{318E}' => decomposed.push(c),
            _ if is_emoji(c) => decomposed.push(c),
            _ => decompose_compatible(c, |part| decomposed.push(part)),
        }
    }
    let mut base = ' ';
    let kept = decomposed.chars().filter(|&c| {
        let is_mark = is_combining_mark(c);
        let is_accent = is_mark && has_accents(base);
        if !is_mark || (c == YPOGEGRAMMENI && !is_accent) {
            base = c;
        }
        !(is_ignorable(c) || is_accent)
    });
    kept.map(without_stroke).nfc().collect()
}

/// A mark that is the letter ι where it is case-folded, and stands under others as an accent.
const YPOGEGRAMMENI: char = '\u{345}';

/// Is what is written over or under it an accent, rather than a part of the word?
fn has_accents(base: char) -> bool {
    base.is_ascii_alphanumeric()
        || matches!(
            base,
            '\u{C0}'..='\u{52F}'
                | '\u{1C80}'..='\u{1C8F}'
                | '\u{1D00}'..='\u{1FFF}'
                | '\u{2C60}'..='\u{2C7F}'
                | '\u{A640}'..='\u{A69F}'
                | '\u{A720}'..='\u{A7FF}'
                | '\u{AB30}'..='\u{AB6F}'
        )
}

/// The letter that somebody without such a keyboard types for it: Unicode takes these strokes and the
/// missing dot for parts of the letters.
fn without_stroke(c: char) -> char {
    match c {
        'ø' | 'Ø' => 'o',
        'ł' | 'Ł' => 'l',
        'đ' | 'Đ' => 'd',
        'ħ' | 'Ħ' => 'h',
        'ŧ' | 'Ŧ' => 't',
        'ı' => 'i',
        c => c,
    }
}

/// Has it no width, and no meaning for a search? Of what is not seen some part words all the same: the
/// zero-width space, and the marks of annotation, shorthand and music.
fn is_ignorable(c: char) -> bool {
    let parts_words = matches!(
        c,
        '\u{200B}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
    );
    is_unseen(c) && !parts_words
}

fn is_one_latin_letter(term: &str) -> bool {
    let mut chars = term.chars();
    let first = chars.next();
    chars.next().is_none()
        && first.is_some_and(
            |c| matches!(c, 'a'..='z' | '\u{DF}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}'),
        )
}

/// Is it of a script that is written without blanks between words, or, as Hangul is, with words that
/// go on into each other? Yi and the scripts of Southeast Asia are not among them.
fn is_cjk(c: char) -> bool {
    let is_in_block = matches!(
        c,
        '\u{2E80}'..='\u{9FFF}'
            | '\u{AC00}'..='\u{D7A3}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{1AFF0}'..='\u{1B16F}'
            | '\u{20000}'..='\u{3FFFF}'
    );
    is_in_block && c.is_alphanumeric() && !is_combining_mark(c)
}

/// Is it an emoji, or kept for one (`Extended_Pictographic`, UTS #51), or a skin tone? The letters that
/// make flags are not among them.
fn is_emoji(c: char) -> bool {
    // Nothing below is one, but for two signs, and most text is below.
    if c < '\u{203C}' {
        return matches!(c, '\u{A9}' | '\u{AE}');
    }
    let after = EMOJI.partition_point(|&(first, _)| first <= c);
    after > 0 && c <= EMOJI[after - 1].1
}

/// The first and the last of each run of them, in ascending order.
const EMOJI: &[(char, char)] = &[
    ('\u{203C}', '\u{203C}'),
    ('\u{2049}', '\u{2049}'),
    ('\u{2122}', '\u{2122}'),
    ('\u{2139}', '\u{2139}'),
    ('\u{2194}', '\u{2199}'),
    ('\u{21A9}', '\u{21AA}'),
    ('\u{231A}', '\u{231B}'),
    ('\u{2328}', '\u{2328}'),
    ('\u{2388}', '\u{2388}'),
    ('\u{23CF}', '\u{23CF}'),
    ('\u{23E9}', '\u{23F3}'),
    ('\u{23F8}', '\u{23FA}'),
    ('\u{24C2}', '\u{24C2}'),
    ('\u{25AA}', '\u{25AB}'),
    ('\u{25B6}', '\u{25B6}'),
    ('\u{25C0}', '\u{25C0}'),
    ('\u{25FB}', '\u{25FE}'),
    ('\u{2600}', '\u{2605}'),
    ('\u{2607}', '\u{2612}'),
    ('\u{2614}', '\u{2685}'),
    ('\u{2690}', '\u{2705}'),
    ('\u{2708}', '\u{2712}'),
    ('\u{2714}', '\u{2714}'),
    ('\u{2716}', '\u{2716}'),
    ('\u{271D}', '\u{271D}'),
    ('\u{2721}', '\u{2721}'),
    ('\u{2728}', '\u{2728}'),
    ('\u{2733}', '\u{2734}'),
    ('\u{2744}', '\u{2744}'),
    ('\u{2747}', '\u{2747}'),
    ('\u{274C}', '\u{274C}'),
    ('\u{274E}', '\u{274E}'),
    ('\u{2753}', '\u{2755}'),
    ('\u{2757}', '\u{2757}'),
    ('\u{2763}', '\u{2767}'),
    ('\u{2795}', '\u{2797}'),
    ('\u{27A1}', '\u{27A1}'),
    ('\u{27B0}', '\u{27B0}'),
    ('\u{27BF}', '\u{27BF}'),
    ('\u{2934}', '\u{2935}'),
    ('\u{2B05}', '\u{2B07}'),
    ('\u{2B1B}', '\u{2B1C}'),
    ('\u{2B50}', '\u{2B50}'),
    ('\u{2B55}', '\u{2B55}'),
    ('\u{3030}', '\u{3030}'),
    ('\u{303D}', '\u{303D}'),
    ('\u{3297}', '\u{3297}'),
    ('\u{3299}', '\u{3299}'),
    ('\u{1F000}', '\u{1F0FF}'),
    ('\u{1F10D}', '\u{1F10F}'),
    ('\u{1F12F}', '\u{1F12F}'),
    ('\u{1F16C}', '\u{1F171}'),
    ('\u{1F17E}', '\u{1F17F}'),
    ('\u{1F18E}', '\u{1F18E}'),
    ('\u{1F191}', '\u{1F19A}'),
    ('\u{1F1AD}', '\u{1F1E5}'),
    ('\u{1F201}', '\u{1F20F}'),
    ('\u{1F21A}', '\u{1F21A}'),
    ('\u{1F22F}', '\u{1F22F}'),
    ('\u{1F232}', '\u{1F23A}'),
    ('\u{1F23C}', '\u{1F23F}'),
    ('\u{1F249}', '\u{1F53D}'),
    ('\u{1F546}', '\u{1F64F}'),
    ('\u{1F680}', '\u{1F6FF}'),
    ('\u{1F774}', '\u{1F77F}'),
    ('\u{1F7D5}', '\u{1F7FF}'),
    ('\u{1F80C}', '\u{1F80F}'),
    ('\u{1F848}', '\u{1F84F}'),
    ('\u{1F85A}', '\u{1F85F}'),
    ('\u{1F888}', '\u{1F88F}'),
    ('\u{1F8AE}', '\u{1F8FF}'),
    ('\u{1F90C}', '\u{1F93A}'),
    ('\u{1F93C}', '\u{1F945}'),
    ('\u{1F947}', '\u{1FAFF}'),
    ('\u{1FC00}', '\u{1FFFD}'),
];

#[cfg(test)]
mod tests;
