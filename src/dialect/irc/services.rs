//! What clients say to services by themselves: there are none here, but what is asked of NickServ is understood.

use crate::model::{Login, Nick, Request, Secret};

use super::super::command;
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
            // Behind the password clients send an e-mail address, or an invitation.
            ("REGISTER", [_, password, rest @ ..], Some(nick)) if is_nickserv => {
                let about = About::Account {
                    is_command: false,
                    nick,
                };
                let password = Secret::new(*password);
                let code = rest.last().map(|code| Secret::new(*code));
                let request = Request::Register { password, code };
                work.todo.push_back(Todo::Ask(request, about));
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
        // An invitation stands behind the password, or where others want an e-mail address.
        let (account, email) = (line.params[0], line.params[1]);
        let (password, code) = command::invited(line.params[2]);
        let password = Secret::new(password);
        let code = code.or_else(|| (email != "*").then(|| Secret::new(email)));
        let nick = match self.registrable(account, scene) {
            Ok(nick) => nick,
            Err((code, words)) => {
                let params = ["REGISTER", code, word(account), words];
                return self.fail(scene, &params, &mut work.out);
            }
        };
        let name = nick.clone();
        let request = match self.has_come_in() {
            false => Request::RegisterEarly {
                name,
                password,
                code,
                then: None,
            },
            true => Request::Register { password, code },
        };
        let is_command = true;
        let about = About::Account { is_command, nick };
        work.todo.push_back(Todo::Ask(request, about));
    }

    /// The name that an account is to be made of, or why there is none: a code and words.
    fn registrable(
        &self,
        account: &str,
        scene: &Scene<'_>,
    ) -> Result<Nick, (&'static str, &'static str)> {
        let server = scene.world.server();
        if !server.has_accounts {
            return Err(("TEMPORARILY_UNAVAILABLE", "There are no accounts here"));
        }
        let own = match (&self.nick, self.registration.as_deref()) {
            (Some(nick), _) => nick,
            (None, Some(early)) if server.has_early_accounts => match (&early.nick, &early.refused)
            {
                (Some(nick), _) => nick,
                (None, Some(_)) => return Err(("ACCOUNT_EXISTS", "That name is somebody else's")),
                (None, None) => return Err(("NEED_NICK", "Say first by which name you go")),
            },
            (None, _) => return Err(("COMPLETE_CONNECTION_REQUIRED", "Come in first")),
        };
        let is_own = |it: Nick| it.key() == own.key();
        match account == "*" || Nick::parse(account).is_some_and(is_own) {
            true => Ok(own.clone()),
            false => Err((
                "ACCOUNT_NAME_MUST_BE_NICK",
                "An account has the name that you go by",
            )),
        }
    }

    /// An account is made at once, and nobody is sent a code (draft/account-registration).
    pub(super) fn verify(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let account = word(line.params[0]);
        let words = "There is nothing to verify: an account is made at once";
        let params = ["VERIFY", "INVALID_CODE", account, words];
        self.fail(scene, &params, &mut work.out);
    }
}
