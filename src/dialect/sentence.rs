//! The sentences of what has no more to it: what dialects of every form say alike. Text of somebody else's in
//! them is as it was sent.

use crate::model::{
    Absence, Deletion, Departure, Done, Happening, InviteCode, Kick, MaskKind, MemberRank, Message,
    ModeChange, Nick, NodeEntry, Notice, PutOut, RoomName, Stats, Target,
};

/// To who asked for it: it was done.
pub(super) fn done(done: &Done) -> String {
    match done {
        Done::Away => "You are away now: those who write to you are told.".into(),
        Done::Back => "You are back.".into(),
        Done::Ignored(nick) => format!("You hear nothing from {nick} any more."),
        Done::Unignored(name) => format!("You hear from {name} again."),
        Done::CodeGone => "That invitation is void.".into(),
        Done::Operator => "You are an operator now.".into(),
        Done::Registered {
            nick,
            is_logged_in: true,
        } => format!("{nick} is registered, and you are logged in."),
        Done::Registered {
            nick,
            is_logged_in: false,
        } => format!("{nick} is registered."),
        Done::Unregistered(nick) => format!("{nick} is nobody's name any more."),
        Done::LoggedIn(nick) => format!("You are logged in as {nick}."),
        Done::PasswordChanged => "Your password is changed.".into(),
        Done::Bots(bots) if bots.is_empty() => "You have no bots.".into(),
        Done::Bots(bots) => {
            let bots: Vec<&str> = bots.iter().map(Nick::as_str).collect();
            format!("Your bots: {}", bots.join(", "))
        }
        Done::BotGone(bot) => format!("The bot {bot} is gone."),
        Done::TokenVoid => "That token is void.".into(),
        Done::Appointed {
            nick,
            room,
            moderates: true,
        } => format!("{nick} moderates #{room} now."),
        Done::Appointed {
            nick,
            room,
            moderates: false,
        } => format!("{nick} does not moderate #{room} now."),
        Done::ModeSet { room, change } => mode(room, change),
        Done::Invited { nick, room } => format!("{nick} is invited to #{room}."),
        Done::PutOut { nick, .. } => format!("{nick} has been kicked."),
        Done::Muted {
            name,
            room,
            is_muted,
        } => format!("{name} has been {}.", muted(room.as_ref(), *is_muted)),
        Done::Banned { mask, count } => format!("{mask} is banned; {count} put out."),
        Done::Unbanned { mask } => format!("{mask} is not banned any more."),
        Done::Drains { node } => format!("The users of {node} are told to go elsewhere."),
        Done::Closed(room) => closed(room),
        Done::Locked {
            room,
            is_locked: true,
        } => format!("Nobody enters #{room} now."),
        Done::Locked {
            room,
            is_locked: false,
        } => format!("#{room} may be entered again."),
        Done::NotLocked(room) => format!("#{room} is not locked."),
        Done::Exported { room, path, count } => {
            format!("{count} messages of #{room} are in {path} now.")
        }
        Done::Stops { seconds: 0 } => "The server stops now.".into(),
        Done::Stops { seconds } => stops_in(*seconds),
    }
}

/// To whom it concerns, unasked.
pub(super) fn notice(notice: &Notice) -> String {
    match notice {
        Notice::DiskIsSlow => "The disk is slow: you are told when that is done.".into(),
        Notice::PastUnreadable => "Some of what was said before cannot be read now.".into(),
        Notice::TooFast => "You are sending too fast: your lines wait.".into(),
        Notice::NotShown(count) => format!("({count} events were not shown)"),
        Notice::MustLogIn { nick, seconds } => format!(
            "The name {nick} is registered. If it is yours, log in within {seconds} s; if not, you get \
             another one then."
        ),
        Notice::NotLoggedIn(nick) => {
            format!("The name {nick} is registered, and you did not log in.")
        }
        Notice::OwnerCame(nick) => format!("Whose name {nick} is has come: you get another one."),
        Notice::LoggedOut(nick) => format!("You are not logged in as {nick} any more."),
        Notice::NotOwned(room) => {
            format!("#{room} ends with its last member: as many rooms are owned as may be.")
        }
        Notice::Appointed {
            room,
            moderates: true,
            ..
        } => format!("You moderate #{room} now."),
        Notice::Appointed {
            room,
            moderates: false,
            ..
        } => format!("You do not moderate #{room} now."),
        Notice::Invited { by, room } => format!("{by} invites you to #{room}."),
        Notice::PutOut { room, kick } => {
            format!("{} put you out of #{room}{}", kick.by, colon(&kick.reason))
        }
        Notice::Muted { room, is_muted, .. } => {
            format!("You have been {}.", muted(room.as_ref(), *is_muted))
        }
        Notice::Closed { room, .. } => closed(room),
    }
}

