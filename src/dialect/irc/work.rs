//! What a line asks, until all of it is answered.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Addressee, Manner, Message, Nick, Request, RoomName};

/// A line that was understood, and what is left of it.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// With which its answer is marked.
    pub(super) label: Option<String>,
    /// The batch that its answer is told in, once that has begun.
    pub(super) batch: Option<String>,
    /// The lines of its answer that are not handed out, each with its end.
    pub(super) out: Vec<u8>,
    /// What is to be asked yet, in order.
    pub(super) todo: VecDeque<Todo>,
    /// What was asked and is not answered yet, by number.
    pub(super) asked: Vec<(u32, About)>,
    /// What was found of a history so far.
    pub(super) found: Vec<Arc<Message>>,
}

/// Something that is to be done for a line.
#[derive(Debug)]
pub(super) enum Todo {
    /// Ask this of the chat.
    Ask(Request, About),
    /// Go on with a long list.
    List(List),
    /// Close the connection, with last words.
    Close(String),
}

/// A list that is told a part at a time.
#[derive(Debug)]
pub(super) enum List {
    /// The names in a room, from a member on.
    Names { room: RoomName, start: usize },
    /// The end of names, of what was asked for.
    NamesEnd { asked: String },
    /// An answer to WHO.
    Who(Box<Who>),
    /// Rooms that fit, from one on.
    Rooms { filter: Box<Filter>, start: usize },
}

/// Who is asked about, and from where on.
#[derive(Debug)]
pub(super) struct Who {
    /// As it was typed.
    pub(super) asked: String,
    /// The members of this room; `None`: those who are covered by what is asked.
    pub(super) room: Option<RoomName>,
    /// From this one on, in the order of coming.
    pub(super) start: usize,
    /// With these fields (WHOX).
    pub(super) fields: Option<Box<str>>,
    pub(super) only_operators: bool,
}

/// Which rooms are listed.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Any of these masks, where there are some.
    pub(super) masks: Vec<String>,
    /// None of these.
    pub(super) not_masks: Vec<String>,
    /// More users than this.
    pub(super) above: Option<usize>,
    /// Fewer than this.
    pub(super) below: Option<usize>,
    /// When they were made.
    pub(super) made: Age,
    /// When it was said what they are about.
    pub(super) topic_set: Age,
}

/// How long ago something was, in minutes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Age {
    pub(super) above: Option<u64>,
    pub(super) below: Option<u64>,
}

impl Age {
    /// Takes what is asked for by `>` or `<` and a number.
    pub(super) fn ask(&mut self, bound: &str) {
        match bound.split_at_checked(1) {
            Some((">", minutes)) => self.above = minutes.parse().ok(),
            Some(("<", minutes)) => self.below = minutes.parse().ok(),
            _ => {}
        }
    }

    /// Was that then? `None` is never.
    pub(super) fn has(self, at_ms: Option<u64>, now_ms: u64) -> bool {
        let Some(at_ms) = at_ms else {
            return self.above.is_none() && self.below.is_none();
        };
        let ms = now_ms.saturating_sub(at_ms);
        let bound = |minutes: u64| minutes.saturating_mul(60_000);
        self.above.is_none_or(|above| ms > bound(above))
            && self.below.is_none_or(|below| ms < bound(below))
    }
}

/// What a request was for, as far as its answer must know it.
#[derive(Debug, Clone)]
pub(super) enum About {
    Register,
    Nick(String),
    /// Words, for their echo.
    Words {
        to: Addressee,
        manner: Manner,
        tags: String,
        text: String,
    },
    Join(String),
    Part {
        room: String,
        words: Option<String>,
    },
    Topic(String),
    Kick {
        room: String,
        reason: Option<String>,
    },
    Kill(String),
    Invite(String),
    Modes(String),
    UserModes(String),
    Away,
    Oper,
    Setname(String),
    /// What a proof of SASL is to answer.
    Challenge,
    /// A proof: of SASL, or asked of a service.
    Proof {
        is_sasl: bool,
    },
    /// The password of an account is proven that PASS had.
    Pass,
    /// An account is made: by the command, or asked of a service.
    Account {
        is_command: bool,
        nick: Nick,
    },
    /// A part of what was said.
    History {
        subcommand: String,
        target: String,
        is_last: bool,
    },
    /// A message is deleted.
    Redact {
        target: String,
        msgid: String,
    },
    /// Something is said by a key.
    Metadata {
        target: String,
        key: String,
        value: Option<String>,
    },
    /// Operators' commands.
    Order,
    /// Nothing is told of it.
    Quiet,
}

/// A place in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Id(u64),
    /// In milliseconds since 1970.
    Time(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_bounds_on_both_sides() {
        const NOW_MS: u64 = 600_000;
        let minutes_ago = |minutes: u64| Some(NOW_MS - minutes * 60_000);
        let age = |bounds: &[&str]| {
            let mut age = Age::default();
            bounds.iter().for_each(|bound| age.ask(bound));
            age
        };
        assert!(age(&[]).has(None, NOW_MS));
        assert!(age(&["nonsense", ">x"]).has(minutes_ago(1), NOW_MS));
        assert!(age(&[">2"]).has(minutes_ago(3), NOW_MS));
        assert!(!age(&[">2"]).has(minutes_ago(2), NOW_MS));
        assert!(age(&["<2"]).has(minutes_ago(1), NOW_MS));
        assert!(!age(&["<2"]).has(minutes_ago(2), NOW_MS));
        assert!(age(&[">1", "<3"]).has(minutes_ago(2), NOW_MS));
        assert!(!age(&[">0"]).has(None, NOW_MS));
        assert!(age(&["<18446744073709551615"]).has(minutes_ago(9), NOW_MS));
    }
}
