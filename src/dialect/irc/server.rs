//! What is asked about the server itself.

use crate::limits::{
    FORMER_MAX, HISTORY_ASKED_MAX, KEY_CHARS_MAX, NICK_CHARS_MAX, NOTE_BYTES_MAX, ROOM_LIST_MAX,
    ROOM_NAME_CHARS_MAX, ROOMS_PER_SESSION_MAX, TARGETS_MAX, USERNAME_CHARS_MAX, WATCHED_MAX,
};
use crate::model::Request;

use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::modes::MODES_MAX;
use super::numerics::word;
use super::table;
use super::work::{About, Todo, Work};
use super::write::Listener;

/// Tokens in one line of RPL_ISUPPORT: with the name and the words 15 parameters.
const TOKENS_MAX: usize = 13;

const PROGRAM: &str = concat!("hubbub-", env!("CARGO_PKG_VERSION"));

/// What the server can do, and its limits (RPL_ISUPPORT).
pub(super) fn isupport(listener: &Listener<'_>, out: &mut Vec<u8>) {
    let network: String = listener.world.server().network.replace(' ', "\\x20");
    let targets = TARGETS_MAX;
    let tokens = [
        format!("AWAYLEN={NOTE_BYTES_MAX}"),
        "BOT=B".into(),
        "CASEMAPPING=ascii".into(),
        format!("CHANLIMIT=#:{ROOMS_PER_SESSION_MAX}"),
        "CHANMODES=Ibe,k,l,Cimnst".into(),
        format!("CHANNELLEN={}", ROOM_NAME_CHARS_MAX + 1),
        "CHANTYPES=#".into(),
        format!("CHATHISTORY={HISTORY_ASKED_MAX}"),
        "ELIST=CMNTU".into(),
        "ACCOUNTEXTBAN=a".into(),
        "EXCEPTS=e".into(),
        "EXTBAN=~,am".into(),
        "INVEX=I".into(),
        format!("KEYLEN={KEY_CHARS_MAX}"),
        format!("KICKLEN={NOTE_BYTES_MAX}"),
        format!("MAXLIST=Ibe:{ROOM_LIST_MAX}"),
        format!("MODES={MODES_MAX}"),
        format!("MONITOR={WATCHED_MAX}"),
        "MSGREFTYPES=msgid,timestamp".into(),
        format!("NAMELEN={NOTE_BYTES_MAX}"),
        format!("NETWORK={network}"),
        format!("NICKLEN={NICK_CHARS_MAX}"),
        "PREFIX=(ov)@+".into(),
        "SAFELIST".into(),
        "STATUSMSG=@".into(),
        format!(
            "TARGMAX=JOIN:,KICK:{targets},LIST:,NAMES:{targets},NOTICE:{targets},PART:,\
             PRIVMSG:{targets},TAGMSG:{targets},USERHOST:{targets},WHOIS:1,WHOWAS:1"
        ),
        format!("TOPICLEN={NOTE_BYTES_MAX}"),
        format!("USERLEN={}", USERNAME_CHARS_MAX + 1),
        "UTF8ONLY".into(),
        "WHOX".into(),
    ];
    for tokens in tokens.chunks(TOKENS_MAX) {
        let mut params: Vec<&str> = tokens.iter().map(String::as_str).collect();
        params.push("are supported by this server");
        listener.numeric("005", &params, out);
    }
}

impl Dialogue {
    pub(super) fn motd(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        self.write_motd(scene, &mut work.out);
    }

    pub(super) fn write_motd(&self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let listener = self.listener(scene);
        let name = scene.world.server().name.as_str();
        let first = format!("- {name} Message of the day - ");
        listener.numeric("375", &[&first], out);
        let server = scene.world.server();
        for line in &server.motd {
            listener.numeric("372", &[&format!("- {line}")], out);
        }
        if server.motd.is_empty() {
            let words = "- The rooms here are shared with people at terminals and in browsers.";
            listener.numeric("372", &[words], out);
        }
        listener.numeric("376", &["End of /MOTD command."], out);
    }

    pub(super) fn lusers(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        self.write_lusers(scene, &mut work.out);
    }

