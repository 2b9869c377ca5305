//! The colon dialect: coloured terminal lines without line ends, and `:commands`. The hub's rooms are
//! its groups.

use std::fmt::Display;
use std::io::Write as _;

use crate::model::{
    EnterMode, ErrorCode, Event, Manner, MembersPage, Message, Moment, Nick, Request, RoomName,
    Target, shown_lines,
};

use super::{
    Ask, Dialect, Stage, View, about, answer, ask, blocks, command, past, plain, sentence, text,
    unlock, unmarked, utf8, words,
};

pub(super) const RESET: &str = "\x1b[0m";
pub(super) const RED: &str = "\x1b[91m";
pub(super) const GREEN: &str = "\x1b[92m";
const YELLOW: &str = "\x1b[93m";
const BLUE: &str = "\x1b[94m";
const MAGENTA: &str = "\x1b[95m";
const CYAN: &str = "\x1b[96m";

/// What makes the existing client drop its connection when it reads it: another user's text never
/// carries these whole. The second of each pair is what is shown instead.
const TRAPS: [(&str, &str); 3] = [
    ("SERVER:", "SERVER :"),
    ("shutting down", "shutting  down"),
    (
        "You have been kicked by server",
        "You have been kicked by  server",
    ),
];

/// The command that is this dialect's alone.
const GROUP: &str = "group";

pub(super) fn parse(frame: &[u8], stage: Stage) -> Ask {
    ask(utf8(frame).and_then(|line| match stage {
        _ if unmarked(line).trim().is_empty() => Ok(None),
        Stage::Locked => Ok(Some(unlock(line))),
        Stage::Proving => Ok(Some(answer(line))),
        Stage::Joining => command::first(line, &[':', '/'], Dialect::Colon.spec()).map(Some),
        Stage::Joined => parse_line(line).map(Some),
    }))
}

/// A line of somebody who joined: a command, or something said. Any word behind `:` is to be a command,
/// but `:)` and `:-D` are messages; behind `/`, which its client never had, only the name of one is.
fn parse_line(line: &str) -> Result<Request, ErrorCode> {
    let said = |text: &str| {
        Ok(Request::Say {
            room: None,
            text: text.into(),
        })
    };
    let is_word = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
    let bare = line.trim_start();
    match (bare.strip_prefix(':'), bare.strip_prefix('/')) {
        (Some(rest), _) if is_word(rest) => parse_command(rest),
        (_, Some(rest)) if is_known(bare.trim_start_matches('/')) => match rest.starts_with('/') {
            true => said(rest),
            false => parse_command(rest),
        },
        _ => said(line),
    }
}

fn is_known(words: &str) -> bool {
    command::is_known(words)
        || words::one(words).is_some_and(|name| name.eq_ignore_ascii_case(GROUP))
}

