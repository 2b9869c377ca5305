//! CHATHISTORY and MARKREAD: what was said, and how far one has read (IRCv3 drafts).

use std::sync::Arc;

use crate::limits::HISTORY_ASKED_MAX;
use crate::model::{Happening, Manner, Message, MessageId, Nick, Range, Request};

use super::super::time::unix_ms_of;
use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::names::room_of;
use super::numerics::word;
use super::work::{About, Bound, Todo, Work};
use super::write::{Listener, Source, Tags, timestamp};

impl Dialogue {
    pub(super) fn chathistory(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let subcommand = line.params[0].to_ascii_uppercase();
        if subcommand == "TARGETS" {
            return self.targets(line, scene, work);
        }
        let target = line.params[1];
        let ranges = ranges_of(&subcommand, &line.params[2..]);
        let Some(ranges) = ranges else {
            let params = [
                "CHATHISTORY",
                "INVALID_PARAMS",
                word(line.params[0]),
                "Invalid parameters",
            ];
            return self.fail(scene, &params, &mut work.out);
        };
        let (room, with) = match target.starts_with('#') {
            true => (room_of(target), None),
            false => (None, Nick::parse(target)),
        };
        let is_here = room
            .as_ref()
            .is_some_and(|room| scene.world.room(room).is_some());
        if !is_here && with.is_none() {
            return self.fail_history(&subcommand, target, scene, &mut work.out);
        }
        let count = ranges.len();
        for (at, range) in ranges.into_iter().enumerate() {
            let about = About::History {
                subcommand: subcommand.clone(),
                target: target.into(),
                is_last: at + 1 == count,
            };
            let (room, with) = (room.clone(), with.clone());
            let range = Range {
                has_events: self.caps.has(Caps::EVENT_PLAYBACK),
                only_files: false,
                ..range
            };
            work.todo
                .push_back(Todo::Ask(Request::History { room, with, range }, about));
        }
    }

    pub(super) fn fail_history(
        &self,
        subcommand: &str,
        target: &str,
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let words = "Messages could not be retrieved";
        let params = [
            "CHATHISTORY",
            "INVALID_TARGET",
            subcommand,
            word(target),
            words,
        ];
        self.fail(scene, &params, out);
    }

    /// Channels, and users, with whom something was said last between two times.
    fn targets(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let bounds = (bound(line.params[1]), bound(line.params[2]));
        let (Some(Bound::Time(one)), Some(Bound::Time(other))) = bounds else {
            let params = [
                "CHATHISTORY",
                "INVALID_PARAMS",
                "TARGETS",
                "Invalid parameters",
            ];
            return self.fail(scene, &params, &mut work.out);
        };
        let (first, last) = (one.min(other), one.max(other));
        let limit = line.params.get(3).and_then(|limit| limit.parse().ok());
        let limit = limit.unwrap_or(HISTORY_ASKED_MAX).min(HISTORY_ASKED_MAX);
        let own = scene.world.user_at(scene.who);
        let rooms = own
            .map_or(Vec::new(), |own| scene.world.rooms_of(own))
            .into_iter();
        let facts = rooms.filter_map(|room| scene.world.room(&room));
        let said = facts.filter_map(|facts| Some((facts.last_said_ms?, facts.name)));
        let talks = own
            .map_or(Vec::new(), |own| scene.world.talks_of(own))
            .into_iter();
        let talks = talks.map(|(nick, at_ms)| (at_ms, nick.to_string()));
        let said = said
            .map(|(at_ms, room)| (at_ms, format!("#{room}")))
            .chain(talks);
        let mut said: Vec<_> = said
            .filter(|(at_ms, _)| first < *at_ms && *at_ms < last)
            .collect();
        said.sort_unstable();
        let batch = self.begin_batch("draft/chathistory-targets", None, scene, &mut work.out);
        let listener = self.listener(scene);
        for (at_ms, target) in said.into_iter().take(limit) {
            let tags = Tags {
                batch: batch.as_deref(),
                ..Tags::default()
            };
            let params = ["TARGETS", &target, &timestamp(at_ms)];
            listener.line(&tags, Source::Server, "CHATHISTORY", &params, &mut work.out);
        }
        self.end_batch(batch, scene, &mut work.out);
    }

