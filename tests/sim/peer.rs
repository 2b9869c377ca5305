//! A client: what it has sent, what it was told, and so what it knows of itself.

mod stay;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::net::SocketAddr;

use hubbub::testing::Key;

use crate::forms::Form;
use crate::link::Link;
use crate::marks::sometimes;
use crate::net::End;
use crate::plan::Tongue;
use crate::told::{Heard, NAME_REFUSED, Told, Where};

pub(crate) use stay::Stay;

/// Messages in one part of what is caught up on.
const PAGE: usize = 200;

/// A client of one connection.
pub(crate) struct Peer {
    pub(crate) serial: usize,
    pub(crate) tongue: Tongue,
    pub(crate) address: SocketAddr,
    pub(crate) link: Link,
    pub(crate) form: Form,
    /// What came and is no whole frame yet.
    pub(crate) inbox: Vec<u8>,
    /// Pieces that are yet to be sent.
    pub(crate) outgoing: VecDeque<Vec<u8>>,
    /// Bytes that have come.
    pub(crate) bytes_in: usize,
    /// Who has left the chat, as it was told.
    pub(crate) gone: Vec<String>,
    /// All that it has sent, where that comes back (echo).
    pub(crate) sent: Vec<u8>,
    /// Names that it has asked for.
    pub(crate) asked: BTreeSet<Key>,
    /// The name that it was told that it has.
    pub(crate) name: Option<String>,
    pub(crate) names_ever: BTreeSet<Key>,
    /// Is it in the chat, as far as it knows?
    pub(crate) has_joined: bool,
    /// Is it in only because nothing was said against it?
    pub(crate) is_unsure: bool,
    pub(crate) stays: Vec<Stay>,
    pub(crate) past_stays: Vec<Stay>,
    pub(crate) focus: Option<Key>,
    /// May another connection be the same user?
    pub(crate) may_be_twin: bool,
    /// Has it asked for what was said before, in a dialect that shows it as if it were said now?
    pub(crate) has_asked_past: bool,
    pub(crate) has_ignored: bool,
    /// Did it ever stop reading, so that it may be dropped in the middle of a frame?
    pub(crate) has_stalled: bool,
    pub(crate) is_stalled: bool,
    /// Has it done what it may be closed for?
    pub(crate) may_be_closed: bool,
    pub(crate) farewell: Option<&'static str>,
    /// It sends no more.
    pub(crate) has_shut: bool,
    pub(crate) end: Option<End>,
    /// Requests with an id, whose answers tell a message's: the text's number by the request's number.
    pub(crate) pending_ids: BTreeMap<u64, usize>,
    /// The roster of each room as it was told last, with the step.
    pub(crate) rosters: BTreeMap<Key, BTreeSet<Key>>,
    /// The text of the last response over HTTP.
    pub(crate) response: Option<(u16, String)>,
    /// The run of the server in which it came.
    pub(crate) epoch: usize,
    /// Was it just told that its own name is gone?
    is_renamed: bool,
    seen_live: HashSet<usize>,
}

impl Peer {
    pub(crate) fn new(serial: usize, tongue: Tongue, address: SocketAddr, link: Link) -> Peer {
        Peer {
            serial,
            tongue,
            address,
            link,
            form: tongue.form(),
            inbox: Vec::new(),
            outgoing: VecDeque::new(),
            bytes_in: 0,
            gone: Vec::new(),
            sent: Vec::new(),
            asked: BTreeSet::new(),
            name: None,
            names_ever: BTreeSet::new(),
            has_joined: false,
            is_unsure: false,
            stays: Vec::new(),
            past_stays: Vec::new(),
            focus: None,
            may_be_twin: false,
            has_asked_past: false,
            has_ignored: false,
            has_stalled: false,
            is_stalled: false,
            may_be_closed: false,
            farewell: None,
            has_shut: false,
            end: None,
            pending_ids: BTreeMap::new(),
            rosters: BTreeMap::new(),
            response: None,
            epoch: 0,
            is_renamed: false,
            seen_live: HashSet::new(),
        }
    }

