//! Requests as the lines that ask them: the other direction of the commands.

use std::fmt::Write as _;

use crate::model::{
    AboutMessage, Doing, EnterMode, Login, Manner, MaskKind, MemberRank, MembersPage, ModeChange,
    Nick, Range, Request, RoomName, RoomsFrom, Secret, Since, TicketClaim, TokenChange,
};

use super::super::super::{date, unmarked, words};

const DAY_S: u32 = 86_400;

fn about(about: &AboutMessage) -> Option<String> {
    let is_said =
        |text: &str| is_rest(text) && !text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    Some(match (&about.what, &about.within, about.id) {
        (Doing::Edit { text }, None, Some(id)) if is_rest(text) => format!("/edit {id} {text}"),
        (Doing::Edit { text }, None, None) if is_said(text) => format!("/edit {text}"),
        (Doing::React { reaction, is_on }, None, Some(id)) => {
            let command = if *is_on { "/react" } else { "/unreact" };
            format!("{command} {id} {}", reaction.as_str())
        }
        (
            Doing::Reply {
                manner: Manner::Said,
                text,
            },
            None,
            Some(id),
        ) if is_rest(text) => format!("/reply {id} {text}"),
        _ => return None,
    })
}

/// The line of a request, with the `/`, as it is read; `None` where it has none.
pub(super) fn render(request: &Request) -> Option<String> {
    let line = match request {
        Request::Help { command: None } => "/help".into(),
        Request::Help {
            command: Some(name),
        } if is_word(name) => format!("/help {name}"),
        Request::Nick { nick } => format!("/nick {nick}"),
        Request::Private { to, text } if is_word(to) && is_rest(text) => format!("/pm {to} {text}"),
        Request::Act { room: None, text } if is_rest(text) => format!("/me {text}"),
        Request::Rooms { from } => match from {
            RoomsFrom::Page(1) => "/rooms".into(),
            RoomsFrom::Page(page) => format!("/rooms {page}"),
            RoomsFrom::After(room) => format!("/rooms #{room}"),
        },
        Request::Enter {
            room,
            entry: EnterMode::Focus,
            key,
            resume: None,
            replay: None,
        } => entering("/join", room, key.as_deref())?,
        Request::Leave { room } => optional("/leave", room.as_ref().map(RoomName::as_str))?,
        Request::Say {
            room: Some(room),
            text,
        } if is_rest(text) => format!("/say {room} {text}"),
        Request::Delete {
            within: None,
            id,
            reason,
        } => match (id, reason) {
            (Some(id), reason) => optional(&format!("/delete {id}"), reason.as_deref())?,
            (None, None) => "/delete".into(),
            (None, Some(_)) => return None,
        },
        Request::About(it) => about(it)?,
        Request::List => "/list".into(),
        Request::Members { room, page } if *page == MembersPage::default() => {
            optional("/who", room.as_ref().map(RoomName::as_str))?
        }
        Request::Topic { room: None, text } => optional("/topic", text.as_deref())?,
        Request::Ignore { name } if is_word(name) => format!("/ignore {name}"),
        Request::Unignore { name } if is_word(name) => format!("/unignore {name}"),
        Request::Away { text } => optional("/away", text.as_deref())?,
        Request::Whois { name } if is_word(name) => format!("/whois {name}"),
        Request::Ping => "/ping".into(),
        Request::Quit { words } => optional("/quit", words.as_deref())?,
        Request::Oper { password } if is_rest(password.reveal()) => {
            format!("/oper {}", password.reveal())
        }
        Request::Kick {
            room: None,
            name,
            reason,
        } if is_word(name) => optional(&format!("/kick {name}"), reason.as_deref())?,
        Request::Mute {
            room: None,
            name,
            seconds,
        } if is_word(name) => timed(&format!("/mute {name}"), *seconds),
        Request::Unmute { room: None, name } if is_word(name) => format!("/unmute {name}"),
        Request::Mode { room: None, change } => match change {
            ModeChange::TopicLock(on) => format!("/topiclock {}", if *on { "on" } else { "off" }),
            ModeChange::InviteOnly(on) => format!("/inviteonly {}", if *on { "on" } else { "off" }),
            ModeChange::Key(None) => "/key".into(),
            ModeChange::Key(Some(key)) if is_word(key) => format!("/key {key}"),
            ModeChange::Moderated(on) => format!("/moderated {}", if *on { "on" } else { "off" }),
            ModeChange::Secret(on) => format!("/secret {}", if *on { "on" } else { "off" }),
            ModeChange::Limit(Some(limit)) => format!("/limit {limit}"),
            ModeChange::Limit(None) => "/limit".into(),
            ModeChange::Rank {
                name,
                rank: MemberRank::Voice,
                is_given,
            } if is_word(name) => match is_given {
                true => format!("/voice {name}"),
                false => format!("/unvoice {name}"),
            },
            ModeChange::Mask { kind, mask, is_set } if is_word(mask) => {
                mask_line(*kind, mask, *is_set)?
            }
            ModeChange::Open(on) => format!("/inside {}", if *on { "off" } else { "on" }),
            ModeChange::NoCtcp(on) => format!("/noctcp {}", if *on { "on" } else { "off" }),
            ModeChange::Key(Some(_)) | ModeChange::Rank { .. } | ModeChange::Mask { .. } => {
                return None;
            }
        },
        Request::Invite { room: None, name } if is_word(name) => format!("/invite {name}"),
        Request::Register {
            password,
            code: None,
        } if is_secret(password) => {
            format!("/register {}", password.reveal())
        }
        Request::Login { name, login } => login_line(name, login)?,
        Request::Logout => "/logout".into(),
        Request::Passwd { old: None, new } if is_word(new.reveal()) => {
            format!("/passwd {}", new.reveal())
        }
        Request::Passwd {
            old: Some(old),
            new,
        } if is_word(old.reveal()) && is_word(new.reveal()) => {
            format!("/passwd {} {}", old.reveal(), new.reveal())
        }
        Request::Unregister { password: None } => "/unregister".into(),
        Request::Unregister {
            password: Some(password),
        } if is_secret(password) => format!("/unregister {}", password.reveal()),
        Request::Token { change } => match change {
            TokenChange::New(bot) => format!("/token new {bot}"),
            TokenChange::Drop(bot) => format!("/token drop {bot}"),
            TokenChange::List => "/token list".into(),
            // Tokens that stand for passwords are programs' alone.
            TokenChange::Session | TokenChange::End(_) => return None,
        },
        Request::Appoint {
            room: None,
            name,
            moderates,
        } if is_word(name) => format!("/{} {name}", if *moderates { "mod" } else { "unmod" }),
        Request::History { room, with, range } => history(room.as_ref(), with.as_ref(), range)?,
        Request::Search {
            room: None,
            words,
            range,
        } if is_rest(words) => search(words, range)?,
        Request::Upload(TicketClaim {
            room: None,
            name,
            size: None,
            mime: None,
        }) if is_rest(name) && name.trim_end() == name => format!("/send {name}"),
        Request::Export { room } => format!("/export {room}"),
        Request::Ban {
            mask,
            seconds: Some(s),
            reason,
        } if is_word(mask) => {
            optional(&timed(&format!("/ban {mask}"), Some(*s)), reason.as_deref())?
        }
        Request::Ban {
            mask,
            seconds: None,
            reason: None,
        } if is_word(mask) => {
            format!("/ban {mask}")
        }
        Request::Unban { mask } if is_word(mask) => format!("/unban {mask}"),
        Request::Bans => "/bans".into(),
        Request::Rename { from, to } if is_word(from) && is_word(to) => {
            format!("/rename {from} {to}")
        }
        Request::Announce { text } if is_rest(text) => format!("/announce {text}"),
        Request::CloseRoom { room } => format!("/close {room}"),
        Request::LockRoom { room, locked: true } => format!("/lock {room}"),
        Request::LockRoom {
            room,
            locked: false,
        } => format!("/unlock {room}"),
        Request::Clients => "/clients".into(),
        Request::Stats => "/stats".into(),
        Request::Nodes => "/nodes".into(),
        Request::Drain { node } if is_word(node) => format!("/drain {node}"),
        Request::Shutdown { seconds } => format!("/shutdown {seconds}"),
        Request::ComeIn { .. }
        | Request::Prove { .. }
        | Request::Challenge { .. }
        | Request::HearEach { .. }
        | Request::OperAs { .. }
        | Request::Unlock { .. }
        | Request::RegisterEarly { .. }
        | Request::Answer(_)
        | Request::InviteCode(_)
        | Request::ProveBy { .. }
        | Request::Utter(_)
        | Request::Modes { .. }
        | Request::Part { .. }
        | Request::Describe { .. }
        | Request::Watch { .. }
        | Request::SetMetadata { .. }
        | Request::MarkRead { .. }
        | Request::Delete { .. }
        | Request::Drain { .. }
        | Request::Rehash
        | Request::Wallops { .. }
        | Request::Join { .. }
        | Request::JoinUnnamed
        | Request::Register { .. }
        | Request::Passwd { .. }
        | Request::Unregister { .. }
        | Request::Appoint { .. }
        | Request::Search { .. }
        | Request::Help { .. }
        | Request::Say { .. }
        | Request::Act { .. }
        | Request::Private { .. }
        | Request::Enter { .. }
        | Request::Topic { .. }
        | Request::Ignore { .. }
        | Request::Unignore { .. }
        | Request::Members { .. }
        | Request::Whois { .. }
        | Request::Oper { .. }
        | Request::Kick { .. }
        | Request::Mute { .. }
        | Request::Unmute { .. }
        | Request::Mode { .. }
        | Request::Invite { .. }
        | Request::Ban { .. }
        | Request::Unban { .. }
        | Request::Rename { .. }
        | Request::Upload(_)
        | Request::Announce { .. } => return None,
    };
    Some(line)
}

