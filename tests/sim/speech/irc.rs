//! What clients of IRC send.

use hubbub::testing::Key;

use crate::ledger::To;

use super::{OPER_PASSWORD, SECRET, Speech};

/// What stands for a name, a room and a text in [`COMMANDS`].
const COMMANDS: [&str; 40] = [
    "JOIN #R",
    "JOIN #R key",
    "JOIN #R,#R",
    "PART #R",
    "PART #R :T",
    "TOPIC #R",
    "TOPIC #R :T",
    "NAMES #R",
    "LIST",
    "WHO #R",
    "WHO N",
    "WHOIS N",
    "WHOWAS N",
    "ISON N",
    "USERHOST N",
    "MODE #R",
    "MODE #R +m",
    "MODE #R -n",
    "MODE #R +k key",
    "MODE #R +l 3",
    "MODE #R +b N!*@*",
    "MODE #R b",
    "MODE #R +v N",
    "MODE #R -o N",
    "MODE #R +s",
    "KICK #R N :T",
    "INVITE N #R",
    "AWAY :gone",
    "AWAY",
    "MONITOR + N",
    "MONITOR S",
    "CHATHISTORY LATEST #R * 10",
    "CHATHISTORY BEFORE #R msgid=I 5",
    "REDACT #R I",
    "REDACT N I :T",
    "TAGMSG #R",
    "LUSERS",
    "HELP",
    "SETNAME :x",
    "PING :x",
];

/// Those that are seldom given.
const RARE: [&str; 9] = [
    "OPER N O",
    "NS REGISTER P",
    "NS IDENTIFY P",
    "KILL N :T",
    "KLINE 1 N!*@*",
    "UNKLINE N!*@*",
    "WALLOPS :T",
    "NICK N",
    "QUIT :T",
];

/// Capabilities that are asked for together.
const CAPABILITIES: [&str; 3] = [
    "message-tags server-time batch",
    "message-tags server-time batch echo-message labeled-response draft/message-redaction",
    "multi-prefix away-notify account-notify extended-join invite-notify",
];

impl Speech<'_> {
    /// What comes first: a name, and who one is.
    pub(super) fn irc_join(&mut self) -> Vec<u8> {
        let name = self.some_name();
        self.peer.ask_name(&name);
        let mut lines = String::new();
        if self.dice.one_in(2) {
            let at = self.dice.below(CAPABILITIES.len());
            lines += &format!("CAP REQ :{}\r\n", CAPABILITIES[at]);
        }
        let has_asked = !lines.is_empty();
        lines += &format!("NICK {name}\r\nUSER u 0 * :real\r\n");
        if has_asked {
            lines += "CAP END\r\n";
        }
        lines.into_bytes()
    }

    /// Words to a channel: most often one that it is in.
    pub(super) fn irc_say(&mut self) -> Vec<u8> {
        let stays = self.peer.stays.len();
        let room = match stays > 0 && !self.dice.one_in(4) {
            true => self.peer.stays[self.dice.below(stays)].room.as_str().into(),
            false => self.some_room(),
        };
        let text = self.text(To::Room(Some(Key::of(&room))));
        let words = match self.dice.below(6) {
            0 => format!("NOTICE #{room} :{text}"),
            1 => format!("PRIVMSG #{room} :\u{1}ACTION {text}\u{1}"),
            _ => format!("PRIVMSG #{room} :{text}"),
        };
        self.framed(words.into_bytes())
    }

    pub(super) fn irc_tell(&mut self) -> Vec<u8> {
        let name = self.some_name();
        let text = self.text(To::User(Key::of(&name)));
        self.framed(format!("PRIVMSG {name} :{text}").into_bytes())
    }

    pub(super) fn irc_command(&mut self) -> Vec<u8> {
        let form = match self.dice.one_in(8) {
            true => RARE[self.dice.below(RARE.len())],
            false => COMMANDS[self.dice.below(COMMANDS.len())],
        };
        match form.split(' ').next() {
            Some("NS") => self.peer.may_be_twin = true,
            Some("KILL" | "KLINE" | "QUIT") => self.peer.may_be_closed = true,
            Some("CHATHISTORY") => self.peer.has_asked_past = true,
            _ => {}
        }
        let words = form.split(' ').map(|word| self.irc_word(word));
        let line = words.collect::<Vec<_>>().join(" ");
        self.framed(line.into_bytes())
    }

    fn irc_word(&mut self, word: &str) -> String {
        match word {
            "#R" => format!("#{}", self.some_room()),
            "#R,#R" => format!("#{},#{}", self.some_room(), self.some_room()),
            "N" => self.some_name(),
            "N!*@*" => format!("{}!*@*", self.some_name()),
            ":T" => format!(":{}", self.text(To::Anybody)),
            "O" => OPER_PASSWORD.into(),
            "P" => {
                let name = self.peer.name.clone().unwrap_or_default();
                format!("{SECRET}-{}", name.to_lowercase())
            }
            "msgid=I" => format!("msgid={}", self.some_id()),
            word => word.into(),
        }
    }
}
