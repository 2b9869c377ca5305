//! What is set of a room, beside its name and its topic.

use serde::{Deserialize, Serialize};

use super::MemberRank;

/// What a room's moderator can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModeChange {
    /// May only moderators set the topic?
    TopicLock(bool),
    /// May only the invited enter?
    InviteOnly(bool),
    /// The word that opens the room, or none.
    Key(Option<String>),
    /// May only moderators and who has a voice speak?
    Moderated(bool),
    /// Is the room told of to members only?
    Secret(bool),
    /// May who is outside speak in it?
    Open(bool),
    /// Does what programs ask each other (CTCP) not pass?
    NoCtcp(bool),
    /// How many may be in it.
    Limit(Option<u32>),
    /// What a member may do there from now on.
    Rank {
        /// Who, as typed.
        name: String,
        /// Which rank is given or taken: not the least.
        rank: MemberRank,
        /// Is it given?
        is_given: bool,
    },
    /// One of the room's masks.
    Mask {
        /// Of which list.
        kind: MaskKind,
        /// `nick!user@host` with `*` and `?`.
        mask: String,
        /// Is it set?
        is_set: bool,
    },
}

/// A mask of users in one of a room's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMask {
    /// Of which list.
    pub kind: MaskKind,
    /// As it was set.
    pub mask: String,
    /// By whom.
    pub by: String,
    /// When it was set, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Which of a room's lists of masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MaskKind {
    /// Who does not enter, nor speak.
    Ban,
    /// Who does all the same.
    Exception,
    /// Who enters without being invited.
    Invitation,
}

/// Changes of modes as IRC writes them: the letters, and their parameters.
pub(crate) fn in_letters(changes: &[ModeChange]) -> Vec<String> {
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
