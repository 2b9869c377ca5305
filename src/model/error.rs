//! Why something was refused.

mod code;

use std::fmt;

use crate::limits::{NICK_CHARS_MAX, PASSWORD_BYTES_MAX, QUOTED_CHARS_MAX, ROOM_NAME_CHARS_MAX};

use super::{Nick, RegistrationMode, RoomName, ShownSize};

/// Why something was refused: the peer's fault, told in its dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// Not a name.
    BadNick,
    /// Somebody goes by that name.
    NickTaken,
    /// A second join.
    AlreadyJoined,
    /// A request before the join.
    NotJoined,
    /// Not a room name.
    BadRoomName,
    /// Nobody goes by that name.
    NoSuchNick(String),
    /// The room to be entered, left or spoken in is not there.
    NoRoomToEnter(RoomName),
    /// The room asked about is not there.
    NoRoomToShow(RoomName),
    /// The room asked to be made is there.
    RoomExists(RoomName),
    /// Already in that room.
    AlreadyInRoom(RoomName),
    /// Not in that room.
    NotInRoom(RoomName),
    /// In as many rooms as one may be.
    TooManyRooms,
    /// The room is locked, by an operator.
    RoomLocked(RoomName),
    /// The room is for the invited.
    InviteOnly(RoomName),
    /// The room wants another key.
    WrongKey(RoomName),
    /// As many are in the room as may be.
    RoomFull(RoomName),
    /// One is kept out of the room.
    BannedFromRoom(RoomName),
    /// Only some may speak in the room.
    MayNotSpeak(RoomName),
    /// Only a moderator may do that.
    NotModerator(RoomName),
    /// Only an operator may do that.
    NotOperator,
    /// That is nothing to do to the lobby.
    NotInLobby,
    /// Somebody saw to it that one says nothing.
    Muted,
    /// Not the operator's password.
    WrongPassword,
    /// Too many wrong passwords: wait, in seconds.
    OperThrottled(u64),
    /// Nothing is kept here.
    NothingKept,
    /// Nobody has an account here.
    NoAccounts,
    /// The name is an account's: one must log in to go by it.
    NameRegistered,
    /// Only who has an account comes in; that is how one is had.
    AccountRequired(RegistrationMode),
    /// An account takes an invitation, and that is none; or nobody may make one.
    NotInvited(RegistrationMode),
    /// There is an account of that name already.
    AlreadyRegistered,
    /// Not the password of that account, or no such account.
    WrongLogin,
    /// The word that the server wants of who comes in was not said, or is another.
    WrongServerPassword,
    /// Too many wrong logins: wait, in seconds.
    LoginThrottled(u64),
    /// Only who is logged in may do that.
    NotLoggedIn,
    /// One is logged in already.
    AlreadyLoggedIn,
    /// Not a password: what one is, is said.
    BadPassword,
    /// As many bots as an account may have.
    TooManyBots,
    /// As many accounts as may be made from that address in a day.
    TooManyRegistrations,
    /// As many accounts as there may be.
    AccountsFull,
    /// Nobody has an account of that name.
    NoSuchAccount(String),
    /// Only the owner of the room may do that.
    NotOwner(RoomName),
    /// As many wait for the same as can.
    Busy,
    /// The disk does not do what it is to do.
    StoreFailed,
    /// The message was told, and is not kept.
    NotKept,
    /// Nothing can be said before what was said is kept.
    KeepingFailed,
    /// The other servers can't be reached.
    ClusterAway,
    /// They can't, and may have it.
    Uncertain,
    /// As much waits for that account as can.
    MailboxFull(Nick),
    /// Not a time.
    BadTime,
    /// Not a number of a message.
    BadMessageId,
    /// No such message, or none that one may know of.
    NoSuchMessage,
    /// A message that somebody else has said.
    NotYourMessage,
    /// Not a mask of names or addresses.
    BadMask,
    /// No such ban.
    NoSuchBan(String),
    /// No server of that name is in the cluster, or there is none.
    NoSuchNode(String),
    /// Ignoring as many as one may.
    TooManyIgnored,
    /// That name is kept out, and why.
    NickBanned(Option<String>),
    /// That address is kept out, and why.
    AddressBanned(Option<String>),
    /// As many bans, mutes or invitations as there may be.
    TooManyBans,
    /// A protocol that is not spoken here, by name.
    NotSpoken(&'static str),
    /// Connected too often.
    ConnectsTooFast,
    /// Sent too much for too long.
    Flooding,
    /// Asked for too many names that could not be had.
    TooManyNames,
    /// A command that is none, as typed.
    UnknownCommand(String),
    /// A command without what marks it, which was not meant to be said.
    NoMark(String),
    /// A request type that is none, as sent.
    UnknownType(String),
    /// A command without its words.
    Usage(&'static str),
    /// A field that is not there.
    MissingField(&'static str),
    /// A field of the wrong kind.
    WrongField(&'static str),
    /// A frame that is not a JSON object.
    NotJson,
    /// A frame that is not UTF-8.
    NotUtf8,
    /// JSON nested too deeply.
    TooDeep,
    /// A frame over the limit, in bytes.
    FrameTooLong(usize),
    /// A message over the limit, in bytes.
    MessageTooLong(usize),
    /// A file over the limit, which is this many bytes.
    FileTooLong(u64),
    /// There is no room for a file: its owner, its room or the server has as much as may be.
    FilesFull,
    /// No files are shared here.
    NoFiles,
    /// A message of more lines than this.
    TooManyLines(usize),
    /// Somebody else said it who alone may edit it.
    NotYoursToEdit,
    /// It shares a file, which is taken back and sent again instead.
    FileUneditable,
    /// Too late to edit that.
    EditTooLate,
    /// Not a reaction.
    BadReaction,
    /// A message has as many reactions as it may.
    TooManyReactions,
    /// The time to join is over, in seconds.
    JoinTimeout(u64),
    /// Too long silent, in seconds.
    IdleTimeout(u64),
    /// No connection is free.
    ServerFull,
    /// No connection is free for that address.
    AddressFull,
}

impl ErrorCode {
    /// Is this the refusal of a name?
    pub fn is_join_refusal(&self) -> bool {
        matches!(
            self,
            ErrorCode::BadNick
                | ErrorCode::NickTaken
                | ErrorCode::NickBanned(_)
                | ErrorCode::NameRegistered
                | ErrorCode::AccountRequired(_)
                | ErrorCode::NotInvited(_)
                | ErrorCode::WrongLogin
                | ErrorCode::WrongServerPassword
                | ErrorCode::LoginThrottled(_)
                | ErrorCode::NoAccounts
                | ErrorCode::BadPassword
        )
    }

    /// Does the connection end with it, so that nothing more is asked of the peer?
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            ErrorCode::JoinTimeout(_)
                | ErrorCode::IdleTimeout(_)
                | ErrorCode::ServerFull
                | ErrorCode::AddressFull
                | ErrorCode::AddressBanned(_)
                | ErrorCode::ConnectsTooFast
                | ErrorCode::Flooding
                | ErrorCode::NotSpoken(_)
                | ErrorCode::TooManyNames
        )
    }
}

impl fmt::Display for ErrorCode {
    /// One plain sentence, for the dialects that have no form of their own. What the peer sent is
    /// quoted as it is: the dialect cleans it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorCode::BadNick => {
                write!(
                    f,
                    "A name is 1 to {NICK_CHARS_MAX} letters, digits, _ - or ."
                )
            }
            ErrorCode::NickTaken => f.write_str("That name is taken."),
            ErrorCode::AlreadyJoined => f.write_str("You have joined already."),
            ErrorCode::NotJoined => f.write_str("You have not joined yet."),
            ErrorCode::BadRoomName => {
                write!(
                    f,
                    "A room name is 1 to {ROOM_NAME_CHARS_MAX} letters, digits, _ or -"
                )
            }
            ErrorCode::NoSuchNick(name) => write!(f, "Nobody here is called {}.", quoted(name)),
            ErrorCode::NoRoomToEnter(room) | ErrorCode::NoRoomToShow(room) => {
                write!(f, "There is no room #{room}.")
            }
            ErrorCode::RoomExists(room) => write!(f, "There is a room #{room} already."),
            ErrorCode::AlreadyInRoom(room) => write!(f, "You are in #{room} already."),
            ErrorCode::NotInRoom(room) => write!(f, "You are not in #{room}."),
            ErrorCode::RoomLocked(room) => write!(f, "Nobody may enter #{room} now."),
            ErrorCode::InviteOnly(room) => write!(f, "One must be invited to #{room}."),
            ErrorCode::WrongKey(room) => write!(f, "That is not the key of #{room}."),
            ErrorCode::RoomFull(room) => write!(f, "#{room} is full."),
            ErrorCode::BannedFromRoom(room) => write!(f, "You are kept out of #{room}."),
            ErrorCode::MayNotSpeak(room) => write!(f, "You may not speak in #{room} now."),
            ErrorCode::NotModerator(room) => write!(f, "You do not moderate #{room}."),
            ErrorCode::NotOperator => f.write_str("Only an operator may do that."),
            ErrorCode::NotInLobby => f.write_str("That cannot be done to the lobby."),
            ErrorCode::Muted => f.write_str("You have been muted."),
            ErrorCode::WrongPassword => f.write_str("That is not the password."),
            ErrorCode::OperThrottled(s) => write!(f, "Too many wrong passwords. Wait {s} s."),
            ErrorCode::NothingKept => f.write_str("The server keeps nothing on disk."),
            ErrorCode::NoAccounts => {
                f.write_str("There are no accounts here: the server keeps nothing.")
            }
            ErrorCode::NameRegistered => f.write_str("That name is registered: log in to use it."),
            ErrorCode::AccountRequired(mode) => {
                f.write_str("Only who has an account comes in here: log in")?;
                f.write_str(match mode {
                    RegistrationMode::Open => ", or /register NAME PASSWORD to have one.",
                    RegistrationMode::Invite => {
                        ", or /register NAME PASSWORD --code CODE with an invitation."
                    }
                    RegistrationMode::Closed => ".",
                })
            }
            ErrorCode::NotInvited(RegistrationMode::Closed) => {
                f.write_str("Nobody can register here.")
            }
            ErrorCode::NotInvited(_) => {
                f.write_str("That takes an invitation: /register ... --code CODE.")
            }
            ErrorCode::AlreadyRegistered => f.write_str("That name is registered already."),
            ErrorCode::WrongLogin => f.write_str("The name or the password is wrong."),
            ErrorCode::WrongServerPassword => {
                f.write_str("That is not the password of this server.")
            }
            ErrorCode::LoginThrottled(s) => write!(f, "Too many wrong passwords. Wait {s} s."),
            ErrorCode::NotLoggedIn => f.write_str("You are not logged in."),
            ErrorCode::AlreadyLoggedIn => f.write_str("You are logged in already."),
            ErrorCode::BadPassword => {
                write!(f, "A password is 1 to {PASSWORD_BYTES_MAX} bytes.")
            }
            ErrorCode::TooManyBots => f.write_str("You have as many bots as one can have."),
            ErrorCode::TooManyRegistrations => {
                f.write_str("As many names were registered from your address as may be in a day.")
            }
            ErrorCode::AccountsFull => {
                f.write_str("As many names are registered as the server keeps.")
            }
            ErrorCode::NoSuchAccount(name) => {
                write!(f, "Nobody is registered as {}.", quoted(name))
            }
            ErrorCode::NotOwner(room) => write!(f, "You do not own #{room}."),
            ErrorCode::Busy => f.write_str("The server is busy. Please try again in a moment."),
            ErrorCode::StoreFailed => {
                f.write_str("That cannot be read or kept now. Please try again later.")
            }
            ErrorCode::NotKept => f.write_str("That was said, but it could not be kept."),
            ErrorCode::KeepingFailed => {
                f.write_str("Nothing can be kept now, so that was not said. Please try again.")
            }
            ErrorCode::ClusterAway => f.write_str("The other servers are away: that was not done."),
            ErrorCode::Uncertain => f.write_str("The other servers are away: that may be done."),
            ErrorCode::MailboxFull(nick) => {
                write!(f, "{nick} is not here, and as much waits there as can.")
            }
            ErrorCode::BadTime => {
                f.write_str("A time is as in 30m, 2h, 7d, 14:05, 2026-11-21 or 2026-11-21T14:05.")
            }
            ErrorCode::BadMessageId => f.write_str("That is not the number of a message."),
            ErrorCode::NoSuchMessage => f.write_str("There is no such message."),
            ErrorCode::NotYourMessage => f.write_str("That message is not yours to delete."),
            ErrorCode::BadMask => f.write_str(
                "A mask is a name with * and ?, an address, or a network like 10.0.0.0/8.",
            ),
            ErrorCode::NoSuchBan(mask) => write!(f, "Nothing is banned as {}.", quoted(mask)),
            ErrorCode::NoSuchNode(name) => {
                write!(
                    f,
                    "There is no server {} in a cluster with this one.",
                    quoted(name)
                )
            }
            ErrorCode::TooManyIgnored => f.write_str("You ignore as many as one can."),
            ErrorCode::NickBanned(None) => f.write_str("That name is banned."),
            ErrorCode::NickBanned(Some(reason)) => write!(f, "That name is banned: {reason}"),
            ErrorCode::AddressBanned(None) => f.write_str("Your address is banned."),
            ErrorCode::AddressBanned(Some(reason)) => {
                write!(f, "Your address is banned: {reason}")
            }
            ErrorCode::TooManyBans => f.write_str("That list is as long as it can be."),
            ErrorCode::NotSpoken(name) => write!(f, "{name} is not spoken here."),
            ErrorCode::ConnectsTooFast => {
                f.write_str("You connect too often. Please wait a little.")
            }
            ErrorCode::Flooding => f.write_str("You sent too much for too long. Goodbye."),
            ErrorCode::TooManyNames => f.write_str("Too many names were refused. Goodbye."),
            ErrorCode::TooManyRooms => f.write_str("You are in as many rooms as one can be."),
            ErrorCode::UnknownCommand(word) => {
                write!(f, "Unknown command {}. Try /help.", quoted(word))
            }
            ErrorCode::NoMark(name) => write!(f, "Did you mean :{name}?"),
            ErrorCode::UnknownType(word) => write!(f, "Unknown request type {}.", quoted(word)),
            ErrorCode::Usage(usage) => write!(f, "Usage: {usage}"),
            ErrorCode::MissingField(field) => write!(f, "The field {field} is missing."),
            ErrorCode::WrongField(field) => write!(f, "The field {field} has the wrong type."),
            ErrorCode::NotJson => f.write_str("That is not a JSON object."),
            ErrorCode::NotUtf8 => f.write_str("That is not UTF-8."),
            ErrorCode::TooDeep => f.write_str("That is nested too deeply."),
            ErrorCode::FrameTooLong(max) => write!(f, "That is too long: {max} bytes at most."),
            ErrorCode::MessageTooLong(max) => {
                write!(f, "That message is too long: {max} bytes at most.")
            }
            ErrorCode::TooManyLines(max) => {
                write!(f, "That message has too many lines: {max} at most.")
            }
            ErrorCode::NotYoursToEdit => f.write_str("That message is not yours to edit."),
            ErrorCode::FileUneditable => {
                f.write_str("A file is not edited: delete it, and send another.")
            }
            ErrorCode::EditTooLate => {
                f.write_str("A message can be edited for 10 minutes after it was said.")
            }
            ErrorCode::BadReaction => {
                f.write_str("A reaction is an emoji or a short word: 32 bytes at most, no blanks.")
            }
            ErrorCode::TooManyReactions => f.write_str("That message has 100 reactions already."),
            ErrorCode::FileTooLong(max) => {
                write!(f, "That file is too long: {} at most.", ShownSize(*max))
            }
            ErrorCode::FilesFull => f.write_str("There is no room for that file."),
            ErrorCode::NoFiles => f.write_str("No files are shared here."),
            ErrorCode::JoinTimeout(s) => write!(f, "No name came within {s} s. Goodbye."),
            ErrorCode::IdleTimeout(s) => write!(f, "Nothing came for {s} s. Goodbye."),
            ErrorCode::ServerFull => f.write_str("The server is full. Please try again later."),
            ErrorCode::AddressFull => {
                f.write_str("There are too many connections from your address.")
            }
        }
    }
}

/// The beginning of what a peer typed, short enough for an error.
fn quoted(typed: &str) -> &str {
    match typed.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => &typed[..end],
        None => typed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(quoted(&"é".repeat(40)), "é".repeat(QUOTED_CHARS_MAX));
        assert_eq!(quoted("short"), "short");
    }
}