/// The commands that are this dialect's own, and those that all share.
fn parse_command(line: &str) -> Result<Request, ErrorCode> {
    let (name, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match name.to_ascii_lowercase().as_str() {
        "pm" => {
            let usage = ErrorCode::Usage(":pm <target> <message>");
            let (to, text) = words::two(words).ok_or(usage)?;
            Ok(Request::Private {
                to: to.into(),
                text: text.into(),
            })
        }
        GROUP => parse_group(words),
        _ => command::parse(line),
    }
}

fn parse_group(words: &str) -> Result<Request, ErrorCode> {
    let words = words.trim_start();
    let (verb, words) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let group = |usage| match words::one(words) {
        None => Err(ErrorCode::Usage(usage)),
        Some(name) => command::room(name),
    };
    match verb.to_ascii_lowercase().as_str() {
        "create" => {
            let room = group(":group create <group_name>")?;
            Ok(Request::Enter {
                room,
                entry: EnterMode::Create,
                key: None,
                resume: None,
                replay: None,
            })
        }
        "join" => Ok(Request::Enter {
            room: group(":group join <group_name>")?,
            entry: EnterMode::Existing,
            key: words::second(words).map(Into::into),
            resume: None,
            replay: None,
        }),
        "leave" => Ok(Request::Leave {
            room: Some(group(":group leave <group_name>")?),
        }),
        "members" => Ok(Request::Members {
            room: Some(group(":group members <group_name>")?),
            page: MembersPage::default(),
        }),
        "send" => {
            let usage = ErrorCode::Usage(":group send <group_name> <message>");
            let (name, text) = words::two(words).ok_or(usage)?;
            Ok(Request::Say {
                room: Some(command::room(name)?),
                text: text.into(),
            })
        }
        verb => Err(ErrorCode::UnknownCommand(format!(":group {verb}"))),
    }
}

/// Its client takes what it reads at once for one event, and prints it as a line.
pub(super) fn render(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    show(event, view, out);
    blocks::fill(out, start);
}

/// As [`render`], as it is seen: no more than that.
pub(super) fn show(event: &Event, view: &View<'_>, out: &mut Vec<u8>) {
    let time = TimeOfDay(view.now);
    // Writing to a Vec cannot fail.
    let _ = match event {
        Event::Joined { author } => write!(
            out,
            "{CYAN}[{time}] Client {} CONNECTED Name: {}{RESET}",
            author.peer, author.nick
        ),
        Event::Left { nick, .. } => write!(out, "{RED}[{time}] {nick} DISCONNECTED{RESET}"),
        Event::Presence {
            room,
            joined,
            left,
            members,
        } if room.is_lobby() => {
            let presence = text::presence(*joined, *left, *members);
            write!(out, "{CYAN}[{time}] {presence}{RESET}")
        }
        Event::Said { message, .. } if view.own && message.manner == Manner::Said => Ok(()),
        Event::Said { room, message, .. } => said("", room, message, view.now, out),
        Event::Private { message } => told("", None, message, view.now, out),
        Event::Amended(amended) => {
            let message = about::told(amended);
            match &amended.target {
                Target::Room(room) => said("", room, &message, view.now, out),
                Target::User(other) => {
                    let to = (!past::is_by(other, &message)).then_some(other);
                    told("", to, &message, view.now, out)
                }
            }
        }
        Event::History { .. } | Event::Found { .. } => earlier(event, view, out),
        Event::PrivateSent { away: None, .. } => Ok(()),
        Event::PrivateSent {
            to,
            away: Some(away),
            ..
        } => green(
            out,
            format_args!("{to} is away: {}", disarmed(sentence::absence(away))),
        ),
        Event::Members { room, users } => {
            let nicks = users.nicks.iter();
            let lines: String = nicks.map(|nick| format!("- {nick}\n")).collect();
            let more = text::and_more(users);
            let end = if more.is_empty() { "" } else { "\n" };
            write!(
                out,
                "{GREEN}Members of '{room}':{RESET}{lines}{}{end}",
                more.trim_start()
            )
        }
        Event::EnteredRoom {
            room,
            created: true,
            ..
        } => green(out, format_args!("Group {room} created")),
        Event::EnteredRoom { room, .. } => green(out, format_args!("Joined group {room}")),
        Event::LeftRoom { room, .. } => green(out, format_args!("Left group {room}")),
        Event::Announced { text } => announced(time, text, out),
        Event::StopsIn { seconds } => announced(time, &sentence::stops_in(*seconds), out),
        Event::Moving(addresses) => announced(time, &sentence::moving(addresses), out),
        Event::OperatorTold { text } => {
            write!(
                out,
                "{YELLOW}[{time}] SERVER [PM] >> {RESET}{}",
                disarmed(text)
            )
        }
        Event::Kicked { .. } => write!(out, "{RED}You have been kicked by server.\n{RESET}"),
        Event::Shutdown => write!(out, "{RED}[{time}] SERVER: Server shutting down...{RESET}"),
        Event::Error(code) => render_error(code, out),
        Event::Listing { users } => green(
            out,
            format_args!("Current clients: {}", text::listed(users)),
        ),
        // Of these the existing server says nothing.
        Event::Welcome { .. }
        | Event::RoomJoined { .. }
        | Event::RoomLeft { kick: None, .. }
        | Event::Changed { .. }
        | Event::Proven { .. }
        | Event::Challenge(_)
        | Event::Unlocked
        | Event::Motd { .. }
        | Event::Presence { .. } => Ok(()),
        Event::RoomLeft { .. }
        | Event::Renamed { .. }
        | Event::Rooms { .. }
        | Event::Topic { .. }
        | Event::Deleted(_)
        | Event::Whois(_)
        | Event::Pong
        | Event::Help { .. }
        | Event::Done { .. }
        | Event::Notice(_)
        | Event::KickedOut { .. }
        | Event::RenamedOther { .. }
        | Event::Bans { .. }
        | Event::Clients { .. }
        | Event::Kept { .. }
        | Event::Token { .. }
        | Event::Codes { .. }
        | Event::Ticket(_)
        | Event::Nodes(_)
        | Event::Stats(_) => match &text::sentences(event)[..] {
            [] => Ok(()),
            [one] => green(out, disarmed(one)),
            many => {
                let lines: String = many
                    .iter()
                    .map(|line| format!("{}\n", disarmed(line)))
                    .collect();
                green(out, lines)
            }
        },
    };
}

/// What the server says to all.
fn announced(time: TimeOfDay, text: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "{GREEN}[{time}] SERVER: {}{RESET}", disarmed(text))
}

