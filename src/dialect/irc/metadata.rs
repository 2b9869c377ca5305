//! METADATA: what users and channels say of themselves by keys (IRCv3 draft metadata-2).

use crate::limits::{
    METADATA_KEY_CHARS_MAX, METADATA_VALUE_BYTES_MAX, NAMES_AT_ONCE, SUBSCRIBED_MAX,
};
use crate::model::{Change, ErrorCode, MetadataTarget, Nick, Request, RoomName};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::{channel_of, room_of};
use super::numerics::word;
use super::work::{About, Todo, Work};
use super::write::{Listener, Source, Tags};

impl Dialogue {
    pub(super) fn metadata(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let keys = &line.params[2..];
        let subcommand = line.params[1].to_ascii_uppercase();
        match subcommand.as_str() {
            "SUB" => return self.subscribe(keys, true, scene, work),
            "UNSUB" => return self.subscribe(keys, false, scene, work),
            "SUBS" => return self.list_subscriptions(scene, work),
            _ => {}
        }
        let Some((target, shown)) = self.target(line.params[0], scene) else {
            let params = [
                "METADATA",
                "INVALID_TARGET",
                word(line.params[0]),
                "No such target",
            ];
            return self.fail(scene, &params, &mut work.out);
        };
        match (subcommand.as_str(), keys) {
            ("GET", keys) => self.tell_metadata(&target, &shown, Some(keys), scene, work),
            ("LIST", _) => self.tell_metadata(&target, &shown, None, scene, work),
            ("SYNC", _) => {
                let mut lines = Vec::new();
                self.sync_metadata(&target, &shown, scene, &mut lines);
                work.out.append(&mut lines);
            }
            ("CLEAR", _) => {
                for (key, _) in scene.world.metadata(&target) {
                    self.ask_set(&target, &shown, key, None, work);
                }
            }
            ("SET", [key, value @ ..]) if is_key(key) => {
                let value = value.first().map(|value| String::from(*value));
                if value
                    .as_ref()
                    .is_some_and(|it| it.len() > METADATA_VALUE_BYTES_MAX)
                {
                    let params = ["METADATA", "VALUE_INVALID", "The value is too long"];
                    return self.fail(scene, &params, &mut work.out);
                }
                self.ask_set(&target, &shown, (*key).into(), value, work);
            }
            ("SET", [key, ..]) => self.fail_key(key, scene, work),
            _ => {
                let params = [
                    "METADATA",
                    "SUBCOMMAND_INVALID",
                    word(line.params[1]),
                    "Unknown",
                ];
                self.fail(scene, &params, &mut work.out);
            }
        }
    }

    fn target(&self, target: &str, scene: &Scene<'_>) -> Option<(MetadataTarget, String)> {
        if target.starts_with('#') {
            let facts = scene.world.room(&room_of(target)?)?;
            let shown = channel_of(&facts.name);
            return Some((MetadataTarget::Room(facts.name), shown));
        }
        let user = match target {
            "*" => scene.world.user_at(scene.who),
            nick => scene.world.find(nick),
        };
        let person = scene.world.person(user?)?;
        let shown = person.nick.to_string();
        Some((MetadataTarget::User(person.nick), shown))
    }

    fn ask_set(
        &self,
        target: &MetadataTarget,
        shown: &str,
        key: String,
        value: Option<String>,
        work: &mut Work,
    ) {
        let about = About::Metadata {
            target: shown.into(),
            key: key.clone(),
            value: value.clone(),
        };
        let target = target.clone();
        let request = Request::SetMetadata { target, key, value };
        work.todo.push_back(Todo::Ask(request, about));
    }

    fn fail_key(&self, key: &str, scene: &Scene<'_>, work: &mut Work) {
        let params = ["METADATA", "KEY_INVALID", word(key), "That is no key"];
        self.fail(scene, &params, &mut work.out);
    }

    /// Tells the values of some keys, or of all.
    fn tell_metadata(
        &mut self,
        target: &MetadataTarget,
        shown: &str,
        keys: Option<&[&str]>,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        let known = scene.world.metadata(target);
        let batch = self.begin_batch("metadata", Some(shown), scene, &mut work.out);
        let listener = self.listener(scene);
        let all: Vec<&str> = known.iter().map(|(key, _)| key.as_str()).collect();
        for key in keys.unwrap_or(&all).iter().take(SUBSCRIBED_MAX) {
            let found = known.iter().find(|(known, _)| known == key);
            let tags = Tags {
                batch: batch.as_deref(),
                ..Tags::default()
            };
            let (nick, key) = (listener.nick, word(key));
            let (code, params) = match found {
                Some((_, value)) => ("761", vec![nick, shown, key, "*", value]),
                None => ("766", vec![nick, shown, key, "key not set"]),
            };
            listener.line(&tags, Source::Server, code, &params, &mut work.out);
        }
        self.end_batch(batch, scene, &mut work.out);
    }

