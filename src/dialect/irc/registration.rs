//! Coming in: capabilities, names, the password of the server, and the welcome.

use crate::limits::{NICK_CHARS_MAX, NOTE_BYTES_MAX, USERNAME_CHARS_MAX};
use crate::model::{AccountId, ErrorCode, Login, Nick, Profile, ProfileChange, Request, Secret};
use serde::{Deserialize, Serialize};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::numerics::word;
use super::server::isupport;
use super::work::{About, Todo, Work};
use super::write::{Source, Tags, shortened};

/// What is known of who has not come in.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Registration {
    pub(super) nick: Option<Nick>,
    /// The name that it asked for last and that is somebody else's.
    pub(super) refused: Option<Nick>,
    username: Option<String>,
    realname: String,
    /// It is negotiating, and comes in when that is over.
    is_negotiating: bool,
    /// Its name was asked for, and that is not answered.
    pub(super) is_asked: bool,
    /// The account that it says it is, if not that of its name, and the password of that.
    pass: Option<(Option<Nick>, Secret)>,
    /// The account that it proved to be.
    pub(super) account: Option<(AccountId, Nick)>,
}

/// Bytes of capabilities in one line.
const LISTED_BYTES_MAX: usize = 400;

impl Dialogue {
    pub(super) fn cap(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let subcommand = line.params[0].to_ascii_uppercase();
        let server = scene.world.server();
        match subcommand.as_str() {
            "LS" => {
                let version = line.params.get(1).and_then(|version| version.parse().ok());
                let is_302 = version.is_some_and(|version: u32| version >= 302);
                if is_302 {
                    self.caps = self.caps.with(Caps::CAP_NOTIFY);
                }
                self.negotiate(true);
                let mut listed = Caps::listed(server, is_302);
                // Nobody can ask for it, and who does not know values has no use for it.
                if let Some(strict) = server.strict_transport.filter(|_| is_302) {
                    listed.push(match scene.is_secure {
                        true => format!("sts=duration={}", strict.duration_s),
                        false => format!("sts=port={}", strict.port),
                    });
                }
                self.list_caps("LS", &listed, is_302, scene, &mut work.out);
            }
            "LIST" => {
                let listed: Vec<String> = self.caps.names().map(Into::into).collect();
                self.list_caps("LIST", &listed, false, scene, &mut work.out);
            }
            "REQ" => {
                self.negotiate(true);
                let names = line.params.get(1).copied().unwrap_or_default();
                let caps = self.caps.requested(names, server);
                let answer = if caps.is_some() { "ACK" } else { "NAK" };
                let mut reply = Vec::new();
                let listener = self.listener(scene);
                let params = [listener.nick, answer, names];
                listener.line(&Tags::default(), Source::Server, "CAP", &params, &mut reply);
                work.out.append(&mut reply);
                let had_each = self.caps.has(Caps::PRESENCE);
                self.caps = caps.unwrap_or(self.caps);
                if self.has_come_in() && had_each != self.caps.has(Caps::PRESENCE) {
                    self.ask_presence(!had_each, work);
                }
            }
            "END" => {
                self.negotiate(false);
                self.try_to_come_in(work);
            }
            _ => {
                let params = [word(line.params[0]), "Invalid CAP command"];
                self.listener(scene).numeric("410", &params, &mut work.out);
            }
        }
    }

    /// Asks to hear of each who comes and goes, or no more.
    fn ask_presence(&self, is_on: bool, work: &mut Work) {
        let request = Request::HearEach { is_on };
        work.todo.push_back(Todo::Ask(request, About::Quiet));
    }

    fn negotiate(&mut self, is_negotiating: bool) {
        if let Some(registration) = &mut self.registration {
            registration.is_negotiating = is_negotiating;
        }
    }

    fn list_caps(
        &self,
        subcommand: &str,
        caps: &[String],
        is_302: bool,
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let listener = self.listener(scene);
        let mut lines = vec![String::new()];
        for cap in caps {
            let last = lines
                .last_mut()
                .filter(|last| last.len() + cap.len() < LISTED_BYTES_MAX);
            match last {
                Some(last) if last.is_empty() => last.push_str(cap),
                Some(last) => *last += &format!(" {cap}"),
                None => lines.push(cap.clone()),
            }
        }
        if !is_302 && subcommand == "LS" {
            lines = vec![lines.join(" ")];
        }
        for (at, caps) in lines.iter().enumerate() {
            let mut params = vec![listener.nick, subcommand];
            if at + 1 < lines.len() {
                params.push("*");
            }
            params.push(caps);
            listener.line(&Tags::default(), Source::Server, "CAP", &params, out);
        }
    }

