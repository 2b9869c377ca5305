//! What moderators set of rooms, beside what is asked most.

use crate::model::{ErrorCode, MaskKind, MemberRank, ModeChange, Request};

use super::super::words::{on_or_off, one, second};
use super::{CommandRank::Moderator, CommandRow, row};

pub(super) const COMMANDS: [CommandRow; 9] = [
    row(
        Moderator,
        &["moderated"],
        "/moderated on|off",
        "only those with a voice speak",
        |words| {
            let on = on_or_off(one(words)?)?;
            set(ModeChange::Moderated(on))
        },
    ),
    row(
        Moderator,
        &["voice"],
        "/voice NAME",
        "let somebody speak in a moderated room",
        |words| voice(words, true),
    ),
    row(
        Moderator,
        &["unvoice"],
        "/unvoice NAME",
        "let it speak there no more",
        |words| voice(words, false),
    ),
    row(
        Moderator,
        &["secret"],
        "/secret on|off",
        "tell of the room to members only",
        |words| {
            let on = on_or_off(one(words)?)?;
            set(ModeChange::Secret(on))
        },
    ),
    row(
        Moderator,
        &["inside"],
        "/inside on|off",
        "only those in the room speak in it",
        |words| {
            let on = on_or_off(one(words)?)?;
            set(ModeChange::Open(!on))
        },
    ),
    row(
        Moderator,
        &["noctcp"],
        "/noctcp on|off",
        "let no programs of IRC ask each other there",
        |words| {
            let on = on_or_off(one(words)?)?;
            set(ModeChange::NoCtcp(on))
        },
    ),
    row(
        Moderator,
        &["limit"],
        "/limit [N]",
        "let so many in; or as many as come",
        |words| match one(words) {
            None => set(ModeChange::Limit(None)),
            Some(limit) => {
                let limit = limit.parse().ok().filter(|&limit: &u32| limit > 0)?;
                set(ModeChange::Limit(Some(limit)))
            }
        },
    ),
    row(
        Moderator,
        &["roomban"],
        "/roomban MASK|except MASK|invite MASK",
        "keep nick!user@host out of the room, or do not, or let it in",
        |words| mask(words, true),
    ),
    row(
        Moderator,
        &["unroomban"],
        "/unroomban MASK|except MASK|invite MASK",
        "undo that",
        |words| mask(words, false),
    ),
];

fn set(change: ModeChange) -> Option<Result<Request, ErrorCode>> {
    Some(Ok(Request::Mode { room: None, change }))
}

fn voice(words: &str, is_given: bool) -> Option<Result<Request, ErrorCode>> {
    let name = one(words)?.into();
    let rank = MemberRank::Voice;
    set(ModeChange::Rank {
        name,
        rank,
        is_given,
    })
}

fn mask(words: &str, is_set: bool) -> Option<Result<Request, ErrorCode>> {
    let (kind, mask) = match (one(words)?, second(words)) {
        ("except", Some(mask)) => (MaskKind::Exception, mask),
        ("invite", Some(mask)) => (MaskKind::Invitation, mask),
        (mask, None) => (MaskKind::Ban, mask),
        _ => return None,
    };
    let mask = mask.into();
    set(ModeChange::Mask { kind, mask, is_set })
}
