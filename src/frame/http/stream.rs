//! A body that is not held, but handed on in pieces as it comes: that of a file.

use serde::{Deserialize, Serialize};

use crate::limits::FILE_PIECE_BYTES;

use super::super::{Status, Step};
use super::chunked::{BodyProgress, Chunked};

/// A body of which pieces are handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum BodyStream {
    /// So many bytes are to come yet.
    Length(u64),
    /// It comes in chunks, of which what came last is held until the next call.
    Chunks(Box<Chunked>),
}

/// Does a request line ask to take in a file (`/api/v1/rooms/ROOM/files`, and what stands behind that)?
pub(super) fn is_file(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let (method, target) = (words.next(), words.next());
    let is_sent = matches!(method, Some(b"POST" | b"PUT" | b"PATCH"));
    let target = target.unwrap_or_default();
    let path = target.split(|&byte| byte == b'?').next().unwrap_or(target);
    let path = match path.windows(3).position(|at| at == b"://") {
        Some(at) if !path.starts_with(b"/") => {
            let rest = &path[at + 3..];
            let start = rest.iter().position(|&byte| byte == b'/');
            start.map_or(&b""[..], |start| &rest[start..])
        }
        _ => path,
    };
    let Some(rest) = path.strip_prefix(b"/api/v1/rooms/") else {
        return false;
    };
    let mut segments = rest.split(|&byte| byte == b'/');
    is_sent && segments.next().is_some() && segments.next() == Some(b"files")
}

impl BodyStream {
    /// The next piece of the body in `bytes`, at most [`FILE_PIECE_BYTES`] of it, or its end.
    pub(super) fn decode(&mut self, bytes: &[u8], finish: bool) -> Step {
        let step = |status, consumed| Step { status, consumed };
        match self {
            BodyStream::Length(0) => step(Status::BodyEnd { is_whole: true }, 0),
            BodyStream::Length(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                let len = bytes.len().min(FILE_PIECE_BYTES).min(most);
                *left -= len as u64;
                match len {
                    0 if finish => step(Status::BodyEnd { is_whole: false }, 0),
                    0 => step(Status::Partial, 0),
                    len => step(Status::Piece(0..len), len),
                }
            }
            BodyStream::Chunks(chunked) => {
                chunked.let_go();
                let given = &bytes[..bytes.len().min(FILE_PIECE_BYTES)];
                let (progress, consumed) = chunked.decode(given);
                let has_come = !chunked.whole().is_empty();
                match progress {
                    BodyProgress::Bad | BodyProgress::TooLong => {
                        step(Status::BodyEnd { is_whole: false }, consumed)
                    }
                    // Its end is found again in the next call.
                    BodyProgress::Whole | BodyProgress::Partial if has_come => {
                        step(Status::HeldPiece, consumed)
                    }
                    BodyProgress::Whole => step(Status::BodyEnd { is_whole: true }, consumed),
                    BodyProgress::Partial if finish => {
                        step(Status::BodyEnd { is_whole: false }, consumed)
                    }
                    BodyProgress::Partial => step(Status::Partial, consumed),
                }
            }
        }
    }

    /// The piece that is held.
    pub(super) fn held(&self) -> &[u8] {
        match self {
            BodyStream::Chunks(chunked) => chunked.whole(),
            BodyStream::Length(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(mut stream: BodyStream, input: &[u8], piece: usize) -> (Vec<u8>, Status, usize) {
        let (mut body, mut at, mut given) = (Vec::new(), 0, 0);
        loop {
            given = (given + piece).min(input.len());
            loop {
                let step = stream.decode(&input[at..given], given == input.len());
                match step.status {
                    Status::Piece(range) => body.extend_from_slice(&input[at..][range]),
                    Status::HeldPiece => body.extend_from_slice(stream.held()),
                    Status::Partial => {
                        at += step.consumed;
                        break;
                    }
                    status => return (body, status, at + step.consumed),
                }
                at += step.consumed;
            }
        }
    }

    #[test]
    fn pieces_are_the_body() {
        let behind = b"GET / HTTP/1.1";
        let long = vec![b'x'; 3 * FILE_PIECE_BYTES + 1];
        for piece in [1, 7, 100_000, usize::MAX / 2] {
            for body in [&b""[..], b"hello", &long] {
                if piece < 7 && body.len() > 100 {
                    continue;
                }
                let whole = Status::BodyEnd { is_whole: true };
                let input = [body, behind].concat();
                let (found, status, at) =
                    decoded(BodyStream::Length(body.len() as u64), &input, piece);
                assert_eq!((&found[..], &status, at), (body, &whole, body.len()));
                let mut chunks = Vec::new();
                for chunk in body.chunks(60_000) {
                    chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    chunks.extend_from_slice(chunk);
                    chunks.extend_from_slice(b"\r\n");
                }
                chunks.extend_from_slice(b"0\r\n\r\n");
                let input = [&chunks[..], behind].concat();
                let stream = BodyStream::Chunks(Box::new(Chunked::streamed()));
                let (found, status, at) = decoded(stream, &input, piece);
                assert_eq!((&found[..], &status, at), (body, &whole, chunks.len()));
            }
        }
    }

    #[test]
    fn a_body_that_is_cut_or_none_is_not_whole() {
        let cut = Status::BodyEnd { is_whole: false };
        assert_eq!(decoded(BodyStream::Length(9), b"hello", 3).1, cut);
        for body in [&b"5\r\nhel"[..], b"x\r\n", b"5\r\nhello0\r\n\r\n"] {
            let stream = BodyStream::Chunks(Box::new(Chunked::streamed()));
            assert_eq!(decoded(stream, body, 3).1, cut, "{body:?}");
        }
    }

    #[test]
    fn files_are_sent_to_rooms() {
        for line in [
            "POST /api/v1/rooms/lobby/files?name=a HTTP/1.1",
            "PUT /api/v1/rooms/%C3%A9/files/abc HTTP/1.1",
            "PATCH http://host:1/api/v1/rooms/a/files/b HTTP/1.1",
        ] {
            assert!(is_file(line.as_bytes()), "{line}");
        }
        for line in [
            "GET /api/v1/rooms/lobby/files HTTP/1.1",
            "POST /api/v1/rooms/lobby/messages HTTP/1.1",
            "POST /api/v1/rooms/files HTTP/1.1",
            "POST /x?/api/v1/rooms/lobby/files HTTP/1.1",
            "POST",
        ] {
            assert!(!is_file(line.as_bytes()), "{line}");
        }
    }
}