    pub(super) fn pass(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        if self.has_come_in() {
            return self.already_registered(scene, &mut work.out);
        }
        let server = scene.world.server();
        if server.password.is_none() && server.requires_account {
            // As other servers have it: PASS ACCOUNT:PASSWORD, or the password of the name alone.
            let (account, secret) = match line.params[0].split_once(':') {
                Some((account, secret)) => (Nick::parse(account), secret),
                None => (None, line.params[0]),
            };
            let secret = if account.is_some() {
                secret
            } else {
                line.params[0]
            };
            if let Some(registration) = &mut self.registration {
                registration.pass = Some((account, Secret::new(secret)));
            }
        }
        if server.password.is_some() {
            let password = Secret::new(line.params[0]);
            let request = Request::Unlock {
                password,
                then: None,
            };
            work.todo.push_back(Todo::Ask(request, About::Register));
        }
    }

    fn already_registered(&self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        self.listener(scene)
            .numeric("462", &["You may not reregister"], out);
    }

    pub(super) fn user(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        if self.has_come_in() {
            return self.already_registered(scene, &mut work.out);
        }
        let is_good = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
        let username: String = line.params[0].chars().filter(is_good).collect();
        let username: String = username.chars().take(USERNAME_CHARS_MAX).collect();
        let realname = line.params[3].trim();
        if line.params[0].is_empty() || realname.is_empty() {
            return self.listener(scene).need_more_params("USER", &mut work.out);
        }
        if username.is_empty() {
            let params = ["Your username is not valid"];
            return self.listener(scene).numeric("468", &params, &mut work.out);
        }
        if let Some(registration) = &mut self.registration {
            registration.username = Some(username);
            registration.realname = shortened(realname);
        }
        self.try_to_come_in(work);
    }

    pub(super) fn change_nick(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let asked = line.params.first().copied().unwrap_or_default();
        if asked.is_empty() {
            let params = ["No nickname given"];
            return self.listener(scene).numeric("431", &params, &mut work.out);
        }
        let Some(nick) = Nick::parse(asked) else {
            return self.bad_nick(asked, scene, &mut work.out);
        };
        if self.has_come_in() {
            if self.nick.as_ref() == Some(&nick) {
                return;
            }
            let about = About::Nick(asked.into());
            work.todo
                .push_back(Todo::Ask(Request::Nick { nick }, about));
            return;
        }
        if self.is_not_its(&nick, scene) {
            if let Some(registration) = &mut self.registration {
                registration.refused = Some(nick);
            }
            return self.nick_in_use(asked, scene, &mut work.out);
        }
        if let Some(registration) = &mut self.registration {
            registration.nick = Some(nick);
        }
        self.try_to_come_in(work);
    }

    pub(super) fn bad_nick(&self, asked: &str, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let words = format!("A name is 1 to {NICK_CHARS_MAX} letters, digits, _ - or .");
        self.listener(scene)
            .numeric("432", &[word(asked), &words], out);
    }

    pub(super) fn nick_in_use(&self, asked: &str, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let words = "Nickname is already in use";
        self.listener(scene)
            .numeric("433", &[word(asked), words], out);
    }

    /// Is a name somebody else's already? Where it is that of the account that is proven, it is not.
    fn is_not_its(&self, nick: &Nick, scene: &Scene<'_>) -> bool {
        let proven = self
            .registration
            .as_ref()
            .and_then(|it| it.account.as_ref());
        let is_proven = proven.is_some_and(|(_, account)| account.key() == nick.key());
        !is_proven && scene.world.find(nick.as_str()).is_some()
    }

    /// Comes in, where all that it takes is there.
    fn try_to_come_in(&mut self, work: &mut Work) {
        let Some(registration) = &mut self.registration else {
            return;
        };
        let (Some(nick), Some(username)) = (&registration.nick, &registration.username) else {
            return;
        };
        if registration.is_negotiating || registration.is_asked {
            return;
        }
        registration.is_asked = true;
        if registration.account.is_none()
            && let Some((name, secret)) = registration.pass.take()
        {
            let (name, is_multi) = (name.unwrap_or_else(|| nick.clone()), false);
            let login = Login { secret, is_multi };
            let request = Request::Prove { name, login };
            work.todo.push_back(Todo::Ask(request, About::Pass));
            return;
        }
        let profile = Profile::new(username, &registration.realname);
        let request = Request::ComeIn {
            nick: nick.clone(),
            profile: Box::new(profile),
            account: registration.account.as_ref().map(|(account, _)| *account),
        };
        work.todo.push_back(Todo::Ask(request, About::Register));
    }

    /// Its PASS was the password of an account: it comes in as that.
    pub(super) fn passed(
        &mut self,
        (account, nick): (AccountId, &Nick),
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        self.note_proven(account, nick);
        self.write_logged_in(nick, scene, &mut work.out);
        if let Some(registration) = &mut self.registration {
            registration.is_asked = false;
        }
        self.try_to_come_in(work);
    }

