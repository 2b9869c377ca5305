//! MQTT 3.1.1 as its clients speak it, with quality of service 0 alone.

use super::unit::{self, Stop, UNIT_MAX_BYTES};
use super::{Heard, Speaker, Tongue};

/// Clients of an MQTT broker; a room is a topic. A client hears what it publishes itself, so that
/// those who speak do not subscribe.
pub(super) struct Mqtt;

/// The broker has not taken the client yet.
const CONNECTING: u8 = 0;
const SUBSCRIBING: u8 = 1;
const IN: u8 = 2;

// The first bytes of control packets (section 2.2), the flags among them as they must be.
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const DISCONNECT: u8 = 0xe0;

impl Tongue for Mqtt {
    fn name(&self) -> &'static str {
        "mqtt"
    }

    fn speaks_apart(&self) -> bool {
        true
    }

    fn greet(&self, who: &Speaker, out: &mut Vec<u8>) {
        // Level 4, a clean session, and no keepalive: nothing must be sent to stay.
        let mut body = b"\0\x04MQTT\x04\x02\0\0".to_vec();
        push_text(who.name.as_bytes(), &mut body);
        push_packet(CONNECT, &[&body], out);
    }

    fn read<'a>(
        &self,
        who: &Speaker,
        step: &mut u8,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> Option<(usize, Heard<'a>)> {
        let read = packet(bytes).and_then(|(first, body, used)| {
            let heard = hear(who, step, first, body, out)?;
            Ok((used, heard))
        });
        unit::settle(read, bytes, b"this is not MQTT 3.1.1, or over 1 MiB")
    }

    fn say(&self, who: &Speaker, text: &[u8], out: &mut Vec<u8>) {
        push_packet(PUBLISH, &[&topic(who), text], out);
    }

    fn leave(&self, _who: &Speaker, out: &mut Vec<u8>) {
        push_packet(DISCONNECT, &[], out);
    }
}

/// Splits a control packet off: its first byte, what follows its length, and how many bytes it takes.
fn packet(bytes: &[u8]) -> Result<(u8, &[u8], usize), Stop> {
    let (&first, rest) = bytes.split_first().ok_or(Stop::Partial)?;
    let (body_len, len_len) = remaining_length(rest)?;
    let used = 1 + len_len + body_len;
    let body = bytes.get(1 + len_len..used).ok_or(Stop::Partial)?;
    Ok((first, body, used))
}

/// Reads the length that follows a packet's first byte (section 2.2.3): seven bits a byte, the lowest
/// first, in at most four bytes. Gives the length, and how many bytes it stands in.
fn remaining_length(bytes: &[u8]) -> Result<(usize, usize), Stop> {
    let mut length = 0;
    for at in 0..4 {
        let byte = *bytes.get(at).ok_or(Stop::Partial)?;
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return if length <= UNIT_MAX_BYTES {
                Ok((length, at + 1))
            } else {
                Err(Stop::Broken)
            };
        }
    }
    Err(Stop::Broken)
}

fn hear<'a>(
    who: &Speaker,
    step: &mut u8,
    first: u8,
    body: &'a [u8],
    out: &mut Vec<u8>,
) -> Result<Heard<'a>, Stop> {
    match (first, *step, body) {
        (PUBLISH, _, [high, low, rest @ ..]) => {
            let topic_len = usize::from(u16::from_be_bytes([*high, *low]));
            let text = rest.get(topic_len..).ok_or(Stop::Broken)?;
            Ok(Heard::Said(text))
        }
        (CONNACK, CONNECTING, [_, 0]) if who.listens => {
            *step = SUBSCRIBING;
            // The packet's identifier is 1, and what follows the topic the quality of service.
            push_packet(SUBSCRIBE, &[&[0, 1], &topic(who), &[0]], out);
            Ok(Heard::Other)
        }
        (CONNACK, CONNECTING, [_, 0]) | (SUBACK, SUBSCRIBING, [0, 1, 0]) => {
            *step = IN;
            Ok(Heard::Joined)
        }
        (CONNACK, CONNECTING, [_, 1]) => Ok(Heard::Refused(b"unacceptable protocol version")),
        (CONNACK, CONNECTING, [_, 2]) => Ok(Heard::Refused(b"identifier rejected")),
        (CONNACK, CONNECTING, [_, 3]) => Ok(Heard::Refused(b"server unavailable")),
        (CONNACK, CONNECTING, [_, 4 | 5]) => Ok(Heard::Refused(b"not authorized")),
        (SUBACK, SUBSCRIBING, [0, 1, 0x80]) => Ok(Heard::Refused(b"subscription refused")),
        _ => Err(Stop::Broken),
    }
}

