//! WHO, with the fields of WHOX.

use crate::limits::NAMES_AT_ONCE;
use crate::model::{MemberRank, Person, RoomName, UserId, matches};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::{prefix, room_of};
use super::numerics::word;
use super::work::{List, Todo, Who, Work};
use super::write::Listener;

impl Dialogue {
    pub(super) fn who(&mut self, line: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        let asked = line
            .params
            .first()
            .copied()
            .filter(|asked| !asked.is_empty());
        let asked = asked.unwrap_or("*");
        let options = line.params.get(1).copied().unwrap_or_default();
        let (flags, fields) = match options.split_once('%') {
            Some((flags, fields)) => (flags, Some(fields.into())),
            None => (options, None),
        };
        let who = Who {
            asked: asked.into(),
            room: room_of(asked),
            start: 0,
            fields,
            only_operators: flags.contains('o'),
        };
        work.todo.push_back(Todo::List(List::Who(who.into())));
    }

    /// Goes on with a list that is told a part at a time.
    pub(super) fn go_on_listing(&mut self, list: List, scene: &Scene<'_>, work: &mut Work) {
        match list {
            List::Names { room, start } => self.list_names(room, start, scene, work),
            List::NamesEnd { asked } => {
                let params = [word(&asked), "End of /NAMES list"];
                self.listener(scene).numeric("366", &params, &mut work.out);
            }
            List::Rooms { filter, start } => self.list_rooms(filter, start, scene, work),
            List::Who(mut who) => {
                let has_more = match &who.room {
                    Some(room) => self.who_room(&who, room, scene, work),
                    None => self.who_mask(&who, scene, work),
                };
                if !has_more {
                    return self.end_who(&who.asked, scene, work);
                }
                who.start += NAMES_AT_ONCE;
                work.todo.push_front(Todo::List(List::Who(who)));
            }
        }
    }

    fn end_who(&self, asked: &str, scene: &Scene<'_>, work: &mut Work) {
        let params = [word(asked), "End of WHO list"];
        self.listener(scene).numeric("315", &params, &mut work.out);
    }

    /// Who is in a room. Returns whether there are more.
    fn who_room(&self, who: &Who, room: &RoomName, scene: &Scene<'_>, work: &mut Work) -> bool {
        let own = scene.world.user_at(scene.who);
        let is_in = own.is_some_and(|own| scene.world.rank(own, room).is_some());
        let facts = scene.world.room(room);
        let is_secret = facts.as_ref().is_some_and(|facts| facts.is_secret);
        if !is_in && (is_secret || !scene.world.sees(scene.who, room)) {
            return false;
        }
        let channel = facts.map_or("*".into(), |facts| format!("#{}", facts.name));
        let members = scene.world.members(room, who.start, NAMES_AT_ONCE);
        let has_more = members.len() == NAMES_AT_ONCE;
        for (user, _, rank) in members {
            let Some(person) = scene.world.person(user) else {
                continue;
            };
            let is_shown = is_in || !person.is_invisible || own == Some(user);
            if is_shown && (!who.only_operators || person.is_operator) {
                let row = WhoRow {
                    channel: &channel,
                    person: &person,
                    rank,
                };
                row.write(who.fields.as_deref(), &self.listener(scene), &mut work.out);
            }
        }
        has_more
    }

    /// Who goes by a name, or is covered by a mask. Returns whether there are more to be looked at.
    fn who_mask(&self, who: &Who, scene: &Scene<'_>, work: &mut Work) -> bool {
        let asked = who.asked.as_str();
        let is_mask = asked.contains(['*', '?']) || asked == "0";
        let users = match is_mask {
            false => scene.world.find(asked).into_iter().collect(),
            true => scene.world.users(who.start, NAMES_AT_ONCE),
        };
        let has_more = is_mask && users.len() == NAMES_AT_ONCE;
        let pattern = asked.to_lowercase();
        let own = scene.world.user_at(scene.who);
        for user in users {
            let Some(person) = scene.world.person(user) else {
                continue;
            };
            let is_hidden = is_mask
                && person.is_invisible
                && own.is_none_or(|own| own != user && !scene.world.share_room(own, user));
            let is_it = !is_mask || asked == "0" || covers(&pattern, &person);
            if !is_hidden && is_it && (!who.only_operators || person.is_operator) {
                self.who_row(user, &person, who.fields.as_deref(), scene, work);
            }
        }
        has_more
    }

    /// A row of somebody, with a room that is shared.
    fn who_row(
        &self,
        user: UserId,
        person: &Person,
        fields: Option<&str>,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        let own = scene.world.user_at(scene.who);
        let mut rooms = scene.world.rooms_of(user).into_iter();
        let shared =
            rooms.find(|room| own.is_some_and(|own| scene.world.rank(own, room).is_some()));
        let rank = shared
            .as_ref()
            .and_then(|room| scene.world.rank(user, room));
        let channel = shared.map_or("*".into(), |room| format!("#{room}"));
        let row = WhoRow {
            channel: &channel,
            person,
            rank: rank.unwrap_or(MemberRank::Member),
        };
        row.write(fields, &self.listener(scene), &mut work.out);
    }
}

/// Is somebody covered by a mask, which is folded?
fn covers(pattern: &str, person: &Person) -> bool {
    let parts = [
        person.nick.as_str(),
        &person.username,
        &person.host,
        &person.realname,
    ];
    parts
        .iter()
        .any(|part| matches(pattern, &part.to_lowercase()))
}

/// Somebody in an answer to WHO.
struct WhoRow<'a> {
    channel: &'a str,
    person: &'a Person,
    rank: MemberRank,
}

impl WhoRow<'_> {
    fn flags(&self, is_multi: bool) -> String {
        let WhoRow { person, rank, .. } = self;
        let here = if person.away.is_some() { "G" } else { "H" };
        let operator = if person.is_operator { "*" } else { "" };
        let bot = if person.is_bot { "B" } else { "" };
        format!("{here}{operator}{bot}{}", prefix(*rank, is_multi))
    }

    fn write(&self, fields: Option<&str>, listener: &Listener<'_>, out: &mut Vec<u8>) {
        let person = self.person;
        let server = listener.world.server().name.as_str();
        let flags = self.flags(listener.caps.has(Caps::MULTI_PREFIX));
        let Some(fields) = fields else {
            let hops = format!("0 {}", person.realname);
            let nick = person.nick.as_str();
            let (username, host) = (&person.username, &person.host);
            let params = [self.channel, username, host, server, nick, &flags, &hops];
            return listener.numeric("352", &params, out);
        };
        let (wanted, token) = fields.split_once(',').unwrap_or((fields, ""));
        let account = person
            .account
            .as_ref()
            .map_or("0", |account| account.as_str());
        let values = [
            ('t', token),
            ('c', self.channel),
            ('u', &person.username),
            ('i', "255.255.255.255"),
            ('h', &person.host),
            ('s', server),
            ('n', person.nick.as_str()),
            ('f', &flags),
            ('d', "0"),
            ('l', "0"),
            ('a', account),
            ('o', "n/a"),
            ('r', &person.realname),
        ];
        let shown = values
            .into_iter()
            .filter(|(field, _)| wanted.contains(*field));
        let params: Vec<&str> = shown.map(|(_, value)| value).collect();
        listener.numeric("354", &params, out);
    }
}
