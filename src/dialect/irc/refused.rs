//! Refusals, as the numerics that clients know for what was asked.

use crate::model::{Addressee, ErrorCode, Manner};

use super::dialogue::{Dialogue, Scene};
use super::numerics::word;
use super::work::{About, Work};

impl Dialogue {
    /// Writes why something was refused.
    pub(super) fn refused(
        &mut self,
        code: &ErrorCode,
        about: &About,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        match about {
            About::Words { to, manner, .. } => {
                // Nothing is ever answered to a notice.
                if *manner != Manner::Noticed {
                    self.refused_words(code, &typed(to), scene, work);
                }
            }
            About::Nick(asked) => match code {
                ErrorCode::NickTaken => self.nick_in_use(asked, scene, &mut work.out),
                ErrorCode::NameRegistered => {
                    let words = "That name is registered: log in to it by SASL to use it";
                    self.listener(scene)
                        .numeric("433", &[word(asked), words], &mut work.out);
                }
                _ => {
                    let words = code.to_string();
                    self.listener(scene)
                        .numeric("432", &[word(asked), &words], &mut work.out);
                }
            },
            About::Challenge if matches!(code, ErrorCode::NoSuchAccount(_)) => {
                self.not_challenged(scene, work);
            }
            About::Challenge | About::Proof { is_sasl: true } => self.fail_sasl(scene, work),
            About::Proof { is_sasl: false } => {
                self.say_as_service(&code.to_string(), scene, &mut work.out);
            }
            About::Account { is_command, nick } => {
                let words = code.to_string();
                match is_command {
                    false => self.say_as_service(&words, scene, &mut work.out),
                    true => {
                        let params = ["REGISTER", of_account(code), nick.as_str(), &words];
                        self.fail(scene, &params, &mut work.out);
                    }
                }
            }
            About::History {
                subcommand, target, ..
            } => self.fail_history(subcommand, target, scene, &mut work.out),
            About::Metadata { target, key, .. } => {
                self.metadata_refused(code, (target, key), scene, &mut work.out);
            }
            About::Redact { target, msgid } => {
                self.redact_refused(code, (target, msgid), scene, &mut work.out);
            }
            About::Setname(_) => {
                let words = code.to_string();
                let params = ["SETNAME", "CANNOT_CHANGE_REALNAME", &words];
                self.fail(scene, &params, &mut work.out);
            }
            About::Join(channel)
            | About::Topic(channel)
            | About::Modes(channel)
            | About::Part { room: channel, .. }
            | About::Kick { room: channel, .. }
            | About::Invite(channel) => {
                self.refused_in(code, channel, scene, work);
            }
            About::Kill(name) => self.refused_in(code, name, scene, work),
            About::Register
            | About::Pass
            | About::UserModes(_)
            | About::Away
            | About::Oper
            | About::Order
            | About::Quiet => self.refused_in(code, "*", scene, work),
        }
    }

    fn refused_words(&self, code: &ErrorCode, to: &str, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let cannot_send = |words: &str, out: &mut Vec<u8>| {
            listener.numeric("404", &[word(to), words], out);
        };
        match code {
            ErrorCode::NoRoomToEnter(_) | ErrorCode::NoRoomToShow(_) => {
                listener.no_such_channel(to, &mut work.out);
            }
            ErrorCode::NotInRoom(_) => {
                cannot_send(
                    "Cannot send to channel (no external messages)",
                    &mut work.out,
                );
            }
            ErrorCode::MayNotSpeak(_) => {
                cannot_send("Cannot send to channel (+m)", &mut work.out);
            }
            ErrorCode::Muted if to.starts_with('#') => {
                cannot_send("Cannot send to channel (you are muted)", &mut work.out);
            }
            ErrorCode::NoSuchNick(_) => listener.no_such_nick(to, &mut work.out),
            _ => self.refused_in(code, to, scene, work),
        }
    }

    /// A refusal of something about a channel, or of nothing particular.
    fn refused_in(&self, code: &ErrorCode, channel: &str, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        let out = &mut work.out;
        let words = code.to_string();
        let channel = word(channel);
        match code {
            ErrorCode::NoRoomToEnter(_) | ErrorCode::NoRoomToShow(_) => {
                listener.no_such_channel(channel, out);
            }
            ErrorCode::BadRoomName => listener.no_such_channel(channel, out),
            ErrorCode::NotInRoom(_) => listener.not_on_channel(channel, out),
            ErrorCode::TooManyRooms => {
                let words = "You have joined too many channels";
                listener.numeric("405", &[channel, words], out);
            }
            ErrorCode::RoomFull(_) => {
                listener.numeric("471", &[channel, "Cannot join channel (+l)"], out);
            }
            ErrorCode::InviteOnly(_) | ErrorCode::RoomLocked(_) => {
                listener.numeric("473", &[channel, "Cannot join channel (+i)"], out);
            }
            ErrorCode::BannedFromRoom(_) => {
                listener.numeric("474", &[channel, "Cannot join channel (+b)"], out);
            }
            ErrorCode::WrongKey(_) => {
                listener.numeric("475", &[channel, "Cannot join channel (+k)"], out);
            }
            ErrorCode::NotModerator(_) | ErrorCode::NotOwner(_) | ErrorCode::NotInLobby => {
                listener.not_operator_of(channel, out);
            }
            ErrorCode::NotOperator => listener.no_privileges(out),
            ErrorCode::WrongPassword | ErrorCode::WrongLogin => {
                listener.numeric("464", &["Password incorrect"], out)
            }
            ErrorCode::NoSuchNick(nick) => listener.no_such_nick(nick, out),
            ErrorCode::TooManyBans => {
                listener.numeric("478", &[channel, "b", "Channel list is full"], out);
            }
            _ => listener.notice(&words, out),
        }
    }
}

/// Why an account was not made, in the words of draft/account-registration.
fn of_account(code: &ErrorCode) -> &'static str {
    match code {
        ErrorCode::AlreadyRegistered | ErrorCode::NickTaken => "ACCOUNT_EXISTS",
        ErrorCode::AlreadyLoggedIn => "ALREADY_AUTHENTICATED",
        ErrorCode::BadPassword => "UNACCEPTABLE_PASSWORD",
        ErrorCode::NotInvited(_) => "INVALID_CODE",
        _ => "TEMPORARILY_UNAVAILABLE",
    }
}

/// What words are for, as it was typed.
fn typed(to: &Addressee) -> String {
    match to {
        Addressee::Room(room) | Addressee::Moderators(room) => format!("#{room}"),
        Addressee::User(name) => name.clone(),
    }
}
