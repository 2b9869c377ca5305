//! The hub: the chat itself, as a pure state machine. Requests go in, effects come out; it knows no
//! socket, no dialect and no clock.
//!
//! Its methods are of four kinds: getters, `handle_*` for what happens, mutators, and `poll_effect`
//! for what is to be done about it.

#[doc(hidden)]
pub mod oracle;
mod room;
mod session;

use std::collections::{HashMap, HashSet, VecDeque};

pub use room::{LOBBY, Member, Room, RoomId};
pub use session::Session;

use crate::limits::ROOMS_PER_SESSION_MAX;
use crate::model::{ConnId, Entry, ErrorCode, Event, Key, Nick, Peer, Request, RoomName};
use room::Rooms;

/// What the hub wants done. An effect is to be carried out before the next request is handled: its
/// audience is the room as it is then.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Tell the one who asked: its own answer.
    Answer {
        /// Who asked.
        to: ConnId,
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
    /// A session is over: its name is free and its rooms are left.
    Gone {
        /// Whose it was.
        who: ConnId,
        /// The name it had.
        nick: Nick,
    },
    /// Close a connection after it was sent what it is owed; its session is over.
    Close {
        /// Whose.
        who: ConnId,
    },
}

/// Whom an event is for.
#[derive(Debug, PartialEq)]
pub enum Audience {
    /// The members of a room but one.
    Room {
        /// The room.
        room: RoomId,
        /// Who is not told.
        except: ConnId,
    },
    /// These, each once.
    Each(Vec<ConnId>),
}

/// The pure chat state machine.
#[derive(Debug)]
pub struct Hub {
    message_bytes_max: usize,
    sessions: HashMap<ConnId, Session>,
    /// Invariant: exactly the sessions' names, by key.
    nicks: HashMap<Key, ConnId>,
    rooms: Rooms,
    effects: VecDeque<Effect>,
}

impl Hub {
    /// An empty chat, in which a message may have `message_bytes_max` bytes.
    pub fn new(message_bytes_max: usize) -> Hub {
        Hub {
            message_bytes_max,
            sessions: HashMap::new(),
            nicks: HashMap::new(),
            rooms: Rooms::new(),
            effects: VecDeque::new(),
        }
    }

    /// The session of a connection that has joined.
    pub fn session(&self, who: ConnId) -> Option<&Session> {
        self.sessions.get(&who)
    }

    /// How many have joined.
    pub fn online(&self) -> usize {
        self.sessions.len()
    }

    /// The members of a room that an effect names.
    pub fn members(&self, room: RoomId) -> &[Member] {
        self.rooms.get(room).members()
    }

    /// Handles one request of a connection at `peer`.
    pub fn handle_request(&mut self, who: ConnId, peer: Peer, request: Request) {
        let handled = match request {
            Request::Join { nick } => self.join(who, peer, nick),
            Request::JoinUnnamed => {
                let nick = self.free_nick(peer.number());
                self.join(who, peer, nick)
            }
            _ if !self.sessions.contains_key(&who) => Err(ErrorCode::NotJoined),
            Request::Say { room, text } => self.say(who, room, text),
            Request::Private { to, text } => self.say_privately(who, &to, text),
            Request::List => {
                let nicks = self.nicks_in(self.sessions[&who].focus);
                self.answer(who, Event::Listing { nicks })
            }
            Request::Members { room } => self.tell_members(who, room),
            Request::Enter { room, entry } => self.enter(who, room, entry),
            Request::Leave { room } => self.leave_room(who, room),
            Request::Ping => self.answer(who, Event::Pong),
            Request::Help => self.answer(who, Event::Help),
            Request::Quit => {
                self.handle_leave(who);
                self.effects.push_back(Effect::Close { who });
                Ok(())
            }
        };
        if let Err(code) = handled {
            self.effects.push_back(Effect::Answer {
                to: who,
                event: Event::Error(code),
            });
        }
    }

    /// A connection is gone, or about to be: its user leaves, if it had joined.
    pub fn handle_leave(&mut self, who: ConnId) {
        let Some(session) = self.sessions.remove(&who) else {
            return;
        };
        self.nicks.remove(&session.nick.key());
        for &room in &session.rooms {
            self.rooms.leave(room, who);
        }
        if self.sessions.len() < self.sessions.capacity() / 4 {
            self.sessions.shrink_to_fit();
            self.nicks.shrink_to_fit();
        }
        let audience = match session.rooms[..] {
            [LOBBY] => Audience::Room {
                room: LOBBY,
                except: who,
            },
            _ => Audience::Each(self.peers_in(&session.rooms)),
        };
        self.effects.push_back(Effect::Gone {
            who,
            nick: session.nick.clone(),
        });
        self.broadcast(audience, Event::Left { nick: session.nick });
    }

