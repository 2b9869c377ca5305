mod texts;

mod peers;

use super::oracle::{Found, check, decode_all};
use super::*;

const KEY: [u8; 4] = *b"k\xFEy\x01";

/// A whole frame of a client.
fn sent(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_masked_frame(opcode, payload, KEY, &mut out);
    out
}

/// A frame of a client after which its message goes on.
fn begun(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = sent(opcode, payload);
    out[0] &= !FINAL;
    out
}

fn text(text: &str) -> Found {
    Found::Text(text.into())
}

/// Runs a case whole, byte by byte, in all other pieces, and with bytes behind it.
#[track_caller]
fn case(input: &[u8], limit: usize, expected: &[Found]) {
    for piece in 1..=input.len() {
        let found = decode_all(input, limit, piece);
        assert_eq!(found, expected, "in pieces of {piece}");
    }
    let behind = [sent(Opcode::Ping, b"behind"), b"\xFF".to_vec()].concat();
    let longer = decode_all(&[input, &behind].concat(), limit, usize::MAX);
    assert_eq!(longer[..expected.len()], expected[..], "with bytes behind");
}

/// The input is refused with its last byte, and not before.
#[track_caller]
fn broken(input: &[u8], limit: usize, code: CloseCode) {
    case(input, limit, &[Found::Broken(code)]);
    let before = &input[..input.len() - 1];
    assert_eq!(decode_all(before, limit, 1), [], "before its last byte");
}

#[test]
fn messages_and_control_frames() {
    use Opcode::{Binary, Close, Ping, Pong, Text};
    case(&sent(Text, b""), 8, &[text("")]);
    case(&sent(Text, "Grüße".as_bytes()), 8, &[text("Grüße")]);
    case(
        &sent(Binary, b"\xFF\0\x80"),
        8,
        &[Found::Binary(b"\xFF\0\x80".to_vec())],
    );
    let many = [
        sent(Text, b"one"),
        sent(Ping, b"\xFF"),
        sent(Pong, b""),
        sent(Text, b"two"),
        sent(Close, b""),
    ];
    let expected = [
        text("one"),
        Found::Ping(b"\xFF".to_vec()),
        Found::Pong(vec![]),
        text("two"),
        Found::Close(None),
    ];
    case(&many.concat(), 8, &expected);
}

#[test]
fn fragments_with_control_frames_between() {
    let many = [
        begun(Opcode::Text, b"He"),
        sent(Opcode::Ping, &[7; 125]),
        begun(Opcode::Continuation, b""),
        begun(Opcode::Continuation, b"l"),
        sent(Opcode::Pong, b"x"),
        sent(Opcode::Continuation, b"lo"),
        begun(Opcode::Binary, b""),
        sent(Opcode::Continuation, b""),
        sent(Opcode::Text, b"next"),
    ];
    let expected = [
        Found::Ping(vec![7; 125]),
        Found::Pong(b"x".to_vec()),
        text("Hello"),
        Found::Binary(vec![]),
        text("next"),
    ];
    case(&many.concat(), 8, &expected);
    case(
        &[begun(Opcode::Text, b"He"), sent(Opcode::Close, b"")].concat(),
        8,
        &[Found::Close(None)],
    );
}

#[test]
fn the_end_of_input_ends_no_message() {
    case(&begun(Opcode::Text, b"all of it"), 16, &[]);
    let whole = sent(Opcode::Text, &[b'x'; 200]);
    for len in 1..whole.len() {
        assert_eq!(decode_all(&whole[..len], 300, 1), [], "{len} bytes");
    }
}

#[test]
fn a_client_masks_what_it_sends() {
    broken(b"\x81\x05", 8, CloseCode::Protocol);
    broken(b"\x89\x00", 8, CloseCode::Protocol);
    broken(b"\x88\x02", 8, CloseCode::Protocol);
}

#[test]
fn reserved_bits_and_opcodes_break_the_protocol() {
    for first in 0..=u8::MAX {
        let is_known = matches!(first, 0x81 | 0x82 | 0x01 | 0x02 | 0x88 | 0x89 | 0x8A);
        let found = decode_all(&[first], 8, 1);
        match is_known {
            true => assert_eq!(found, [], "{first:#x}"),
            false => assert_eq!(found, [Found::Broken(CloseCode::Protocol)], "{first:#x}"),
        }
    }
}

#[test]
fn messages_do_not_mix() {
    for wrong in [b"\x81", b"\x82", b"\x01", b"\x02"] {
        let input = [begun(Opcode::Text, b"a"), wrong.to_vec()].concat();
        broken(&input, 8, CloseCode::Protocol);
    }
    let input = [begun(Opcode::Text, b"a"), sent(Opcode::Continuation, b"b")].concat();
    let after = [&input[..], b"\x80"].concat();
    case(&after, 8, &[text("ab"), Found::Broken(CloseCode::Protocol)]);
    broken(b"\x00", 8, CloseCode::Protocol);
}

