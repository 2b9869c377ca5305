//! How fast framings find the ends of frames, in bytes a second.

mod harness;

use std::hint::black_box;

use hubbub::testing::{End, Framing, Opcode, READ_BUDGET_BYTES, Status, write_masked_frame};

const FRAME_BYTES_MAX: usize = 8192;
/// What a segment of Ethernet brings.
const SEGMENT_BYTES: usize = 1400;

fn main() {
    let kinds = [
        ("line", Framing::line(), ["", ""]),
        ("object", Framing::object(), ["{\"message\":\"", "\"}"]),
        ("silence", Framing::silence(), ["", ""]),
        ("websocket", Framing::websocket(), ["", ""]),
    ];
    for (kind, framing, around) in kinds {
        for frame_bytes in [64, 4096] {
            let input = input(&framing, around, frame_bytes);
            for (how, piece) in [("one block", input.len()), ("segments", SEGMENT_BYTES)] {
                let name = format!("decode {kind}, {frame_bytes} bytes a frame, {how}");
                harness::row(
                    &name,
                    "MB/s",
                    |ns| 1e3 / ns,
                    || {
                        let took = harness::timed(|| decode(framing.clone(), &input, piece));
                        (took, input.len() as u64)
                    },
                );
            }
        }
    }
}

/// As many frames of that size as a turn reads from one connection.
fn input(framing: &Framing, [before, behind]: [&str; 2], frame_bytes: usize) -> Vec<u8> {
    let text = "All work and no play. ".chars().cycle();
    let text: String = text
        .take(frame_bytes - before.len() - behind.len())
        .collect();
    let frame = [before, &text, behind].concat();
    let mut input = Vec::new();
    while input.len() + frame.len() < READ_BUDGET_BYTES {
        match framing {
            Framing::WebSocket(_) => {
                write_masked_frame(Opcode::Text, frame.as_bytes(), *b"mask", &mut input);
            }
            _ => framing.encode(frame.as_bytes(), &mut input),
        }
    }
    input
}

/// Decodes all of `input`, of which `piece` bytes more arrive whenever the decoder wants more.
fn decode(mut framing: Framing, input: &[u8], piece: usize) {
    let (mut begin, mut end) = (0, 0);
    loop {
        let step = framing.decode(&input[begin..end], FRAME_BYTES_MAX, End::Open);
        begin += step.consumed;
        match black_box(step.status) {
            Status::Frame(_) | Status::TooLong | Status::Message { .. } => {}
            Status::Partial if end == input.len() => return,
            Status::Partial => end = input.len().min(end + piece),
            status => unreachable!("{status:?} in a stream of messages"),
        }
    }
}
