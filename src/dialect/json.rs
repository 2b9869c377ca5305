//! The json dialect: newline-delimited JSON, ASCII on the way out (RFC 8259 section 7 escapes).

mod amended;
mod event;
mod fields;
mod padded;
mod request;

pub(super) use event::render;
pub(super) use padded::render as render_padded;
pub(super) use request::join;

use serde_json::{Map, Value};

use crate::model::{ErrorCode, Request, RequestId};

use super::object;
use super::{Ask, Dialect, Parsed, Stage, ask};

/// What the object of somebody who joined asks.
type ReadObject = fn(&Map<String, Value>) -> Result<Option<Request>, ErrorCode>;

pub(super) fn parse(frame: &[u8], stage: Stage) -> Parsed {
    parse_with(request::request, frame, stage)
}

/// As [`parse`], for the client that shows only some objects.
pub(super) fn parse_padded(frame: &[u8], stage: Stage) -> Parsed {
    parse_with(padded::request, frame, stage)
}

fn parse_with(request: ReadObject, frame: &[u8], stage: Stage) -> Parsed {
    if frame.trim_ascii().is_empty() || frame == "\u{FEFF}".as_bytes() {
        return Parsed {
            ask: Ask::Nothing,
            id: None,
        };
    }
    let object = match stage {
        Stage::Locked | Stage::Joining | Stage::Proving => object::read_first(frame),
        Stage::Joined => object::read(frame),
    };
    match object.and_then(|object| Ok((request_id(&object)?, object))) {
        Ok((id, object)) => match stage {
            Stage::Locked | Stage::Joining | Stage::Proving => Parsed {
                ask: ask(join(&object, "username", Dialect::Json.spec())),
                id,
            },
            Stage::Joined => Parsed {
                ask: ask(request(&object)),
                id,
            },
        },
        Err(code) => Parsed {
            ask: Ask::Refused(code),
            id: None,
        },
    }
}

fn request_id(object: &Map<String, Value>) -> Result<Option<RequestId>, ErrorCode> {
    match object.get("id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(RequestId(number.to_string().into()))),
        Some(Value::String(text)) => {
            let mut json = String::from('"');
            text.chars()
                .for_each(|c| object::escape(c, |part| json.push_str(part)));
            json.push('"');
            Ok(Some(RequestId(json.into())))
        }
        Some(_) => Err(ErrorCode::WrongField("id")),
    }
}

#[cfg(test)]
mod tests;
