//! What must hold of the framing of HTTP whatever the bytes: for its tests and the fuzz target.

use super::super::oracle::{Found, decode_all, drain};
use super::super::{End, Framing};
use crate::limits::HTTP_HEAD_BYTES_MAX;

/// Checks that the framing finds the same requests in `input` whole, in pieces and with bytes
/// behind it, and each of them again in itself. Returns them; `true`: nothing is looked for behind.
///
/// # Panics
/// Where it does not.
pub fn check(input: &[u8]) -> Vec<(Vec<u8>, bool)> {
    // Such a limit is met often.
    check_with(input, 64);
    check_with(input, HTTP_HEAD_BYTES_MAX)
}

fn check_with(input: &[u8], limit: usize) -> Vec<(Vec<u8>, bool)> {
    let framing = Framing::http();
    let whole = decode_all(&framing, input, limit, input.len());
    for piece in [1, 2, 3, 7] {
        let found = decode_all(&framing, input, limit, piece);
        assert_eq!(whole, found, "in pieces of {piece}");
    }
    let (mut open, mut found) = (framing.clone(), Vec::new());
    drain(&mut open, &mut input.to_vec(), limit, End::Open, &mut found);
    let behind = b"\r\nGET / HTTP/1.1\r\n\r\n";
    let longer = decode_all(&framing, &[input, behind].concat(), limit, usize::MAX);
    // What a body goes on with belongs to it.
    let known = match found.last() {
        Some(Found::Body(_)) => found.len() - 1,
        _ => found.len(),
    };
    assert_eq!(found[..known], longer[..known], "with bytes behind");
    let is_done = matches!(open, Framing::Http(http) if http.is_done);
    assert!(!is_done || longer == found, "found behind the last");
    let cut_short = whole.len() > found.len();
    let mut frames = Vec::new();
    for (at, of) in whole.iter().enumerate() {
        let frame = match of {
            Found::Frame(frame) => frame,
            Found::Held(request) => {
                frames.push((request.clone(), false));
                continue;
            }
            Found::TooLong | Found::BadBody => break,
            Found::Head(_) | Found::Body(_) | Found::BodyEnd => continue,
        };
        let again = decode_all(&framing, frame, limit, usize::MAX);
        assert_eq!(again, std::slice::from_ref(of), "found again");
        let is_last = at + 1 == whole.len() && (is_done || cut_short);
        frames.push((frame.clone(), is_last));
    }
    frames
}
