//! The small markup that people type: what of a text is bold, italic, a spoiler or code, a quote, an item of a list.
//! The text itself is kept as typed. Nothing is escaped, and nothing but a fence goes over the end of a line. The cases
//! are in `markup_cases.txt`, to which the page is held too.

use super::lines;

/// How words are set apart within a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Between `*`.
    Bold,
    /// Between `_`.
    Italic,
    /// Between `||`: shown to who asks for it.
    Spoiler,
}

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkupSpan<'a> {
    /// As it stands there.
    Text(&'a str),
    /// What stands between backticks.
    Code(&'a str),
    /// From here on.
    Begin(Style),
    /// No more. They end in the opposite order.
    End(Style),
}

/// A line of a text, or several that are code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkupBlock<'a> {
    /// A line.
    Line(&'a str),
    /// A line behind `> `.
    Quote(&'a str),
    /// A line behind `- `.
    Item(&'a str),
    /// The lines between two lines of three backticks, the first of which may name a language.
    Fenced(&'a str),
}

/// A text, line by line, in linear time.
pub(crate) fn blocks(text: &str) -> Vec<MarkupBlock<'_>> {
    let lines: Vec<&str> = lines(text).collect();
    let mut blocks = Vec::with_capacity(lines.len());
    let mut at = 0;
    // Behind it no fence ends.
    let mut last_end = lines.len();
    while let Some(&line) = lines.get(at) {
        let end = match opens_fence(line) && at < last_end {
            true => lines.iter().skip(at + 1).position(|it| *it == FENCE),
            false => None,
        };
        match end {
            Some(count @ 1..) => {
                blocks.push(MarkupBlock::Fenced(between(
                    text,
                    lines[at + 1],
                    lines[at + count],
                )));
                at += count + 2;
                continue;
            }
            Some(0) => {}
            None if opens_fence(line) => last_end = last_end.min(at),
            None => {}
        }
        blocks.push(match (line.strip_prefix("> "), line.strip_prefix("- ")) {
            (Some(quoted), _) => MarkupBlock::Quote(quoted),
            (None, Some(item)) => MarkupBlock::Item(item),
            (None, None) => MarkupBlock::Line(line),
        });
        at += 1;
    }
    blocks
}

const FENCE: &str = "```";
/// Names of languages, with some to spare.
const LANGUAGE_BYTES: usize = 20;

fn opens_fence(line: &str) -> bool {
    let language = line.strip_prefix(FENCE);
    language.is_some_and(|language| {
        let is_of_name = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'#' | b'_' | b'.' | b'-')
        };
        language.len() <= LANGUAGE_BYTES && language.bytes().all(is_of_name)
    })
}

/// From one line of a text to another.
fn between<'a>(text: &'a str, first: &str, last: &str) -> &'a str {
    let offset = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    &text[offset(first)..offset(last) + last.len()]
}

/// The parts of a line, in linear time.
pub(crate) fn pieces(line: &str) -> Vec<MarkupSpan<'_>> {
    let mut scan = LineScan {
        line,
        text_from: 0,
        pieces: Vec::new(),
        open: Vec::new(),
    };
    let mut at = 0;
    let mut has_code = true;
    while let Some(&byte) = line.as_bytes().get(at) {
        let run = || line[at..].bytes().take_while(|it| *it == byte).count();
        at = match byte {
            b'`' if has_code && run() == 1 => {
                let end = end_of_code(line, at + 1);
                has_code = end.is_some();
                end.map_or(at + 1, |end| scan.code(at, end))
            }
            b'`' => at + run(),
            b'*' => scan.mark(at, run(), Style::Bold),
            b'_' => scan.mark(at, run(), Style::Italic),
            b'|' => scan.mark(at, run(), Style::Spoiler),
            b'h' | b'H' | b'w' | b'W' => end_of_link(line, at).unwrap_or(at + 1),
            _ => at + 1,
        };
    }
    scan.text_until(line.len());
    scan.pieces
}

/// Where the one backtick is that ends what begins there.
fn end_of_code(line: &str, from: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = from;
    loop {
        at += memchr::memchr(b'`', bytes.get(at..)?)?;
        let run = bytes[at..].iter().take_while(|it| **it == b'`').count();
        if run == 1 {
            return Some(at);
        }
        at += run;
    }
}