#[test]
fn control_frames_are_short_and_whole() {
    case(
        &sent(Opcode::Ping, &[b'x'; 125]),
        0,
        &[Found::Ping(vec![b'x'; 125])],
    );
    for first in [0x88, 0x89, 0x8A] {
        broken(&[first, 0x80 | 126], 500, CloseCode::Protocol);
        broken(&[first, 0x80 | 127], 500, CloseCode::Protocol);
    }
    for first in [b"\x08", b"\x09", b"\x0A"] {
        broken(first, 8, CloseCode::Protocol);
    }
}

#[test]
fn lengths_have_their_shortest_form() {
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        let payload = vec![b'x'; len];
        let input = sent(Opcode::Binary, &payload);
        let header_len = match len {
            0..126 => 6,
            126..65_536 => 8,
            _ => 14,
        };
        assert_eq!(input.len(), header_len + len);
        for piece in [1, 1000, usize::MAX] {
            let found = decode_all(&input, len, piece);
            assert_eq!(found, [Found::Binary(payload.clone())]);
        }
    }
    broken(b"\x82\xFE\x00\x7D", 500, CloseCode::Protocol);
    broken(b"\x82\xFE\x00\x00", 500, CloseCode::Protocol);
    broken(b"\x82\xFF\0\0\0\0\0\0\xFF\xFF", 500, CloseCode::Protocol);
    broken(b"\x82\xFF\0\0\0\0\0\0\0\0", 500, CloseCode::Protocol);
}

#[test]
fn what_a_header_claims_is_judged_before_it_comes() {
    let claim = |len: u64| [b"\x82\xFF", &len.to_be_bytes()[..]].concat();
    for limit in [0, 8, usize::MAX >> 8] {
        broken(&claim(1 << 62), limit, CloseCode::TooBig);
        broken(&claim((1 << 63) - 1), limit, CloseCode::TooBig);
        broken(&claim(1 << 63), limit, CloseCode::Protocol);
        broken(&claim(u64::MAX), limit, CloseCode::Protocol);
    }
    // Claimed within the limit, it takes the memory of what came: decode_all sees to it.
    let mut input = claim(1 << 40);
    input.extend_from_slice(b"key!but a little");
    case(&input, 1 << 41, &[]);
}

#[test]
fn a_message_at_the_limit_and_one_past_it() {
    case(&sent(Opcode::Text, b"12345678"), 8, &[text("12345678")]);
    broken(b"\x81\x89", 8, CloseCode::TooBig);
    broken(b"\x82\x89", 8, CloseCode::TooBig);
    broken(b"\x81\xFE\x01\x00", 8, CloseCode::TooBig);
    broken(b"\x81\x81", 0, CloseCode::TooBig);

    let fragments = [
        begun(Opcode::Text, b"12345"),
        begun(Opcode::Continuation, b"67"),
    ]
    .concat();
    let fits = [&fragments[..], &sent(Opcode::Continuation, b"8")].concat();
    case(&fits, 8, &[text("12345678")]);
    let past = [&fragments[..], b"\x80\x82"].concat();
    broken(&past, 8, CloseCode::TooBig);
}

#[test]
fn a_limit_that_shrinks_within_a_message_ends_it() {
    let mut websocket = WebSocket::default();
    let step = websocket.decode(&begun(Opcode::Text, b"12345"), 8);
    assert_eq!(step.status, Status::Partial);
    let step = websocket.decode(b"\x80\x81", 4);
    assert_eq!(step.status, Status::Broken(CloseCode::TooBig));
}

#[test]
fn closes() {
    let close = |payload: &[u8]| sent(Opcode::Close, payload);
    let coded = |code: u16, reason: &[u8]| close(&[&code.to_be_bytes(), reason].concat());
    case(&close(b""), 8, &[Found::Close(None)]);
    broken(&close(b"x"), 8, CloseCode::Protocol);
    for code in 0..=u16::MAX {
        let is_good = match code {
            1000..=2999 => {
                [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010].contains(&code)
                    || (1011..=1014).contains(&code)
            }
            3000..=4999 => true,
            _ => false,
        };
        let expected = match is_good {
            true => Found::Close(Some(code)),
            false => Found::Broken(CloseCode::Protocol),
        };
        assert_eq!(decode_all(&coded(code, b""), 8, 7), [expected]);
    }
    case(
        &coded(1000, "für heute".as_bytes()),
        8,
        &[Found::Close(Some(1000))],
    );
    case(&coded(3000, &[b'x'; 123]), 8, &[Found::Close(Some(3000))]);
    broken(&coded(1000, b"\xFF"), 8, CloseCode::InvalidPayload);
    broken(&coded(1000, b"\xE2\x82"), 8, CloseCode::InvalidPayload);
}

