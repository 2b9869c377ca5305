//! Questions that change nothing, for dialects that answer them in their own form.

use crate::chat::{Entry, LOBBY, RoomId, User};
use crate::model::{
    CameBy, Census, ConnId, Former, Key, MaskFacts, MaskKind, MemberRank, MetadataTarget, Moment,
    Nick, Person, RoomFacts, RoomName, ServerFacts, UserId, World, matches,
};

use super::state::Hub;

impl World for Hub {
    fn server(&self) -> &ServerFacts {
        &self.chat.rules().server
    }

    fn user_at(&self, who: ConnId) -> Option<UserId> {
        self.sessions.user_of(who)
    }

    fn nick_at(&self, who: ConnId) -> Option<Nick> {
        Some(self.user(who)?.nick().clone())
    }

    fn find(&self, name: &str) -> Option<UserId> {
        self.chat.users().find(name)
    }

    fn person(&self, user: UserId) -> Option<Person> {
        self.chat.person(user)
    }

    fn known_as(&self, nick: &Nick) -> Option<Person> {
        match self.chat.users().find(nick.as_str()) {
            Some(user) => self.chat.person(user),
            None => self.last_known_as(nick).cloned(),
        }
    }

    fn write_source(&self, nick: &Nick, out: &mut Vec<u8>) {
        out.extend_from_slice(nick.as_str().as_bytes());
        let user = self.chat.users().find(nick.as_str());
        let mut push = |username: &str, host: &str| {
            for part in ["!", username, "@", host] {
                out.extend_from_slice(part.as_bytes());
            }
        };
        match user.and_then(|user| self.chat.place_of(user)) {
            Some((username, host)) => push(&username, &host),
            None => match self.last_known_as(nick) {
                Some(person) => push(&person.username, &person.host),
                None => push("nobody", "hidden"),
            },
        }
    }

    fn former(&self, name: &str, count: usize) -> Vec<Former> {
        self.note_steps(self.watches.former.len());
        let pattern = Key::of(name);
        let is_it = |it: &&Former| matches(pattern.as_str(), it.person.nick.key().as_str());
        let former = self.watches.former.iter().rev();
        former.filter(is_it).take(count).cloned().collect()
    }

    fn room(&self, name: &RoomName) -> Option<RoomFacts> {
        let id = self.chat.rooms().find(name)?;
        let facts = self.facts_of(id);
        // The lobby, and what was there before the start, are as old as that.
        let made_ms = facts.made_ms.max(self.chat.rules().server.started_ms);
        Some(RoomFacts { made_ms, ..facts })
    }

    fn members(
        &self,
        room: &RoomName,
        start: usize,
        count: usize,
    ) -> Vec<(UserId, Nick, MemberRank)> {
        let Some(id) = self.chat.rooms().find(room) else {
            return Vec::new();
        };
        let members = self
            .chat
            .rooms()
            .get(id)
            .members()
            .iter()
            .skip(start)
            .take(count);
        let members = members.filter_map(|member| {
            let (user, role) = (member.user, member.role);
            let own = self.chat.users().get(user)?;
            let rank = self.chat.rank_of(own, role, id);
            (!own.is_untold()).then(|| (user, own.nick().clone(), rank))
        });
        let members: Vec<_> = members.collect();
        self.note_steps(members.len());
        members
    }

    fn rank(&self, user: UserId, room: &RoomName) -> Option<MemberRank> {
        let id = self.chat.rooms().find(room)?;
        let own = self.chat.users().get(user).filter(|own| own.is_in(id))?;
        let role = self.chat.rooms().get(id).role_of(user)?;
        Some(self.chat.rank_of(own, role, id))
    }

    fn rooms_of(&self, user: UserId) -> Vec<RoomName> {
        let rooms = self
            .chat
            .users()
            .get(user)
            .map_or(&[][..], User::rooms)
            .iter();
        rooms
            .map(|&id| self.chat.rooms().get(id).name.clone())
            .collect()
    }

    fn talks_of(&self, user: UserId) -> Vec<(Nick, u64)> {
        let user = self.chat.users().get(user);
        user.map_or(Vec::new(), |user| user.talks().to_vec())
    }

