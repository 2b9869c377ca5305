//! What the hub wants done, and whom it is for.

use std::sync::Arc;

use crate::chat::RoomId;
use crate::model::{
    AccountAsk, ConnId, ErrorCode, Event, Excerpt, Incident, Message, MessageId, Nick, Query,
    Record, RequestId, RoomName, TicketClaim,
};
use crate::session::{Reader, Readers};

/// What the hub wants done. An effect is to be carried out before the next request is handled.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Tell the one who asked: its own answer.
    Answer {
        /// Who asked.
        to: ConnId,
        /// The id of the request that this answers.
        id: Option<RequestId>,
        /// What it is told.
        event: Event,
    },
    /// Tell somebody else.
    Tell {
        /// Who.
        to: ConnId,
        /// What.
        event: Event,
    },
    /// Tell many the same.
    Broadcast {
        /// Whom.
        audience: Audience,
        /// What.
        event: Event,
    },
    /// A session has begun, whether it was told so or not yet.
    Came {
        /// Whose it is.
        who: ConnId,
        /// The name it has.
        nick: Nick,
    },
    /// A session is over: its name is free and its rooms are left.
    Gone {
        /// Whose it was.
        who: ConnId,
        /// The name it had.
        nick: Nick,
    },
    /// Handle nothing that a connection asks: a change that it has asked for is on its way.
    Hold {
        /// Which.
        who: ConnId,
    },
    /// Go on with it: all its changes have come.
    Release {
        /// Which.
        who: ConnId,
    },
    /// Close a connection after it was sent what it is owed; its session is over.
    Close {
        /// Whose.
        who: ConnId,
    },
    /// Keep the settings: they have changed.
    KeepSettings,
    /// Keep something for good.
    Keep(Record),
    /// There was no room for a message to be kept ([`super::Hub::handle_room`]): it was told only, or not even said.
    Lost(Option<MessageId>),
    /// Look something up in what is kept, and tell with [`super::Hub::handle_found`].
    Ask {
        /// For whom; it can wait until its reader has taken what it is owed.
        who: ConnId,
        /// What the answer is told by.
        ticket: u64,
        /// What.
        query: Query,
    },
    /// Send a connection what its dialect has written for it by itself.
    Written {
        /// Which.
        to: ConnId,
        /// What.
        bytes: Vec<u8>,
    },
    /// Tell a connection without a session what came of what it had said ([`super::Hub::wait_for_post`]).
    Posted {
        /// Whose.
        to: ConnId,
        /// Why it is not on disk; `None` where it is.
        failure: Option<ErrorCode>,
        /// What was said, and where, where the response is made of it.
        said: Option<(RoomName, Arc<Message>)>,
    },
    /// Tell a connection without a session what was said in a room ([`super::Hub::handle_reading`]).
    Read {
        /// Whose.
        to: ConnId,
        /// What, or why not.
        excerpt: Result<Excerpt, ErrorCode>,
    },
    /// Ask about an account, and tell with [`super::Hub::handle_account`]. Nothing that `who` asks is handled
    /// before that.
    AskAccount {
        /// For whom.
        who: ConnId,
        /// What the answer is told by.
        ticket: u64,
        /// What.
        ask: AccountAsk,
    },
    /// Write in the log who proved to be somebody, or did not, or was kept out.
    Log(Incident),
    /// Answer with what only the server itself knows.
    Report {
        /// Who asked.
        to: ConnId,
        /// The id of the request that this answers.
        id: Option<RequestId>,
        /// What.
        report: Report,
    },
    /// Make a ticket to send a file, and answer with that.
    Ticket {
        /// Who asked.
        to: ConnId,
        /// The id of the request that this answers.
        id: Option<RequestId>,
        /// What is to be sent.
        claim: TicketClaim,
    },
    /// Read the server's files again.
    Reload,
    /// Stop the server.
    Stop {
        /// After how long.
        seconds: u64,
    },
}

/// What only the server itself knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Its figures.
    Stats,
    /// Which servers are in the cluster.
    Nodes,
    /// Whether there is one of that name, whose users are told then where else to go.
    Drain(String),
}

/// Whom an event is for.
#[derive(Debug, PartialEq)]
pub enum Audience {
    /// The readers of a room.
    Room {
        /// The room, which may have ended meanwhile.
        room: RoomId,
        /// Its readers as they were when it happened.
        readers: Readers,
        /// Who is told apart or not at all: whose doing it is. It need not be a reader.
        except: Option<ConnId>,
        /// The readers who hear nothing from it, in ascending order.
        ignorers: Vec<ConnId>,
    },
    /// These, each once.
    Each(Vec<Reader>),
}