#[test]
fn nothing_is_found_after_the_end() {
    let after = [sent(Opcode::Ping, b""), sent(Opcode::Text, b"still here")].concat();
    for (last, found) in [
        (sent(Opcode::Close, b""), Found::Close(None)),
        (b"\xFF".to_vec(), Found::Broken(CloseCode::Protocol)),
    ] {
        case(&[last, after.clone()].concat(), 80, &[found]);
    }
}

#[test]
fn an_idle_websocket_is_as_new() {
    let mut framing = super::super::Framing::websocket();
    let new = framing.clone();
    for frame in [
        sent(Opcode::Text, &[b'x'; 5000]),
        sent(Opcode::Ping, b"Are you there?"),
    ] {
        let step = framing.decode(&frame, 8192, super::super::End::Open);
        assert_eq!(step.consumed, frame.len());
        assert!(!framing.held().is_empty());
        let step = framing.decode(b"", 8192, super::super::End::Open);
        assert_eq!((step.status, framing.held()), (Status::Partial, &b""[..]));
        assert_eq!(framing, new);
    }
}

#[test]
fn five_megabytes_of_tiny_fragments_cost_linear_time_and_little_memory() {
    const COUNT: usize = 750_000;
    let mut input = begun(Opcode::Text, b"");
    for _ in 0..COUNT {
        input.extend(begun(Opcode::Continuation, b"x"));
    }
    // decode_all holds the decoder to its memory; a quadratic one would not end here.
    assert_eq!(decode_all(&input, COUNT, 1), []);
    let expected = [Found::Broken(CloseCode::TooBig)];
    assert_eq!(decode_all(&input, COUNT - 1, 16 * 1024), expected);
    input.extend(sent(Opcode::Continuation, b""));
    let expected = [Found::Text("x".repeat(COUNT))];
    assert_eq!(decode_all(&input, COUNT, 16 * 1024), expected);

    let mut input = begun(Opcode::Binary, b"");
    for _ in 0..(5 << 20) / 6 {
        input.extend(begun(Opcode::Continuation, b""));
    }
    assert_eq!(decode_all(&input, 0, 1400), []);
}

#[test]
fn a_large_message_comes_byte_by_byte() {
    let payload = "Größe 😀 ".repeat(50_000);
    let input = sent(Opcode::Text, payload.as_bytes());
    assert_eq!(decode_all(&input, 1 << 20, 1), [Found::Text(payload)]);
}

#[test]
fn masks_begin_anywhere_in_a_key() {
    let payload: Vec<u8> = (0..=255).collect();
    let plain: Vec<u8> = payload
        .iter()
        .zip(KEY.iter().cycle())
        .map(|(a, b)| a ^ b)
        .collect();
    let mut masked = payload.clone();
    mask(&mut masked, KEY);
    assert_eq!(masked, plain);
}

#[test]
fn frames_of_the_standard() {
    // RFC 6455 section 5.7.
    case(
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        8,
        &[text("Hello")],
    );
    let mut out = Vec::new();
    write_frame(Opcode::Text, b"Hello", &mut out);
    assert_eq!(out, b"\x81\x05Hello");
    out.clear();
    write_pong(b"Hello", &mut out);
    write_ping(b"", &mut out);
    assert_eq!(out, b"\x8A\x05Hello\x89\x00");
    out.clear();
    write_close(Some(CloseCode::GoingAway.into()), &mut out);
    write_close(None, &mut out);
    assert_eq!(out, b"\x88\x02\x03\xE9\x88\x00");
    out.clear();
    super::super::Framing::websocket().encode(b"{}", &mut out);
    assert_eq!(out, b"\x81\x02{}");
}

#[test]
fn each_rendered_line_becomes_a_message_in_place() {
    let wrapped = |text: &[u8]| {
        let mut out = [b"before", text].concat();
        wrap_lines(Opcode::Text, &mut out, 6);
        assert!(out.starts_with(b"before"));
        out.split_off(6)
    };
    assert_eq!(wrapped(b""), b"");
    assert_eq!(wrapped(b"\n"), b"\x81\x00");
    assert_eq!(wrapped(b"{}\n"), b"\x81\x02{}");
    assert_eq!(wrapped(b"{}"), b"\x81\x02{}");
    assert_eq!(wrapped(b"one\n\ntwo"), b"\x81\x03one\x81\x00\x81\x03two");
    for len in [125, 126, 65_535, 65_536] {
        let text = vec![b'x'; len];
        let mut expected = Vec::new();
        write_frame(Opcode::Text, &text, &mut expected);
        assert_eq!(wrapped(&[&text[..], b"\n"].concat()), expected);
    }
}