/// A message to a room.
fn said(
    number: &str,
    room: &RoomName,
    message: &Message,
    now: Moment,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let (nick, time) = (&message.nick, TimeOfDay::of(message, now));
    let label = match (message.manner, room.is_lobby()) {
        (Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_), true) => {
            format!("{YELLOW}[{time}] {nick} >> {RESET}")
        }
        (Manner::Said | Manner::Noticed | Manner::File | Manner::Happened(_), false) => {
            format!("{BLUE}[{time}] GROUP({room}) {nick} >> {RESET}")
        }
        (Manner::Acted, true) => format!("{YELLOW}[{time}] * {nick}{RESET} "),
        (Manner::Acted, false) => format!("{BLUE}[{time}] GROUP({room}) * {nick}{RESET} "),
    };
    labelled(&format!("{number}{label}"), &about::said(message), out)
}

/// The lines of a message, each behind what says whose it is, with ends between them.
fn labelled(label: &str, text: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    for (at, line) in shown_lines(text).enumerate() {
        let end = if at > 0 { "\n" } else { "" };
        write!(out, "{end}{label}{}", disarmed(line))?;
    }
    Ok(())
}

/// A message to the reader, or of the reader's own `to` somebody.
fn told(
    number: &str,
    to: Option<&Nick>,
    message: &Message,
    now: Moment,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let (nick, time) = (&message.nick, TimeOfDay::of(message, now));
    let to = to.map_or(String::new(), |to| format!(" {to}"));
    let label = format!("{number}{MAGENTA}[{time}] {nick} PM{to} >> {RESET}");
    labelled(&label, &about::said(message), out)
}

/// What was said before: its client prints each read as it comes, so that each line needs an end.
fn earlier(event: &Event, view: &View<'_>, out: &mut Vec<u8>) -> std::io::Result<()> {
    match event {
        Event::History {
            target,
            messages,
            part,
        } => {
            for message in messages {
                let number = past::number(*part, message);
                match target {
                    Target::Room(room) => said(&number, room, message, view.now, out)?,
                    Target::User(other) => {
                        let to = (!past::is_by(other, message)).then_some(other);
                        told(&number, to, message, view.now, out)?;
                    }
                }
                out.push(b'\n');
            }
        }
        Event::Found { messages, .. } => {
            for (room, message) in messages {
                said("", room, message, view.now, out)?;
                out.push(b'\n');
            }
        }
        _ => {}
    }
    past::closing(event, view.here).map_or(Ok(()), |closing| green(out, closing))
}

fn render_error(code: &ErrorCode, out: &mut Vec<u8>) -> std::io::Result<()> {
    match code {
        ErrorCode::NoSuchNick(name) => {
            red(out, format_args!("Client {} not found", disarmed(name)))
        }
        ErrorCode::RoomExists(room) => red(out, format_args!("Group {room} already exists")),
        ErrorCode::AlreadyInRoom(room) => red(out, format_args!("You are already in group {room}")),
        ErrorCode::NoRoomToEnter(room) => red(out, format_args!("Group {room} not found")),
        ErrorCode::NoRoomToShow(room) => red(out, format_args!("Group '{room}' not found")),
        ErrorCode::NotInRoom(room) => red(out, format_args!("You are not in group {room}")),
        ErrorCode::UnknownCommand(_) => red(out, "Invalid command"),
        ErrorCode::Usage(usage) if usage.starts_with('/') => {
            red(out, format_args!("Usage: :{}", &usage[1..]))
        }
        _ => red(out, disarmed(&code.to_string())),
    }
}

fn red(out: &mut Vec<u8>, text: impl Display) -> std::io::Result<()> {
    write!(out, "{RED}{text}{RESET}")
}

fn green(out: &mut Vec<u8>, text: impl Display) -> std::io::Result<()> {
    write!(out, "{GREEN}{text}{RESET}")
}

/// Text from outside, clean and without the phrases that the existing client acts on.
fn disarmed(text: &str) -> String {
    TRAPS
        .iter()
        .fold(plain::cleaned(text), |text, (trap, shown)| {
            text.replace(trap, shown)
        })
}

/// Local `HH:MM:SS`.
struct TimeOfDay(Moment);

impl TimeOfDay {
    /// When it was said, as clocks showed it then.
    fn of(message: &Message, now: Moment) -> TimeOfDay {
        TimeOfDay(now.at(message.unix_ms))
    }
}

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (h, m, s) = self.0.local_hms();
        write!(f, "{h:02}:{m:02}:{s:02}")
    }
}

#[cfg(test)]
mod tests;