    /// Writes what was said, as a batch where the reader knows them.
    pub(super) fn write_history(
        &mut self,
        target: &str,
        messages: &[Arc<Message>],
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let batch = self.begin_batch("chathistory", Some(target), scene, out);
        let own = self.nick.clone();
        let listener = self.listener(scene);
        let other = scene.world.find(target);
        let other = other.and_then(|other| scene.world.person(other));
        let target = other.as_ref().map_or(target, |other| other.nick.as_str());
        for message in messages {
            // What the other said is to oneself.
            let is_own = own
                .as_ref()
                .is_some_and(|own| own.key() == message.nick.key());
            let to = match (&own, target.starts_with('#') || is_own) {
                (Some(own), false) => own.as_str(),
                _ => target,
            };
            match message.manner {
                Manner::Happened(happening) => {
                    listener.happened(message, happening, to, batch.as_deref(), out);
                }
                Manner::Said | Manner::Acted | Manner::Noticed | Manner::File => {
                    listener.words(message, to, batch.as_deref(), out);
                }
            }
        }
        self.end_batch(batch, scene, out);
    }

    pub(super) fn begin_batch(
        &mut self,
        kind: &str,
        target: Option<&str>,
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) -> Option<String> {
        let batch = self.caps.has(Caps::BATCH).then(|| self.next_batch())?;
        let begun = format!("+{batch}");
        let params: Vec<&str> = [&*begun, kind].into_iter().chain(target).collect();
        let listener = self.listener(scene);
        listener.line(&Tags::default(), Source::Server, "BATCH", &params, out);
        Some(batch)
    }

    pub(super) fn end_batch(&self, batch: Option<String>, scene: &Scene<'_>, out: &mut Vec<u8>) {
        if let Some(batch) = batch {
            let params = [&*format!("-{batch}")];
            let listener = self.listener(scene);
            listener.line(&Tags::default(), Source::Server, "BATCH", &params, out);
        }
    }

    pub(super) fn markread(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let target = line.params.first().copied().unwrap_or_default();
        if target.is_empty() {
            let params = ["MARKREAD", "NEED_MORE_PARAMS", "Missing parameters"];
            return self.fail(scene, &params, &mut work.out);
        }
        let at = line.params.get(1).map(|at| bound(at));
        let to_ms = match at {
            None => None,
            Some(Some(Bound::Time(at_ms))) => Some(at_ms),
            Some(_) => {
                let params = [
                    "MARKREAD",
                    "INVALID_PARAMS",
                    word(target),
                    "Invalid timestamp",
                ];
                return self.fail(scene, &params, &mut work.out);
            }
        };
        let target = target.into();
        work.todo
            .push_back(Todo::Ask(Request::MarkRead { target, to_ms }, About::Quiet));
    }
}

impl Listener<'_> {
    /// Appends what happened in a channel, as it was told then.
    fn happened(
        &self,
        event: &Message,
        happening: Happening,
        channel: &str,
        batch: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let tags = Tags {
            at_ms: Some(event.unix_ms),
            msgid: Some(event.id.0),
            by: Some(&event.nick),
            batch,
            ..Tags::default()
        };
        let (command, words): (_, Vec<&str>) = match happening {
            Happening::Topic => ("TOPIC", vec![&event.text]),
            Happening::Kick => ("KICK", event.text.splitn(2, ' ').collect()),
            Happening::Modes => ("MODE", event.text.split(' ').collect()),
        };
        let params: Vec<&str> = [channel].into_iter().chain(words).collect();
        self.line(&tags, Source::User(&event.nick), command, &params, out);
    }
}

/// A place in a history, as it is written.
fn bound(text: &str) -> Option<Bound> {
    match text.split_once('=')? {
        ("msgid", id) => Some(Bound::Id(id.parse().ok()?)),
        ("timestamp", time) => Some(Bound::Time(unix_ms_of(time)?)),
        _ => None,
    }
}

