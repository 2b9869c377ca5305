//! IRC as its clients speak it: the part of RFC 2812 that it takes to come in and talk.

use memchr::memchr;

use super::unit;
use super::{Heard, Speaker, Tongue};

/// Clients of an IRC server; a room is a channel.
pub(super) struct Irc;

/// A line has 512 bytes with its end (section 2.3); what a server puts before the text takes the rest.
const TEXT_MAX_BYTES: usize = 400;

/// The server has not taken the name yet.
const REGISTERING: u8 = 0;
/// The channel's list of names has not ended yet.
const JOINING: u8 = 1;
const IN: u8 = 2;

impl Tongue for Irc {
    fn name(&self) -> &'static str {
        "irc"
    }

    fn size_max(&self) -> usize {
        TEXT_MAX_BYTES
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        let name = &who.name;
        out.extend_from_slice(format!("NICK {name}\r\nUSER {name} 0 * :{name}\r\n").as_bytes());
    }

    fn read<'a>(
        &self,
        who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let read = unit::line(bytes).map(|(line, used)| (used, hear(who, step, line, out)));
        unit::settle(read, bytes, b"a line over 1 MiB")
    }

    fn say(&self, who: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("PRIVMSG #{} :", unit::room_name(who)).as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }

    fn leave(&self, _who: &Speaker, out: &mut Vec<u8>) {
        out.extend_from_slice(b"QUIT\r\n");
    }
}

fn hear<'a>(who: &Speaker, step: &mut u8, line: &'a [u8], out: &mut Vec<u8>) -> Heard<'a> {
    let message = match line {
        [b':', rest @ ..] => after_space(rest),
        _ => line,
    };
    if let Some(rest) = message.strip_prefix(b"PRIVMSG #") {
        let text = after_space(rest);
        return Heard::Said(text.strip_prefix(b":").unwrap_or(text));
    }
    let word_ends = memchr(b' ', message).unwrap_or(message.len());
    match &message[..word_ends] {
        b"PING" => {
            out.extend_from_slice(b"PONG");
            out.extend_from_slice(&message[word_ends..]);
            out.extend_from_slice(b"\r\n");
            Heard::Other
        }
        b"001" if *step == REGISTERING => {
            *step = JOINING;
            out.extend_from_slice(format!("JOIN #{}\r\n", unit::room_name(who)).as_bytes());
            Heard::Other
        }
        b"366" if *step == JOINING => {
            *step = IN;
            Heard::Joined
        }
        // ERR_NOMOTD stands among the errors, but it is none.
        b"422" => Heard::Other,
        [b'4' | b'5', a, b] if a.is_ascii_digit() && b.is_ascii_digit() => Heard::Refused(line),
        b"ERROR" => Heard::Refused(line),
        _ => Heard::Other,
    }
}

/// What follows the first space, and those next to it.
fn after_space(text: &[u8]) -> &[u8] {
    let mut rest = memchr(b' ', text).map_or(&b""[..], |at| &text[at + 1..]);
    while let Some(shorter) = rest.strip_prefix(b" ") {
        rest = shorter;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{case, listener, mangled};
    use super::super::unit::UNIT_MAX_BYTES;
    use super::*;

    const WIRE: &[u8] = b"NOTICE * :*** Looking up your host\r\n\
        PING :4711\r\n\
        :a.b 001 bob :Welcome\r\n\
        :a.b 422 bob :No message of the day\r\n\
        :bob!bob@h JOIN :#room7\r\n\
        :a.b 353 bob = #room7 :@bob\r\n\
        :a.b 366 bob #room7 :End of names\r\n\
        :eve!eve@h JOIN :#room7\r\n\
        :eve!eve@h PRIVMSG #room7 :a: b\r\n\
        :eve!eve@h PRIVMSG #room7 ::\n\
        :eve!eve@h PRIVMSG #room7 word\r\n\
        :eve!eve@h PRIVMSG bob :psst\r\n\
        :a.b PING a.b\r\n\
        \r\n\
        :a.b 404 bob #room7 :Cannot send\r\n\
        ERROR :Closing link\r\n";

    #[test]
    fn a_client_comes_in_and_listens() {
        let expected: &[(Heard<'_>, &[u8])] = &[
            (Heard::Other, b""),
            (Heard::Other, b"PONG :4711\r\n"),
            (Heard::Other, b"JOIN #room7\r\n"),
            (Heard::Other, b""),
            (Heard::Other, b""),
            (Heard::Other, b""),
            (Heard::Joined, b""),
            (Heard::Other, b""),
            (Heard::Said(b"a: b"), b""),
            (Heard::Said(b":"), b""),
            (Heard::Said(b"word"), b""),
            (Heard::Other, b""),
            (Heard::Other, b"PONG a.b\r\n"),
            (Heard::Other, b""),
            (Heard::Refused(b":a.b 404 bob #room7 :Cannot send"), b""),
            (Heard::Refused(b"ERROR :Closing link"), b""),
        ];
        case(&Irc, &listener(), WIRE, expected);
        mangled(&Irc, &listener(), WIRE);
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let line = b":a.b 433 * bob :Nickname already in use";
        let wire = [&line[..], b"\r\n"].concat();
        case(&Irc, &listener(), &wire, &[(Heard::Refused(line), b"")]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let wire = vec![b':'; UNIT_MAX_BYTES + 1];
        let heard = Irc.read(&listener(), &mut 0, &wire, &mut Vec::new());
        assert!(matches!(heard, Some((used, Heard::Refused(_))) if used == wire.len()));
    }

    #[test]
    fn what_is_sent() {
        let mut out = Vec::new();
        Irc.greet(&listener(), &mut out);
        Irc.say(&listener(), b"a b", &mut out);
        let lobby = Speaker {
            room: None,
            ..listener()
        };
        Irc.say(&lobby, b"c", &mut out);
        Irc.leave(&lobby, &mut out);
        assert_eq!(
            out.escape_ascii().to_string(),
            b"NICK bob\r\nUSER bob 0 * :bob\r\nPRIVMSG #room7 :a b\r\nPRIVMSG #lobby :c\r\nQUIT\r\n"
                .escape_ascii()
                .to_string()
        );
    }
}