    /// What is to be done next, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn join(&mut self, who: ConnId, peer: Peer, nick: Nick) -> Result<(), ErrorCode> {
        if self.sessions.contains_key(&who) {
            return Err(ErrorCode::AlreadyJoined);
        }
        let key = nick.key();
        if self.nicks.contains_key(&key) {
            return Err(ErrorCode::NickTaken);
        }
        let session = Session {
            nick: nick.clone(),
            peer,
            rooms: vec![LOBBY],
            focus: LOBBY,
        };
        let author = session.author();
        self.nicks.insert(key, who);
        self.sessions.insert(who, session);
        let lobby = self.rooms.get_mut(LOBBY);
        lobby.enter(who);
        lobby.set_here(who, true);
        let users = self.nicks_in(LOBBY);
        self.answer(who, Event::Welcome { nick, users })?;
        self.broadcast(
            Audience::Room {
                room: LOBBY,
                except: who,
            },
            Event::Joined { author },
        );
        Ok(())
    }

    /// `anon-` and the number, or the next one that nobody took.
    fn free_nick(&self, number: u32) -> Nick {
        (number..=u32::MAX)
            .chain(0..number)
            .map(|number| Nick::parse(&format!("anon-{number}")).expect("letters, - and digits"))
            .find(|nick| !self.nicks.contains_key(&nick.key()))
            .expect("fewer names are taken than there are numbers")
    }

    fn say(&mut self, who: ConnId, room: Option<RoomName>, text: String) -> Result<(), ErrorCode> {
        self.check_message(&text)?;
        let session = &self.sessions[&who];
        let id = match room {
            Some(name) => self.entered(session, name)?,
            None => session.focus,
        };
        let room = self.rooms.get(id).name.clone();
        let event = Event::Said {
            author: session.author(),
            room,
            text,
        };
        self.broadcast(
            Audience::Room {
                room: id,
                except: who,
            },
            event.clone(),
        );
        self.answer(who, event)
    }

    fn say_privately(&mut self, who: ConnId, to: &str, text: String) -> Result<(), ErrorCode> {
        self.check_message(&text)?;
        let no_such_nick = || ErrorCode::NoSuchNick(to.into());
        let target = *self.nicks.get(&Key::of(to)).ok_or_else(no_such_nick)?;
        let author = self.sessions[&who].author();
        let to = self.sessions[&target].nick.clone();
        let event = Event::Private {
            author,
            text: text.clone(),
        };
        self.effects.push_back(Effect::Tell { to: target, event });
        self.answer(who, Event::PrivateSent { to, text })
    }

    fn check_message(&self, text: &str) -> Result<(), ErrorCode> {
        match text.len() <= self.message_bytes_max {
            true => Ok(()),
            false => Err(ErrorCode::MessageTooLong(self.message_bytes_max)),
        }
    }

    fn tell_members(&mut self, who: ConnId, name: RoomName) -> Result<(), ErrorCode> {
        let Some(id) = self.rooms.find(&name) else {
            return Err(ErrorCode::NoRoomToShow(name));
        };
        let (room, nicks) = (self.rooms.get(id).name.clone(), self.nicks_in(id));
        self.answer(who, Event::Members { room, nicks })
    }

    fn enter(&mut self, who: ConnId, name: RoomName, entry: Entry) -> Result<(), ErrorCode> {
        let known = self.rooms.find(&name);
        let session = &self.sessions[&who];
        let is_in = known.is_some_and(|id| session.rooms.contains(&id));
        match (known, entry) {
            (Some(_), Entry::Create) => return Err(ErrorCode::RoomExists(name)),
            (None, Entry::Existing) => return Err(ErrorCode::NoRoomToEnter(name)),
            (Some(_), Entry::Existing) if is_in => return Err(ErrorCode::AlreadyInRoom(name)),
            _ if !is_in && session.rooms.len() >= ROOMS_PER_SESSION_MAX => {
                return Err(ErrorCode::TooManyRooms);
            }
            _ => {}
        }
        let nick = session.nick.clone();
        let id = known.unwrap_or_else(|| self.rooms.open(name));
        if !is_in {
            self.add_to_room(who, id);
        }
        if entry == Entry::Focus {
            self.set_focus(who, id);
        }
        let (room, nicks) = (self.rooms.get(id).name.clone(), self.nicks_in(id));
        let created = known.is_none();
        self.answer(
            who,
            Event::EnteredRoom {
                room: room.clone(),
                created,
                nicks,
            },
        )?;
        if !is_in {
            let audience = Audience::Room {
                room: id,
                except: who,
            };
            self.broadcast(audience, Event::RoomJoined { nick, room });
        }
        Ok(())
    }

    fn leave_room(&mut self, who: ConnId, name: Option<RoomName>) -> Result<(), ErrorCode> {
        let session = &self.sessions[&who];
        let id = match name {
            Some(name) => self.entered(session, name)?,
            None => session.focus,
        };
        let (nick, is_last) = (session.nick.clone(), session.rooms == [id]);
        let room = self.rooms.get(id).name.clone();
        if is_last && id == LOBBY {
            return self.answer(
                who,
                Event::LeftRoom {
                    room: room.clone(),
                    now_in: room,
                },
            );
        }
        self.remove_from_room(who, id);
        if is_last {
            self.add_to_room(who, LOBBY);
        }
        if self.sessions[&who].focus == id {
            let next = self.sessions[&who].rooms.last().copied().unwrap_or(LOBBY);
            self.set_focus(who, next);
        }
        let now_in = self.rooms.get(self.sessions[&who].focus).name.clone();
        self.answer(
            who,
            Event::LeftRoom {
                room: room.clone(),
                now_in,
            },
        )?;
        let others = Audience::Each(self.peers_in(&[id]));
        self.broadcast(
            others,
            Event::RoomLeft {
                nick: nick.clone(),
                room,
            },
        );
        if is_last {
            let audience = Audience::Room {
                room: LOBBY,
                except: who,
            };
            self.broadcast(
                audience,
                Event::RoomJoined {
                    nick,
                    room: RoomName::lobby(),
                },
            );
        }
        Ok(())
    }

    /// The room of that name, if the session is in it.
    fn entered(&self, session: &Session, name: RoomName) -> Result<RoomId, ErrorCode> {
        match self.rooms.find(&name) {
            Some(id) if session.rooms.contains(&id) => Ok(id),
            _ => Err(ErrorCode::NotInRoom(name)),
        }
    }

    fn add_to_room(&mut self, who: ConnId, id: RoomId) {
        self.rooms.get_mut(id).enter(who);
        if let Some(session) = self.sessions.get_mut(&who) {
            session.rooms.push(id);
        }
    }

    fn remove_from_room(&mut self, who: ConnId, id: RoomId) {
        self.rooms.leave(id, who);
        if let Some(session) = self.sessions.get_mut(&who) {
            session.rooms.retain(|&room| room != id);
        }
    }

    fn set_focus(&mut self, who: ConnId, id: RoomId) {
        let Some(session) = self.sessions.get_mut(&who) else {
            return;
        };
        let before = std::mem::replace(&mut session.focus, id);
        if session.rooms.contains(&before) {
            self.rooms.get_mut(before).set_here(who, false);
        }
        self.rooms.get_mut(id).set_here(who, true);
    }

    /// Everyone in the rooms that still exist, each once.
    fn peers_in(&self, rooms: &[RoomId]) -> Vec<ConnId> {
        let mut seen = HashSet::new();
        rooms
            .iter()
            .filter_map(|&id| self.rooms.try_get(id))
            .flat_map(Room::members)
            .map(|member| member.id)
            .filter(|&id| seen.insert(id))
            .collect()
    }

    fn nicks_in(&self, room: RoomId) -> Vec<Nick> {
        let members = self.rooms.get(room).members().iter();
        members
            .map(|member| self.sessions[&member.id].nick.clone())
            .collect()
    }

    fn answer(&mut self, to: ConnId, event: Event) -> Result<(), ErrorCode> {
        self.effects.push_back(Effect::Answer { to, event });
        Ok(())
    }

    fn broadcast(&mut self, audience: Audience, event: Event) {
        self.effects
            .push_back(Effect::Broadcast { audience, event });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32) -> ConnId {
        ConnId {
            slot,
            generation: 1,
        }
    }

    fn ask(hub: &mut Hub, slot: u32, request: Request) -> Vec<Effect> {
        hub.handle_request(id(slot), Peer::Unix(slot), request);
        drain(hub)
    }

    fn drain(hub: &mut Hub) -> Vec<Effect> {
        std::iter::from_fn(|| hub.poll_effect()).collect()
    }

    fn nick(name: &str) -> Nick {
        Nick::parse(name).expect("a nick")
    }

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).expect("a room name")
    }

    fn join(hub: &mut Hub, slot: u32, name: &str) -> Vec<Effect> {
        ask(hub, slot, Request::Join { nick: nick(name) })
    }

    fn refused(effects: &[Effect]) -> &ErrorCode {
        match effects {
            [
                Effect::Answer {
                    event: Event::Error(code),
                    ..
                },
            ] => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_is_unique_case_folded_and_free_when_its_owner_left() {
        let mut hub = Hub::new(100);
        join(&mut hub, 1, "Alice");
        assert_eq!(refused(&join(&mut hub, 2, "aLICE")), &ErrorCode::NickTaken);
        assert_eq!(
            refused(&join(&mut hub, 1, "Bob")),
            &ErrorCode::AlreadyJoined
        );
        hub.handle_leave(id(1));
        drain(&mut hub);
        assert_eq!(hub.online(), 0);
        assert_eq!(join(&mut hub, 2, "aLICE").len(), 2);
    }

    #[test]
    fn unnamed_users_get_a_free_name_of_their_form() {
        let mut hub = Hub::new(100);
        join(&mut hub, 1, "ANON-7");
        ask(&mut hub, 7, Request::JoinUnnamed);
        assert_eq!(
            hub.session(id(7)).map(|s| s.nick().to_string()).as_deref(),
            Some("anon-8")
        );
    }

    #[test]
    fn a_message_at_the_limit_and_one_past_it() {
        let mut hub = Hub::new(100);
        join(&mut hub, 1, "a");
        let say = |len| Request::Say {
            room: None,
            text: "x".repeat(len),
        };
        assert_eq!(ask(&mut hub, 1, say(100)).len(), 2);
        assert_eq!(
            refused(&ask(&mut hub, 1, say(101))),
            &ErrorCode::MessageTooLong(100)
        );
    }

    #[test]
    fn nothing_is_asked_before_the_join() {
        let mut hub = Hub::new(100);
        assert_eq!(
            refused(&ask(&mut hub, 1, Request::Ping)),
            &ErrorCode::NotJoined
        );
    }

    #[test]
    fn a_room_ends_with_its_last_member_and_leaving_the_last_room_leads_to_the_lobby() {
        let mut hub = Hub::new(100);
        join(&mut hub, 1, "a");
        ask(
            &mut hub,
            1,
            Request::Enter {
                room: room("Rust"),
                entry: Entry::Focus,
            },
        );
        ask(
            &mut hub,
            1,
            Request::Leave {
                room: Some(room("lobby")),
            },
        );
        let effects = ask(&mut hub, 1, Request::Leave { room: None });
        assert_eq!(
            effects[0],
            Effect::Answer {
                to: id(1),
                event: Event::LeftRoom {
                    room: room("Rust"),
                    now_in: RoomName::lobby()
                }
            }
        );
        let show = Request::Members { room: room("rust") };
        assert_eq!(
            refused(&ask(&mut hub, 1, show)),
            &ErrorCode::NoRoomToShow(room("rust"))
        );
    }

    #[test]
    fn twenty_rooms_and_no_more() {
        let mut hub = Hub::new(100);
        join(&mut hub, 1, "a");
        let enter = |n: usize| Request::Enter {
            room: room(&format!("r{n}")),
            entry: Entry::Create,
        };
        for n in 1..ROOMS_PER_SESSION_MAX {
            assert!(matches!(
                ask(&mut hub, 1, enter(n))[0],
                Effect::Answer {
                    event: Event::EnteredRoom { created: true, .. },
                    ..
                }
            ));
        }
        let one_more = ask(&mut hub, 1, enter(ROOMS_PER_SESSION_MAX));
        assert_eq!(refused(&one_more), &ErrorCode::TooManyRooms);
    }

    #[test]
    fn who_shares_several_rooms_is_told_once_of_a_leave() {
        let mut hub = Hub::new(100);
        for (slot, name) in [(1, "a"), (2, "b")] {
            join(&mut hub, slot, name);
            ask(
                &mut hub,
                slot,
                Request::Enter {
                    room: room("r"),
                    entry: Entry::Focus,
                },
            );
        }
        hub.handle_leave(id(1));
        let gone = Effect::Gone {
            who: id(1),
            nick: nick("a"),
        };
        let audience = Audience::Each(vec![id(2)]);
        let told = Effect::Broadcast {
            audience,
            event: Event::Left { nick: nick("a") },
        };
        assert_eq!(drain(&mut hub), [gone, told]);
    }
}