    /// It has come in, and is told where.
    pub(super) fn welcome(&mut self, nick: &Nick, scene: &Scene<'_>, work: &mut Work) {
        self.registration = None;
        self.nick = Some(nick.clone());
        let server = scene.world.server();
        let listener = self.listener(scene);
        let out = &mut work.out;
        let mut own = Vec::new();
        scene.world.write_source(nick, &mut own);
        let own = String::from_utf8_lossy(&own);
        let (name, network) = (server.name.as_str(), server.network.as_str());
        let version = concat!("hubbub-", env!("CARGO_PKG_VERSION"));
        let started = super::write::timestamp(server.started_ms);
        let words = format!("Welcome to the {network} IRC network, {own}");
        listener.numeric("001", &[&words], out);
        let words = format!("Your host is {name}, running version {version}");
        listener.numeric("002", &[&words], out);
        let words = format!("This server was created {started}");
        listener.numeric("003", &[&words], out);
        listener.numeric(
            "004",
            &[name, version, "Biow", "CIbeiklmnostv", "Ibeklov"],
            out,
        );
        isupport(&listener, out);
        self.write_lusers(scene, out);
        self.write_motd(scene, out);
        if self.caps.has(Caps::PRESENCE) {
            self.ask_presence(true, work);
        }
    }

    /// It may not come in under that name, or not at all.
    pub(super) fn not_welcome(&mut self, code: &ErrorCode, scene: &Scene<'_>, work: &mut Work) {
        let Some(registration) = &mut self.registration else {
            return;
        };
        registration.is_asked = false;
        let nick = registration.nick.take();
        let asked = nick.as_ref().map_or("*", Nick::as_str);
        match code {
            ErrorCode::NickTaken => self.nick_in_use(asked, scene, &mut work.out),
            ErrorCode::NameRegistered => {
                let words = "That name is registered: log in to it by SASL to use it";
                self.listener(scene)
                    .numeric("433", &[asked, words], &mut work.out);
            }
            ErrorCode::AccountRequired(_) => {
                let words = "Only who has an account comes in here: log in by SASL, or by PASS";
                let params = ["*", "ACCOUNT_REQUIRED", words];
                self.fail(scene, &params, &mut work.out);
                work.todo
                    .push_back(Todo::Close(format!("Closing Link: ({words})")));
            }
            ErrorCode::NickBanned(_) | ErrorCode::BadNick => {
                let words = code.to_string();
                self.listener(scene)
                    .numeric("432", &[asked, &words], &mut work.out);
            }
            ErrorCode::WrongServerPassword
            | ErrorCode::WrongLogin
            | ErrorCode::LoginThrottled(_) => {
                let words = match code {
                    ErrorCode::WrongServerPassword | ErrorCode::WrongLogin => {
                        "Password incorrect".into()
                    }
                    _ => code.to_string(),
                };
                self.listener(scene)
                    .numeric("464", &[&words], &mut work.out);
                work.todo
                    .push_back(Todo::Close(format!("Closing Link: ({words})")));
            }
            ErrorCode::AddressBanned(_) => {
                let words = code.to_string();
                self.listener(scene)
                    .numeric("465", &[&words], &mut work.out);
                work.todo
                    .push_back(Todo::Close(format!("Closing Link: ({words})")));
            }
            _ => {
                work.todo
                    .push_back(Todo::Close(format!("Closing Link: ({code})")));
            }
        }
    }

    pub(super) fn setname(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let realname = line.params[0].trim();
        if realname.is_empty() || realname.len() > NOTE_BYTES_MAX {
            let params = ["SETNAME", "INVALID_REALNAME", "That is no real name"];
            return self.fail(scene, &params, &mut work.out);
        }
        let change = ProfileChange::Realname(realname.into());
        let about = About::Setname(realname.into());
        work.todo
            .push_back(Todo::Ask(Request::Describe { change }, about));
    }

    pub(super) fn ping(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        match line.params.first() {
            Some(text) => {
                let params = [scene.world.server().name.as_str(), text];
                listener.line(
                    &Tags::default(),
                    Source::Server,
                    "PONG",
                    &params,
                    &mut work.out,
                );
            }
            None => listener.need_more_params("PING", &mut work.out),
        }
    }

    pub(super) fn pong(&mut self, _: &IrcLine<'_>, _: &Scene<'_>, work: &mut Work) {
        // What came is life enough.
        let _ = work;
    }

    pub(super) fn quit(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let words = line.params.first().filter(|words| !words.is_empty());
        let said = words.map_or(String::new(), |words| format!(": {words}"));
        let last = format!("Closing Link: (Quit{said})");
        if !self.has_come_in() {
            work.todo.push_back(Todo::Close(last));
            return;
        }
        // Nothing can be sent behind what closes the connection.
        work.label = None;
        self.listener(scene).bare("ERROR", &[&last], &mut work.out);
        let words = words.map(|words| shortened(words));
        work.todo
            .push_back(Todo::Ask(Request::Quit { words }, About::Quiet));
    }
}
