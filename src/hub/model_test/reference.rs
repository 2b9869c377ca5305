//! The naive reference: one plain list of users and one of places, looked through each time.

use crate::model::{EnterMode, Request, RoomName};

mod hushes;
mod words;

use hushes::Hushes;
use words::Message;

/// What somebody is told, as far as both sides speak of it; names of rooms are folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    Said(String, String),
    Private(String),
    /// Who did something about what was said, and where.
    Amended(String, String),
    Joined(String),
    Left(String, Option<String>),
    Renamed(String, String),
    Entered(String, String),
    WentOut(String, String),
    PutOut,
    /// Where, how many came and left, and how many are there.
    Presence(String, u32, u32, usize),
    Answered,
    Refused,
}

/// The mask of names in `MASKS`, or the last bytes of the addresses.
fn covers(mask: &str, nick: &str, address: u32) -> bool {
    let nick = fold(nick);
    match mask {
        "bob*" => nick.starts_with("bob"),
        "AL?CE" => nick.len() == 5 && nick.starts_with("al") && nick.ends_with("ce"),
        "10.0.0.2" => address == 2,
        "10.0.0.4/30" => (4..8).contains(&address),
        other => nick == other,
    }
}

/// Refused, where it is an error.
type Heard = Result<(), ()>;

