//! Names of rooms, ranks and modes, as they are written here.

use crate::model::{MaskKind, MemberRank, ModeChange, RoomName};

/// The room that a channel is.
pub(super) fn room_of(channel: &str) -> Option<RoomName> {
    RoomName::parse(channel.strip_prefix('#')?)
}

/// What stands before the name of a member of a rank: all of its prefixes, for who can read them.
pub(super) fn prefix(rank: MemberRank, is_multi: bool) -> &'static str {
    match rank {
        MemberRank::VoicedModerator if is_multi => "@+",
        MemberRank::VoicedModerator | MemberRank::Moderator => "@",
        MemberRank::Voice => "+",
        MemberRank::Member => "",
    }
}

/// Changes of modes as a line of MODE has them: the letters, and their parameters.
pub(super) fn in_letters(changes: &[ModeChange]) -> Vec<String> {
    let (mut letters, mut params) = (String::new(), Vec::new());
    let mut last_sign = None;
    for change in changes {
        let (is_set, letter, param) = in_letter(change);
        if last_sign != Some(is_set) {
            letters.push(if is_set { '+' } else { '-' });
            last_sign = Some(is_set);
        }
        letters.push(letter);
        params.extend(param);
    }
    [letters].into_iter().chain(params).collect()
}

fn in_letter(change: &ModeChange) -> (bool, char, Option<String>) {
    match change {
        ModeChange::TopicLock(on) => (*on, 't', None),
        ModeChange::InviteOnly(on) => (*on, 'i', None),
        ModeChange::Moderated(on) => (*on, 'm', None),
        ModeChange::Secret(on) => (*on, 's', None),
        ModeChange::NoCtcp(on) => (*on, 'C', None),
        ModeChange::Open(on) => (!on, 'n', None),
        ModeChange::Key(key) => (key.is_some(), 'k', key.clone()),
        ModeChange::Limit(limit) => (limit.is_some(), 'l', limit.map(|limit| limit.to_string())),
        ModeChange::Rank {
            name,
            rank,
            is_given,
        } => {
            let letter = if rank.moderates() { 'o' } else { 'v' };
            (*is_given, letter, Some(name.clone()))
        }
        ModeChange::Mask { kind, mask, is_set } => {
            let letter = match kind {
                MaskKind::Ban => 'b',
                MaskKind::Exception => 'e',
                MaskKind::Invitation => 'I',
            };
            (*is_set, letter, Some(mask.clone()))
        }
    }
}

/// The name of a channel, as it is told.
pub(super) fn channel_of(room: &RoomName) -> String {
    format!("#{room}")
}
