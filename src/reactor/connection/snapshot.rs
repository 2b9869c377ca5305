//! What a program that takes over is told of a connection, so that it goes on in the middle of whatever that is in.

use std::fmt;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::buffer::{Inbox, Ledger};
use crate::dialect::{Dialect, Stage};
use crate::frame::Framing;
use crate::layer::Transport;
use crate::model::{ConnId, Peer};
use crate::sys::StreamKind;
use crate::web::DoorKind;

use super::super::bucket::Bucket;
use super::super::pages::Messages;
use super::super::phase::{Phase, Reason};
use super::super::timers::Tick;
use super::input::Unparsed;
use super::restraint::Restraint;
use super::{Connection, Opening, Standing};

/// All of a connection but its socket, each as the field of [`Connection`].
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::reactor) struct ConnectionState {
    pub(in crate::reactor) id: ConnId,
    pub(in crate::reactor) stream: StreamKind,
    /// Is TLS spoken with the peer? Then by another program.
    pub(in crate::reactor) is_relayed: bool,
    peer: Peer,
    input: Option<(RawBytes, Framing)>,
    outbox: RawBytes,
    restraint: Option<Box<Restraint>>,
    bucket: Bucket,
    since: Tick,
    progress: Tick,
    dialect: Option<Dialect>,
    phase: Phase,
    standing: Standing,
    reason: Option<Reason>,
    messages: Messages,
    dialogue: Option<RawBytes>,
    brief: u32,
    door: DoorKind,
    opening: Opening,
    stage: Stage,
    ended: bool,
    silence_handled: bool,
    /// Has it more to do without an event?
    pub(in crate::reactor) is_ready: bool,
}

/// RawBytes that are written as such, and not as a list of numbers.
#[derive(Debug)]
pub(in crate::reactor) struct RawBytes(Vec<u8>);

impl<S: Transport> Connection<S> {
    /// What there is of it now. What its dialogue waits for is none of it.
    pub(in crate::reactor) fn state(&self, stream: StreamKind) -> ConnectionState {
        let input = self.input.as_deref();
        let dialogue = self.dialogue.as_deref();
        ConnectionState {
            id: self.id,
            stream,
            is_relayed: self.socket.is_tls(),
            peer: self.peer,
            input: input.map(|it| (RawBytes(it.inbox.bytes().to_vec()), it.framing.clone())),
            outbox: RawBytes(self.outbox.to_vec()),
            restraint: self.restraint.clone(),
            bucket: self.bucket,
            since: self.since,
            progress: self.progress,
            dialect: self.dialect,
            phase: self.phase,
            standing: self.standing,
            reason: self.reason,
            messages: self.messages,
            dialogue: dialogue
                .and_then(|it| rmp_serde::to_vec(it).ok())
                .map(RawBytes),
            brief: self.brief,
            door: self.door,
            opening: self.opening,
            stage: self.stage,
            ended: self.ended,
            silence_handled: self.silence_handled,
            is_ready: self.is_ready,
        }
    }

    /// One that goes on over `socket`, which no poll watches yet.
    ///
    /// # Errors
    /// It is told what cannot be understood.
    pub(in crate::reactor) fn of_state(
        state: ConnectionState,
        socket: S,
        ledger: &Ledger,
    ) -> Result<Connection<S>, rmp_serde::decode::Error> {
        let mut connection = Connection::new(state.id, socket, state.peer, state.dialect, 0);
        connection.input = state.input.map(|(RawBytes(bytes), framing)| {
            let mut inbox = Inbox::default();
            inbox.extend(&bytes);
            Box::new(Unparsed { inbox, framing })
        });
        let RawBytes(owed) = state.outbox;
        if !owed.is_empty() {
            connection.append(ledger, |out| out.extend_from_slice(&owed));
        }
        let dialogue = state.dialogue.as_ref();
        let dialogue = dialogue.map(|RawBytes(bytes)| rmp_serde::from_slice(bytes));
        Ok(Connection {
            restraint: state.restraint,
            bucket: state.bucket,
            since: state.since,
            progress: state.progress,
            phase: state.phase,
            standing: state.standing,
            reason: state.reason,
            messages: state.messages,
            dialogue: dialogue.transpose()?,
            brief: state.brief,
            door: state.door,
            opening: state.opening,
            stage: state.stage,
            ended: state.ended,
            silence_handled: state.silence_handled,
            ..connection
        })
    }

    /// Is something asked in its dialogue that is not answered?
    pub(in crate::reactor) fn awaits_answers(&self) -> bool {
        self.dialogue
            .as_deref()
            .is_some_and(|it| it.awaits_answers())
    }
}

impl From<Vec<u8>> for RawBytes {
    fn from(bytes: Vec<u8>) -> RawBytes {
        RawBytes(bytes)
    }
}

impl AsRef<[u8]> for RawBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for RawBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for RawBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawBytes, D::Error> {
        struct Taker;

        impl Visitor<'_> for Taker {
            type Value = RawBytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<RawBytes, E> {
                Ok(RawBytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Taker)
    }
}

/// Why somebody is turned away, which is one of few reasons.
pub(super) mod refusal {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::ErrorCode;

    #[derive(Serialize, Deserialize)]
    enum Refusal {
        ServerFull,
        AddressFull,
        ConnectsTooFast,
        AddressBanned(Option<String>),
    }

    pub(in super::super) fn serialize<S: Serializer>(
        code: &Option<ErrorCode>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let refusal = code.as_ref().map(|code| match code {
            ErrorCode::AddressFull => Refusal::AddressFull,
            ErrorCode::ConnectsTooFast => Refusal::ConnectsTooFast,
            ErrorCode::AddressBanned(reason) => Refusal::AddressBanned(reason.clone()),
            _ => Refusal::ServerFull,
        });
        refusal.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ErrorCode>, D::Error> {
        let refusal = Option::<Refusal>::deserialize(deserializer)?;
        Ok(refusal.map(|refusal| match refusal {
            Refusal::ServerFull => ErrorCode::ServerFull,
            Refusal::AddressFull => ErrorCode::AddressFull,
            Refusal::ConnectsTooFast => ErrorCode::ConnectsTooFast,
            Refusal::AddressBanned(reason) => ErrorCode::AddressBanned(reason),
        }))
    }
}

#[cfg(test)]
mod tests;
