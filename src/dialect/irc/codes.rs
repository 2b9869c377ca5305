//! What people type as markup, in the formatting codes of IRC (modern.ircdocs.horse/formatting): bold, italic, monospace for
//! code, and black on black for a spoiler. A text with codes in it is left as it was sent.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

use crate::model::markup::{MarkupBlock, MarkupSpan, Style, blocks, pieces};

const BOLD: char = '\u{2}';
const COLOUR: char = '\u{3}';
const MONOSPACE: char = '\u{11}';
const ITALIC: char = '\u{1D}';

/// A text with codes in the place of its markup.
pub(super) fn coded(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_marked = memchr3(b'*', b'_', b'`', bytes).is_some() || memchr(b'|', bytes).is_some();
    match is_marked && !text.contains(is_code) {
        false => Cow::Borrowed(text),
        true => {
            let blocks = blocks(text).into_iter();
            let lines: Vec<String> = blocks.map(of_block).collect();
            Cow::Owned(lines.join("\n"))
        }
    }
}

/// Is it what begins a code, or what programs ask each other (CTCP)?
fn is_code(c: char) -> bool {
    matches!(c, '\u{1}'..='\u{4}' | '\u{F}' | '\u{11}' | '\u{16}' | '\u{1D}'..='\u{1F}')
}

fn of_block(block: MarkupBlock<'_>) -> String {
    match block {
        MarkupBlock::Line(line) => of_line("", line),
        MarkupBlock::Quote(line) => of_line("> ", line),
        MarkupBlock::Item(line) => of_line("- ", line),
        MarkupBlock::Fenced(code) => {
            let lines = crate::model::lines(code).map(monospaced);
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

fn monospaced(code: &str) -> String {
    match code.is_empty() {
        true => String::new(),
        false => format!("{MONOSPACE}{code}{MONOSPACE}"),
    }
}

fn of_line(mark: &str, line: &str) -> String {
    let mut out = String::from(mark);
    let mut ends_colour = false;
    for piece in pieces(line) {
        match piece {
            MarkupSpan::Text(text) => {
                // What follows the end of a colour is none of another.
                if ends_colour && text.starts_with(|c: char| c.is_ascii_digit() || c == ',') {
                    out.extend([BOLD, BOLD]);
                }
                out.push_str(text);
            }
            MarkupSpan::Code(code) => out.push_str(&monospaced(code)),
            MarkupSpan::Begin(Style::Bold) | MarkupSpan::End(Style::Bold) => out.push(BOLD),
            MarkupSpan::Begin(Style::Italic) | MarkupSpan::End(Style::Italic) => out.push(ITALIC),
            MarkupSpan::Begin(Style::Spoiler) => {
                out.push(COLOUR);
                out.push_str("01,01");
            }
            MarkupSpan::End(Style::Spoiler) => out.push(COLOUR),
        }
        ends_colour = matches!(piece, MarkupSpan::End(Style::Spoiler));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_as_codes() {
        for (typed, sent) in [
            ("plain 2*3*4 snake_case_name", "plain 2*3*4 snake_case_name"),
            (
                "*bold* _it_ `code`",
                "\u{2}bold\u{2} \u{1D}it\u{1D} \u{11}code\u{11}",
            ),
            ("*a _b_*", "\u{2}a \u{1D}b\u{1D}\u{2}"),
            ("||psst|| x", "\u{3}01,01psst\u{3} x"),
            ("||a||,1", "\u{3}01,01a\u{3}\u{2}\u{2},1"),
            ("> *a*\n- b", "> \u{2}a\u{2}\n- b"),
            (
                "see\n```rs\nlet a;\n\n*b*\n```\nok",
                "see\n\u{11}let a;\u{11}\n\n\u{11}*b*\u{11}\nok",
            ),
            ("https://x.org/_a_b_", "https://x.org/_a_b_"),
            // What has codes is as it was sent.
            ("\u{2}*a*\u{2}", "\u{2}*a*\u{2}"),
            ("\u{3}4*a*", "\u{3}4*a*"),
        ] {
            assert_eq!(coded(typed), sent, "{typed:?}");
        }
    }
}