/// The speaker's room as a topic's name, its length before it.
fn topic(who: &Speaker) -> Vec<u8> {
    let mut topic = Vec::new();
    push_text(unit::room_name(who).as_bytes(), &mut topic);
    topic
}

/// Appends a text (section 1.5.3) of at most 65,535 bytes.
fn push_text(text: &[u8], out: &mut Vec<u8>) {
    let len = u16::try_from(text.len()).expect("names are short");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(text);
}

/// Appends a control packet of less than 256 MiB.
fn push_packet(first: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    out.push(first);
    let mut rest: usize = parts.iter().map(|part| part.len()).sum();
    while rest > 0x7f {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    for part in parts {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::{case, listener, mangled, publisher};
    use super::*;

    const TAKEN: &[u8] = b"\x20\x02\0\0";
    const SUBSCRIBED: &[u8] = b"\x90\x03\0\x01\0";
    const ASK: &[u8] = b"\x82\x0a\0\x01\0\x05room7\0";

    fn refused(wire: &[u8]) -> &[u8] {
        match Mqtt.read(&listener(), &mut 0, wire, &mut Vec::new()) {
            Some((used, Heard::Refused(why))) => {
                assert_eq!(used, wire.len());
                why
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_subscriber_comes_in_and_listens() {
        let long = vec![b'x'; 40_000];
        let wire = [
            TAKEN,
            SUBSCRIBED,
            b"\x30\x09\0\x05room7hi",
            b"\x30\x07\0\x05room7",
            b"\x30\x89\x80\x00\0\x05room7hi",
        ]
        .concat();
        let expected: &[(Heard<'_>, &[u8])] = &[
            (Heard::Other, ASK),
            (Heard::Joined, b""),
            (Heard::Said(b"hi"), b""),
            (Heard::Said(b""), b""),
            (Heard::Said(b"hi"), b""),
        ];
        case(&Mqtt, &listener(), &wire, expected);
        mangled(&Mqtt, &listener(), &wire);

        let mut said = Vec::new();
        Mqtt.say(&publisher(), &long, &mut said);
        assert!(said.starts_with(b"\x30\xc7\xb8\x02\0\x05room7xx"));
        case(&Mqtt, &listener(), &said, &[(Heard::Said(&long), b"")]);
    }

    #[test]
    fn a_publisher_is_in_when_it_is_connected() {
        case(&Mqtt, &publisher(), TAKEN, &[(Heard::Joined, b"")]);
    }

    #[test]
    fn refusals() {
        assert_eq!(refused(b"\x20\x02\0\x05"), b"not authorized");
        let wire = [TAKEN, b"\x90\x03\0\x01\x80"].concat();
        let expected: &[(Heard<'_>, &[u8])] = &[
            (Heard::Other, ASK),
            (Heard::Refused(b"subscription refused"), b""),
        ];
        case(&Mqtt, &listener(), &wire, expected);
    }

    #[test]
    fn what_is_no_mqtt_or_too_long_is_refused() {
        for wire in [
            &b"HTTP/1.1 400 Bad Request: what is sent here is text, and one hundred bytes of it make \
               the length that it claims"[..],
            b"\x30\xff\xff\xff\x7f",
            b"\x30\xff\xff\xff\xff",
            b"\x30\x81\x80\x40",
            b"\x30\x01\0",
            b"\x30\x04\0\x05ro",
            b"\x90\x03\0\x01\0",
        ] {
            assert!(refused(wire).starts_with(b"this is not MQTT"));
        }
    }

    #[test]
    fn what_is_sent() {
        let mut out = Vec::new();
        Mqtt.greet(&listener(), &mut out);
        Mqtt.say(&publisher(), b"a b", &mut out);
        Mqtt.leave(&listener(), &mut out);
        assert_eq!(
            out.escape_ascii().to_string(),
            b"\x10\x0f\0\x04MQTT\x04\x02\0\0\0\x03bob\x30\x0a\0\x05room7a b\xe0\0"
                .escape_ascii()
                .to_string()
        );
    }
}
