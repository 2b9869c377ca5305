//! Channels: entering and leaving them, who is in them, what they are about.

use crate::limits::{NAMES_AT_ONCE, TARGETS_MAX};
use crate::model::{EnterMode, MemberRank, Nick, Request, RoomFacts, RoomName, matches};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::{prefix, room_of};
use super::numerics::word;
use super::work::{About, Filter, List, Todo, Work};
use super::write::{Listener, Source, Tags, shortened};

/// Names in one line, in bytes.
const NAMES_BYTES_MAX: usize = 380;

/// Rooms looked at in one step of a list.
const ROOMS_AT_ONCE: usize = 100;

impl Dialogue {
    pub(super) fn join(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        if line.params[0] == "0" {
            let own = scene.world.user_at(scene.who);
            for room in own.map_or(Vec::new(), |own| scene.world.rooms_of(own)) {
                self.ask_part(room, None, work);
            }
            return;
        }
        let mut keys = line.params.get(1).copied().unwrap_or_default().split(',');
        for channel in line.params[0].split(',').filter(|it| !it.is_empty()) {
            let key = keys.next().filter(|key| !key.is_empty());
            let Some(room) = room_of(channel) else {
                self.listener(scene).no_such_channel(channel, &mut work.out);
                continue;
            };
            let own = scene.world.user_at(scene.who);
            if own.is_some_and(|own| scene.world.rank(own, &room).is_some()) {
                continue;
            }
            let request = Request::Enter {
                room,
                entry: EnterMode::Focus,
                key: key.map(Into::into),
                resume: None,
                // Who scrolls back by itself needs no beginning.
                replay: self.caps.has(Caps::CHATHISTORY).then_some(0),
            };
            work.todo
                .push_back(Todo::Ask(request, About::Join(channel.into())));
        }
    }

    /// A room has its name for good: its history, its owner and its bans go by that (draft/channel-rename).
    pub(super) fn rename(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let (from, to) = (word(line.params[0]), word(line.params[1]));
        let words = "Channels keep their names here";
        let params = ["RENAME", "CANNOT_RENAME", from, to, words];
        self.fail(scene, &params, &mut work.out);
    }

    pub(super) fn part(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let words = line.params.get(1).filter(|words| !words.is_empty());
        for channel in line.params[0].split(',').filter(|it| !it.is_empty()) {
            match room_of(channel) {
                Some(room) => self.ask_part(room, words.map(|words| shortened(words)), work),
                None => self.listener(scene).no_such_channel(channel, &mut work.out),
            }
        }
    }

    fn ask_part(&self, room: RoomName, words: Option<String>, work: &mut Work) {
        let about = About::Part {
            room: format!("#{room}"),
            words: words.clone(),
        };
        work.todo
            .push_back(Todo::Ask(Request::Part { room, words }, about));
    }

    pub(super) fn topic(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let channel = line.params[0];
        let listener = self.listener(scene);
        let known = room_of(channel).and_then(|room| scene.world.room(&room));
        let Some(facts) = known else {
            return listener.no_such_channel(channel, &mut work.out);
        };
        let Some(text) = line.params.get(1) else {
            let own = scene.world.user_at(scene.who);
            let is_in = own.is_some_and(|own| scene.world.rank(own, &facts.name).is_some());
            return match is_in || scene.world.sees(scene.who, &facts.name) {
                false => listener.not_on_channel(channel, &mut work.out),
                true => listener.topic(&facts, true, &mut work.out),
            };
        };
        let request = Request::Topic {
            room: Some(facts.name),
            text: Some(shortened(text)),
        };
        work.todo
            .push_back(Todo::Ask(request, About::Topic(channel.into())));
    }

    pub(super) fn names(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let Some(asked) = line.params.first() else {
            return self.listener(scene).numeric(
                "366",
                &["*", "End of /NAMES list"],
                &mut work.out,
            );
        };
        for channel in asked.split(',').take(TARGETS_MAX) {
            if let Some(room) = room_of(channel) {
                work.todo
                    .push_back(Todo::List(List::Names { room, start: 0 }));
            }
        }
        let asked = (*asked).into();
        work.todo.push_back(Todo::List(List::NamesEnd { asked }));
    }

