//! Text is UTF-8, however it is cut.

use super::*;

/// Texts that go wrong with their last byte, and not before.
const BAD_TEXTS: [&[u8]; 14] = [
    b"\x80",
    b"\xFF",
    b"\xC0",
    b"\xC1",
    b"\xF5",
    b"\xCE\xBA\xE1\xBD\xB9\xED\xA0",
    b"\xE0\x9F",
    b"\xF0\x8F",
    b"\xF4\x90",
    b"\xC3\xC3",
    b"\xE2\x82x",
    b"\xF0\x9F\x98x",
    b"a plain beginning, then \xE2x",
    b"\xEF\xBF\xBF\xFE",
];

#[test]
fn text_fails_with_its_first_bad_byte() {
    for bad in BAD_TEXTS {
        let frame = sent(Opcode::Text, &[bad, b"and more"].concat());
        broken(&frame[..6 + bad.len()], 80, CloseCode::InvalidPayload);
        case(&frame, 80, &[Found::Broken(CloseCode::InvalidPayload)]);

        let mut fragments = begun(Opcode::Text, b"");
        for byte in bad {
            fragments.extend(begun(Opcode::Continuation, &[*byte]));
        }
        broken(&fragments, 80, CloseCode::InvalidPayload);
    }
}

#[test]
fn a_text_does_not_end_within_a_character() {
    let smile = "😀".as_bytes();
    for len in 1..4 {
        case(
            &sent(Opcode::Text, &smile[..len]),
            8,
            &[Found::Broken(CloseCode::InvalidPayload)],
        );
        let parted = [
            begun(Opcode::Text, &smile[..len]),
            sent(Opcode::Ping, b"\x80"),
            sent(Opcode::Continuation, &smile[len..]),
        ];
        let expected = [Found::Ping(b"\x80".to_vec()), text("😀")];
        case(&parted.concat(), 8, &expected);
    }
    case(
        &[
            begun(Opcode::Text, &smile[..2]),
            sent(Opcode::Continuation, b""),
        ]
        .concat(),
        8,
        &[Found::Broken(CloseCode::InvalidPayload)],
    );
    case(
        &[
            begun(Opcode::Binary, &smile[..2]),
            sent(Opcode::Continuation, b"x"),
        ]
        .concat(),
        8,
        &[Found::Binary(b"\xF0\x9Fx".to_vec())],
    );
}
