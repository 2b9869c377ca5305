//! What may be shown on a terminal.

/// Said here anew, so that a change of the renderer's own rule is seen.
fn moves_or_reorders(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\n'..='\x1f' | '\x7f'..='\u{9f}' | '\u{200e}'..='\u{200f}' | '\u{61c}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is seen of a text: a blank for what parts lines, and neither controls nor what is ignored by a
/// renderer, wherever it stands.
pub(super) fn seen(text: &str) -> String {
    let parts = ['\n', '\r', '\x0b', '\x0c', '\u{85}', '\u{2028}', '\u{2029}'];
    let text = uncoded(text).replace("\r\n", "\n").replace(parts, " ");
    text.replace(|c| moves_or_reorders(c) || is_ignored(c), "")
}

/// Without the numbers behind IRC's codes of colours.
fn uncoded(text: &str) -> String {
    let mut parts = text.split_inclusive(['\x03', '\x04']);
    let mut out = String::from(parts.next().unwrap_or_default());
    for part in parts {
        let (max, is_hex) = if out.ends_with('\x03') {
            (2, false)
        } else {
            (6, true)
        };
        let is_digit = |c: &char| {
            if is_hex {
                c.is_ascii_hexdigit()
            } else {
                c.is_ascii_digit()
            }
        };
        let first = part.chars().take(max).take_while(is_digit).count();
        let second = part[first..].strip_prefix(',').map_or(0, |behind| {
            behind.chars().take(max).take_while(is_digit).count()
        });
        let skipped = if first > 0 && second > 0 {
            first + 1 + second
        } else {
            first
        };
        out.push_str(&part[skipped..]);
    }
    out
}

/// May never be shown alone.
fn is_ignored(c: char) -> bool {
    let is_filler = matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}'
    );
    is_filler
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// No more line ends than the event has lines; no control but a tab, nothing that reorders, and of what is
/// not seen only what has something to stand on.
pub(super) fn check_terminal(shown: &str, lines_max: usize) {
    assert!(
        shown.matches('\n').count() <= lines_max,
        "a line end too many: {shown:?}"
    );
    let shown = shown.replace('\n', "");
    assert!(!shown.contains(moves_or_reorders), "a control: {shown:?}");
    let mut before = ' ';
    for c in shown.chars() {
        let is_tag = ('\u{e0030}'..='\u{e007f}').contains(&c);
        let may_stand = match c {
            '\u{3164}' | '\u{ffa0}' | '\u{feff}' | '\u{200b}' | '\u{ad}' | '\u{2060}' => false,
            '\u{115f}' => true,
            _ if is_tag => before == '\u{1f3f4}' || ('\u{e0030}'..='\u{e007a}').contains(&before),
            _ => !before.is_ascii_alphabetic() && !before.is_whitespace(),
        };
        assert!(!is_ignored(c) || may_stand, "not seen: {shown:?}");
        before = c;
    }
}

pub(super) fn uncoloured(shown: &str) -> String {
    ["0", "91", "92", "93", "94", "95", "96"]
        .iter()
        .fold(shown.to_owned(), |shown, colour| {
            shown.replace(&format!("\x1b[{colour}m"), "")
        })
}
