//! The one table of commands.

use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::numerics::word;
use super::work::Work;

/// What carries a command out.
type Handler = fn(&mut Dialogue, &IrcLine<'_>, &Scene<'_>, &mut Work);

/// A command.
pub(super) struct IrcCommand {
    pub(super) name: &'static str,
    /// Parameters at least.
    params_min: usize,
    /// Before the registration, too?
    is_early: bool,
    /// For operators only?
    is_operators: bool,
    handler: Handler,
    /// What it does.
    pub(super) help: &'static str,
}

/// By whom and when a command may be given.
const ANY: (bool, bool) = (true, false);
const USER: (bool, bool) = (false, false);
const OPER: (bool, bool) = (false, true);

const fn entry(
    name: &'static str,
    params_min: usize,
    (is_early, is_operators): (bool, bool),
    handler: Handler,
    help: &'static str,
) -> IrcCommand {
    IrcCommand {
        name,
        params_min,
        is_early,
        is_operators,
        handler,
        help,
    }
}

/// Every command, in the order of their names.
#[rustfmt::skip]
pub(super) static COMMANDS: &[IrcCommand] = &[
    entry("ADMIN", 0, USER, Dialogue::admin, "ADMIN: who runs the server"),
    entry("AUTHENTICATE", 1, ANY, Dialogue::authenticate, "AUTHENTICATE MECHANISM|DATA: log in by SASL"),
    entry("AWAY", 0, USER, Dialogue::away, "AWAY [TEXT]: be away, or back"),
    entry("BATCH", 1, USER, Dialogue::batch, "BATCH +REF draft/multiline TARGET, BATCH -REF: say several lines"),
    entry("CAP", 1, ANY, Dialogue::cap, "CAP LS|LIST|REQ|END: negotiate capabilities"),
    entry("CHATHISTORY", 3, USER, Dialogue::chathistory, "CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN TARGET REF [REF] N: what was said"),
    entry("CS", 0, USER, Dialogue::chanserv, "CS: there is no ChanServ; MODE does what it does"),
    entry("DIE", 0, OPER, Dialogue::die, "DIE: stop the server"),
    entry("HELP", 0, USER, Dialogue::help, "HELP [COMMAND]: what can be asked"),
    entry("HELPOP", 0, USER, Dialogue::help, "HELPOP [COMMAND]: what can be asked"),
    entry("INFO", 0, USER, Dialogue::info, "INFO: about the server's program"),
    entry("INVITE", 0, USER, Dialogue::invite, "INVITE [NICK CHANNEL]: let somebody in"),
    entry("INVITECODE", 1, OPER, Dialogue::invitecode, "INVITECODE new [N] [TIME]|drop CODE|list: let people register"),
    entry("ISON", 1, USER, Dialogue::ison, "ISON NICK...: who of these is here"),
    entry("JOIN", 1, USER, Dialogue::join, "JOIN CHANNELS [KEYS]: enter channels"),
    entry("KICK", 2, USER, Dialogue::kick, "KICK CHANNEL NICKS [REASON]: put somebody out"),
    entry("KILL", 1, OPER, Dialogue::kill, "KILL NICK [REASON]: put somebody out of the server"),
    entry("KLINE", 1, OPER, Dialogue::kline, "KLINE [MINUTES] MASK [REASON]: keep names or addresses out"),
    entry("LINKS", 0, USER, Dialogue::links, "LINKS: which servers there are"),
    entry("LIST", 0, USER, Dialogue::list, "LIST [CHANNELS|MASKS|>N|<N]: which channels there are"),
    entry("LUSERS", 0, USER, Dialogue::lusers, "LUSERS: how many are here"),
    entry("MAP", 0, USER, Dialogue::map, "MAP: which servers there are"),
    entry("MARKREAD", 0, USER, Dialogue::markread, "MARKREAD TARGET [timestamp=TIME]: how far one has read"),
    entry("METADATA", 2, USER, Dialogue::metadata, "METADATA TARGET GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC [KEYS]: what users and channels say of themselves"),
    entry("MODE", 1, USER, Dialogue::mode, "MODE TARGET [MODES [PARAMETERS]]: set or ask modes"),
    entry("MONITOR", 1, USER, Dialogue::monitor, "MONITOR +|-|C|L|S [NICKS]: wait for somebody"),
    entry("MOTD", 0, USER, Dialogue::motd, "MOTD: the message of the day"),
    entry("NAMES", 0, USER, Dialogue::names, "NAMES CHANNELS: who is in channels"),
    entry("NICK", 0, ANY, Dialogue::change_nick, "NICK NAME: go by another name"),
    entry("NOTICE", 0, USER, Dialogue::notice, "NOTICE TARGETS TEXT: say something that wants no answer"),
    entry("NS", 0, USER, Dialogue::nickserv, "NS REGISTER PASSWORD|IDENTIFY [ACCOUNT] PASSWORD: accounts"),
    entry("OPER", 2, USER, Dialogue::oper, "OPER NAME PASSWORD: become an operator"),
    entry("PART", 1, USER, Dialogue::part, "PART CHANNELS [WORDS]: leave channels"),
    entry("PASS", 1, ANY, Dialogue::pass, "PASS PASSWORD: what the server asks for, before the registration"),
    entry("PING", 0, ANY, Dialogue::ping, "PING TEXT: are you there?"),
    entry("PONG", 0, ANY, Dialogue::pong, "PONG TEXT: I am here"),
    entry("PRIVMSG", 0, USER, Dialogue::privmsg, "PRIVMSG TARGETS TEXT: say something"),
    entry("QUIT", 0, ANY, Dialogue::quit, "QUIT [WORDS]: go"),
    entry("REDACT", 2, USER, Dialogue::redact, "REDACT TARGET MSGID [REASON]: delete what was said"),
    entry("REGISTER", 3, ANY, Dialogue::register, "REGISTER ACCOUNT|* INVITATION|* PASSWORD: make an account of one's name"),
    entry("REHASH", 0, OPER, Dialogue::rehash, "REHASH: read the files of the server again"),
    entry("RENAME", 2, USER, Dialogue::rename, "RENAME CHANNEL NAME: a channel keeps its name"),
    entry("SETNAME", 1, USER, Dialogue::setname, "SETNAME TEXT: another name in real life"),
    entry("STATS", 0, USER, Dialogue::stats, "STATS [k]: figures, or who is kept out"),
    entry("TAGMSG", 0, USER, Dialogue::tagmsg, "TAGMSG TARGETS: tags without a text"),
    entry("TIME", 0, USER, Dialogue::time, "TIME: what time it is"),
    entry("TOPIC", 1, USER, Dialogue::topic, "TOPIC CHANNEL [TEXT]: what a channel is about"),
    entry("UNKLINE", 1, OPER, Dialogue::unkline, "UNKLINE MASK: let names or addresses in again"),
    entry("USER", 4, ANY, Dialogue::user, "USER NAME 0 * REALNAME: who one is"),
    entry("USERHOST", 1, USER, Dialogue::userhost, "USERHOST NICK...: where somebody is"),
    entry("VERIFY", 2, ANY, Dialogue::verify, "VERIFY ACCOUNT CODE: there is nothing to verify here"),
    entry("VERSION", 0, USER, Dialogue::version, "VERSION: of the server's program"),
    entry("WALLOPS", 1, USER, Dialogue::wallops, "WALLOPS TEXT: speak to those who hear operators"),
    entry("WHO", 0, USER, Dialogue::who, "WHO MASK [o|%FIELDS]: who is here"),
    entry("WHOIS", 1, USER, Dialogue::whois, "WHOIS [SERVER] NICK: who is that?"),
    entry("WHOWAS", 0, USER, Dialogue::whowas, "WHOWAS NICK [COUNT]: who was that?"),
];

