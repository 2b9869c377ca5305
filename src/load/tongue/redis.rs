//! Redis as its publishers and subscribers speak it: RESP2.

use super::unit::{self, Stop};
use super::{Heard, Speaker, Tongue};

/// Clients of a Redis server; a room is a channel. A connection that subscribes may not publish.
pub(super) struct Redis;

const JOINING: u8 = 0;
const IN: u8 = 1;

/// How every message begins.
const MESSAGE: &[u8] = b"*3\r\n$7\r\nmessage\r\n";

impl Tongue for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn speaks_apart(&self) -> bool {
        true
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        if who.listens {
            push_command(&[b"SUBSCRIBE", unit::room_name(who).as_bytes()], out);
        } else {
            push_command(&[b"PING"], out);
        }
    }

    fn read<'a>(
        &self,
        who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        _out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let read = if bytes.starts_with(MESSAGE) {
            message(bytes)
        } else {
            reply(who, step, bytes)
        };
        unit::settle(read, bytes, b"this is not RESP2, or over 1 MiB")
    }

    fn say(&self, who: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        push_command(&[b"PUBLISH", unit::room_name(who).as_bytes(), text], out);
    }
}

/// Reads a message: the channel's name and the text.
fn message(bytes: &[u8]) -> Result<(usize, Heard<'_>), Stop> {
    let (_, channel_len) = bulk(&bytes[MESSAGE.len()..])?;
    let text_starts = MESSAGE.len() + channel_len;
    let (text, text_len) = bulk(&bytes[text_starts..])?;
    Ok((text_starts + text_len, Heard::Said(text)))
}

/// Reads anything else.
fn reply<'a>(who: &Speaker, step: &mut u8, bytes: &'a [u8]) -> Result<(usize, Heard<'a>), Stop> {
    let (line, used) = unit::line(bytes)?;
    let is_joining = *step == JOINING;
    let heard = match line {
        b"+PONG" if is_joining && !who.listens => {
            *step = IN;
            Heard::Joined
        }
        [b'+' | b':', ..] => Heard::Other,
        [b'-', ..] => Heard::Refused(line),
        b"*3" => {
            let (kind, kind_len) = bulk(&bytes[used..])?;
            let used = used + kind_len;
            let (_, channel_len) = bulk(&bytes[used..])?;
            let used = used + channel_len;
            let (subscriptions, count_len) = unit::line(&bytes[used..])?;
            if kind != b"subscribe" || !subscriptions.starts_with(b":") {
                return Err(Stop::Broken);
            }
            let heard = if is_joining {
                Heard::Joined
            } else {
                Heard::Other
            };
            *step = IN;
            return Ok((used + count_len, heard));
        }
        _ => return Err(Stop::Broken),
    };
    Ok((used, heard))
}

/// Splits a bulk string off: its bytes, and how many there are with its length and its end.
fn bulk(bytes: &[u8]) -> Result<(&[u8], usize), Stop> {
    let (head, head_len) = unit::line(bytes)?;
    let digits = head.strip_prefix(b"$").ok_or(Stop::Broken)?;
    let (text, text_len) = unit::counted(&bytes[head_len..], unit::count(digits)?)?;
    Ok((text, head_len + text_len))
}

/// Appends a command: an array of bulk strings.
fn push_command(words: &[&[u8]], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{case, listener, mangled, publisher, refused};
    use super::super::unit::UNIT_MAX_BYTES;
    use super::*;

    const HEARD: &[u8] = b"*3\r\n$9\r\nsubscribe\r\n$5\r\nroom7\r\n:1\r\n\
        *3\r\n$7\r\nmessage\r\n$5\r\nroom7\r\n$4\r\na\r\nb\r\n\
        *3\r\n$7\r\nmessage\r\n$5\r\nroom7\r\n$0\r\n\r\n";
    const ANSWERED: &[u8] = b"+PONG\r\n:5000\r\n+PONG\r\n-ERR unknown command\r\n";

    #[test]
    fn a_subscriber_comes_in_and_listens() {
        let expected: &[(Heard<'_>, &[u8])] = &[
            (Heard::Joined, b""),
            (Heard::Said(b"a\r\nb"), b""),
            (Heard::Said(b""), b""),
        ];
        case(&Redis, &listener(), HEARD, expected);
        mangled(&Redis, &listener(), HEARD);
    }

    #[test]
    fn a_publisher_comes_in_and_is_answered() {
        let expected: &[(Heard<'_>, &[u8])] = &[
            (Heard::Joined, b""),
            (Heard::Other, b""),
            (Heard::Other, b""),
            (Heard::Refused(b"-ERR unknown command"), b""),
        ];
        case(&Redis, &publisher(), ANSWERED, expected);
        mangled(&Redis, &publisher(), ANSWERED);
    }

    #[test]
    fn what_is_no_resp_or_too_long_is_refused() {
        refused(
            &Redis,
            &[
                &b"HTTP/1.1 400 Bad Request\r\n"[..],
                b"*3\r\n$7\r\nmessage\r\n$1048577\r\n",
                b"*3\r\n$7\r\nmessage\r\n$99999999999999999999\r\n",
                b"*3\r\n$7\r\nmessage\r\n$-1\r\n",
                b"*3\r\n$7\r\nmessage\r\n$1\r\nabc",
                b"*3\r\n$8\r\npmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
                b"*1000000000\r\n",
                &[b'+'; UNIT_MAX_BYTES + 1],
            ],
        );
    }

    #[test]
    fn what_is_sent() {
        let mut out = Vec::new();
        Redis.greet(&listener(), &mut out);
        Redis.greet(&publisher(), &mut out);
        Redis.say(&publisher(), b"a b", &mut out);
        assert_eq!(
            out.escape_ascii().to_string(),
            b"*2\r\n$9\r\nSUBSCRIBE\r\n$5\r\nroom7\r\n\
              *1\r\n$4\r\nPING\r\n\
              *3\r\n$7\r\nPUBLISH\r\n$5\r\nroom7\r\n$3\r\na b\r\n"
                .escape_ascii()
                .to_string()
        );
    }
}
