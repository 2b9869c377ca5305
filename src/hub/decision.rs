//! What a request comes to: an answer, a question that is answered later, or an entry. What goes on when an entry has been
//! applied is data, so that it may be applied whenever the log reads it back.

use std::collections::VecDeque;
use std::sync::Arc;

use core::net::IpAddr;

use crate::chat::{Entry, RoomId};
use crate::model::{
    AccountAnswer, AccountAsk, ConnId, Done, EnterMode, ErrorCode, Event, Message, MessageId,
    Moment, Peer, Query, RequestId, RoomName, SearchWords, TicketClaim, Window,
};

use super::asking::Waiting;
use super::changing::PreparedChange;
use super::effect::Report;
use super::exile::Exile;
use super::questions::Question;

/// Whose request is handled, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) who: ConnId,
    pub(super) peer: Peer,
    pub(super) now: Moment,
}

/// What a request comes to.
#[derive(Debug)]
pub(super) enum Decision {
    /// It is done, which a request with an id is told.
    Done,
    /// That is its answer.
    Answer(Event),
    /// It is a change: that is to be applied, and answered by what comes of it.
    Entry(Entry, Wants, Then),
    /// The archive is asked.
    Query(Question, Query),
    /// Whoever keeps the accounts is asked.
    Account(Box<Waiting>, AccountAsk),
    /// What is in memory is looked through.
    Scan {
        rooms: Vec<RoomId>,
        words: SearchWords,
        window: Window,
    },
    /// A ticket is made to send a file.
    Ticket(TicketClaim),
    /// The server tells something of itself.
    Report(Report),
    /// The server stops, after so many seconds.
    Stop { seconds: u64 },
}

impl Decision {
    /// Something is to be applied, and what comes of it is the answer.
    pub(super) fn entry(entry: Entry) -> Result<Decision, ErrorCode> {
        Ok(Decision::Entry(entry, Wants::Nothing, Then::Nothing))
    }

    /// Something is to be applied, and what comes of it is heard by who asks as by others: the answer is the rest.
    pub(super) fn entry_then(entry: Entry, then: Then) -> Result<Decision, ErrorCode> {
        Ok(Decision::Entry(entry, Wants::Unheard, then))
    }

    /// It is done.
    pub(super) fn done(what: Done) -> Result<Decision, ErrorCode> {
        Ok(Decision::Answer(Event::Done { what: Some(what) }))
    }
}

/// Who asked for an entry, and is answered.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) who: ConnId,
    /// What the answer carries; `None` where there is none, or it was answered.
    pub(super) id: Option<RequestId>,
    pub(super) wants: Wants,
    pub(super) then: Then,
    /// How many connections are to be put out because of the entry.
    pub(super) put_out: usize,
}

impl Asker {
    pub(super) fn new(who: ConnId, id: Option<RequestId>, wants: Wants, then: Then) -> Asker {
        Asker {
            who,
            id,
            wants,
            then,
            put_out: 0,
        }
    }
}

/// What an answer depends on beside what has come of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    /// What comes of it is not its answer.
    Unheard,
    /// It comes in.
    Welcome {
        /// Is it told who is there?
        users: bool,
        /// Are the others told later?
        is_untold: bool,
        /// How many of the last messages it is shown of a room.
        replay: u16,
    },
    /// It comes in without a room.
    Nowhere {
        /// How many of the last messages it is shown of a room.
        replay: u16,
    },
    /// It hears what was set of a room in the form of those who are told of that.
    Modes,
    /// It hears at once that it was said, rather than when that is kept.
    AtOnce,
    /// It comes back to where it was, which it is not told.
    Return(u16),
    /// It enters a room.
    Room {
        mode: EnterMode,
        resume: Option<MessageId>,
        replay: Option<usize>,
    },
}

/// What goes on when an entry has been applied.
#[derive(Debug, Default)]
pub(super) enum Then {
    #[default]
    Nothing,
    /// That is the answer.
    Answer(Event),
    /// That is the answer, and told the user's other connections.
    Tell(Event),
    /// Those whom a ban covers are put out.
    Ban {
        mask: String,
        seconds: Option<u64>,
        reason: Option<String>,
    },
    /// Those who were in a room are.
    Close(RoomName),
    /// It is in a room: what it resumes goes on.
    Enter {
        /// From where a room was counted that would be an account's.
        founder: Option<IpAddr>,
        resuming: Option<Resuming>,
    },
    /// It has come in, and is shown what was said, in other rooms too that it was in.
    ComeIn {
        resume: Vec<(RoomName, MessageId)>,
        is_account: bool,
    },
    /// It has come in without a room.
    ComeInNowhere,
    /// It is logged in.
    LogIn,
    /// It has proven to be an account, which is the answer.
    Prove(Event),
    /// What is said of accounts holds: whoever asked goes on.
    Account(Box<Waiting>, AccountAnswer),
    /// The accounts are changed at all servers of a cluster: whoever asked is told when that is on disk here.
    Change(Box<PreparedChange>),
    /// Who has no session is told when it is on disk, of what it has said where the response is made of that.
    Post(Option<(RoomName, Arc<Message>)>),
    /// A session has come back.
    Return(Box<Exile>),
    /// It speaks there again.
    Focus(RoomName),
    /// It is out of a room that was closed.
    TakeOut(RoomName),
}

/// Rooms that somebody who has come in goes on in, one after the other.
#[derive(Debug)]
pub(super) struct Resuming {
    /// Which are left, and the last message that it has of each.
    pub(super) rooms: VecDeque<(RoomName, MessageId)>,
    /// Where it speaks.
    pub(super) focus: RoomId,
    pub(super) is_account: bool,
}
