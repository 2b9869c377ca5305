//! MODE: of channels and of oneself.

use crate::limits::{KEY_CHARS_MAX, ROOM_LIMIT_MAX};
use crate::model::{MaskKind, MemberRank, ModeChange, ProfileChange, Request, RoomFacts};

use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::room_of;
use super::numerics::word;
use super::work::{About, Todo, Work};
use super::write::Listener;

/// The modes of channels that have no parameter.
const FLAGS: [(char, Flag); 6] = [
    ('C', ModeChange::NoCtcp),
    ('i', ModeChange::InviteOnly),
    ('m', ModeChange::Moderated),
    ('n', |on| ModeChange::Open(!on)),
    ('s', ModeChange::Secret),
    ('t', ModeChange::TopicLock),
];

/// What sets such a mode, or takes it away.
type Flag = fn(bool) -> ModeChange;

/// Modes set at once.
pub(super) const MODES_MAX: usize = 20;

impl Dialogue {
    pub(super) fn mode(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let target = line.params[0];
        if !target.starts_with('#') {
            return self.user_mode(line, scene, work);
        }
        let listener = self.listener(scene);
        let known = room_of(target).and_then(|room| scene.world.room(&room));
        let Some(facts) = known else {
            return listener.no_such_channel(target, &mut work.out);
        };
        let Some(letters) = line.params.get(1) else {
            return self.show_modes(&facts, scene, work);
        };
        let mut asked = ModesAsked {
            dialogue: self,
            scene,
            facts: &facts,
            params: line.params[2..].iter().copied(),
            changes: Vec::new(),
            out: Vec::new(),
        };
        asked.read(letters);
        let ModesAsked { changes, out, .. } = asked;
        work.out.extend(out);
        if !changes.is_empty() {
            let about = About::Modes(target.into());
            let room = facts.name;
            work.todo
                .push_back(Todo::Ask(Request::Modes { room, changes }, about));
        }
    }

    fn show_modes(&self, facts: &RoomFacts, scene: &Scene<'_>, work: &mut Work) {
        let own = scene.world.user_at(scene.who);
        let is_in = own.is_some_and(|own| scene.world.rank(own, &facts.name).is_some());
        let mut letters = String::from("+");
        let mut params = Vec::new();
        let flags = [
            ('C', facts.has_no_ctcp),
            ('i', facts.is_invite_only),
            ('k', facts.key.is_some()),
            ('l', facts.limit.is_some()),
            ('m', facts.is_moderated),
            ('n', !facts.is_open),
            ('s', facts.is_secret),
            ('t', facts.is_topic_locked),
        ];
        letters.extend(
            flags
                .into_iter()
                .filter(|(_, on)| *on)
                .map(|(letter, _)| letter),
        );
        if let Some(key) = &facts.key {
            params.push(if is_in { key.clone() } else { "*".into() });
        }
        params.extend(facts.limit.map(|limit| limit.to_string()));
        let channel = format!("#{}", facts.name);
        let params = params.iter().map(String::as_str);
        let params: Vec<&str> = [&*channel, &letters].into_iter().chain(params).collect();
        let listener = self.listener(scene);
        listener.numeric("324", &params, &mut work.out);
        let made = (facts.made_ms / 1000).to_string();
        listener.numeric("329", &[&channel, &made], &mut work.out);
    }

    fn user_mode(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let own = scene.world.user_at(scene.who);
        let target = scene.world.find(line.params[0]);
        if target.is_none() {
            return listener.no_such_nick(line.params[0], &mut work.out);
        }
        if target != own {
            let params = ["Can't change mode for other users"];
            return listener.numeric("502", &params, &mut work.out);
        }
        let Some(person) = own.and_then(|own| scene.world.person(own)) else {
            return;
        };
        let Some(letters) = line.params.get(1) else {
            let flags = [
                ('B', person.is_bot),
                ('i', person.is_invisible),
                ('o', person.is_operator),
                ('w', person.hears_wallops),
            ];
            let set = flags.into_iter().filter(|(_, on)| *on);
            let set: String = set.map(|(letter, _)| letter).collect();
            return listener.numeric("221", &[&format!("+{set}")], &mut work.out);
        };
        let mut is_set = true;
        for letter in letters.chars().take(MODES_MAX) {
            let (change, was) = match letter {
                '+' | '-' => {
                    is_set = letter == '+';
                    continue;
                }
                'B' => (ProfileChange::Bot(is_set), person.is_bot),
                'i' => (ProfileChange::Invisible(is_set), person.is_invisible),
                'w' => (ProfileChange::Wallops(is_set), person.hears_wallops),
                'o' if !is_set => (ProfileChange::NoOperator, person.is_operator),
                'o' => continue,
                _ => {
                    let params = ["Unknown MODE flag"];
                    listener.numeric("501", &params, &mut work.out);
                    continue;
                }
            };
            if was != is_set {
                let sign = if is_set { '+' } else { '-' };
                let about = About::UserModes(format!("{sign}{letter}"));
                work.todo
                    .push_back(Todo::Ask(Request::Describe { change }, about));
            }
        }
    }
}

/// A line of MODE for a channel, while it is read.
struct ModesAsked<'a, I> {
    dialogue: &'a Dialogue,
    scene: &'a Scene<'a>,
    facts: &'a RoomFacts,
    params: I,
    changes: Vec<ModeChange>,
    out: Vec<u8>,
}