fn must(holds: bool) -> Heard {
    holds.then_some(()).ok_or(())
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

#[derive(Default)]
struct User {
    id: u32,
    /// Of who comes by the same connection later it is another.
    serial: u32,
    nick: String,
    /// In the order of entering; one speaks in `focus`.
    rooms: Vec<String>,
    focus: String,
    ignored: Vec<String>,
    is_operator: bool,
}

impl User {
    /// The room of that name, or the one spoken in.
    fn named(&self, room: Option<&RoomName>) -> String {
        room.map_or(self.focus.clone(), |room| fold(room.as_str()))
    }
}

#[derive(Default)]
struct Place {
    name: String,
    /// One that is made later by the same name has another.
    serial: u32,
    members: Vec<u32>,
    moderator: Option<u32>,
    muted: Hushes,
    /// How many came and left in silence, and when that is told.
    counted: Option<(u32, u32, u64)>,
}

#[derive(Default)]
pub(super) struct Reference {
    /// The last serial.
    made: u32,
    messages: Vec<Message>,
    users: Vec<User>,
    places: Vec<Place>,
    /// A mask and when it ends.
    bans: Vec<(String, Option<u64>)>,
    mutes: Hushes,
    /// Members above which a place is crowded.
    limit: usize,
    pub(super) now: u64,
    pub(super) told: Vec<(u32, Seen)>,
}

impl Reference {
    pub(super) fn new(limit: usize) -> Reference {
        let mut reference = Reference {
            limit,
            ..Reference::default()
        };
        reference.open("lobby", None);
        reference
    }

    fn open(&mut self, name: &str, moderator: Option<u32>) {
        let name = name.into();
        self.made += 1;
        self.places.push(Place {
            name,
            serial: self.made,
            moderator,
            ..Place::default()
        });
    }

    fn user(&self, id: u32) -> &User {
        let mut users = self.users.iter();
        users.find(|user| user.id == id).expect("joined")
    }

    fn user_mut(&mut self, id: u32) -> &mut User {
        let mut users = self.users.iter_mut();
        users.find(|user| user.id == id).expect("joined")
    }

    fn place(&self, name: &str) -> &Place {
        let mut places = self.places.iter();
        places.find(|place| place.name == name).expect("there")
    }

    fn place_mut(&mut self, name: &str) -> &mut Place {
        let mut places = self.places.iter_mut();
        places.find(|place| place.name == name).expect("there")
    }

    fn named(&self, name: &str) -> Option<u32> {
        let found = self
            .users
            .iter()
            .find(|user| fold(&user.nick) == fold(name));
        found.map(|user| user.id)
    }

    fn members(&self, room: &str) -> Vec<u32> {
        let found = self.places.iter().find(|place| place.name == room);
        found.map_or(vec![], |place| place.members.clone())
    }

    fn tell(&mut self, whom: &[u32], but: u32, seen: &Seen) {
        for &id in whom.iter().filter(|&&id| id != but) {
            self.told.push((id, seen.clone()));
        }
    }

    /// Everybody in any of the rooms, each once.
    fn neighbours(&self, rooms: &[String]) -> Vec<u32> {
        let mut all = Vec::new();
        for id in rooms.iter().flat_map(|room| self.members(room)) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }

    pub(super) fn is_banned(&self, nick: &str, address: u32) -> bool {
        let holds = |until: &Option<u64>| until.is_none_or(|until| until > self.now);
        let mut bans = self.bans.iter().filter(|(_, until)| holds(until));
        bans.any(|(mask, _)| covers(mask, nick, address))
    }

    fn may_be_called(&self, nick: &str) -> bool {
        let is_reserved = ["server", "system"].contains(&fold(nick).as_str());
        !self.is_banned(nick, 0) && !is_reserved && self.named(nick).is_none()
    }

    /// Counts in a place that is crowded; `false`: it is not.
    fn count(&mut self, room: &str, joined: u32, left: u32) -> bool {
        let (limit, due) = (self.limit, self.now + 1000);
        let place = self.place_mut(room);
        let is_crowded = place.members.len() > limit;
        if is_crowded {
            let counted = place.counted.get_or_insert((0, 0, due));
            counted.0 += joined;
            counted.1 += left;
        }
        is_crowded
    }

    /// Puts somebody into a place, and tells the others.
    fn put_in(&mut self, id: u32, room: &str, seen: &Seen) {
        self.place_mut(room).members.push(id);
        if !self.count(room, 1, 0) {
            self.tell(&self.members(room), id, seen);
        }
    }

    /// Tells what was counted a second ago or earlier.
    pub(super) fn sum_up(&mut self) {
        let now = self.now;
        let mut told = Vec::new();
        for place in &mut self.places {
            if let Some((joined, left, _)) = place.counted.take_if(|(.., due)| *due <= now) {
                let (name, members) = (place.name.clone(), place.members.clone());
                let seen = Seen::Presence(name, joined, left, members.len());
                told.extend(members.into_iter().map(|id| (id, seen.clone())));
            }
        }
        self.told.extend(told);
    }

    /// Takes somebody out of a place. Returns whether the others are to be told.
    fn take_out(&mut self, id: u32, room: &str) -> bool {
        let is_told = !self.count(room, 0, 1);
        let place = self.place_mut(room);
        place.members.retain(|&member| member != id);
        if place.moderator == Some(id) {
            place.moderator = place.members.first().copied();
        }
        self.places
            .retain(|place| place.name == "lobby" || !place.members.is_empty());
        is_told
    }

    pub(super) fn end(&mut self, id: u32, words: Option<String>) {
        let Some(at) = self.users.iter().position(|user| user.id == id) else {
            return;
        };
        let mut user = self.users.remove(at);
        self.mutes.forget(id);
        self.places
            .iter_mut()
            .for_each(|place| place.muted.forget(id));
        user.rooms.retain(|room| self.take_out(id, room));
        let others = self.neighbours(&user.rooms);
        self.tell(&others, id, &Seen::Left(user.nick, words));
    }

    fn put_out(&mut self, id: u32, words: &str) {
        self.told.push((id, Seen::PutOut));
        self.end(id, Some(words.into()));
    }

    /// Out of a room by its own will or another's; out of the last one, into the lobby.
    fn leave_room(&mut self, id: u32, room: &str) {
        let is_told = self.take_out(id, room);
        let user = self.user_mut(id);
        let nick = user.nick.clone();
        user.rooms.retain(|other| other != room);
        if user.rooms.is_empty() {
            user.rooms.push("lobby".into());
            self.put_in(id, "lobby", &Seen::Entered(nick.clone(), "lobby".into()));
        }
        let user = self.user_mut(id);
        if user.focus == room {
            user.focus = user.rooms.last().expect("a room").clone();
        }
        if is_told {
            self.tell(&self.members(room), id, &Seen::WentOut(nick, room.into()));
        }
    }

    fn rename(&mut self, id: u32, to: &str) -> Heard {
        let from = self.user(id).nick.clone();
        must(fold(&from) == fold(to) || self.may_be_called(to))?;
        if from == to {
            return Ok(());
        }
        self.user_mut(id).nick = to.into();
        self.mutes.follow(id, &fold(to));
        for room in self.user(id).rooms.clone() {
            self.place_mut(&room).muted.follow(id, &fold(to));
        }
        let others = self.neighbours(&self.user(id).rooms.clone());
        self.tell(&others, id, &Seen::Renamed(from, to.into()));
        Ok(())
    }

    /// The room spoken in, of which this user is the moderator.
    fn own_room(&self, id: u32) -> Result<String, ()> {
        let focus = self.user(id).focus.clone();
        let moderates = |place: &Place| place.name == focus && place.moderator == Some(id);
        must(self.places.iter().any(moderates)).map(|()| focus)
    }

    /// `Ok(true)`: answered; `Ok(false)`: not even that.
    pub(super) fn ask(&mut self, id: u32, request: &Request) -> Result<bool, ()> {
        let has_joined = self.users.iter().any(|user| user.id == id);
        if let Request::Join { nick, .. } = request {
            must(!has_joined && self.may_be_called(nick.as_str()))?;
            self.join(id, nick.as_str());
            return Ok(true);
        }
        must(has_joined)?;
        match request {
            Request::Nick { nick } => {
                let own = self.user(id).nick.clone();
                must(own == nick.as_str() || !self.mutes.hold(id, &fold(&own)))?;
                self.rename(id, nick.as_str())?;
            }
            Request::Say { room, .. } => {
                let room = self.user(id).named(room.as_ref());
                self.speak(id, &room)?;
            }
            Request::Private { to, .. } => {
                let (target, nick) = (self.named(to).ok_or(())?, self.user(id).nick.clone());
                must(!self.mutes.hold(id, &fold(&nick)))?;
                if !self.user(target).ignored.contains(&fold(&nick)) {
                    self.told.push((target, Seen::Private(nick)));
                }
            }
            Request::Enter { room, entry, .. } => self.enter(id, &fold(room.as_str()), *entry)?,
            Request::Leave { room } => {
                let user = self.user(id);
                let room = user.named(room.as_ref());
                must(user.rooms.contains(&room))?;
                if user.rooms != ["lobby"] {
                    self.leave_room(id, &room);
                }
            }
            Request::Ignore { name } => {
                let target = self.named(name).ok_or(())?;
                let key = fold(&self.user(target).nick);
                self.user_mut(id).ignored.push(key);
            }
            Request::Unignore { name } => {
                let ignored = &mut self.user_mut(id).ignored;
                let before = ignored.len();
                ignored.retain(|key| *key != fold(name));
                must(ignored.len() < before)?;
            }
            Request::Quit { words } => {
                let key = fold(&self.user(id).nick);
                let words = words.clone().filter(|_| !self.mutes.hold(id, &key));
                self.end(id, words);
                return Ok(false);
            }
            Request::Oper { .. } => self.user_mut(id).is_operator = true,
            _ => return self.moderate(id, request),
        }
        Ok(true)
    }

    fn join(&mut self, id: u32, nick: &str) {
        self.mutes.follow(id, &fold(nick));
        self.put_in(id, "lobby", &Seen::Joined(nick.into()));
        self.made += 1;
        self.users.push(User {
            id,
            serial: self.made,
            nick: nick.into(),
            rooms: vec!["lobby".into()],
            focus: "lobby".into(),
            ..User::default()
        });
    }

    fn enter(&mut self, id: u32, room: &str, entry: EnterMode) -> Heard {
        let is_there = self.places.iter().any(|place| place.name == room);
        let is_in = self.user(id).rooms.iter().any(|other| other == room);
        match entry {
            EnterMode::Create if is_there => return Err(()),
            EnterMode::Existing if !is_there || is_in => return Err(()),
            _ => {}
        }
        if !is_there {
            self.open(room, Some(id));
        }
        if !is_in {
            self.user_mut(id).rooms.push(room.into());
            let nick = self.user(id).nick.clone();
            self.place_mut(room).muted.follow(id, &fold(&nick));
            self.put_in(id, room, &Seen::Entered(nick, room.into()));
        }
        if entry == EnterMode::Focus {
            self.user_mut(id).focus = room.into();
        }
        Ok(())
    }

    fn moderate(&mut self, id: u32, request: &Request) -> Result<bool, ()> {
        let is_operator = self.user(id).is_operator;
        match request {
            Request::Kick { name, .. } if is_operator => {
                let target = self.named(name).ok_or(())?;
                self.put_out(target, "kicked");
                return Ok(target != id);
            }
            Request::Kick { name, .. } => {
                let (room, target) = (self.own_room(id)?, self.named(name).ok_or(())?);
                must(self.user(target).rooms.contains(&room))?;
                self.leave_room(target, &room);
            }
            Request::Unmute { name, .. } if is_operator && self.named(name).is_none() => {
                let was_muted = self.mutes.remove(None, &fold(name));
                must(was_muted)?;
            }
            Request::Mute { name, .. } | Request::Unmute { name, .. } => {
                let room = (!is_operator).then(|| self.own_room(id)).transpose()?;
                let target = self.named(name).ok_or(())?;
                let key = fold(&self.user(target).nick);
                let muted = match room {
                    None => &mut self.mutes,
                    Some(room) => &mut self.place_mut(&room).muted,
                };
                match request {
                    Request::Mute { .. } => muted.put(target, &key),
                    _ => drop(muted.remove(Some(target), &key)),
                }
            }
            Request::Ban { mask, seconds, .. } if is_operator => {
                self.bans.retain(|(other, _)| other != mask);
                let until = seconds.map(|seconds| self.now + seconds * 1000);
                self.bans.push((mask.clone(), until));
                let mut covered: Vec<u32> = self.users.iter().map(|user| user.id).collect();
                covered.retain(|&other| other != id && covers(mask, &self.user(other).nick, other));
                covered.sort_unstable();
                for other in covered {
                    self.put_out(other, "banned");
                }
            }
            Request::Unban { mask } if is_operator => {
                let now = self.now;
                self.bans
                    .retain(|(_, until)| until.is_none_or(|until| until > now));
                let before = self.bans.len();
                self.bans.retain(|(other, _)| other != mask);
                must(self.bans.len() < before)?;
            }
            Request::Rename { from, to } if is_operator => {
                let target = self.named(from).ok_or(())?;
                let old = self.user(target).nick.clone();
                self.rename(target, to)?;
                if old != *to {
                    self.told.push((target, Seen::Renamed(old, to.clone())));
                }
            }
            _ => return Err(()),
        }
        Ok(true)
    }
}