/// What happened in a room.
pub(super) fn happened(room: &RoomName, event: &Message, happening: Happening) -> String {
    let Message { nick, text, .. } = event;
    match happening {
        Happening::Topic if text.is_empty() => format!("{nick} set the topic of #{room}"),
        Happening::Topic => format!("{nick} set the topic of #{room}: {text}"),
        Happening::Kick => {
            let (name, reason) = match text.split_once(' ') {
                Some((name, reason)) => (name, Some(reason.into())),
                None => (&**text, None),
            };
            format!("{nick} put {name} out of #{room}{}", colon(&reason))
        }
        Happening::Modes => format!("{nick} set the modes of #{room}: {text}"),
    }
}

fn mode(room: &RoomName, change: &ModeChange) -> String {
    match change {
        ModeChange::TopicLock(true) => format!("Only moderators set the topic of #{room} now."),
        ModeChange::TopicLock(false) => format!("Everyone in #{room} may set its topic now."),
        ModeChange::InviteOnly(true) => format!("Only the invited enter #{room} now."),
        ModeChange::InviteOnly(false) => format!("Everyone may enter #{room} now."),
        ModeChange::Key(Some(_)) => format!("One needs the key to enter #{room} now."),
        ModeChange::Key(None) => format!("One needs no key to enter #{room} now."),
        ModeChange::Moderated(true) => format!("Only some may speak in #{room} now."),
        ModeChange::Moderated(false) => format!("Everyone in #{room} may speak now."),
        ModeChange::Secret(true) => format!("#{room} is told of to its members only now."),
        ModeChange::Secret(false) => format!("#{room} is no secret now."),
        ModeChange::Open(true) => format!("Who is outside may speak in #{room} now."),
        ModeChange::Open(false) => format!("Only who is in #{room} may speak in it now."),
        ModeChange::NoCtcp(true) => format!("Programs do not ask each other in #{room} now."),
        ModeChange::NoCtcp(false) => format!("Programs may ask each other in #{room} now."),
        ModeChange::Limit(Some(limit)) => format!("#{room} holds {limit} at most now."),
        ModeChange::Limit(None) => format!("#{room} holds as many as come now."),
        ModeChange::Rank {
            name,
            rank,
            is_given,
        } => rank_of(room, name, *rank, *is_given),
        ModeChange::Mask { kind, mask, is_set } => mask_of(room, *kind, mask, *is_set),
    }
}

fn rank_of(room: &RoomName, name: &str, rank: MemberRank, is_given: bool) -> String {
    match (rank, is_given) {
        (MemberRank::Moderator | MemberRank::VoicedModerator, true) => {
            format!("{name} moderates #{room} now.")
        }
        (MemberRank::Moderator | MemberRank::VoicedModerator, false) => {
            format!("{name} does not moderate #{room} now.")
        }
        (MemberRank::Voice | MemberRank::Member, true) => {
            format!("{name} has a voice in #{room} now.")
        }
        (MemberRank::Voice | MemberRank::Member, false) => {
            format!("{name} has no voice in #{room} now.")
        }
    }
}

/// The invitations, one a line.
pub(super) fn invitations(codes: &[(InviteCode, Option<u64>)]) -> Vec<String> {
    match codes {
        [] => vec!["There are no invitations.".into()],
        some => some.iter().map(invitation).collect(),
    }
}

/// An invitation, and how long it lasts.
fn invitation((code, seconds_left): &(InviteCode, Option<u64>)) -> String {
    let time = seconds_left.map_or(String::new(), |seconds| format!(", {seconds} s left"));
    format!("{}: good for {}{time}", code.code, code.uses)
}

fn mask_of(room: &RoomName, kind: MaskKind, mask: &str, is_set: bool) -> String {
    let (is, is_not) = match kind {
        MaskKind::Ban => ("is kept out of", "is not kept out of"),
        MaskKind::Exception => ("is never kept out of", "may be kept out of"),
        MaskKind::Invitation => ("is always invited to", "is not always invited to"),
    };
    let is = if is_set { is } else { is_not };
    format!("{mask} {is} #{room} now.")
}

