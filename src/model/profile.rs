//! What a user says of itself beside its name, at doors where one does.

/// What a user says of itself, and how it wants to be treated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The name of its account on its own machine, as it says: letters, digits and few others.
    pub username: String,
    /// Its name in real life, as it says.
    pub realname: String,
    /// Is it shown only to who shares a room with it?
    pub is_invisible: bool,
    /// Does it hear what operators say to all of those?
    pub hears_wallops: bool,
    /// Is it a program?
    pub is_bot: bool,
}

/// One thing that is to be different.
#[derive(Debug, Clone, PartialEq, Eq)]
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
