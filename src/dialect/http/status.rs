//! Refusals as statuses of HTTP.

use super::StatusCode;
use crate::model::ErrorCode;

/// The status that says what `code` does.
pub(crate) fn status_of(code: &ErrorCode) -> StatusCode {
    match code {
        ErrorCode::JoinTimeout(_) | ErrorCode::IdleTimeout(_) => StatusCode::RequestTimeout,
        ErrorCode::FrameTooLong(_) => StatusCode::HeaderFieldsTooLarge,
        ErrorCode::MessageTooLong(_) | ErrorCode::TooManyLines(_) | ErrorCode::FileTooLong(_) => {
            StatusCode::ContentTooLarge
        }
        ErrorCode::FilesFull => StatusCode::InsufficientStorage,
        ErrorCode::ServerFull
        | ErrorCode::Busy
        | ErrorCode::StoreFailed
        | ErrorCode::NotKept
        | ErrorCode::ClusterAway
        | ErrorCode::Uncertain
        | ErrorCode::KeepingFailed => StatusCode::ServiceUnavailable,
        ErrorCode::AddressFull
        | ErrorCode::ConnectsTooFast
        | ErrorCode::Flooding
        | ErrorCode::TooManyNames
        | ErrorCode::LoginThrottled(_)
        | ErrorCode::OperThrottled(_) => StatusCode::TooManyRequests,
        ErrorCode::EditTooLate
        | ErrorCode::FileUneditable
        | ErrorCode::AddressBanned(_)
        | ErrorCode::NickBanned(_)
        | ErrorCode::Muted
        | ErrorCode::NotOperator
        | ErrorCode::NotModerator(_)
        | ErrorCode::NotInRoom(_)
        | ErrorCode::NotYourMessage
        | ErrorCode::NotYoursToEdit
        | ErrorCode::RoomLocked(_)
        | ErrorCode::RoomFull(_)
        | ErrorCode::BannedFromRoom(_)
        | ErrorCode::MayNotSpeak(_)
        | ErrorCode::InviteOnly(_)
        | ErrorCode::WrongKey(_)
        | ErrorCode::NameRegistered
        | ErrorCode::AccountRequired(_)
        | ErrorCode::NotInvited(_)
        | ErrorCode::NoAccounts
        | ErrorCode::NothingKept
        | ErrorCode::NotLoggedIn
        | ErrorCode::NotOwner(_)
        | ErrorCode::WrongLogin
        | ErrorCode::WrongServerPassword
        | ErrorCode::WrongPassword => StatusCode::Forbidden,
        ErrorCode::NoSuchNick(_)
        | ErrorCode::NoSuchAccount(_)
        | ErrorCode::NoSuchBan(_)
        | ErrorCode::NoSuchNode(_)
        | ErrorCode::NoSuchMessage
        | ErrorCode::NoFiles
        | ErrorCode::NoRoomToEnter(_)
        | ErrorCode::NoRoomToShow(_) => StatusCode::NotFound,
        ErrorCode::NickTaken
        | ErrorCode::AlreadyJoined
        | ErrorCode::AlreadyLoggedIn
        | ErrorCode::AlreadyRegistered
        | ErrorCode::MailboxFull(_)
        | ErrorCode::RoomExists(_)
        | ErrorCode::AlreadyInRoom(_) => StatusCode::Conflict,
        ErrorCode::BadNick
        | ErrorCode::NotJoined
        | ErrorCode::BadPassword
        | ErrorCode::BadTime
        | ErrorCode::BadMessageId
        | ErrorCode::BadReaction
        | ErrorCode::TooManyReactions
        | ErrorCode::TooManyBots
        | ErrorCode::TooManyRegistrations
        | ErrorCode::AccountsFull
        | ErrorCode::BadRoomName
        | ErrorCode::TooManyRooms
        | ErrorCode::NotInLobby
        | ErrorCode::BadMask
        | ErrorCode::TooManyIgnored
        | ErrorCode::TooManyBans
        | ErrorCode::NotSpoken(_)
        | ErrorCode::UnknownCommand(_)
        | ErrorCode::NoMark(_)
        | ErrorCode::UnknownType(_)
        | ErrorCode::Usage(_)
        | ErrorCode::MissingField(_)
        | ErrorCode::WrongField(_)
        | ErrorCode::NotJson
        | ErrorCode::NotUtf8
        | ErrorCode::TooDeep => StatusCode::BadRequest,
    }
}