    pub(super) fn write_lusers(&self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let listener = self.listener(scene);
        let census = scene.world.census();
        let visible = census.users - census.invisible;
        let invisible = census.invisible;
        let words = format!("There are {visible} users and {invisible} invisible on 1 servers");
        listener.numeric("251", &[&words], out);
        let operators = census.operators.to_string();
        listener.numeric("252", &[&operators, "operator(s) online"], out);
        if census.strangers > 0 {
            let strangers = census.strangers.to_string();
            listener.numeric("253", &[&strangers, "unknown connection(s)"], out);
        }
        let rooms = census.rooms.to_string();
        listener.numeric("254", &[&rooms, "channels formed"], out);
        let words = format!("I have {} clients and 1 servers", census.users);
        listener.numeric("255", &[&words], out);
        let (users, most) = (census.users.to_string(), census.users_max.to_string());
        let words = format!("Current local users {users}, max {most}");
        listener.numeric("265", &[&users, &most, &words], out);
        let words = format!("Current global users {users}, max {most}");
        listener.numeric("266", &[&users, &most, &words], out);
    }

    pub(super) fn version(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let name = scene.world.server().name.as_str();
        listener.numeric("351", &[PROGRAM, name, "a chat server"], &mut work.out);
        isupport(&listener, &mut work.out);
    }

    pub(super) fn admin(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let server = scene.world.server();
        let params = [server.name.as_str(), "Administrative info"];
        listener.numeric("256", &params, &mut work.out);
        listener.numeric("257", &[&server.network], &mut work.out);
        listener.numeric("258", &["Ask the operators: WHO * o"], &mut work.out);
        listener.numeric("259", &["There is no other address"], &mut work.out);
    }

    pub(super) fn time(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let now = super::write::timestamp(scene.now.unix_ms);
        let name = scene.world.server().name.as_str();
        self.listener(scene)
            .numeric("391", &[name, &now], &mut work.out);
    }

    pub(super) fn info(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let lines = [
            PROGRAM,
            "A chat server for terminals, browsers, programs and IRC clients: one world.",
            env!("CARGO_PKG_DESCRIPTION"),
        ];
        for line in lines {
            listener.numeric("371", &[line], &mut work.out);
        }
        listener.numeric("374", &["End of /INFO list"], &mut work.out);
    }

    pub(super) fn help(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let out = &mut work.out;
        let Some(subject) = line.params.first().filter(|subject| !subject.is_empty()) else {
            listener.numeric("704", &["*", "The commands are:"], out);
            for entries in table::COMMANDS.chunks(8) {
                let names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
                listener.numeric("705", &["*", &names.join(" ")], out);
            }
            return listener.numeric("706", &["*", "HELP COMMAND says more"], out);
        };
        match table::find(&subject.to_ascii_uppercase()) {
            Some(entry) => {
                listener.numeric("704", &[entry.name, entry.help], out);
                listener.numeric("706", &[entry.name, "End of /HELP"], out);
            }
            None => {
                let params = [word(subject), "No help available on this topic"];
                listener.numeric("524", &params, out);
            }
        }
    }

    pub(super) fn links(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let server = scene.world.server();
        let name = server.name.as_str();
        // There is one only, which is nothing to tell.
        if self.is_operator(scene) {
            let words = format!("0 {}", server.network);
            listener.numeric("364", &[name, name, &words], &mut work.out);
        }
        listener.numeric("365", &["*", "End of /LINKS list"], &mut work.out);
    }

    pub(super) fn map(&mut self, _: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let name = scene.world.server().name.as_str();
        listener.numeric("015", &[name], &mut work.out);
        listener.numeric("017", &["End of /MAP"], &mut work.out);
    }

    pub(super) fn stats(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let letter = line.params.first().copied().unwrap_or("*");
        let listener = self.listener(scene);
        match letter {
            "k" | "K" => {
                work.todo.push_back(Todo::Ask(Request::Bans, About::Order));
            }
            "u" => {
                let up_s = scene
                    .now
                    .unix_ms
                    .saturating_sub(scene.world.server().started_ms)
                    / 1000;
                let (days, hours) = (up_s / 86_400, up_s / 3600 % 24);
                let (minutes, seconds) = (up_s / 60 % 60, up_s % 60);
                let words = format!("Server Up {days} days {hours}:{minutes:02}:{seconds:02}");
                listener.numeric("242", &[&words], &mut work.out);
            }
            "w" => {
                let words = format!("WHOWAS knows {FORMER_MAX} names");
                listener.notice(&words, &mut work.out);
            }
            _ => {}
        }
        if !["k", "K"].contains(&letter) {
            listener.numeric(
                "219",
                &[word(letter), "End of /STATS report"],
                &mut work.out,
            );
        }
    }
}