/// Where an address of the web ends that begins there, but for marks and punctuation at its end.
fn end_of_link(line: &str, at: usize) -> Option<usize> {
    let is_begun = |scheme: &&str| {
        let begin = line.as_bytes().get(at..at + scheme.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    ["http://", "https://", "www."]
        .iter()
        .find(|it| is_begun(it))?;
    if line[..at].ends_with(|before: char| before.is_ascii_alphanumeric()) {
        return None;
    }
    let ends = |c: char| is_blank(c) || c.is_control() || matches!(c, '<' | '>' | '"' | '`');
    let link = line[at..].split(ends).next().unwrap_or_default();
    let loose = ['*', '_', '|', '.', ',', ';', ':', '!', '?', '\'', ')'];
    Some(at + link.trim_end_matches(loose).len())
}

/// A line as it is read.
struct LineScan<'a> {
    line: &'a str,
    /// Behind what is a piece already.
    text_from: usize,
    pieces: Vec<MarkupSpan<'a>>,
    /// What was begun, and where among the pieces. Invariant: no style twice.
    open: Vec<(Style, usize)>,
}

impl LineScan<'_> {
    fn text_until(&mut self, end: usize) {
        if self.text_from < end {
            let text = &self.line[self.text_from..end];
            self.pieces.push(MarkupSpan::Text(text));
        }
        self.text_from = end;
    }

    /// Takes code between two backticks. Returns where to go on.
    fn code(&mut self, begin: usize, end: usize) -> usize {
        self.text_until(begin);
        self.pieces
            .push(MarkupSpan::Code(&self.line[begin + 1..end]));
        self.text_from = end + 1;
        end + 1
    }

    /// Takes a run of a mark's character. Returns where to go on.
    fn mark(&mut self, begin: usize, run: usize, style: Style) -> usize {
        let end = begin + run;
        if run != style.mark_len() {
            return end;
        }
        let before = self.line[..begin].chars().next_back();
        let after = self.line[end..].chars().next();
        let opened = self.open.iter().position(|it| it.0 == style);
        let closes = before.is_some_and(|it| !is_blank(it)) && after.is_none_or(may_follow);
        match opened {
            Some(at) if closes => {
                self.text_until(begin);
                self.pieces[self.open[at].1] = MarkupSpan::Begin(style);
                self.open.truncate(at);
                self.pieces.push(MarkupSpan::End(style));
                self.text_from = end;
            }
            Some(_) | None
                if before.is_none_or(may_precede) && after.is_some_and(|it| !is_blank(it)) =>
            {
                self.open.retain(|it| it.0 != style);
                self.text_until(begin);
                self.open.push((style, self.pieces.len()));
                // Text until it is closed.
                self.text_until(end);
            }
            Some(_) | None => {}
        }
        end
    }
}

impl Style {
    fn mark_len(self) -> usize {
        match self {
            Style::Bold | Style::Italic => 1,
            Style::Spoiler => 2,
        }
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{A0}' | '\u{3000}')
}

/// May what is marked begin behind it?
fn may_precede(c: char) -> bool {
    is_blank(c)
        || is_between(c)
        || matches!(
            c,
            '(' | '[' | '{' | '“' | '„' | '‘' | '«' | '¿' | '¡' | '（' | '「' | '『'
        )
}

/// May what is marked end before it?
fn may_follow(c: char) -> bool {
    is_blank(c)
        || is_between(c)
        || matches!(
            c,
            ')' | ']' | '}' | '“' | '”' | '’' | '»' | '.' | ',' | ';' | ':' | '!' | '?' | '…' | '-'
        )
        || matches!(
            c,
            '）' | '」' | '』' | '。' | '、' | '，' | '！' | '？' | '：' | '；'
        )
}

/// What may stand on both sides: marks, quotes, dashes, emoji.
fn is_between(c: char) -> bool {
    matches!(c, '*' | '_' | '|' | '`' | '"' | '\'' | '–' | '—' | '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(line: &str) -> String {
        let tag = |style: Style| match style {
            Style::Bold => 'b',
            Style::Italic => 'i',
            Style::Spoiler => 's',
        };
        let pieces = pieces(line).into_iter();
        pieces
            .map(|piece| match piece {
                MarkupSpan::Text(text) => text.into(),
                MarkupSpan::Code(code) => format!("<c>{code}</c>"),
                MarkupSpan::Begin(style) => format!("<{}>", tag(style)),
                MarkupSpan::End(style) => format!("</{}>", tag(style)),
            })
            .collect()
    }

    fn shown(text: &str) -> String {
        let blocks = blocks(text).into_iter().map(|block| match block {
            MarkupBlock::Line(line) => tagged(line),
            MarkupBlock::Quote(line) => format!("<q>{}</q>", tagged(line)),
            MarkupBlock::Item(line) => format!("<l>{}</l>", tagged(line)),
            MarkupBlock::Fenced(code) => format!("<p>{code}</p>"),
        });
        blocks.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_cases() {
        let cases = include_str!("markup_cases.txt").lines();
        let cases = cases.skip_while(|line| !line.starts_with("## "));
        let mut count = 0;
        for case in cases.filter(|line| !line.is_empty() && !line.starts_with("## ")) {
            let (typed, meant) = case.split_once(" → ").expect("an arrow");
            assert_eq!(
                shown(&typed.replace("\\n", "\n")),
                meant.replace("\\n", "\n"),
                "{typed}"
            );
            count += 1;
        }
        assert!(count > 100, "{count} cases");
    }

    #[test]
    fn it_takes_linear_time() {
        for unit in [
            "*a", "_a *b ", "` ", "``", "||a", "https://", "http", "```\n", "```a\n", "> ", "a* ",
        ] {
            let text = unit.repeat(200_000 / unit.len());
            let begun = std::time::Instant::now();
            std::hint::black_box(shown(&text));
            assert!(begun.elapsed().as_secs() < 5, "{unit:?}");
        }
    }
}
