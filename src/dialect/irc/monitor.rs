//! MONITOR: waiting for somebody to come or to go.

use crate::limits::WATCHED_MAX;
use crate::model::{Nick, Request, WatchChange};

use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::work::{About, Todo, Work};
use super::write::Listener;

/// Names in one line, in bytes.
const NAMES_BYTES_MAX: usize = 380;

impl Dialogue {
    pub(super) fn monitor(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let names = line.params.get(1).copied().unwrap_or_default();
        let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
        let listener = self.listener(scene);
        match line.params[0].to_ascii_uppercase().as_str() {
            "+" => self.begin_watching(&names, scene, work),
            "-" => {
                let names = names.iter().filter_map(|name| Nick::parse(name)).collect();
                let change = WatchChange::Remove(names);
                work.todo
                    .push_back(Todo::Ask(Request::Watch { change }, About::Quiet));
            }
            "C" => {
                let change = WatchChange::Clear;
                work.todo
                    .push_back(Todo::Ask(Request::Watch { change }, About::Quiet));
            }
            "L" => {
                let watched = scene.world.watched(scene.who);
                let watched: Vec<String> = watched.iter().map(ToString::to_string).collect();
                listener.name_list("732", &watched, &mut work.out);
                listener.numeric("733", &["End of MONITOR list"], &mut work.out);
            }
            "S" => {
                let watched = scene.world.watched(scene.who);
                listener.status_of(&watched, &mut work.out);
            }
            _ => listener.need_more_params("MONITOR", &mut work.out),
        }
    }

    fn begin_watching(&self, names: &[&str], scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let known = scene.world.watched(scene.who).len();
        let names: Vec<Nick> = names.iter().filter_map(|name| Nick::parse(name)).collect();
        let room = WATCHED_MAX.saturating_sub(known);
        let (taken, left) = names.split_at(names.len().min(room));
        if !taken.is_empty() {
            let change = WatchChange::Add(taken.to_vec());
            work.todo
                .push_back(Todo::Ask(Request::Watch { change }, About::Quiet));
            listener.status_of(taken, &mut work.out);
        }
        if !left.is_empty() {
            let limit = WATCHED_MAX.to_string();
            let left: Vec<&str> = left.iter().map(Nick::as_str).collect();
            let params = [&*limit, &left.join(","), "Monitor list is full."];
            listener.numeric("734", &params, &mut work.out);
        }
    }
}

impl Listener<'_> {
    /// Who of these is here, and who is not.
    fn status_of(&self, names: &[Nick], out: &mut Vec<u8>) {
        let (mut online, mut offline) = (Vec::new(), Vec::new());
        for name in names {
            let user = self.world.find(name.as_str());
            match user.and_then(|user| self.world.person(user)) {
                Some(person) => online.push(self.whole(&person.nick)),
                None => offline.push(name.to_string()),
            }
        }
        self.name_list("730", &online, out);
        self.name_list("731", &offline, out);
    }

    /// Somebody, as `nick!user@host`.
    pub(super) fn whole(&self, nick: &Nick) -> String {
        let mut whole = Vec::new();
        self.world.write_source(nick, &mut whole);
        String::from_utf8_lossy(&whole).into_owned()
    }

    fn name_list(&self, code: &str, names: &[String], out: &mut Vec<u8>) {
        let mut line = String::new();
        for name in names {
            if line.len() + name.len() > NAMES_BYTES_MAX {
                self.numeric(code, &[&line], out);
                line.clear();
            }
            if !line.is_empty() {
                line.push(',');
            }
            line += name;
        }
        if !line.is_empty() {
            self.numeric(code, &[&line], out);
        }
    }
}
