//! Bounds of what is said, and of what is done about it.

/// How long after it was said a message can be edited, in milliseconds: for a slip, not to rewrite what was answered.
pub(crate) const EDIT_MS: u64 = 10 * 60 * 1000;

/// Reactions to one message, everybody's together: they are told with each history that has it.
pub(crate) const REACTIONS_MAX: usize = 100;

/// Lines of one message. Where it is shown line by line, each has the name before it: a message of line ends alone would
/// be forty times its bytes otherwise.
pub(crate) const MESSAGE_LINES_MAX: usize = 100;

/// So many lines of one message, beside the first, cost one request more.
pub(crate) const LINES_PER_TOKEN: usize = 5;
