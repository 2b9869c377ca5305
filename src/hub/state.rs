//! The state of the hub, and views of it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::chat::{Chat, Fact, RoomId, Rules};
use crate::limits::MESSAGE_LINES_MAX;
use crate::log::Log;
use crate::model::{
    ConnId, ErrorCode, Event, HashSeed, MessageId, Moment, Peer, Record, Settings, Target, UserId,
    lines,
};
use crate::session::{
    Expiry, Graces, Ignorers, LocalRooms, Reader, Readers, Sessions, Throttle, Watches,
};

use super::asking::Accounts;
use super::beside::Moved;
use super::coming::Coming;
use super::effect::Effect;
use super::exile::Exile;
use super::held::HeldOutput;
use super::history::History;
use super::later::Later;
use super::operate::OPER_ALLOWANCE;
use super::outgoing::Proposed;

/// Places for effects that are kept between requests.
const IDLE_EFFECTS: usize = 64;

/// The chat, and the sessions that this server has of its users.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hub {
    pub(super) chat: Chat,
    #[serde(skip)]
    pub(super) log: Log,
    /// What is on its way through the log of a cluster.
    #[serde(skip)]
    pub(super) proposed: Proposed,
    /// Sessions that are to come back.
    #[serde(skip)]
    pub(super) exiles: VecDeque<Exile>,
    pub(super) sessions: Sessions,
    /// Invariant: exactly the chat's rooms.
    pub(super) local: LocalRooms,
    /// Connections, whether they have a session or not.
    #[serde(skip)]
    pub(super) open: usize,
    /// Connections of the operator's console, which have no session.
    pub(super) consoles: BTreeSet<ConnId>,
    /// The console that hears what is said to the server itself, where there was one.
    pub(super) watcher: Option<ConnId>,
    /// Those who came in by a door whose form shows addresses.
    pub(super) shown: BTreeSet<ConnId>,
    /// Invariant: exactly the users' ignored names the other way round, by their sessions.
    #[serde(skip)]
    pub(super) ignorers: Ignorers,
    /// Who hears of each who comes and goes, however many there are.
    pub(super) eager: BTreeSet<ConnId>,
    /// Who has said the word that the server wants, and may not have come in yet.
    pub(super) unlocked: BTreeSet<ConnId>,
    /// Who gave the name of an account, and is to say its password before it comes in.
    pub(super) named: BTreeMap<ConnId, Box<Coming>>,
    /// Wrong words of those who come in, by address.
    pub(super) intrusions: Throttle<Option<IpAddr>>,
    /// Wrong operator passwords by address.
    pub(super) failures: Throttle<Option<IpAddr>>,
    pub(super) accounts: Accounts,
    pub(super) graces: Graces,
    /// Who has come without a word, and when the others are told of it, in milliseconds since the start;
    /// the first to be told is first. Some are gone, or told, already.
    pub(super) untold: VecDeque<(u64, UserId)>,
    /// The sessions of a user who has become another, which are not that one's yet.
    #[serde(skip)]
    pub(super) moved: VecDeque<Moved>,
    pub(super) history: History,
    /// What waits to be told until messages are on disk.
    #[serde(skip)]
    pub(super) held: HeldOutput,
    /// Is there room for one more message on its way to the disk?
    #[serde(skip)]
    pub(super) has_room: bool,
    /// Who waits for which names, and who went by which.
    pub(super) watches: Watches,
    /// What is done over several turns, in order.
    #[serde(skip)]
    pub(super) later: VecDeque<Later>,
    /// Members that were looked at since [`Hub::take_steps`].
    #[serde(skip)]
    pub(super) steps: Cell<usize>,
    pub(super) expiry: Expiry,
    /// Places for what comes of an entry.
    #[serde(skip)]
    pub(super) facts: Vec<Fact>,
    #[serde(skip)]
    pub(super) effects: VecDeque<Effect>,
}