    /// Who it is, for a message.
    pub(crate) fn label(&self) -> String {
        let name = self.name.as_deref().unwrap_or("?");
        format!("#{} {:?} ({name})", self.serial, self.tongue)
    }

    /// Changes whenever it learns that it is somewhere else, or somebody else.
    pub(crate) fn version(&self) -> (usize, usize, usize) {
        (
            self.names_ever.len(),
            self.stays.len(),
            self.past_stays.len(),
        )
    }

    /// Does it know who it is, and is it in or not in for good?
    pub(crate) fn is_settled(&self) -> bool {
        !self.is_alive() || !self.tongue.is_user() || self.is_well() || !self.has_joined
    }

    /// Did the server end the connection, although nothing asked for it?
    pub(crate) fn is_end_unexplained(&self) -> bool {
        let is_user = self.tongue.is_user() && self.has_joined && self.link.is_established();
        is_user && !self.may_be_closed && !self.has_stalled && self.farewell.is_none()
    }

    /// Does what it sends come back, secrets too?
    pub(crate) fn sent_secrets_to_echo(&self) -> bool {
        matches!(self.tongue, Tongue::Echo | Tongue::WsEcho)
    }

    pub(crate) fn is_console(&self) -> bool {
        self.tongue.is_console()
    }

    /// Has it begun with another protocol, so that it is nobody here?
    pub(crate) fn is_foreign(&self) -> bool {
        matches!(self.form, Form::Foreign)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.end.is_none()
    }

    /// Is it in the chat, reading, and not about to be closed?
    pub(crate) fn is_well(&self) -> bool {
        self.is_alive()
            && self.has_joined
            && !self.is_stalled
            && self.farewell.is_none()
            && !self.has_shut
    }

    pub(crate) fn is_in(&self, room: &Key) -> bool {
        self.stays.iter().any(|stay| stay.room == *room)
    }

    pub(crate) fn was_in(&self, room: &Key) -> bool {
        self.past_stays.iter().any(|stay| stay.room == *room)
    }

    /// May it have that name? Some dialects do not tell.
    pub(crate) fn goes_by(&self, name: &Key) -> bool {
        match &self.name {
            Some(own) => Key::of(own) == *name,
            None => self.names_ever.contains(name) || self.asked.contains(name),
        }
    }

    /// The frame that asks who is in a room, where the dialect tells that in a form that can be read.
    pub(crate) fn roster_request(&self, room: &str) -> Option<Vec<u8>> {
        let frame = match self.tongue {
            Tongue::Text | Tongue::AutoText => format!("/who {room}\n"),
            Tongue::WsText => format!("/who {room}"),
            Tongue::Json | Tongue::AutoJson => {
                format!("{{\"type\":\"users\",\"room\":\"{room}\"}}\n")
            }
            Tongue::WsJson => format!("{{\"type\":\"users\",\"room\":\"{room}\"}}"),
            Tongue::Padded => format!("{{\"type\":\"chat\",\"message\":\"/who {room}\"}}\n"),
            Tongue::Pynet | Tongue::AutoPynet => {
                format!("{{\"type\":\"chat\",\"data\":\"/who {room}\"}}")
            }
            Tongue::Irc => format!("NAMES #{room}\r\n"),
            Tongue::Anon
            | Tongue::Colon
            | Tongue::Echo
            | Tongue::Http
            | Tongue::Status
            | Tongue::WsEcho
            | Tongue::Console
            | Tongue::Stdio
            | Tongue::Terminal => {
                return None;
            }
        };
        match self.tongue.is_websocket() {
            true => Some(crate::forms::masked_frame(
                1,
                true,
                frame.as_bytes(),
                [7; 4],
            )),
            false => Some(frame.into_bytes()),
        }
    }