    /// Goes on with names: as many as are looked at in one step.
    pub(super) fn list_names(
        &self,
        room: RoomName,
        start: usize,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        let Some(facts) = scene.world.room(&room) else {
            return;
        };
        let own = scene.world.user_at(scene.who);
        let is_in = own.is_some_and(|own| scene.world.rank(own, &room).is_some());
        if !is_in && (facts.is_secret || !scene.world.sees(scene.who, &room)) {
            return;
        }
        let listener = self.listener(scene);
        let members = scene.world.members(&room, start, NAMES_AT_ONCE);
        let has_more = members.len() == NAMES_AT_ONCE;
        let channel = format!("#{}", facts.name);
        let symbol = if facts.is_secret { "@" } else { "=" };
        let mut names = String::new();
        for (user, nick, rank) in members {
            let person = || scene.world.person(user);
            if !is_in && person().is_none_or(|person| person.is_invisible) {
                continue;
            }
            let name = listener.name_in_list(&nick, rank);
            if names.len() + name.len() > NAMES_BYTES_MAX {
                listener.numeric("353", &[symbol, &channel, &names], &mut work.out);
                names.clear();
            }
            if !names.is_empty() {
                names.push(' ');
            }
            names += &name;
        }
        if !names.is_empty() {
            listener.numeric("353", &[symbol, &channel, &names], &mut work.out);
        }
        if has_more {
            let start = start + NAMES_AT_ONCE;
            work.todo
                .push_front(Todo::List(List::Names { room, start }));
        }
    }

    pub(super) fn list(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let mut filter = Filter::default();
        let is_bound = |words: &str| words.starts_with(['<', '>']);
        for part in line.params.first().unwrap_or(&"").split(',') {
            match part.split_at_checked(1) {
                Some(("!", mask)) => filter.not_masks.push(mask.to_lowercase()),
                Some((">", count)) => filter.above = count.parse().ok(),
                Some(("<", count)) => filter.below = count.parse().ok(),
                Some(("C" | "c", bound)) if is_bound(bound) => filter.made.ask(bound),
                Some(("T" | "t", bound)) if is_bound(bound) => filter.topic_set.ask(bound),
                Some(_) => filter.masks.push(part.to_lowercase()),
                None => {}
            }
        }
        self.listener(scene)
            .numeric("321", &["Channel", "Users  Name"], &mut work.out);
        let filter = Box::new(filter);
        work.todo
            .push_back(Todo::List(List::Rooms { filter, start: 0 }));
    }

    /// Goes on with the list of channels.
    pub(super) fn list_rooms(
        &self,
        filter: Box<Filter>,
        start: usize,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        let listener = self.listener(scene);
        let own = scene.world.user_at(scene.who);
        let now_ms = scene.now.unix_ms;
        let rooms = scene.world.rooms(start, ROOMS_AT_ONCE);
        let has_more = rooms.len() == ROOMS_AT_ONCE;
        for facts in rooms {
            let is_in = || own.is_some_and(|own| scene.world.rank(own, &facts.name).is_some());
            let is_hidden = facts.is_secret && !is_in();
            let is_empty = facts.name.is_lobby() && facts.members == 0;
            if is_hidden || is_empty || !filter.has(&facts, now_ms) {
                continue;
            }
            let topic = facts.topic.as_deref().unwrap_or_default();
            let topic = match scene.world.sees(scene.who, &facts.name) {
                true => topic,
                false => "",
            };
            let (channel, count) = (format!("#{}", facts.name), facts.members.to_string());
            listener.numeric("322", &[&channel, &count, topic], &mut work.out);
        }
        match has_more {
            true => {
                let start = start + ROOMS_AT_ONCE;
                work.todo
                    .push_front(Todo::List(List::Rooms { filter, start }));
            }
            false => listener.numeric("323", &["End of /LIST"], &mut work.out),
        }
    }

    pub(super) fn kick(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let channels: Vec<&str> = line.params[0].split(',').collect();
        let nicks = line.params[1].split(',').filter(|nick| !nick.is_empty());
        let reason = line.params.get(2).filter(|reason| !reason.is_empty());
        for (at, nick) in nicks.take(TARGETS_MAX).enumerate() {
            let channel = channels.get(at).unwrap_or(&channels[0]);
            let listener = self.listener(scene);
            let known = room_of(channel).and_then(|room| scene.world.room(&room));
            let Some(facts) = known else {
                listener.no_such_channel(channel, &mut work.out);
                continue;
            };
            let own = scene.world.user_at(scene.who);
            let is_in = own.is_some_and(|own| scene.world.rank(own, &facts.name).is_some());
            let target = scene.world.find(nick);
            let is_there = target.is_some_and(|it| scene.world.rank(it, &facts.name).is_some());
            if !is_in {
                listener.not_on_channel(channel, &mut work.out);
            } else if target.is_none() {
                listener.no_such_nick(nick, &mut work.out);
            } else if !is_there {
                let params = [nick, channel, "They aren't on that channel"];
                listener.numeric("441", &params, &mut work.out);
            } else {
                let reason = reason.map(|reason| shortened(reason));
                let about = About::Kick {
                    room: format!("#{}", facts.name),
                    reason: reason.clone(),
                };
                let request = Request::Kick {
                    room: Some(facts.name),
                    name: nick.into(),
                    reason,
                };
                work.todo.push_back(Todo::Ask(request, about));
            }
        }
    }

