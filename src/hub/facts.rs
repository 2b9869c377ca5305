//! Questions that change nothing, for dialects that answer them in their own form.

use std::hash::BuildHasher as _;

use crate::model::{
    CameBy, Census, ConnId, Former, Key, MaskFacts, MaskKind, MemberRank, MetadataTarget, Nick,
    Peer, Person, RoomFacts, RoomName, ServerFacts, UserId, World, matches,
};

use super::room::Room;
use super::{Addresses, Hub, User};

impl World for Hub {
    fn server(&self) -> &ServerFacts {
        &self.rules.server
    }

    fn user_at(&self, who: ConnId) -> Option<UserId> {
        self.users.of(who)
    }

    fn find(&self, name: &str) -> Option<UserId> {
        self.users.find(name)
    }

    fn person(&self, user: UserId) -> Option<Person> {
        let own = self.users.get(user)?;
        let account = own.account().and_then(|id| self.accounts.directory.get(id));
        let profile = own.profile();
        Some(Person {
            nick: own.nick().clone(),
            username: self.username_of(user, own),
            host: self.host_of(&own.peer),
            realname: profile.map_or_else(|| own.nick().to_string(), |it| it.realname.clone()),
            account: account.map(|account| account.record.nick.clone()),
            away: own.away().cloned(),
            is_operator: own.is_operator(),
            is_invisible: profile.is_some_and(|it| it.is_invisible),
            hears_wallops: profile.is_some_and(|it| it.hears_wallops),
            is_bot: profile.is_some_and(|it| it.is_bot),
        })
    }

    fn write_source(&self, nick: &Nick, out: &mut Vec<u8>) {
        out.extend_from_slice(nick.as_str().as_bytes());
        let (username, host) = match self.users.find(nick.as_str()) {
            Some(user) => (
                self.username_of(user, &self.users[user]),
                self.host_of(&self.users[user].peer),
            ),
            None => self.former_place(nick),
        };
        for part in ["!", &username, "@", &host] {
            out.extend_from_slice(part.as_bytes());
        }
    }

    fn former(&self, name: &str, count: usize) -> Vec<Former> {
        self.note_steps(self.watches.former.len());
        let pattern = Key::of(name);
        let is_it = |it: &&Former| matches(pattern.as_str(), it.nick.key().as_str());
        let former = self.watches.former.iter().rev();
        former.filter(is_it).take(count).cloned().collect()
    }

    fn room(&self, name: &RoomName) -> Option<RoomFacts> {
        let id = self.rooms.find(name)?;
        let facts = facts_of(self.rooms.get(id));
        // The lobby, and what was there before the start, are as old as that.
        let made_ms = facts.made_ms.max(self.rules.server.started_ms);
        Some(RoomFacts { made_ms, ..facts })
    }

    fn members(
        &self,
        room: &RoomName,
        start: usize,
        count: usize,
    ) -> Vec<(UserId, Nick, MemberRank)> {
        let Some(id) = self.rooms.find(room) else {
            return Vec::new();
        };
        let members = self.rooms.get(id).members().iter().skip(start).take(count);
        let members = members.filter_map(|member| {
            let (user, role) = (member.user, member.role);
            let own = self.users.get(user)?;
            let rank = self.rank_of(own, role, id);
            (!own.is_untold()).then(|| (user, own.nick().clone(), rank))
        });
        let members: Vec<_> = members.collect();
        self.note_steps(members.len());
        members
    }

    fn rank(&self, user: UserId, room: &RoomName) -> Option<MemberRank> {
        let id = self.rooms.find(room)?;
        let own = self.users.get(user).filter(|own| own.is_in(id))?;
        let role = self.rooms.get(id).role_of(user)?;
        Some(self.rank_of(own, role, id))
    }

    fn rooms_of(&self, user: UserId) -> Vec<RoomName> {
        let rooms = self.users.get(user).map_or(&[][..], User::rooms).iter();
        rooms.map(|&id| self.rooms.get(id).name.clone()).collect()
    }

    fn talks_of(&self, user: UserId) -> Vec<(Nick, u64)> {
        let user = self.users.get(user);
        user.map_or(Vec::new(), |user| user.talks().to_vec())
    }

    fn rooms(&self, start: usize, count: usize) -> Vec<RoomFacts> {
        self.note_steps(start.min(self.rooms.len()) + count);
        self.rooms.some(start, count).map(facts_of).collect()
    }

    fn users(&self, start: usize, count: usize) -> Vec<UserId> {
        self.note_steps(start.min(self.users.len()) + count);
        let users = self.users.iter().filter(|(_, user)| !user.is_untold());
        users.skip(start).take(count).map(|(id, _)| id).collect()
    }

    fn share_room(&self, one: UserId, other: UserId) -> bool {
        let (Some(one), Some(other)) = (self.users.get(one), self.users.get(other)) else {
            return false;
        };
        one.rooms().iter().any(|&room| other.is_in(room))
    }