    /// It asks for a name; a dialect that does not tell of success is taken to have it.
    pub(crate) fn ask_name(&mut self, name: &str) {
        let key = Key::of(name);
        self.asked.insert(key.clone());
        if self.tongue.is_silent_about_joins() && !self.has_joined {
            self.names_ever.insert(key);
            self.is_unsure = true;
            // When it is in it is not told.
            self.come_in(None, u64::MAX);
        }
    }

    /// It is in the lobby.
    pub(crate) fn come_in(&mut self, name: Option<String>, step: u64) {
        self.has_joined = true;
        if let Some(name) = name {
            self.names_ever.insert(Key::of(&name));
            self.name = Some(name);
        }
        self.enter(Key::of("lobby"), step);
    }

    /// Takes in what a frame told it of itself. Messages are the ledger's.
    pub(crate) fn learn(&mut self, told: &Told, step: u64) {
        self.note_inside(told);
        match told {
            Told::Welcome(name) => self.come_in(Some(name.clone()), step),
            Told::Registered(name) => {
                self.has_joined = true;
                self.names_ever.insert(Key::of(name));
                self.name = Some(name.clone());
            }
            Told::Joined(name) if !self.has_joined && self.asked.contains(&Key::of(name)) => {
                self.come_in(Some(name.clone()), step);
            }
            Told::Gone(name) => {
                self.gone.push(name.clone());
                self.is_renamed = self.tongue == Tongue::Padded && self.name.as_ref() == Some(name);
            }
            Told::Joined(name) if self.is_renamed => {
                self.is_renamed = false;
                self.names_ever.insert(Key::of(name));
                self.name = Some(name.clone());
            }
            Told::Renamed { from, to } => self.note_renaming(from, to),
            Told::Entered(room) => {
                let room = Key::of(room);
                self.enter(room.clone(), step);
                self.focus = Some(room);
            }
            Told::Left { room, now_in } => {
                self.leave(&Key::of(room), now_in.as_deref().map(Key::of), step)
            }
            Told::Roster {
                room,
                names,
                is_cut,
            } => {
                let room = room.as_deref().map(Key::of).or_else(|| self.focus.clone());
                if let (Some(room), false) = (room, *is_cut) {
                    let names = names.iter().filter(|name| !name.is_empty());
                    self.rosters
                        .insert(room, names.map(|name| Key::of(name)).collect());
                }
            }
            Told::Farewell(why) => self.farewell = Some(why),
            Told::Refused(code) if code == NAME_REFUSED && self.is_unsure => self.be_refused(),
            Told::Response { status, body } => self.response = Some((*status, body.clone())),
            Told::Heard(_)
            | Told::Joined(_)
            | Told::Done { .. }
            | Told::Deleted(_)
            | Told::Refused(_)
            | Told::Ping(_)
            | Told::Other(_) => {}
        }
    }

    /// Who is told what only those are told who are in is in.
    fn note_inside(&mut self, told: &Told) {
        let is_inside = match told {
            Told::Heard(_) | Told::Roster { .. } | Told::Entered(_) => true,
            Told::Renamed { .. } => self.tongue == Tongue::Colon,
            _ => false,
        };
        if is_inside {
            self.is_unsure = false;
            // What was refused was something else.
            if !self.has_joined && self.tongue == Tongue::Colon {
                self.come_in(None, u64::MAX);
            }
        }
    }

    /// At the auto door, who was not heard in time is taken for somebody who speaks text; and who is cut off in the
    /// middle of its first object for one who speaks json.
    pub(crate) fn find_out_dialect(&mut self) {
        const TEXT: [&[u8]; 2] = [b"Enter your name: ", b"[Server] "];
        const JSON_ONLY: [&[u8]; 2] = [b"{\"type\":\"shutdown\"", b"{\"type\":\"error\""];
        let begins = |with: &[&[u8]]| with.iter().any(|start| self.inbox.starts_with(start));
        let is_first = self.bytes_in == self.inbox.len();
        let (tongue, form) = match self.tongue {
            Tongue::AutoJson | Tongue::AutoPynet if begins(&TEXT) => (Tongue::AutoText, Form::Text),
            Tongue::AutoPynet if is_first && begins(&JSON_ONLY) => (Tongue::AutoJson, Form::Json),
            _ => return,
        };
        (self.tongue, self.form) = (tongue, form);
        self.has_joined = false;
        self.stays.clear();
        self.names_ever.clear();
    }

