//! The hub against a naive reference, written plainly with vectors and linear scans: after any
//! requests each connection has been told the same, in the same order.

use proptest::prelude::*;

use super::*;
use crate::model::Entry;

const CONNECTIONS: u32 = 6;
const NICKS: [&str; 6] = ["alice", "ALICE", "bob", "Bobby", "carol", "Server"];
const ROOMS: [&str; 4] = ["lobby", "rust", "RUST", "c"];
const MASKS: [&str; 5] = ["bob*", "AL?CE", "10.0.0.2", "10.0.0.4/30", "carol"];
const PASSWORD: &str = "sesame";

/// What somebody is told, as far as both sides speak of it; names of rooms are folded.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Said(String, String),
    Private(String),
    Joined(String),
    Left(String, Option<String>),
    Renamed(String, String),
    Entered(String, String),
    WentOut(String, String),
    PutOut,
    Answered,
    Refused,
}

#[derive(Debug, Clone)]
enum Step {
    Ask(u32, Request),
    Leave(u32),
    Wait(u64),
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
    members: Vec<u32>,
    moderator: Option<u32>,
    muted: Vec<String>,
}

#[derive(Default)]
struct Reference {
    users: Vec<User>,
    places: Vec<Place>,
    /// A mask and when it ends.
    bans: Vec<(String, Option<u64>)>,
    mutes: Vec<String>,
    now: u64,
    told: Vec<(u32, Seen)>,
}

impl Reference {
    fn new() -> Reference {
        let mut reference = Reference::default();
        reference.open("lobby", None);
        reference
    }

