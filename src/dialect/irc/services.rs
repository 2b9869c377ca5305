//! What clients say to services by themselves: there are none here, but what is asked of NickServ is understood.

use crate::model::{Login, Nick, Request, Secret};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::numerics::word;
use super::work::{About, Todo, Work};
use super::write::{Source, Tags};

const NICKSERV: &str = "NickServ";

/// Is that the name of a service that clients know?
pub(super) fn is_service(target: &str) -> bool {
    let name = target.split('@').next().unwrap_or_default();
    name.eq_ignore_ascii_case(NICKSERV) || name.eq_ignore_ascii_case("ChanServ")
}

impl Dialogue {
    pub(super) fn nickserv(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        self.ask_service(NICKSERV, &line.params.join(" "), scene, work);
    }

    pub(super) fn chanserv(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        self.ask_service("ChanServ", &line.params.join(" "), scene, work);
    }

    pub(super) fn ask_service(
        &self,
        service: &str,
        text: &str,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let command = words
            .first()
            .copied()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let is_nickserv = service.to_ascii_lowercase().starts_with("nickserv");
        let own = self.nick.clone();
        match (command.as_str(), &words[..], own) {
            ("IDENTIFY", [_, password], Some(name)) if is_nickserv => {
                self.ask_proof(name, password, work);
            }
            ("IDENTIFY", [_, name, password], _) if is_nickserv => match Nick::parse(name) {
                Some(name) => self.ask_proof(name, password, work),
                None => self.say_as_service("That is no name.", scene, &mut work.out),
            },
            ("REGISTER", [_, password, ..], Some(nick)) if is_nickserv => {
                let about = About::Account {
                    is_command: false,
                    nick,
                };
                let password = Secret::new(*password);
                work.todo
                    .push_back(Todo::Ask(Request::Register { password }, about));
            }
            _ => {
                let words = match is_nickserv {
                    true => "REGISTER PASSWORD, or IDENTIFY [ACCOUNT] PASSWORD.",
                    false => "There is no ChanServ: who makes a channel while logged in owns it.",
                };
                self.say_as_service(words, scene, &mut work.out);
            }
        }
    }

    fn ask_proof(&self, name: Nick, password: &str, work: &mut Work) {
        let login = Login {
            secret: Secret::new(password),
            is_multi: false,
        };
        let about = About::Proof { is_sasl: false };
        work.todo
            .push_back(Todo::Ask(Request::Prove { name, login }, about));
    }

    /// What the service would say.
    pub(super) fn say_as_service(&self, words: &str, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let listener = self.listener(scene);
        let source = Source::Literal("NickServ!services@services");
        listener.line(
            &Tags::default(),
            source,
            "NOTICE",
            &[listener.nick, words],
            out,
        );
    }

    /// Makes an account of one's name (draft/account-registration).
    pub(super) fn register(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let (account, password) = (line.params[0], line.params[2]);
        let shown = word(account);
        let Some(nick) = self.nick.clone() else {
            let words = "Come in first";
            let params = ["REGISTER", "COMPLETE_CONNECTION_REQUIRED", shown, words];
            return self.fail(scene, &params, &mut work.out);
        };
        if !self.caps.has(Caps::ACCOUNT_REGISTRATION) && !scene.world.server().has_accounts {
            let params = [
                "REGISTER",
                "TEMPORARILY_UNAVAILABLE",
                shown,
                "There are no accounts here",
            ];
            return self.fail(scene, &params, &mut work.out);
        }
        if account != "*" && Nick::parse(account).is_none_or(|it| it.key() != nick.key()) {
            let words = "An account has the name that you go by";
            let params = ["REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", shown, words];
            return self.fail(scene, &params, &mut work.out);
        }
        let about = About::Account {
            is_command: true,
            nick,
        };
        let password = Secret::new(password);
        work.todo
            .push_back(Todo::Ask(Request::Register { password }, about));
    }
}
