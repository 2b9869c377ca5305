//! The opening handshake of WebSocket (RFC 6455 section 4.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use crate::dialect::Dialect;
use crate::dialect::http::{Handshake, HttpRequest, Response, StatusCode, imf_date};
use crate::model::Moment;

use super::{Reply, Site};

/// The sub-protocols that are spoken (section 1.9): an object, or a line, a message.
const PROTOCOLS: [Protocol; 4] = [
    ("hubbub.json", Dialect::Json, false),
    ("hubbub.text", Dialect::Text, false),
    ("text.ircv3.net", Dialect::Irc, false),
    ("binary.ircv3.net", Dialect::Irc, true),
];

/// The name of a sub-protocol, what is spoken in it, and whether its messages are binary ones.
type Protocol = (&'static str, Dialect, bool);

const VERSION: &str = "13";
const KEY_BYTES: usize = 16;
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Goes on as a WebSocket, or says why not.
pub(super) fn answer(site: &Site, now: Moment, request: &HttpRequest, is_echo: bool) -> Reply {
    let refuse = |status, sentence| Reply::Respond(Response::refusal(status, sentence, false));
    let upgrade_required = |sentence| {
        let response = Response::refusal(StatusCode::UpgradeRequired, sentence, false);
        response
            .with("Upgrade", "websocket")
            .with("Connection", "Upgrade")
            .with("Sec-WebSocket-Version", VERSION)
    };
    if !site.admits(request.origin.as_deref(), &request.host) {
        return refuse(
            StatusCode::Forbidden,
            "Pages of other hosts may not connect here.",
        );
    }
    let Some(handshake) = &request.handshake else {
        return Reply::Respond(upgrade_required("A WebSocket connects here."));
    };
    if handshake.version.as_deref() != Some(VERSION) {
        return Reply::Respond(upgrade_required("Version 13 of WebSocket is spoken here."));
    }
    let Some(key) = handshake.key.as_deref().filter(|key| is_key(key)) else {
        return refuse(
            StatusCode::BadRequest,
            "Sec-WebSocket-Key is 16 bytes in Base64.",
        );
    };
    let (protocol, dialect, is_binary) = match (is_echo, protocol(handshake)) {
        (true, _) => (None, Dialect::Echo, false),
        (false, Some((name, dialect, is_binary))) => (Some(name), dialect, is_binary),
        (false, None) => (None, Dialect::Json, false),
    };
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Date: {}\r\nSec-WebSocket-Accept: {}\r\n",
        imf_date(now),
        accept_key(key)
    );
    if let Some(protocol) = protocol {
        head += &format!("Sec-WebSocket-Protocol: {protocol}\r\n");
    }
    head += "\r\n";
    Reply::Upgrade {
        dialect,
        is_binary,
        response_head: head.into_bytes(),
    }
}

/// The first sub-protocol offered that is spoken, if one is.
fn protocol(handshake: &Handshake) -> Option<Protocol> {
    let spoken = |offered: &String| PROTOCOLS.into_iter().find(|(name, ..)| name == offered);
    handshake.protocols.iter().find_map(spoken)
}

/// Does a request ask for a WebSocket with a sub-protocol that is spoken at every path?
pub(super) fn is_anywhere(request: &HttpRequest) -> bool {
    let handshake = request.handshake.as_ref();
    let protocol = handshake.and_then(protocol);
    protocol.is_some_and(|(_, dialect, _)| dialect == Dialect::Irc)
}

fn is_key(key: &str) -> bool {
    BASE64
        .decode(key)
        .is_ok_and(|bytes| bytes.len() == KEY_BYTES)
}

/// Proves that the key was read by one who speaks WebSocket.
fn accept_key(key: &str) -> String {
    let proof = digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, GUID].concat().as_bytes());
    BASE64.encode(proof)
}
