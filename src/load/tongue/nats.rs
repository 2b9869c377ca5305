//! NATS as its clients speak it.

use memchr::memrchr;

use super::unit::{self, Stop};
use super::{Heard, Speaker, Tongue};

/// Clients of a NATS server; a room is a subject.
pub(super) struct Nats;

const JOINING: u8 = 0;
const IN: u8 = 1;

impl Tongue for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        let hello = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false,\"echo\":false,\"name\":\"{}\"}}\r\n",
            who.name
        );
        out.extend_from_slice(hello.as_bytes());
        if who.listens {
            out.extend_from_slice(format!("SUB {} 1\r\n", unit::room_name(who)).as_bytes());
        }
        // A subscription is not confirmed, but what was asked before this is done when it is answered.
        out.extend_from_slice(b"PING\r\n");
    }

    fn read<'a>(
        &self,
        _who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let read = unit::line(bytes).and_then(|(line, used)| {
            if !line.starts_with(b"MSG ") {
                return Ok((used, hear(step, line, out)?));
            }
            // The last of its words, whether there is a subject for replies before it or not.
            let len_starts = memrchr(b' ', line).ok_or(Stop::Broken)? + 1;
            let len = unit::count(&line[len_starts..])?;
            let (text, text_len) = unit::counted(&bytes[used..], len)?;
            Ok((used + text_len, Heard::Said(text)))
        });
        unit::settle(read, bytes, b"this is not NATS, or over 1 MiB")
    }

    fn say(&self, who: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        let head = format!("PUB {} {}\r\n", unit::room_name(who), text.len());
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"\r\n");
    }
}

fn hear<'a>(step: &mut u8, line: &'a [u8], out: &mut Vec<u8>) -> Result<Heard<'a>, Stop> {
    match line {
        b"PONG" if *step == JOINING => {
            *step = IN;
            Ok(Heard::Joined)
        }
        b"PING" => {
            out.extend_from_slice(b"PONG\r\n");
            Ok(Heard::Other)
        }
        [b'-', ..] => Ok(Heard::Refused(line)),
        b"PONG" | b"+OK" | [b'I', b'N', b'F', b'O', b' ', ..] => Ok(Heard::Other),
        _ => Err(Stop::Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{case, listener, mangled, refused};
    use super::super::unit::UNIT_MAX_BYTES;
    use super::*;

    const WIRE: &[u8] = b"INFO {\"server_id\":\"A\",\"max_payload\":1048576} \r\n\
        PONG\r\n\
        PING\r\n\
        PONG\r\n\
        +OK\r\n\
        MSG room7 1 4\r\na\r\nb\r\n\
        MSG room7 1 answers.here 2\r\nhi\r\n\
        MSG room7 1 0\r\n\r\n\
        -ERR 'Unknown Protocol Operation'\r\n";

    #[test]
    fn a_client_comes_in_and_listens() {
        let expected: &[(Heard<'_>, &[u8])] = &[
            (Heard::Other, b""),
            (Heard::Joined, b""),
            (Heard::Other, b"PONG\r\n"),
            (Heard::Other, b""),
            (Heard::Other, b""),
            (Heard::Said(b"a\r\nb"), b""),
            (Heard::Said(b"hi"), b""),
            (Heard::Said(b""), b""),
            (Heard::Refused(b"-ERR 'Unknown Protocol Operation'"), b""),
        ];
        case(&Nats, &listener(), WIRE, expected);
        mangled(&Nats, &listener(), WIRE);
    }

    #[test]
    fn what_is_no_nats_or_too_long_is_refused() {
        refused(
            &Nats,
            &[
                &b"HTTP/1.1 400 Bad Request\r\n"[..],
                b"MSG room7 1 1048577\r\n",
                b"MSG room7 1 99999999999999999999\r\n",
                b"MSG room7 1 x\r\n",
                b"MSG \r\n",
                b"MSG room7 1 2\r\nabcd",
                &[b'a'; UNIT_MAX_BYTES + 1],
            ],
        );
    }

    #[test]
    fn what_is_sent() {
        let mut out = Vec::new();
        Nats.greet(&listener(), &mut out);
        Nats.say(&listener(), b"a b", &mut out);
        assert_eq!(
            out.escape_ascii().to_string(),
            b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"name\":\"bob\"}\r\n\
              SUB room7 1\r\nPING\r\nPUB room7 3\r\na b\r\n"
                .escape_ascii()
                .to_string()
        );
    }
}
