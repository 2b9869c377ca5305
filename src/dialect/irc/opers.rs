//! What operators ask.

use crate::model::{Request, Secret};

use super::super::command;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::work::{About, Todo, Work};
use super::write::shortened;

impl Dialogue {
    /// Any name goes with the operators' password, and an operator's account with its own.
    pub(super) fn oper(&mut self, line: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        let request = Request::OperAs {
            name: line.params[0].into(),
            password: Secret::new(line.params[1]),
        };
        work.todo.push_back(Todo::Ask(request, About::Oper));
    }

    pub(super) fn kill(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let nick = line.params[0];
        if scene.world.find(nick).is_none() {
            return self.listener(scene).no_such_nick(nick, &mut work.out);
        }
        let reason = line.params.get(1).filter(|reason| !reason.is_empty());
        let request = Request::Kick {
            room: None,
            name: nick.into(),
            reason: reason.map(|reason| shortened(reason)),
        };
        work.todo
            .push_back(Todo::Ask(request, About::Kill(nick.into())));
    }

    pub(super) fn kline(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let minutes = line.params[0].parse::<u64>().ok();
        let rest = &line.params[usize::from(minutes.is_some())..];
        let Some(mask) = rest.first() else {
            return self
                .listener(scene)
                .need_more_params("KLINE", &mut work.out);
        };
        let request = Request::Ban {
            mask: of_address(mask),
            seconds: minutes
                .map(|minutes| minutes.saturating_mul(60))
                .filter(|&s| s > 0),
            reason: rest.get(1).map(|reason| shortened(reason)),
        };
        work.todo.push_back(Todo::Ask(request, About::Order));
    }

    pub(super) fn unkline(&mut self, line: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        let mask = of_address(line.params[0]);
        work.todo
            .push_back(Todo::Ask(Request::Unban { mask }, About::Order));
    }

    /// As the command of that name.
    pub(super) fn invitecode(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        match command::parse(&format!("invitecode {}", line.params.join(" "))) {
            Ok(request) => work.todo.push_back(Todo::Ask(request, About::Order)),
            Err(code) => self
                .listener(scene)
                .notice(&code.to_string(), &mut work.out),
        }
    }

    pub(super) fn wallops(&mut self, line: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        let text = line.params[0].into();
        work.todo
            .push_back(Todo::Ask(Request::Wallops { text }, About::Quiet));
    }

    /// Files are read again at a signal; here it is said how.
    pub(super) fn rehash(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        work.todo
            .push_back(Todo::Ask(Request::Rehash, About::Quiet));
        let params = ["hubbub", "Rehashing"];
        self.listener(scene).numeric("382", &params, &mut work.out);
    }

    pub(super) fn die(&mut self, _: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        let request = Request::Shutdown { seconds: 0 };
        work.todo.push_back(Todo::Ask(request, About::Order));
    }
}

/// What a mask of the form `*@ADDRESS` or `NICK!*@*` bans: the one part of it that says something.
fn of_address(mask: &str) -> String {
    let (nick, rest) = mask.split_once('!').unwrap_or(("*", mask));
    match rest.split_once('@') {
        Some((_, host)) if host != "*" => host.into(),
        Some(_) => nick.into(),
        None => mask.into(),
    }
}