    fn rooms(&self, start: usize, count: usize) -> Vec<RoomFacts> {
        self.note_steps(start.min(self.chat.rooms().len()) + count);
        {
            let rooms = self.chat.rooms().some(start, count);
            rooms.map(|id| self.facts_of(id)).collect()
        }
    }

    fn users(&self, start: usize, count: usize) -> Vec<UserId> {
        self.note_steps(start.min(self.chat.users().len()) + count);
        let users = self
            .chat
            .users()
            .iter()
            .filter(|(_, user)| !user.is_untold());
        users.skip(start).take(count).map(|(id, _)| id).collect()
    }

    fn share_room(&self, one: UserId, other: UserId) -> bool {
        let (Some(one), Some(other)) = (self.chat.users().get(one), self.chat.users().get(other))
        else {
            return false;
        };
        one.rooms().iter().any(|&room| other.is_in(room))
    }

    fn metadata(&self, target: &MetadataTarget) -> Vec<(String, String)> {
        let pair = |(key, value): (&String, &String)| (key.clone(), value.clone());
        match target {
            MetadataTarget::User(nick) => {
                let user = self.chat.users().find(nick.as_str());
                user.map_or(Vec::new(), |user| {
                    self.chat.metadata(user).map(pair).collect()
                })
            }
            MetadataTarget::Room(room) => {
                let id = self.chat.rooms().find(room);
                id.map_or(Vec::new(), |id| {
                    self.chat
                        .rooms()
                        .get(id)
                        .modes
                        .metadata
                        .iter()
                        .map(pair)
                        .collect()
                })
            }
        }
    }

    fn sees(&self, who: ConnId, room: &RoomName) -> bool {
        let id = self.chat.rooms().find(room);
        id.is_some_and(|id| self.sees_into(who, id))
    }

    fn masks(&self, room: &RoomName, kind: MaskKind) -> Vec<MaskFacts> {
        let Some(id) = self.chat.rooms().find(room) else {
            return Vec::new();
        };
        let masks = self.chat.rooms().get(id).modes.masks.iter();
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
        self.note_steps(self.chat.rooms().len());
        let rooms = self.chat.rooms().iter().map(|(_, room)| room);
        let invited = rooms.filter(|room| room.modes.invited.contains(&user));
        invited.map(|room| room.name.clone()).collect()
    }

    fn census(&self) -> Census {
        self.note_steps(self.chat.users().len());
        let mut census = Census {
            users: self.chat.users().len(),
            rooms: self.chat.rooms().len(),
            strangers: self.open.saturating_sub(self.sessions.iter().count()),
            users_max: self.watches.users_max.max(self.chat.users().len()),
            ..Census::default()
        };
        for (_, user) in self.chat.users().iter() {
            census.operators += usize::from(user.is_operator());
            census.invisible += usize::from(user.profile().is_some_and(|it| it.is_invisible));
        }
        // The lobby counts while somebody is in it.
        let lobby = self.chat.rooms().get(LOBBY);
        census.rooms -= usize::from(lobby.count() == 0);
        census
    }

    fn watched(&self, who: ConnId) -> Vec<Nick> {
        self.watches.names_of(who).to_vec()
    }
}

impl Hub {
    /// So many connections are open.
    pub fn note_open(&mut self, count: usize) {
        self.open = count;
    }

    /// With what a connection came, which stands for the name of its user's account there.
    pub fn note_via(&mut self, who: ConnId, via: CameBy, now: Moment) {
        if let Some(user) = self.sessions.user_of(who)
            && self.sessions.first_of(user) == Some(who)
        {
            self.commit_certain(Entry::NoteVia { user, via }, now);
        }
    }

    /// As what somebody was known who went by a name last.
    fn last_known_as(&self, nick: &Nick) -> Option<&Person> {
        let key = nick.key();
        let mut former = self.watches.former.iter().rev();
        let found = former.find(|it| it.person.nick.key() == key);
        found.map(|it| &it.person)
    }

    fn facts_of(&self, id: RoomId) -> RoomFacts {
        let room = self.chat.rooms().get(id);
        RoomFacts {
            name: room.name.clone(),
            members: room.count(),
            was_crowded: room.count() >= self.chat.rules().presence_limit,
            topic: room.topic.clone(),
            topic_set: room.topic_set.as_deref().cloned(),
            made_ms: room.made_ms,
            last_said_ms: self.local.get(id).scrollback.last_ms(),
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
}