/// The line of a join: a bare name, or what it logs in with.
pub(super) fn join(request: &Request) -> Option<String> {
    match request {
        Request::Join {
            nick,
            login,
            resume,
            ..
        } if resume.is_empty() => match login {
            None => Some(nick.to_string()),
            Some(login) => login_line(nick, login),
        },
        _ => None,
    }
}

/// A command with a last word or text, or without.
fn optional(command: &str, text: Option<&str>) -> Option<String> {
    match text {
        None => Some(command.into()),
        Some(text) => is_rest(text).then(|| format!("{command} {text}")),
    }
}

/// Can a password stand as the rest of a line?
fn is_secret(secret: &Secret) -> bool {
    is_rest(secret.reveal()) && secret.reveal().trim_end() == secret.reveal()
}

/// The line with which one comes in or goes on as an account.
fn login_line(name: &Nick, login: &Login) -> Option<String> {
    let secret = login.secret.reveal();
    // What ends in that word with a blank before it would lose it, even as the rest of the line.
    let is_taken = secret.ends_with("--multi");
    let multi = if login.is_multi { " --multi" } else { "" };
    (is_secret(&login.secret) && !is_taken).then(|| format!("/login {name} {secret}{multi}"))
}

fn history(room: Option<&RoomName>, with: Option<&Nick>, range: &Range) -> Option<String> {
    let whose = match (room, with) {
        (None, None) => String::new(),
        (Some(room), None) => format!(" #{room}"),
        (None, Some(nick)) => format!(" @{nick}"),
        (Some(_), Some(_)) => return None,
    };
    let words = bounds(range)?;
    match range.only_files {
        true if with.is_none() && range.shows_ids && !range.has_events => {
            Some(format!("/files{whose}{}", words.replacen(" ids", "", 1)))
        }
        true => None,
        false => Some(format!("/history{whose}{words}")),
    }
}