impl<'a, I: Iterator<Item = &'a str>> ModesAsked<'a, I> {
    fn read(&mut self, letters: &str) {
        let listener = self.dialogue.listener(self.scene);
        let channel = format!("#{}", self.facts.name);
        let mut is_set = true;
        let mut count = 0;
        for letter in letters.chars() {
            if letter == '+' || letter == '-' {
                is_set = letter == '+';
                continue;
            }
            count += 1;
            if count > MODES_MAX {
                return;
            }
            let list = match letter {
                'b' => Some(MaskKind::Ban),
                'e' => Some(MaskKind::Exception),
                'I' => Some(MaskKind::Invitation),
                _ => None,
            };
            if let Some(kind) = list {
                match self.params.next() {
                    Some(mask) => self.changes.push(ModeChange::Mask {
                        kind,
                        mask: whole_mask(mask),
                        is_set,
                    }),
                    None => self.show_masks(&listener, kind, &channel),
                }
                continue;
            }
            match letter {
                'o' | 'v' => self.rank(&listener, letter, is_set, &channel),
                'k' => self.key(&listener, is_set, &channel),
                'l' => self.limit(&listener, is_set, &channel),
                _ => match FLAGS.iter().find(|(flag, _)| *flag == letter) {
                    Some((_, change)) => self.changes.push(change(is_set)),
                    None => {
                        let params = [&*letter.to_string(), "is an unknown mode char to me"];
                        listener.numeric("472", &params, &mut self.out);
                    }
                },
            }
        }
    }

    fn show_masks(&mut self, listener: &Listener<'_>, kind: MaskKind, channel: &str) {
        let (row, end) = match kind {
            MaskKind::Ban => ("367", "368"),
            MaskKind::Exception => ("348", "349"),
            MaskKind::Invitation => ("346", "347"),
        };
        for mask in self.scene.world.masks(&self.facts.name, kind) {
            let at = (mask.at_ms / 1000).to_string();
            listener.numeric(row, &[channel, &mask.mask, &mask.by, &at], &mut self.out);
        }
        listener.numeric(end, &[channel, "End of list"], &mut self.out);
    }

    fn rank(&mut self, listener: &Listener<'_>, letter: char, is_set: bool, channel: &str) {
        let Some(name) = self.params.next() else {
            return listener.need_more_params("MODE", &mut self.out);
        };
        let world = self.scene.world;
        let own = world.user_at(self.scene.who);
        let is_moderator = own.and_then(|own| world.rank(own, &self.facts.name));
        if is_moderator.is_some_and(MemberRank::moderates) {
            let Some(target) = world.find(name) else {
                return listener.no_such_nick(name, &mut self.out);
            };
            if world.rank(target, &self.facts.name).is_none() {
                let params = [word(name), channel, "They aren't on that channel"];
                return listener.numeric("441", &params, &mut self.out);
            }
        }
        let rank = match letter {
            'o' => MemberRank::Moderator,
            _ => MemberRank::Voice,
        };
        self.changes.push(ModeChange::Rank {
            name: name.into(),
            rank,
            is_given: is_set,
        });
    }

    fn key(&mut self, listener: &Listener<'_>, is_set: bool, channel: &str) {
        let key = self.params.next();
        match (is_set, key) {
            (true, Some(key)) if is_key(key) => {
                self.changes.push(ModeChange::Key(Some(key.into())));
            }
            (true, Some(_)) => {
                let params = [channel, "k", "*", "That is no key"];
                listener.numeric("696", &params, &mut self.out);
            }
            (true, None) => listener.need_more_params("MODE", &mut self.out),
            (false, _) => self.changes.push(ModeChange::Key(None)),
        }
    }

    fn limit(&mut self, listener: &Listener<'_>, is_set: bool, channel: &str) {
        if !is_set {
            return self.changes.push(ModeChange::Limit(None));
        }
        let Some(sent) = self.params.next() else {
            return listener.need_more_params("MODE", &mut self.out);
        };
        match sent
            .parse::<u32>()
            .ok()
            .filter(|limit| (1..=ROOM_LIMIT_MAX).contains(limit))
        {
            Some(limit) => self.changes.push(ModeChange::Limit(Some(limit))),
            None => {
                let params = [channel, "l", word(sent), "That is no limit"];
                listener.numeric("696", &params, &mut self.out);
            }
        }
    }
}

/// Could that be a key, to be typed behind a channel's name?
fn is_key(key: &str) -> bool {
    let is_good = |c: char| c.is_ascii_graphic() && c != ',' && c != ':';
    !key.is_empty() && key.len() <= KEY_CHARS_MAX && key.chars().all(is_good)
}

/// A mask with all of its parts.
fn whole_mask(mask: &str) -> String {
    if mask.starts_with('~') {
        return mask.into();
    }
    match (mask.split_once('!'), mask.split_once('@')) {
        (Some((_, rest)), _) if rest.contains('@') => mask.into(),
        (Some(_), _) => format!("{mask}@*"),
        (None, Some(_)) => format!("*!{mask}"),
        (None, None) if mask.contains(['.', ':']) => format!("*!*@{mask}"),
        (None, None) => format!("{mask}!*@*"),
    }
}
