//! Who is who: WHOIS, WHOWAS, USERHOST, ISON, and being away.

use crate::limits::{FORMER_MAX, TARGETS_MAX};
use crate::model::{MetadataTarget, Person, Request, RoomName, UserId};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::prefix;
use super::numerics::word;
use super::work::{About, Todo, Work};
use super::write::shortened;

/// Rooms of one user in one line, in bytes.
const ROOMS_BYTES_MAX: usize = 380;

impl Dialogue {
    pub(super) fn away(&mut self, line: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        let text = line.params.first().filter(|text| !text.is_empty());
        let text = text.map(|text| shortened(text));
        work.todo
            .push_back(Todo::Ask(Request::Away { text }, About::Away));
    }

    pub(super) fn ison(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let asked = line.params.iter().flat_map(|param| param.split(' '));
        let people = asked.filter_map(|nick| scene.world.person(scene.world.find(nick)?));
        let nicks: Vec<String> = people.map(|person| person.nick.to_string()).collect();
        let listener = self.listener(scene);
        listener.numeric("303", &[&nicks.join(" ")], &mut work.out);
    }

    pub(super) fn userhost(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let people = line.params.iter().take(TARGETS_MAX);
        let people = people.filter_map(|nick| scene.world.person(scene.world.find(nick)?));
        let shown = people.map(|person| {
            let operator = if person.is_operator { "*" } else { "" };
            let away = if person.away.is_some() { '-' } else { '+' };
            let Person {
                nick,
                username,
                host,
                ..
            } = person;
            format!("{nick}{operator}={away}{username}@{host}")
        });
        let shown: Vec<String> = shown.collect();
        let listener = self.listener(scene);
        listener.numeric("302", &[&shown.join(" ")], &mut work.out);
    }

    pub(super) fn whois(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let asked = line.params.get(1).unwrap_or(&line.params[0]);
        for nick in asked.split(',').filter(|it| !it.is_empty()).take(1) {
            match scene.world.find(nick) {
                Some(user) => self.tell_whois(user, scene, work),
                None => self.listener(scene).no_such_nick(nick, &mut work.out),
            }
            let params = [word(nick), "End of /WHOIS list"];
            self.listener(scene).numeric("318", &params, &mut work.out);
        }
    }

    fn tell_whois(&self, user: UserId, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let Some(person) = scene.world.person(user) else {
            return;
        };
        let out = &mut work.out;
        let nick = person.nick.as_str();
        let params = [nick, &person.username, &person.host, "*", &person.realname];
        listener.numeric("311", &params, out);
        self.tell_rooms_of(user, &person, scene, out);
        let server = scene.world.server();
        let params = [nick, server.name.as_str(), server.network.as_str()];
        listener.numeric("312", &params, out);
        if let Some(away) = &person.away {
            listener.numeric("301", &[nick, away], out);
        }
        if person.is_operator {
            listener.numeric("313", &[nick, "is an IRC operator"], out);
        }
        if let Some(account) = &person.account {
            let params = [nick, account.as_str(), "is logged in as"];
            listener.numeric("330", &params, out);
        }
        if self.caps.has(Caps::METADATA) {
            let target = MetadataTarget::User(person.nick.clone());
            for (key, value) in scene.world.metadata(&target) {
                listener.numeric("760", &[nick, &key, "*", &value], out);
            }
        }
        if person.is_bot {
            listener.numeric("335", &[nick, "is a bot"], out);
        }
    }

    /// The channels that somebody is in, as far as the reader may know of them.
    fn tell_rooms_of(&self, user: UserId, person: &Person, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let own = scene.world.user_at(scene.who);
        let is_shown = |room: &RoomName| {
            let shares = own.is_some_and(|own| scene.world.rank(own, room).is_some());
            let is_hidden = person.is_invisible || !scene.world.sees(scene.who, room);
            shares || own == Some(user) || !is_hidden
        };
        let listener = self.listener(scene);
        let is_multi = self.caps.has(Caps::MULTI_PREFIX);
        let mut rooms = String::new();
        for room in scene.world.rooms_of(user).into_iter().filter(is_shown) {
            let rank = scene.world.rank(user, &room);
            let name = format!("{}#{room}", rank.map_or("", |rank| prefix(rank, is_multi)));
            if rooms.len() + name.len() > ROOMS_BYTES_MAX {
                listener.numeric("319", &[person.nick.as_str(), &rooms], out);
                rooms.clear();
            }
            if !rooms.is_empty() {
                rooms.push(' ');
            }
            rooms += &name;
        }
        if !rooms.is_empty() {
            listener.numeric("319", &[person.nick.as_str(), &rooms], out);
        }
    }

    pub(super) fn whowas(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let Some(nick) = line.params.first().filter(|nick| !nick.is_empty()) else {
            return listener.numeric("431", &["No nickname given"], &mut work.out);
        };
        let count = line.params.get(1).and_then(|count| count.parse().ok());
        let count = count.filter(|&count: &usize| count > 0);
        let former = scene.world.former(nick, count.unwrap_or(FORMER_MAX));
        if former.is_empty() {
            let params = [word(nick), "There was no such nickname"];
            listener.numeric("406", &params, &mut work.out);
        }
        for it in former {
            let person = it.person;
            let name = person.nick.as_str();
            let params = [name, &person.username, &person.host, "*", &person.realname];
            listener.numeric("314", &params, &mut work.out);
            let until = super::write::timestamp(it.until_ms);
            let server = scene.world.server().name.as_str();
            listener.numeric("312", &[name, server, &until], &mut work.out);
            if let Some(account) = &person.account {
                let params = [name, account.as_str(), "was logged in as"];
                listener.numeric("330", &params, &mut work.out);
            }
        }
        listener.numeric("369", &[word(nick), "End of WHOWAS"], &mut work.out);
    }
}