/// The words of a range such that `/history` reads it; `None` where it has none.
fn bounds(range: &Range) -> Option<String> {
    let mut words = String::new();
    if let Some(limit) = range.limit {
        words += &format!(" {limit}");
    }
    if range.shows_ids {
        words += " ids";
    }
    if range.has_events {
        words += " events";
    }
    for (name, id) in [("before", range.before), ("after", range.after)] {
        if let Some(id) = id {
            words += &format!(" {name} {id}");
        }
    }
    if let Some(since) = range.since {
        words += &format!(" since {}", shown(since)?);
    }
    Some(words)
}

/// The word that is read as this time; `None` where it has none.
pub(in crate::dialect) fn shown(since: Since) -> Option<String> {
    let clock = |s: u32| format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    match since {
        Since::Ago(0) | Since::Unix(_) => None,
        Since::Ago(s) => Some(format!("{s}s")),
        Since::Clock(s) => (s < DAY_S).then(|| clock(s)),
        Since::Local(s) => {
            let day = date(s.div_euclid(i64::from(DAY_S)));
            let time = clock(s.rem_euclid(i64::from(DAY_S)) as u32);
            // A year before 0 or after 9999 is no word.
            let is_short = day.len() == "2026-11-21".len() && !day.starts_with('-');
            is_short.then(|| format!("{day}T{time}"))
        }
    }
}

/// The line of a search such that `/search` reads it; `None` where it has none.
fn search(words: &str, range: &Range) -> Option<String> {
    let Range { before, .. } = *range;
    let only_before = Range {
        before,
        ..Range::default()
    };
    match before {
        _ if *range != only_before => None,
        Some(id) => Some(format!("/search --before {id} {words}")),
        None if words::one(words) == Some("--before") => None,
        None => Some(format!("/search {words}")),
    }
}

/// Can `text` stand as one word of a command?
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// Can `text` stand as the rest of a command's line?
fn is_rest(text: &str) -> bool {
    is_line(text) && !text.starts_with(char::is_whitespace)
}

/// Can `text` stand as a line that says something?
pub(super) fn is_line(text: &str) -> bool {
    !unmarked(text).trim().is_empty() && !text.contains(['\n', '\r'])
}

fn entering(command: &str, room: &RoomName, key: Option<&str>) -> Option<String> {
    match key {
        None => Some(format!("{command} {room}")),
        Some(key) => is_word(key).then(|| format!("{command} {room} {key}")),
    }
}

fn timed(command: &str, seconds: Option<u64>) -> String {
    let mut line = command.to_string();
    if let Some(seconds) = seconds {
        // Writing to a String cannot fail.
        let _ = write!(line, " {seconds}s");
    }
    line
}

fn mask_line(kind: MaskKind, mask: &str, is_set: bool) -> Option<String> {
    let command = if is_set { "/roomban" } else { "/unroomban" };
    match kind {
        MaskKind::Ban if ["except", "invite"].contains(&mask) => None,
        MaskKind::Ban => Some(format!("{command} {mask}")),
        MaskKind::Exception => Some(format!("{command} except {mask}")),
        MaskKind::Invitation => Some(format!("{command} invite {mask}")),
    }
}