    pub(super) fn invite(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        if line.params.is_empty() {
            let own = scene.world.user_at(scene.who);
            for room in own.map_or(Vec::new(), |own| scene.world.invitations(own)) {
                listener.numeric("336", &[&format!("#{room}")], &mut work.out);
            }
            return listener.numeric("337", &["End of /INVITE list"], &mut work.out);
        }
        let &[nick, channel, ..] = &line.params[..] else {
            return listener.need_more_params("INVITE", &mut work.out);
        };
        let Some(target) = scene.world.find(nick) else {
            return listener.no_such_nick(nick, &mut work.out);
        };
        let known = room_of(channel).and_then(|room| scene.world.room(&room));
        let Some(facts) = known else {
            return listener.no_such_channel(channel, &mut work.out);
        };
        let own = scene.world.user_at(scene.who);
        if own.is_none_or(|own| scene.world.rank(own, &facts.name).is_none()) {
            return listener.not_on_channel(channel, &mut work.out);
        }
        if scene.world.rank(target, &facts.name).is_some() {
            let params = [nick, channel, "is already on channel"];
            return listener.numeric("443", &params, &mut work.out);
        }
        let about = About::Invite(format!("#{}", facts.name));
        let request = Request::Invite {
            room: Some(facts.name),
            name: nick.into(),
        };
        work.todo.push_back(Todo::Ask(request, about));
    }

    /// It has entered a room, here or at another connection.
    pub(super) fn entered(&mut self, room: &RoomName, scene: &Scene<'_>, work: &mut Work) {
        if let Some(nick) = &self.nick {
            self.listener(scene).joined(nick, room, &mut work.out);
        }
        if let Some(facts) = scene.world.room(room)
            && facts.topic.is_some()
        {
            self.listener(scene).topic(&facts, false, &mut work.out);
        }
        self.sync_room(room, scene, &mut work.out);
        if self.caps.has(Caps::READ_MARKER) {
            let params = [&*format!("#{room}"), "*"];
            self.listener(scene).line(
                &Tags::default(),
                Source::Server,
                "MARKREAD",
                &params,
                &mut work.out,
            );
        }
        if !self.caps.has(Caps::NO_IMPLICIT_NAMES) {
            let asked = format!("#{room}");
            let room = room.clone();
            work.todo.push_front(Todo::List(List::NamesEnd { asked }));
            work.todo
                .push_front(Todo::List(List::Names { room, start: 0 }));
        }
    }
}

impl Filter {
    fn has(&self, facts: &RoomFacts, now_ms: u64) -> bool {
        let topic_ms = facts.topic_set.as_ref().map(|(_, at_ms)| *at_ms);
        let name = format!("#{}", facts.name).to_lowercase();
        let covers = |mask: &String| matches(mask, &name);
        (self.masks.is_empty() || self.masks.iter().any(covers))
            && !self.not_masks.iter().any(covers)
            && self.above.is_none_or(|above| facts.members > above)
            && self.below.is_none_or(|below| facts.members < below)
            && self.made.has(Some(facts.made_ms), now_ms)
            && self.topic_set.has(topic_ms, now_ms)
    }
}

impl Listener<'_> {
    /// What a channel is about, and who said so.
    fn topic(&self, facts: &RoomFacts, tells_none: bool, out: &mut Vec<u8>) {
        let channel = format!("#{}", facts.name);
        let Some(topic) = &facts.topic else {
            if tells_none {
                self.numeric("331", &[&channel, "No topic is set"], out);
            }
            return;
        };
        self.numeric("332", &[&channel, topic], out);
        if let Some((by, at_ms)) = &facts.topic_set {
            self.numeric("333", &[&channel, by, &(at_ms / 1000).to_string()], out);
        }
    }

    fn name_in_list(&self, nick: &Nick, rank: MemberRank) -> String {
        let mut name = prefix(rank, self.caps.has(Caps::MULTI_PREFIX))
            .as_bytes()
            .to_vec();
        match self.caps.has(Caps::USERHOST_IN_NAMES) {
            true => self.world.write_source(nick, &mut name),
            false => name.extend_from_slice(nick.as_str().as_bytes()),
        }
        String::from_utf8_lossy(&name).into_owned()
    }
}