    fn sees(&self, who: ConnId, room: &RoomName) -> bool {
        let id = self.rooms.find(room);
        id.is_some_and(|id| self.sees_into(who, id))
    }

    fn masks(&self, room: &RoomName, kind: MaskKind) -> Vec<MaskFacts> {
        let Some(id) = self.rooms.find(room) else {
            return Vec::new();
        };
        let masks = self.rooms.get(id).modes.masks.iter();
        let masks = masks
            .filter(|mask| mask.kind == kind)
            .map(|mask| MaskFacts {
                mask: mask.mask.clone(),
                by: mask.by.clone(),
                at_ms: mask.at_ms,
            });
        masks.collect()
    }

    fn invitations(&self, user: UserId) -> Vec<RoomName> {
        self.note_steps(self.rooms.len());
        let rooms = self.rooms.iter().map(|(_, room)| room);
        let invited = rooms.filter(|room| room.modes.invited.contains(&user));
        invited.map(|room| room.name.clone()).collect()
    }

    fn metadata(&self, target: &MetadataTarget) -> Vec<(String, String)> {
        let pair = |(key, value): (&String, &String)| (key.clone(), value.clone());
        match target {
            MetadataTarget::User(nick) => {
                let user = self.users.find(nick.as_str());
                let user = user.and_then(|user| self.users.get(user));
                user.map_or(Vec::new(), |user| user.metadata().map(pair).collect())
            }
            MetadataTarget::Room(room) => {
                let id = self.rooms.find(room);
                id.map_or(Vec::new(), |id| {
                    self.rooms.get(id).modes.metadata.iter().map(pair).collect()
                })
            }
        }
    }

    fn census(&self) -> Census {
        self.note_steps(self.users.len());
        let mut census = Census {
            users: self.users.len(),
            rooms: self.rooms.len(),
            users_max: self.watches.users_max.max(self.users.len()),
            ..Census::default()
        };
        for (_, user) in self.users.iter() {
            census.operators += usize::from(user.is_operator());
            census.invisible += usize::from(user.profile().is_some_and(|it| it.is_invisible));
        }
        // The lobby counts while somebody is in it.
        let lobby = self.rooms.get(super::LOBBY);
        census.rooms -= usize::from(lobby.count() == 0);
        census
    }

    fn watched(&self, who: ConnId) -> Vec<Nick> {
        self.watches.names_of(who).to_vec()
    }
}

impl Hub {
    /// With what a connection came, which stands for the name of its user's account there.
    pub fn note_via(&mut self, who: ConnId, via: CameBy) {
        if let Some(session) = self.users.session_mut(who) {
            session.via = via;
        }
    }

    /// A user as it is remembered when it is gone, or goes by another name.
    pub(super) fn as_former(&self, user: UserId) -> Option<Former> {
        let person = self.person(user)?;
        Some(Former {
            nick: person.nick,
            username: person.username,
            host: person.host,
            realname: person.realname,
            until_ms: self.now.unix_ms,
        })
    }

    fn username_of(&self, user: UserId, own: &User) -> String {
        if let Some(profile) = own.profile() {
            return format!("~{}", profile.username);
        }
        let first = self.users.first_of(user);
        let session = first.and_then(|first| self.users.session(first));
        session
            .map_or(CameBy::Line, |session| session.via)
            .username()
            .into()
    }

    /// Where somebody is, as others are shown it: an address, or what stands for it and is the same for who
    /// comes from there.
    fn host_of(&self, peer: &Peer) -> String {
        let Some(ip) = peer.ip() else {
            return "local".into();
        };
        if self.rules.addresses == Addresses::All {
            let shown = ip.to_string();
            // A parameter does not begin with a colon.
            return match shown.starts_with(':') {
                true => format!("0{shown}"),
                false => shown,
            };
        }
        format!("{:013x}.hidden", self.rules.hash_seed.hash_one(ip) >> 12)
    }

    /// The name of the account and the host of who went by a name last, or what stands for nobody's.
    fn former_place(&self, nick: &Nick) -> (String, String) {
        let key = nick.key();
        let mut former = self.watches.former.iter().rev();
        match former.find(|it| it.nick.key() == key) {
            Some(it) => (it.username.clone(), it.host.clone()),
            None => ("nobody".into(), "hidden".into()),
        }
    }
}

fn facts_of(room: &Room) -> RoomFacts {
    RoomFacts {
        name: room.name.clone(),
        members: room.count(),
        topic: room.topic.clone(),
        topic_set: room.topic_set.as_deref().cloned(),
        made_ms: room.made_ms,
        last_said_ms: room.scrollback.last_ms(),
        is_invite_only: room.modes.is_invite_only,
        is_moderated: room.modes.is_moderated,
        is_open: room.modes.is_open,
        has_no_ctcp: room.modes.has_no_ctcp,
        is_secret: room.modes.is_secret,
        is_topic_locked: room.modes.is_topic_locked,
        key: room.modes.key.clone(),
        limit: room.modes.limit,
    }
}
