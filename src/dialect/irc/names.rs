//! Names of rooms, ranks and modes, as they are written here.

use crate::model::{MemberRank, RoomName};

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

/// The name of a channel, as it is told.
pub(super) fn channel_of(room: &RoomName) -> String {
    format!("#{room}")
}
