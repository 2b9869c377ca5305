//! What a user says of itself beside its name, at doors where one does.

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

/// What a user says of itself, and how it wants to be treated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// The name of its account and its name in real life, with a blank between them: short ones take no memory of
    /// their own. Invariant: there is no blank in the first.
    names: SmolStr,
    /// Is it shown only to who shares a room with it?
    pub is_invisible: bool,
    /// Does it hear what operators say to all of those?
    pub hears_wallops: bool,
    /// Is it a program?
    pub is_bot: bool,
}

impl Profile {
    /// Of somebody with an account of that name, without blanks, on its own machine, and that name in real life.
    pub fn new(username: &str, realname: &str) -> Profile {
        debug_assert!(!username.contains(' '), "a name of letters and digits");
        Profile {
            names: format_smolstr!("{username} {realname}"),
            ..Profile::default()
        }
    }

    /// The name of its account on its own machine, as it says: letters, digits and few others.
    pub fn username(&self) -> &str {
        self.names.split_once(' ').unwrap_or_default().0
    }

    /// Its name in real life, as it says.
    pub fn realname(&self) -> &str {
        self.names.split_once(' ').unwrap_or_default().1
    }

    /// Something of it is different from now on.
    pub fn change(&mut self, change: &ProfileChange) {
        match change {
            ProfileChange::Realname(text) => {
                self.names = format_smolstr!("{} {text}", self.username());
            }
            ProfileChange::Invisible(on) => self.is_invisible = *on,
            ProfileChange::Wallops(on) => self.hears_wallops = *on,
            ProfileChange::Bot(on) => self.is_bot = *on,
            // That is no part of it.
            ProfileChange::NoOperator => {}
        }
    }
}

/// One thing that is to be different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileChange {
    /// The name in real life.
    Realname(String),
    /// Shown only to who shares a room?
    Invisible(bool),
    /// Does it hear what operators say to those who do?
    Wallops(bool),
    /// Is it a program?
    Bot(bool),
    /// An operator no more.
    NoOperator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_stand_in_one() {
        let mut profile = Profile::new("al", "Alice of the  House ");
        assert_eq!(profile.realname(), "Alice of the  House ");
        profile.change(&ProfileChange::Realname("A".into()));
        assert_eq!((profile.username(), profile.realname()), ("al", "A"));
        let nobody = Profile::default();
        assert_eq!((nobody.username(), nobody.realname()), ("", ""));
    }
}
