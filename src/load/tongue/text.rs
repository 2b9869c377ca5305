//! Hubbub's text dialect: lines, and a prompt for the name.

use memchr::{memchr, memmem};

use super::step::{ENTERING, IN, LEAVING, NAMED};
use super::{Heard, Speaker, Tongue};

const PROMPT: &[u8] = b"Enter your name: ";
const SERVER: &[u8] = b"[Server] ";

pub(super) struct Text;

impl Tongue for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn has_websocket(&self) -> bool {
        true
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        line(&[who.name.as_bytes()], out);
    }

    fn read<'a>(
        &self,
        who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let Some(end) = memchr(b'\n', bytes) else {
            return asked_again(*step, bytes);
        };
        let line = &bytes[..end];
        let heard = match *step {
            IN => said(line),
            _ => joining(who, step, line, out),
        };
        Some((end + 1, heard))
    }

    fn say(&self, _: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        line(&[text], out);
    }

    fn leave(&self, _: &Speaker, out: &mut Vec<u8>) {
        line(&[b"/quit"], out);
    }
}

fn line(parts: &[&[u8]], out: &mut Vec<u8>) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out.push(b'\n');
}

/// A name that was refused is asked for again, with no line end.
fn asked_again(step: u8, bytes: &[u8]) -> Option<(usize, Heard<'_>)> {
    let bytes_without = bytes.strip_suffix(PROMPT).filter(|_| step == NAMED)?;
    let sentence = without_prompt(bytes_without).strip_prefix(SERVER)?;
    Some((bytes.len(), Heard::Refused(sentence.trim_ascii_end())))
}

/// `[NAME] text`; what the server says itself looks the same, and is no text of ours.
fn said(line: &[u8]) -> Heard<'_> {
    if line.first() != Some(&b'[') {
        return Heard::Other;
    }
    match memchr(b']', line) {
        Some(end) if line.get(end + 1) == Some(&b' ') => Heard::Said(&line[end + 2..]),
        _ => Heard::Other,
    }
}

fn joining<'a>(who: &Speaker, step: &mut u8, raw: &'a [u8], out: &mut Vec<u8>) -> Heard<'a> {
    let Some(sentence) = without_prompt(raw).strip_prefix(SERVER) else {
        return Heard::Other;
    };
    let is_own = |rest: &[u8]| sentence.strip_prefix(who.name.as_bytes()) == Some(rest);
    match (*step, who.room) {
        (NAMED, None) if is_own(b" joined the chat!") => {
            *step = IN;
            Heard::Joined
        }
        (NAMED, Some(room)) if is_own(b" joined the chat!") => {
            *step = ENTERING;
            line(&[b"/join room", room.to_string().as_bytes()], out);
            Heard::Other
        }
        (NAMED, _) if !is_about_others(sentence) => Heard::Refused(sentence),
        (ENTERING, _) if is_entered(sentence) => {
            *step = LEAVING;
            line(&[b"/leave lobby"], out);
            Heard::Other
        }
        (LEAVING, _) if sentence.starts_with(b"You left #lobby.") => {
            *step = IN;
            Heard::Joined
        }
        _ => Heard::Other,
    }
}

fn is_entered(sentence: &[u8]) -> bool {
    sentence.starts_with(b"You entered #") || sentence.starts_with(b"You made the room #")
}

/// Who came and went, one by one or as a sum.
fn is_about_others(sentence: &[u8]) -> bool {
    sentence.ends_with(b" here")
        || [&b" joined the chat!"[..], b" left the chat!"]
            .iter()
            .any(|part| memmem::find(sentence, part).is_some())
}

fn without_prompt(line: &[u8]) -> &[u8] {
    line.strip_prefix(PROMPT).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{Told, check, speaker};
    use super::*;

    #[test]
    fn one_comes_in_and_hears() {
        let (told, sent) = check(
            &Text,
            &speaker(None),
            b"Enter your name: [Server] eve joined the chat!\n[eve] hi\n[Server] bob joined the chat!\n\
              [Server] 37 joined, 4 left, 2,041 here\n[eve] ~text.\n[Server] eve left the chat!\n",
        );
        assert_eq!(told[2], Told::Joined);
        assert_eq!(told[4], Told::Said(b"~text.".to_vec()));
        assert_eq!(sent, b"");
    }

    #[test]
    fn a_room_is_entered_and_the_lobby_left() {
        let (told, sent) = check(
            &Text,
            &speaker(Some(7)),
            b"Enter your name: [Server] bob joined the chat!\n[Server] You entered #room7. Here: a, bob\n\
              [Server] You left #lobby. You speak in #room7 now.\n[a] ~x.\n",
        );
        let expected = [Told::Other, Told::Other, Told::Joined];
        assert_eq!(told[..3], expected);
        assert_eq!(told[3], Told::Said(b"~x.".to_vec()));
        assert_eq!(sent, b"/join room7\n/leave lobby\n");
    }

    #[test]
    fn a_refused_name_and_a_full_server() {
        let refused = |bytes: &'static [u8]| {
            let mut step = 0;
            Text.read(&speaker(None), &mut step, bytes, &mut Vec::new())
        };
        let taken = b"Enter your name: [Server] That name is taken. Enter your name: ";
        assert_eq!(
            refused(taken),
            Some((taken.len(), Heard::Refused(b"That name is taken.")))
        );
        assert_eq!(
            refused(b"[Server] The server is full.\n"),
            Some((29, Heard::Refused(b"The server is full.")))
        );
        assert_eq!(refused(b"Enter your name: "), None);
    }

    #[test]
    fn what_is_sent() {
        let mut out = Vec::new();
        Text.greet(&speaker(None), &mut out);
        Text.say(&speaker(None), b"~x.", &mut out);
        Text.leave(&speaker(None), &mut out);
        assert_eq!(out, b"bob\n~x.\n/quit\n");
    }
}
