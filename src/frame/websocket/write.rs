//! Writing frames: whole messages and control frames, a server's and, masked, a client's.

use super::{CONTROL_BYTES_MAX, FINAL, LENGTH_OF_2_BYTES, LENGTH_OF_8_BYTES, MASKED, Opcode, mask};

/// Appends a frame of a server. Of a control frame `payload` is at most [`CONTROL_BYTES_MAX`] long.
pub(crate) fn write_frame(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    write_header(opcode, 0, payload.len(), out);
    out.extend_from_slice(payload);
}

/// Appends a frame of a client, masked with `key` (RFC 6455 section 5.3), otherwise as
/// [`write_frame`] does.
pub fn write_masked_frame(opcode: Opcode, payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    write_header(opcode, MASKED, payload.len(), out);
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    mask(&mut out[start..], key);
}

/// Appends a server's close, without a code where the peer's had none.
pub(crate) fn write_close(code: Option<u16>, out: &mut Vec<u8>) {
    match code {
        Some(code) => write_frame(Opcode::Close, &code.to_be_bytes(), out),
        None => write_frame(Opcode::Close, &[], out),
    }
}

/// Appends a server's ping, with at most [`CONTROL_BYTES_MAX`] bytes to be sent back.
pub(crate) fn write_ping(payload: &[u8], out: &mut Vec<u8>) {
    write_frame(Opcode::Ping, payload, out);
}

/// Appends a server's answer to a ping with this payload.
pub(crate) fn write_pong(payload: &[u8], out: &mut Vec<u8>) {
    write_frame(Opcode::Pong, payload, out);
}

/// Turns each line behind the first `start` bytes of `out`, without its end, into a message of a server. Nothing stays nothing.
///
/// # Panics
/// Where `out` is shorter than `start`.
pub(crate) fn wrap_lines(opcode: Opcode, out: &mut Vec<u8>, start: usize) {
    let end = out.len();
    match memchr::memchr(b'\n', &out[start..end]) {
        Some(first) if start + first + 1 < end => {
            let lines = out.split_off(start);
            for line in lines.split_inclusive(|&byte| byte == b'\n') {
                let start = out.len();
                out.extend_from_slice(line);
                wrap(opcode, out, start);
            }
        }
        _ => wrap(opcode, out, start),
    }
}

/// Turns what stands behind the first `start` bytes of `out`, but for a line's end, into a message of a
/// server. Nothing stays nothing.
///
/// # Panics
/// Where `out` is shorter than `start`.
fn wrap(opcode: Opcode, out: &mut Vec<u8>, start: usize) {
    if out.len() == start {
        return;
    }
    if out[start..].ends_with(b"\n") {
        out.pop();
    }
    if out[start..].ends_with(b"\r") {
        out.pop();
    }
    let end = out.len();
    write_header(opcode, 0, end - start, out);
    let header_len = out.len() - end;
    out[start..].rotate_right(header_len);
}

/// Appends all of a header that stands before the mask key, with the shortest form of the length.
fn write_header(opcode: Opcode, masked: u8, len: usize, out: &mut Vec<u8>) {
    debug_assert!(
        !opcode.is_control() || len <= CONTROL_BYTES_MAX,
        "a control frame of {len} bytes"
    );
    out.push(FINAL | opcode as u8);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if short < LENGTH_OF_2_BYTES => out.push(masked | short),
        (_, Ok(len)) => {
            out.push(masked | LENGTH_OF_2_BYTES);
            out.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            out.push(masked | LENGTH_OF_8_BYTES);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}