    fn subscribe(&mut self, keys: &[&str], is_on: bool, scene: &Scene<'_>, work: &mut Work) {
        let subscribed = &mut self.subscribed;
        let mut taken = Vec::new();
        let mut refused = None;
        for key in keys {
            match (is_key(key), is_on) {
                (false, _) => refused = Some(*key),
                (true, true) if subscribed.len() >= SUBSCRIBED_MAX => refused = Some(*key),
                (true, true) => {
                    subscribed.insert((*key).into());
                    taken.push(*key);
                }
                (true, false) => {
                    subscribed.remove(*key);
                    taken.push(*key);
                }
            }
        }
        let code = if is_on { "770" } else { "771" };
        if !taken.is_empty() {
            self.listener(scene).numeric(code, &taken, &mut work.out);
        }
        if let Some(key) = refused {
            self.fail_key(key, scene, work);
        }
    }

    fn list_subscriptions(&self, scene: &Scene<'_>, work: &mut Work) {
        let subscribed: Vec<&str> = self.subscribed.iter().map(String::as_str).collect();
        for keys in subscribed.chunks(10) {
            self.listener(scene).numeric("772", keys, &mut work.out);
        }
    }

    /// What a channel that was entered and its members say by the keys that are subscribed to.
    pub(super) fn sync_room(&mut self, room: &RoomName, scene: &Scene<'_>, out: &mut Vec<u8>) {
        if !self.caps.has(Caps::METADATA) || self.subscribed.is_empty() {
            return;
        }
        let target = MetadataTarget::Room(room.clone());
        self.sync_metadata(&target, &channel_of(room), scene, out);
        for (_, nick, _) in scene.world.members(room, 0, NAMES_AT_ONCE) {
            let shown = nick.to_string();
            self.sync_metadata(&MetadataTarget::User(nick), &shown, scene, out);
        }
    }

    fn sync_metadata(
        &self,
        target: &MetadataTarget,
        shown: &str,
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let listener = self.listener(scene);
        for (key, value) in scene.world.metadata(target) {
            if self.subscribed.contains(&key) {
                listener.metadata(None, shown, &key, Some(&value), out);
            }
        }
    }

    /// Somebody set something by a key, which is told to who subscribed to it.
    pub(super) fn metadata_changed(&self, change: &Change, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let Change::Metadata {
            target,
            key,
            value,
            by,
        } = change
        else {
            return;
        };
        if self.subscribed.contains(key) {
            let shown = match target {
                MetadataTarget::Room(room) => channel_of(room),
                MetadataTarget::User(nick) => nick.to_string(),
            };
            let listener = self.listener(scene);
            listener.metadata(Some(by), &shown, key, value.as_deref(), out);
        }
    }

    /// It is set, or not any more.
    pub(super) fn metadata_set(
        &self,
        (target, key, value): (&str, &str, Option<&str>),
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let listener = self.listener(scene);
        match value {
            Some(value) => listener.numeric("761", &[target, key, "*", value], out),
            None => listener.numeric("766", &[target, key, "key not set"], out),
        }
    }

    pub(super) fn metadata_refused(
        &self,
        code: &ErrorCode,
        (target, key): (&str, &str),
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let words = code.to_string();
        let params = match code {
            ErrorCode::TooManyBans => ["METADATA", "LIMIT_REACHED", target, "", &words],
            _ => ["METADATA", "KEY_NO_PERMISSION", target, key, &words],
        };
        let params: Vec<&str> = params.into_iter().filter(|it| !it.is_empty()).collect();
        self.fail(scene, &params, out);
    }
}

impl Listener<'_> {
    fn metadata(
        &self,
        by: Option<&Nick>,
        target: &str,
        key: &str,
        value: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let params: Vec<&str> = [target, key, "*"].into_iter().chain(value).collect();
        let source = by.map_or(Source::Server, Source::User);
        self.line(&Tags::default(), source, "METADATA", &params, out);
    }
}

/// Could that be a key?
fn is_key(key: &str) -> bool {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_./-".contains(c);
    (1..=METADATA_KEY_CHARS_MAX).contains(&key.len()) && key.chars().all(is_good)
}
