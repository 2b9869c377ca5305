//! How a connection's life goes, why it ends, and what can be due in it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

use crate::frame::websocket::CloseCode;

/// How far a connection's life has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Requests are read and answered.
    Open,
    /// No request is read any more; what the peer is owed is still sent.
    Draining,
    /// Our FIN is sent; unread input is read off, so that no reset overtakes the last line.
    Lingering,
}

/// Why a connection ends, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Its user said so.
    Quit,
    /// The peer ended its input.
    Closed,
    /// The peer, or the network, broke the connection.
    Broken(#[serde(skip, default = "other")] io::ErrorKind),
    /// It took too little of what it was sent.
    SendQ,
    /// It took nothing of its last bytes.
    Stalled,
    /// No name in time.
    JoinTimeout,
    /// No input for too long.
    IdleTimeout,
    /// An operator put it out.
    Kicked,
    /// Nothing came of it, and no answer to a ping.
    PingTimeout,
    /// It took too long over its TLS handshake or an HTTP request.
    HandshakeTimeout,
    /// It broke the rules of TLS, HTTP or WebSocket.
    Protocol,
    /// It was turned away.
    Refused,
    /// It asked faster than it may, for too long.
    Flood,
    /// The server is stopping.
    Shutdown,
}

/// What kind of error it was is for the program that saw it.
fn other() -> io::ErrorKind {
    io::ErrorKind::Other
}

impl Reason {
    /// In words, and the name that it is counted by, where the server ended the connection.
    fn names(self) -> (&'static str, Option<&'static str>) {
        match self {
            Reason::Quit => ("quit", None),
            Reason::Closed => ("connection closed", None),
            Reason::Broken(_) => ("broken", Some("broken connections")),
            Reason::SendQ => ("SendQ exceeded", Some("dropped for SendQ")),
            Reason::Stalled => ("takes nothing", Some("dropped for stalling")),
            Reason::JoinTimeout => ("join timeout", Some("dropped for join timeout")),
            Reason::IdleTimeout => ("idle timeout", Some("dropped for idle timeout")),
            Reason::PingTimeout => ("ping timeout", Some("dropped for ping timeout")),
            Reason::HandshakeTimeout => {
                ("handshake timeout", Some("dropped for handshake timeout"))
            }
            Reason::Protocol => ("protocol error", Some("dropped for protocol errors")),
            Reason::Refused => ("refused", None),
            Reason::Flood => ("flooding", Some("dropped for flooding")),
            Reason::Kicked => ("kicked", Some("kicked")),
            Reason::Shutdown => ("shutdown", None),
        }
    }

    /// The name that it is counted by, where the server ended the connection.
    pub(super) fn drop_name(self) -> Option<&'static str> {
        self.names().1
    }

    /// What a WebSocket is closed with (RFC 6455 section 7.4.1).
    pub(super) fn close_code(self) -> CloseCode {
        match self {
            Reason::Shutdown => CloseCode::GoingAway,
            Reason::Protocol => CloseCode::Protocol,
            Reason::Quit | Reason::Closed => CloseCode::Normal,
            _ => CloseCode::Policy,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Broken(kind) => kind.fmt(f),
            reason => f.write_str(reason.names().0),
        }
    }
}

/// What is due when a connection's deadline has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// No header came: the proxy speaks for itself.
    Header,
    /// The auto door has heard nothing: it is text.
    Sniff,
    /// Silence ends the frame.
    Silence,
    /// The time for a TLS handshake or an HTTP request is over.
    Handshake,
    /// The time to join is over.
    Join,
    /// Nothing came for so long that it is asked whether it is there.
    Ping,
    /// It did not say that it is.
    Pong,
    /// It sent nothing for too long.
    Idle,
    /// It was over the soft limit for too long.
    SendQ,
    /// It took nothing of its last bytes.
    Stall,
    /// It did not answer our FIN.
    Linger,
    /// It may ask again.
    Tokens,
}