    fn open(&mut self, name: &str, moderator: Option<u32>) {
        let name = name.into();
        self.places.push(Place {
            name,
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

    fn is_banned(&self, nick: &str, address: u32) -> bool {
        let holds = |until: &Option<u64>| until.is_none_or(|until| until > self.now);
        let mut bans = self.bans.iter().filter(|(_, until)| holds(until));
        bans.any(|(mask, _)| covers(mask, nick, address))
    }

    fn may_be_called(&self, nick: &str) -> bool {
        let is_reserved = ["server", "system"].contains(&fold(nick).as_str());
        !self.is_banned(nick, 0) && !is_reserved && self.named(nick).is_none()
    }

    fn take_out(&mut self, id: u32, room: &str) {
        let place = self.place_mut(room);
        place.members.retain(|&member| member != id);
        if place.moderator == Some(id) {
            place.moderator = place.members.first().copied();
        }
        self.places
            .retain(|place| place.name == "lobby" || !place.members.is_empty());
    }

    fn end(&mut self, id: u32, words: Option<String>) {
        let Some(at) = self.users.iter().position(|user| user.id == id) else {
            return;
        };
        let user = self.users.remove(at);
        for room in &user.rooms {
            self.take_out(id, room);
        }
        let others = self.neighbours(&user.rooms);
        self.tell(&others, id, &Seen::Left(user.nick, words));
    }

    fn put_out(&mut self, id: u32, words: &str) {
        self.told.push((id, Seen::PutOut));
        self.end(id, Some(words.into()));
    }

    /// Out of a room by its own will or another's; out of the last one, into the lobby.
    fn leave_room(&mut self, id: u32, room: &str) {
        self.take_out(id, room);
        let user = self.user_mut(id);
        let nick = user.nick.clone();
        user.rooms.retain(|other| other != room);
        if user.rooms.is_empty() {
            user.rooms.push("lobby".into());
            self.place_mut("lobby").members.push(id);
            let others = self.members("lobby");
            self.tell(&others, id, &Seen::Entered(nick.clone(), "lobby".into()));
        }
        let user = self.user_mut(id);
        if user.focus == room {
            user.focus = user.rooms.last().expect("a room").clone();
        }
        let others = self.members(room);
        self.tell(&others, id, &Seen::WentOut(nick, room.into()));
    }

    fn rename(&mut self, id: u32, to: &str) -> Heard {
        let from = self.user(id).nick.clone();
        must(fold(&from) == fold(to) || self.may_be_called(to))?;
        self.user_mut(id).nick = to.into();
        let carry = |keys: &mut Vec<String>| {
            let same = keys.iter_mut().filter(|key| **key == fold(&from));
            same.for_each(|key| *key = fold(to));
        };
        carry(&mut self.mutes);
        for room in self.user(id).rooms.clone() {
            carry(&mut self.place_mut(&room).muted);
        }
        let others = self.neighbours(&self.user(id).rooms.clone());
        self.tell(&others, id, &Seen::Renamed(from, to.into()));
        Ok(())
    }

    fn speak(&mut self, id: u32, room: Option<&RoomName>) -> Heard {
        let user = self.user(id);
        let room = user.named(room);
        let key = fold(&user.nick);
        must(user.rooms.contains(&room) && !self.mutes.contains(&key))?;
        let place = self.place(&room);
        must(!place.muted.contains(&key))?;
        let mut hearers = place.members.clone();
        hearers.retain(|&other| !self.user(other).ignored.contains(&key));
        let seen = Seen::Said(self.user(id).nick.clone(), room);
        self.tell(&hearers, id, &seen);
        Ok(())
    }

    /// The room spoken in, of which this user is the moderator.
    fn own_room(&self, id: u32) -> Result<String, ()> {
        let focus = self.user(id).focus.clone();
        let moderates = |place: &Place| place.name == focus && place.moderator == Some(id);
        must(self.places.iter().any(moderates)).map(|()| focus)
    }

    /// `Ok(true)`: answered; `Ok(false)`: not even that.
    fn ask(&mut self, id: u32, request: &Request) -> Result<bool, ()> {
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
                must(own == nick.as_str() || !self.mutes.contains(&fold(&own)))?;
                self.rename(id, nick.as_str())?;
            }
            Request::Say { room, .. } => self.speak(id, room.as_ref())?,
            Request::Private { to, .. } => {
                let (target, nick) = (self.named(to).ok_or(())?, self.user(id).nick.clone());
                must(!self.mutes.contains(&fold(&nick)))?;
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
                let words = words.clone().filter(|_| !self.mutes.contains(&key));
                self.end(id, words);
                return Ok(false);
            }
            Request::Oper { .. } => self.user_mut(id).is_operator = true,
            _ => return self.moderate(id, request),
        }
        Ok(true)
    }

    fn join(&mut self, id: u32, nick: &str) {
        let lobby = self.members("lobby");
        self.tell(&lobby, id, &Seen::Joined(nick.into()));
        self.place_mut("lobby").members.push(id);
        self.users.push(User {
            id,
            nick: nick.into(),
            rooms: vec!["lobby".into()],
            focus: "lobby".into(),
            ..User::default()
        });
    }

    fn enter(&mut self, id: u32, room: &str, entry: Entry) -> Heard {
        let is_there = self.places.iter().any(|place| place.name == room);
        let is_in = self.user(id).rooms.iter().any(|other| other == room);
        match entry {
            Entry::Create if is_there => return Err(()),
            Entry::Existing if !is_there || is_in => return Err(()),
            _ => {}
        }
        if !is_there {
            self.open(room, Some(id));
        }
        if !is_in {
            self.place_mut(room).members.push(id);
            self.user_mut(id).rooms.push(room.into());
            let (others, nick) = (self.members(room), self.user(id).nick.clone());
            self.tell(&others, id, &Seen::Entered(nick, room.into()));
        }
        if entry == Entry::Focus {
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
                let before = self.mutes.len();
                self.mutes.retain(|key| *key != fold(name));
                must(self.mutes.len() < before)?;
            }
            Request::Mute { name, .. } | Request::Unmute { name, .. } => {
                let room = (!is_operator).then(|| self.own_room(id)).transpose()?;
                let target = self.named(name).ok_or(())?;
                let key = fold(&self.user(target).nick);
                let muted = match room {
                    None => &mut self.mutes,
                    Some(room) => &mut self.place_mut(&room).muted,
                };
                muted.retain(|other| *other != key);
                if matches!(request, Request::Mute { .. }) {
                    muted.push(key);
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
                    self.put_out(other, "kicked: banned");
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
                self.told.push((target, Seen::Renamed(old, to.clone())));
            }
            _ => return Err(()),
        }
        Ok(true)
    }
}

/// What the hub's event is to the reference; nothing for what it does not speak of.
fn seen(event: Event) -> Option<Seen> {
    let room_key = |room: RoomName| room.key().as_str().to_string();
    Some(match event {
        Event::Said { author, room, .. } => Seen::Said(author.nick.to_string(), room_key(room)),
        Event::Private { author, .. } => Seen::Private(author.nick.to_string()),
        Event::Joined { author } => Seen::Joined(author.nick.to_string()),
        Event::Left { nick, words } => Seen::Left(nick.to_string(), words),
        Event::Renamed { from, to } => Seen::Renamed(from.to_string(), to.to_string()),
        Event::RoomJoined { nick, room } => Seen::Entered(nick.to_string(), room_key(room)),
        Event::RoomLeft { nick, room, .. } => Seen::WentOut(nick.to_string(), room_key(room)),
        Event::Kicked { .. } => Seen::PutOut,
        _ => return None,
    })
}

/// Carries out the hub's effects: who is told what.
fn told_by(hub: &mut Hub) -> Vec<(u32, Seen)> {
    let mut told = Vec::new();
    while let Some(effect) = hub.poll_effect() {
        let (whom, event) = match effect {
            Effect::Answer { to, event } => {
                let is_refusal = matches!(event, Event::Error(_));
                let seen = if is_refusal {
                    Seen::Refused
                } else {
                    Seen::Answered
                };
                told.push((to.slot, seen));
                continue;
            }
            Effect::Tell { to, event } => (vec![to], event),
            Effect::Broadcast { audience, event } => match audience {
                Audience::Each(each) => (each.iter().map(|member| member.id).collect(), event),
                Audience::Room {
                    room,
                    except,
                    ignorers,
                } => {
                    let members = hub.members(room).iter().map(|member| member.id);
                    let hears = |id: &ConnId| Some(*id) != except && !ignorers.contains(id);
                    (members.filter(hears).collect(), event)
                }
            },
            _ => continue,
        };
        if let Some(seen) = seen(event) {
            told.extend(whom.iter().map(|id| (id.slot, seen.clone())));
        }
    }
    told
}

/// What one connection is told: the answers, which stand at no fixed place among what it is told of
/// others, and the others. Of those put out together, it is open who hears the others go.
fn told_to(told: &[(u32, Seen)], id: u32) -> (Vec<&Seen>, Vec<&Seen>) {
    let own = told.iter().filter(|(to, _)| *to == id);
    let is_answer = |seen: &&Seen| matches!(seen, Seen::Answered | Seen::Refused);
    let (answers, mut others): (Vec<&Seen>, Vec<&Seen>) =
        own.map(|(_, seen)| seen).partition(is_answer);
    if others.contains(&&Seen::PutOut) {
        others.retain(|seen| !matches!(seen, Seen::Left(..)));
    }
    (answers, others)
}

fn connection(slot: u32) -> ConnId {
    let generation = 1;
    ConnId { slot, generation }
}

/// Four come in and meet in a room.
fn met() -> Vec<Step> {
    let nick = |at: u32| Nick::parse(["alice", "bob", "Bobby", "carol"][at as usize]);
    let join = |at| Request::Join {
        nick: nick(at).expect("a nick"),
        wants_users: false,
    };
    let enter = Request::Enter {
        room: RoomName::parse("rust").expect("a name"),
        entry: Entry::Focus,
        key: None,
    };
    let steps = |at| [Step::Ask(at, join(at)), Step::Ask(at, enter.clone())];
    (0..4).flat_map(steps).collect()
}

fn check(steps: &[Step]) {
    let rules = Rules {
        message_bytes_max: 100,
        is_cloaked: false,
        oper_password: Some(PASSWORD.into()),
    };
    let (mut hub, mut reference) = (Hub::new(rules, Settings::default()), Reference::new());
    let mut now = Moment::default();
    for step in met().iter().chain(steps) {
        match step {
            Step::Wait(ms) => now.unix_ms += ms,
            Step::Leave(id) => {
                hub.handle_leave(connection(*id));
                reference.end(*id, None);
            }
            Step::Ask(slot, request) => {
                let who = connection(*slot);
                let peer = Peer::Ip(([10, 0, 0, *slot as u8], 1000).into());
                reference.now = now.unix_ms;
                let is_kept_out = hub.refusal_of(&peer, now).is_some();
                assert_eq!(is_kept_out, reference.is_banned("", *slot), "{step:?}");
                // Who is kept out by its address does not come so far as to ask.
                if is_kept_out && matches!(request, Request::Join { .. }) {
                    continue;
                }
                hub.handle_request(who, peer, request.clone(), now);
                match reference.ask(*slot, request) {
                    Ok(true) => reference.told.push((*slot, Seen::Answered)),
                    Ok(false) => {}
                    Err(()) => reference.told.push((*slot, Seen::Refused)),
                }
            }
        }
        let (told, expected) = (told_by(&mut hub), std::mem::take(&mut reference.told));
        for id in 0..CONNECTIONS {
            let (told, expected) = (told_to(&told, id), told_to(&expected, id));
            assert_eq!(told, expected, "connection {id} at {step:?}");
        }
    }
}

fn request() -> impl Strategy<Value = Request> {
    let name = || prop::sample::select(&NICKS[..]).prop_map(String::from);
    let nick = || name().prop_map(|name| Nick::parse(&name).expect("a nick"));
    let room =
        || prop::sample::select(&ROOMS[..]).prop_map(|room| RoomName::parse(room).expect("a name"));
    let mask = || prop::sample::select(&MASKS[..]).prop_map(String::from);
    let maybe_room = move || prop::option::of(room());
    let entry =
        prop::sample::select(&[Entry::Create, Entry::Existing, Entry::Focus, Entry::Focus][..]);
    let seconds = || prop::option::of(1_u64..20);
    let text = || "hi".to_string();
    prop_oneof![
        3 => nick().prop_map(|nick| Request::Join { nick, wants_users: false }),
        3 => nick().prop_map(|nick| Request::Nick { nick }),
        5 => maybe_room().prop_map(move |room| Request::Say { room, text: text() }),
        3 => name().prop_map(move |to| Request::Private { to, text: text() }),
        8 => (room(), entry).prop_map(|(room, entry)| Request::Enter { room, entry, key: None }),
        5 => maybe_room().prop_map(|room| Request::Leave { room }),
        2 => name().prop_map(|name| Request::Ignore { name }),
        1 => name().prop_map(|name| Request::Unignore { name }),
        1 => prop::option::of(Just("bye".to_string())).prop_map(|words| Request::Quit { words }),
        1 => Just(Request::Oper { password: PASSWORD.into() }),
        5 => name().prop_map(|name| Request::Kick { room: None, name, reason: None }),
        3 => name().prop_map(|name| Request::Mute { room: None, name, seconds: None }),
        1 => name().prop_map(|name| Request::Unmute { room: None, name }),
        2 => (mask(), seconds()).prop_map(|(mask, seconds)| {
            Request::Ban { mask, seconds, reason: None }
        }),
        2 => mask().prop_map(|mask| Request::Unban { mask }),
        1 => (name(), name()).prop_map(|(from, to)| Request::Rename { from, to }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (0..CONNECTIONS, request()).prop_map(|(who, request)| Step::Ask(who, request)),
        1 => (0..CONNECTIONS).prop_map(Step::Leave),
        2 => (1_u64..20_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn everyone_is_told_what_the_reference_tells(steps in prop::collection::vec(step(), 0..120)) {
        check(&steps);
    }
}