impl Hub {
    /// An empty chat.
    pub fn new(rules: Rules, settings: Settings) -> Hub {
        Hub {
            chat: Chat::new(rules, settings),
            log: Log::default(),
            proposed: Proposed::default(),
            exiles: VecDeque::new(),
            sessions: Sessions::new(),
            local: LocalRooms::new(),
            open: 0,
            consoles: BTreeSet::new(),
            watcher: None,
            shown: BTreeSet::new(),
            ignorers: Ignorers::default(),
            eager: BTreeSet::new(),
            unlocked: BTreeSet::new(),
            named: BTreeMap::new(),
            intrusions: Throttle::new(OPER_ALLOWANCE),
            failures: Throttle::new(OPER_ALLOWANCE),
            accounts: Accounts::new(),
            graces: Graces::default(),
            untold: VecDeque::new(),
            moved: VecDeque::new(),
            history: History::default(),
            held: HeldOutput::default(),
            has_room: true,
            watches: Watches::default(),
            later: VecDeque::new(),
            steps: Cell::new(0),
            expiry: Expiry::default(),
            facts: Vec::new(),
            effects: VecDeque::new(),
        }
    }

    /// How many users have joined.
    pub fn online(&self) -> usize {
        self.chat.users().len()
    }

    /// How many rooms there are, the lobby included.
    pub fn rooms(&self) -> usize {
        self.chat.rooms().len()
    }

    /// Who reads what is said in a room that an effect names; none where it has ended meanwhile.
    pub fn readers(&self, room: RoomId) -> &Readers {
        self.local.readers(room)
    }

    /// A connection as a reader of a room that its user is in.
    pub fn reader(&self, id: ConnId, room: RoomId) -> Option<Reader> {
        let session = self.sessions.get(id)?;
        let here = session.focus == Some(room);
        let is_in = here || self.chat.users()[session.user()].is_in(room);
        is_in.then_some(Reader { id, here })
    }

    /// Does a connection speak in the room that an event for it alone is of?
    pub fn is_here(&self, who: ConnId, event: &Event) -> bool {
        let room = match event {
            Event::Said { room, .. }
            | Event::History {
                target: Target::Room(room),
                ..
            } => room,
            Event::Amended(amended) => match &amended.target {
                Target::Room(room) => room,
                Target::User(_) => return true,
            },
            _ => return true,
        };
        let session = self.sessions.get(who);
        session.is_some_and(|session| {
            session.focus.is_some() && session.focus == self.chat.rooms().find(room)
        })
    }

    /// What is to survive a restart.
    pub fn settings(&self) -> &Settings {
        self.chat.settings()
    }

    /// What stands for addresses is hashed with this.
    pub fn cloak_key(&self) -> HashSeed {
        self.chat.rules().cloak_key
    }

    /// Is the address kept out? If so, that is the refusal.
    pub fn refusal_of(&self, peer: &Peer, now: Moment) -> Option<ErrorCode> {
        self.chat.refusal_of(peer, now.unix_ms)
    }

    /// What is to be done next, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        let effect = self.effects.pop_front();
        if effect.is_none() {
            self.effects.shrink_to(IDLE_EFFECTS);
        }
        effect
    }

    /// Has something kept for good.
    pub(super) fn keep(&mut self, record: Record) {
        self.effects.push_back(Effect::Keep(record));
    }

    /// So many members, names or bans are looked at for what is being handled.
    pub(super) fn note_steps(&self, count: usize) {
        self.steps.set(self.steps.get().saturating_add(count));
    }

    /// Members, names and bans that were looked at since the last call: work that what is told does not show.
    pub fn take_steps(&mut self) -> usize {
        self.steps.take() + self.chat.take_steps()
    }

    pub(super) fn check_message(&self, text: &str) -> Result<(), ErrorCode> {
        let bytes_max = self.chat.rules().message_bytes_max;
        if text.len() > bytes_max {
            return Err(ErrorCode::MessageTooLong(bytes_max));
        }
        match lines(text).nth(MESSAGE_LINES_MAX) {
            None => Ok(()),
            Some(_) => Err(ErrorCode::TooManyLines(MESSAGE_LINES_MAX)),
        }
    }

    /// The message that was said last.
    pub fn last_id(&self) -> MessageId {
        self.chat.last_id()
    }

    /// Everything up to this is on disk.
    pub fn kept(&self) -> MessageId {
        self.history.kept
    }
}

/// Holds a note (a topic, a reason, last words) to its limit.
pub(super) fn check_note(text: &str) -> Result<(), ErrorCode> {
    match text.len() <= crate::limits::NOTE_BYTES_MAX {
        true => Ok(()),
        false => Err(ErrorCode::MessageTooLong(crate::limits::NOTE_BYTES_MAX)),
    }
}