/// The command of a name.
pub(super) fn find(name: &str) -> Option<&'static IrcCommand> {
    let at = COMMANDS
        .binary_search_by(|entry| entry.name.cmp(name))
        .ok()?;
    Some(&COMMANDS[at])
}

/// Carries a line out.
pub(super) fn handle(
    dialogue: &mut Dialogue,
    line: &IrcLine<'_>,
    scene: &Scene<'_>,
    work: &mut Work,
) {
    let listener = dialogue.listener(scene);
    let Some(entry) = find(&line.command) else {
        match dialogue.has_come_in() {
            false => listener.numeric("451", &["You have not registered"], &mut work.out),
            true => {
                let params = [word(&line.command), "Unknown command"];
                listener.numeric("421", &params, &mut work.out);
            }
        }
        return;
    };
    if !dialogue.has_come_in() && !entry.is_early {
        return listener.numeric("451", &["You have not registered"], &mut work.out);
    }
    if entry.is_operators && !dialogue.is_operator(scene) {
        return listener.no_privileges(&mut work.out);
    }
    if line.params.len() < entry.params_min {
        return listener.need_more_params(entry.name, &mut work.out);
    }
    (entry.handler)(dialogue, line, scene, work);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_in_order() {
        assert!(COMMANDS.is_sorted_by(|one, other| one.name < other.name));
        assert!(find("PRIVMSG").is_some() && find("privmsg").is_none());
    }
}