/// What a subcommand asks for: one range of messages, or two that meet. The one before a place has its last
/// messages, the one behind it its first.
fn ranges_of(subcommand: &str, params: &[&str]) -> Option<Vec<Range>> {
    let (limit, refs) = params.split_last()?;
    let limit: usize = limit.parse().ok()?;
    let most = limit.min(HISTORY_ASKED_MAX);
    let limit = Some(most);
    let before = |at: Bound, limit| match at {
        Bound::Id(id) => Range {
            limit,
            before: Some(MessageId(id)),
            is_newest: Some(true),
            ..Range::default()
        },
        Bound::Time(at_ms) => Range {
            limit,
            before_ms: Some(at_ms),
            is_newest: Some(true),
            ..Range::default()
        },
    };
    let after = |at: Bound, limit, is_newest| match at {
        Bound::Id(id) => Range {
            limit,
            after: Some(MessageId(id)),
            is_newest: Some(is_newest),
            ..Range::default()
        },
        Bound::Time(at_ms) => Range {
            limit,
            after_ms: Some(at_ms),
            is_newest: Some(is_newest),
            ..Range::default()
        },
    };
    Some(match (subcommand, refs) {
        ("LATEST", ["*"]) => vec![Range {
            limit,
            ..Range::default()
        }],
        ("LATEST", [from]) => vec![after(bound(from)?, limit, true)],
        ("BEFORE", [at]) => vec![before(bound(at)?, limit)],
        ("AFTER", [at]) => vec![after(bound(at)?, limit, false)],
        ("BETWEEN", [one, other]) => {
            let (one, other) = (bound(one)?, bound(other)?);
            let is_newest = is_later(one, other);
            let (first, last) = if is_newest {
                (other, one)
            } else {
                (one, other)
            };
            let (from, to) = (after(first, limit, is_newest), before(last, limit));
            vec![Range {
                before: to.before,
                before_ms: to.before_ms,
                ..from
            }]
        }
        ("AROUND", [at]) => {
            let at = bound(at)?;
            let first = most / 2 + 1;
            let behind = match at {
                Bound::Id(id) => Bound::Id(id.saturating_add(1)),
                Bound::Time(at_ms) => Bound::Time(at_ms.saturating_add(1)),
            };
            let rest = most.saturating_sub(first);
            let mut ranges = vec![before(behind, Some(first.min(most)))];
            if rest > 0 {
                ranges.push(after(at, Some(rest), false));
            }
            ranges
        }
        _ => return None,
    })
}

/// Is the first of two places behind the second?
fn is_later(one: Bound, other: Bound) -> bool {
    match (one, other) {
        (Bound::Id(one), Bound::Id(other)) | (Bound::Time(one), Bound::Time(other)) => one > other,
        (Bound::Id(_), Bound::Time(_)) | (Bound::Time(_), Bound::Id(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_ranges() {
        assert_eq!(bound("msgid=12"), Some(Bound::Id(12)));
        let time = Bound::Time(86_400_001);
        assert_eq!(bound("timestamp=1970-01-02T00:00:00.001Z"), Some(time));
        for bad in ["12", "msgid=x", "timestamp=1970", "x=1"] {
            assert_eq!(bound(bad), None, "{bad}");
        }
        let around = ranges_of("AROUND", &["msgid=7", "3"]).expect("ranges");
        let limits: Vec<_> = around.iter().map(|range| range.limit).collect();
        assert_eq!(limits, [Some(2), Some(1)]);
        let between = ranges_of("BETWEEN", &["msgid=9", "msgid=3", "5"]).expect("a range");
        assert_eq!(between[0].is_newest, Some(true));
        assert_eq!(between[0].before, Some(MessageId(9)));
        assert!(ranges_of("NEXT", &["*", "5"]).is_none());
        assert!(ranges_of("LATEST", &["*", "x"]).is_none());
    }
}
