//! What must hold, apart from how it is brought about.

pub(crate) mod kept;
pub(crate) mod order;
pub(crate) mod roster;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Which check found it: a shorter list of operations fails likewise where the same does.
    pub(crate) check: &'static str,
    pub(crate) what: String,
}

impl Failure {
    pub(crate) fn new(check: &'static str, what: String) -> Failure {
        Failure { check, what }
    }
}