fn muted(room: Option<&RoomName>, is_muted: bool) -> String {
    let did = if is_muted { "muted" } else { "unmuted" };
    room.map_or(did.into(), |room| format!("{did} in #{room}"))
}

fn closed(room: &RoomName) -> String {
    format!("The room #{room} has been closed.")
}

/// Something that was said is to be forgotten.
pub(super) fn deleted(deletion: &Deletion) -> String {
    let Deletion {
        target,
        id,
        author,
        by,
        is_own,
        reason,
    } = deletion;
    let by = by.as_ref().map_or("The operator", Nick::as_str);
    let whose = match (is_own, target) {
        (true, Target::User(_)) => " between you".into(),
        (true, Target::Room(_)) => String::new(),
        (false, _) => format!(" of {author}"),
    };
    let place = match target {
        Target::Room(room) if !room.is_lobby() => format!(" in #{room}"),
        Target::Room(_) | Target::User(_) => String::new(),
    };
    let why = reason
        .as_ref()
        .map_or(String::new(), |why| format!(" ({why})"));
    format!("{by} deleted message {id}{whose}{place}.{why}")
}

/// To all: the server stops.
pub(super) fn stops_in(seconds: u64) -> String {
    format!("The server stops in {seconds} s.")
}

/// To all: the server is to be stopped, and others are there.
pub(super) fn moving(addresses: &[String]) -> String {
    match addresses {
        [] => "This server is to be stopped. Please connect to another one.".into(),
        some => format!(
            "This server is to be stopped. Please go on at {}.",
            some.join(" or ")
        ),
    }
}

/// Figures, one a line.
pub(super) fn stats(Stats(stats): &Stats) -> Vec<String> {
    let lines = stats.iter().map(|(name, value)| format!("{name}: {value}"));
    lines.collect()
}

/// The servers of the cluster, one a line.
pub(super) fn nodes(nodes: &[NodeEntry]) -> Vec<String> {
    match nodes {
        [] => vec!["There is no cluster.".into()],
        some => some.iter().map(node).collect(),
    }
}

fn node(node: &NodeEntry) -> String {
    let state = match (node.is_member, node.has_lease) {
        (false, _) => "gone",
        (true, false) => "its lease has run out",
        (true, true) => "there",
    };
    let here = if node.is_here { ", this one" } else { "" };
    let draining = if node.is_draining {
        ", to be stopped"
    } else {
        ""
    };
    let address = node
        .address
        .as_ref()
        .map_or(String::new(), |it| format!(" at {it}"));
    format!("{}{address}: {state}{here}{draining}", node.name)
}

/// Why somebody is put out of the server, if anything is said of it.
pub(super) fn put_out(why: &PutOut) -> Option<String> {
    match why {
        PutOut::Kicked { reason, .. } => reason.clone(),
        PutOut::Banned { reason, .. } => Some(format!("banned{}", colon(reason))),
        PutOut::TokenVoid => Some("the token is void".into()),
        PutOut::LoggedOut => Some("logged out".into()),
        PutOut::LoggedInElsewhere => Some("logged in from elsewhere".into()),
    }
}

/// Last words, or why somebody did not leave by itself.
pub(super) fn departure(why: &Departure) -> Option<String> {
    match why {
        Departure::Quit(words) => words.clone(),
        Departure::PutOut(why) => Some(format!("kicked{}", colon(&put_out(why)))),
    }
}

/// Why somebody did not leave a room by itself.
pub(super) fn kick(kick: &Kick) -> String {
    format!("kicked by {}{}", kick.by, colon(&kick.reason))
}

/// Why somebody left a room: it was put out, or said so.
pub(super) fn leaving(kicked: Option<&Kick>, words: Option<&String>) -> Option<String> {
    kicked.map(kick).or_else(|| words.cloned())
}

/// What is told to those who speak to somebody who is not there: what it says about being away.
pub(super) fn absence(absence: &Absence) -> &str {
    match absence {
        Absence::Away(text) => text,
        Absence::NotHere => "not here, and is told this at the next login",
    }
}

fn colon(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map_or(String::new(), |reason| format!(": {reason}"))
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}