    /// It was not let in, although it took itself to be.
    fn be_refused(&mut self) {
        self.may_be_closed = true;
        // The others are closed then.
        if self.tongue == Tongue::Colon {
            self.has_joined = false;
            self.stays.clear();
        }
    }

    fn note_renaming(&mut self, from: &str, to: &str) {
        let from = Key::of(from);
        let is_own = match &self.name {
            Some(name) => Key::of(name) == from,
            // Words of who did not know that its name was refused were its next name.
            None => {
                let is_words = crate::ledger::nonces(from.as_str()).next().is_some();
                self.names_ever.contains(&from) || is_words && self.tongue == Tongue::Colon
            }
        };
        if is_own {
            self.names_ever.insert(Key::of(to));
            if self.name.is_some() {
                self.name = Some(to.into());
            }
        }
    }

    fn enter(&mut self, room: Key, step: u64) {
        if self.stays.is_empty() {
            self.focus = Some(room.clone());
        }
        if !self.is_in(&room) {
            self.stays.push(Stay::new(room, step));
        }
    }

    fn leave(&mut self, room: &Key, now_in: Option<Key>, step: u64) {
        if now_in.as_ref() != Some(room)
            && let Some(at) = self.stays.iter().position(|stay| stay.room == *room)
        {
            self.past_stays.push(self.stays.remove(at));
        }
        if let Some(now_in) = now_in {
            self.enter(now_in.clone(), step);
            self.focus = Some(now_in);
        } else if self.stays.is_empty() && self.tongue != Tongue::Irc {
            self.enter(Key::of("lobby"), step);
        }
    }

    /// The connection is over.
    pub(crate) fn finish(&mut self, end: End) {
        self.end = Some(end);
        self.past_stays.append(&mut self.stays);
    }

    /// Ids of what is said rise in each room.
    pub(crate) fn check_rise(&mut self, heard: &Heard, id: u64) -> Result<(), String> {
        let (Where::Room(room), Some(true)) = (&heard.place, heard.is_live) else {
            return Ok(());
        };
        let room = Key::of(room);
        if let Some(stay) = self.stays.iter_mut().find(|stay| stay.room == room) {
            if id <= stay.last_id {
                return Err(format!(
                    "was told the id {id} after {} in {room:?}: {heard:?}",
                    stay.last_id
                ));
            }
            stay.last_id = id;
        }
        Ok(())
    }

    /// It was told a text, once as it was said.
    pub(crate) fn note_heard(&mut self, number: usize, heard: &Heard) -> Result<(), String> {
        let is_live =
            heard.is_live == Some(true) || (heard.is_live.is_none() && !self.has_asked_past);
        if matches!(heard.place, Where::ByMe(_)) {
            return Ok(());
        }
        if is_live && heard.is_live == Some(true) && !self.seen_live.insert(number) {
            return Err(format!("was told twice: {heard:?}"));
        }
        let room = match &heard.place {
            Where::Room(room) => Some(Key::of(room)),
            Where::Here => self.focus.clone(),
            Where::ToMe | Where::ByMe(_) => None,
        };
        if let Some(stay) = self
            .stays
            .iter_mut()
            .find(|stay| Some(&stay.room) == room.as_ref())
        {
            stay.heard.push((number, is_live));
            let past = stay
                .heard
                .iter()
                .rev()
                .take_while(|(_, is_live)| !is_live)
                .count();
            if past > PAGE && heard.is_live == Some(false) {
                sometimes("a second page of catching up");
            }
        }
        Ok(())
    }
}
