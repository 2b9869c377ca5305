//! What the log says of who proves to be somebody, or fails to, and of who is kept out: lines that other
//! programs read (fail2ban), so that their form stays. `name=` and `address=` are whom it is about, and stand at
//! the end of a failure's line; nobody's words stand unquoted.

use std::fmt;

use super::{Nick, Peer, RoomName};

/// Somebody of whom the log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// What happened.
    pub deed: Deed,
    /// To whom, or by whom it was tried; `None` is nobody in particular.
    pub name: Option<Nick>,
    /// At which address.
    pub peer: Option<Peer>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A password was tried.
    Login {
        /// Was it right?
        is_good: bool,
    },
    /// A name was to be made an account.
    Registration {
        /// Was it?
        is_good: bool,
    },
    /// An invitation was used up once to make the account.
    Invitation {
        /// What the code begins with: all of it would invite who reads the log.
        code: String,
    },
    /// Somebody tried to become an operator.
    Oper {
        /// Was the password right?
        is_good: bool,
    },
    /// A token was used, to log in or over HTTP.
    Token {
        /// Is it anybody's?
        is_good: bool,
    },
    /// Somebody was put out of the server, or of a room.
    Kick {
        /// The room.
        room: Option<RoomName>,
        /// Who did it; `None` is the console.
        by: Option<Nick>,
        /// Why.
        reason: Option<String>,
    },
    /// An account has ended, or a room is nobody's any more: it was not used for long.
    Expiry {
        /// The room.
        room: Option<RoomName>,
    },
    /// Names or addresses are kept out from now on. The incident's name and address are those of who did it.
    Ban {
        /// As it was asked for.
        mask: String,
        /// For how long; `None` is until it is undone.
        seconds: Option<u64>,
        /// Why.
        reason: Option<String>,
    },
}

impl Incident {
    /// Did somebody fail to prove what was claimed?
    pub fn is_failure(&self) -> bool {
        match self.deed {
            Deed::Login { is_good }
            | Deed::Registration { is_good }
            | Deed::Oper { is_good }
            | Deed::Token { is_good } => !is_good,
            Deed::Invitation { .. }
            | Deed::Kick { .. }
            | Deed::Expiry { .. }
            | Deed::Ban { .. } => false,
        }
    }
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.deed.word())?;
        if self.is_failure() {
            f.write_str(" failed")?;
        }
        match &self.deed {
            Deed::Kick {
                room: Some(room), ..
            }
            | Deed::Expiry { room: Some(room) } => write!(f, " room=#{room}")?,
            Deed::Ban { mask, seconds, .. } => {
                write!(f, " mask={}", Quoted(mask))?;
                if let Some(seconds) = seconds {
                    write!(f, " seconds={seconds}")?;
                }
            }
            Deed::Invitation { code } => write!(f, " code={}", Quoted(code))?,
            _ => {}
        }
        write!(f, " name={} address=", Named(self.name.as_ref()))?;
        match &self.peer {
            Some(Peer::Ip { ip, .. }) => write!(f, "{ip}")?,
            Some(Peer::Unix(serial)) => write!(f, "unix:{serial}")?,
            None => f.write_str("-")?,
        }
        if let Deed::Kick { by, .. } = &self.deed {
            write!(f, " by={}", Named(by.as_ref()))?;
        }
        match &self.deed {
            Deed::Kick {
                reason: Some(reason),
                ..
            }
            | Deed::Ban {
                reason: Some(reason),
                ..
            } => write!(f, " reason={}", Quoted(reason)),
            _ => Ok(()),
        }
    }
}

impl Deed {
    fn word(&self) -> &'static str {
        match self {
            Deed::Login { .. } => "login",
            Deed::Registration { .. } => "registration",
            Deed::Invitation { .. } => "invitation",
            Deed::Oper { .. } => "oper",
            Deed::Token { .. } => "token",
            Deed::Kick { .. } => "kick",
            Deed::Expiry { .. } => "expiry",
            Deed::Ban { .. } => "ban",
        }
    }
}

/// A name, which has no blanks, or a word that is nobody's.
struct Named<'a>(Option<&'a Nick>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("-", Nick::as_str))
    }
}

/// Words of somebody's own, in quotation marks that they do not end.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{escaped}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stay_the_same() {
        let name = Nick::parse("Al");
        let ip = "203.0.113.7".parse().expect("an address");
        let peer = Some(Peer::Ip { ip, port: 4711 });
        let line = |deed| {
            let (name, peer) = (name.clone(), peer);
            Incident { deed, name, peer }.to_string()
        };
        let (good, bad) = (true, false);
        for (deed, expected) in [
            (
                Deed::Login { is_good: bad },
                "login failed name=Al address=203.0.113.7",
            ),
            (
                Deed::Login { is_good: good },
                "login name=Al address=203.0.113.7",
            ),
            (
                Deed::Registration { is_good: good },
                "registration name=Al address=203.0.113.7",
            ),
            (
                Deed::Oper { is_good: bad },
                "oper failed name=Al address=203.0.113.7",
            ),
            (
                Deed::Token { is_good: bad },
                "token failed name=Al address=203.0.113.7",
            ),
        ] {
            assert_eq!(line(deed), expected);
        }
        let forged = "x\" login failed name=a address=192.0.2.1";
        let kick = Deed::Kick {
            room: RoomName::parse("den"),
            by: None,
            reason: Some(forged.into()),
        };
        assert_eq!(
            line(kick),
            "kick room=#den name=Al address=203.0.113.7 by=- \
             reason=\"x\\\" login failed name=a address=192.0.2.1\""
        );
        let ban = Deed::Ban {
            mask: "10.0.0.0/8".into(),
            seconds: Some(60),
            reason: None,
        };
        assert_eq!(
            line(ban),
            "ban mask=\"10.0.0.0/8\" seconds=60 name=Al address=203.0.113.7"
        );
        let nobody = Incident {
            deed: Deed::Token { is_good: bad },
            name: None,
            peer: Some(Peer::Unix(3)),
        };
        assert_eq!(nobody.to_string(), "token failed name=- address=unix:3");
    }
}
