//! What every dialect reads frames with.

use crate::model::{ErrorCode, Request, Secret};

use super::Ask;

/// Text of a frame, or the refusal that every dialect gives.
pub(super) fn utf8(frame: &[u8]) -> Result<&str, ErrorCode> {
    std::str::from_utf8(frame).map_err(|_| ErrorCode::NotUtf8)
}

/// Without the byte-order mark that some programs begin with.
pub(super) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

pub(super) fn ask(parsed: Result<Option<Request>, ErrorCode>) -> Ask {
    match parsed {
        Ok(Some(request)) => Ask::Request(request),
        Ok(None) => Ask::Nothing,
        Err(code) => Ask::Refused(code),
    }
}

/// A line that is the password of the account whose name was given.
pub(super) fn answer(line: &str) -> Request {
    Request::Answer(Secret::new(line.trim_end_matches(['\r', '\n'])))
}

/// A line that says the word that the server wants of who comes in.
pub(super) fn unlock(line: &str) -> Request {
    Request::Unlock {
        password: Secret::new(line.trim_end_matches(['\r', '\n'])),
        then: None,
    }
}
