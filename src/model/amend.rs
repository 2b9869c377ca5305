//! What is done about a message that was said: it is edited, reacted to, or answered.

use serde::{Deserialize, Serialize};

use crate::limits::REACTIONS_MAX;

use super::{Manner, Message, MessageId, Nick, Peer, SaidBy, Target};

/// Somebody does something about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AboutMessage {
    /// Where it was said; `None` is wherever one may.
    pub within: Option<Target>,
    /// Which message; `None` is one's own last one in the room.
    pub id: Option<MessageId>,
    /// What.
    pub what: Doing,
}

/// What somebody does about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Its author says something else instead.
    Edit {
        /// What.
        text: String,
    },
    /// Somebody who can read it reacts to it, or takes that back.
    React {
        /// An emoji or a short word.
        reaction: Reaction,
        /// Is it not to be taken back?
        is_on: bool,
    },
    /// Somebody who can read it says something about it, where it was said.
    Reply {
        /// Is that said or done?
        manner: Manner,
        /// What.
        text: String,
    },
}

/// An emoji or a short word: 1 to [`Reaction::BYTES_MAX`] bytes, without blanks and controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reaction(String);

impl Reaction {
    /// The longest one: families of emoji have 25 bytes, flags of countries' parts 28.
    pub const BYTES_MAX: usize = 32;

    /// `None`: it is none.
    pub fn parse(text: &str) -> Option<Reaction> {
        let text = text.trim();
        let is_wrong = |c: char| c.is_whitespace() || c.is_control();
        let is_good = (1..=Reaction::BYTES_MAX).contains(&text.len())
            && !text.contains(is_wrong)
            && text.chars().any(|c| !super::is_unseen(c));
        is_good.then(|| Reaction(text.into()))
    }

    /// As it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is another than it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amendment {
    /// Its text.
    Edited(String),
    /// Who reacts to it.
    Reacted {
        /// How.
        reaction: Reaction,
        /// Who.
        by: ReactedBy,
        /// Or no more?
        is_on: bool,
    },
}

/// Who reacts to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactedBy {
    /// An account, or a user without one.
    pub origin: SaidBy,
    /// Under the name of that time.
    pub nick: Nick,
}

impl ReactedBy {
    /// Is it the same? What users without an account are called by is used again after a start of the server.
    fn is(&self, other: &ReactedBy) -> bool {
        let is_account = matches!(self.origin, SaidBy::Account(_));
        self.origin == other.origin && (is_account || self.nick.key() == other.nick.key())
    }
}

/// What there is of a message beside what was said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// The message that it is about.
    #[serde(default)]
    pub reply_to: Option<ReplyTo>,
    /// Was it said in other words at first?
    #[serde(default)]
    pub is_edited: bool,
    /// Each reaction, and whose it is, in the order of their coming. Invariant: with somebody's, [`REACTIONS_MAX`] in
    /// all.
    #[serde(default)]
    pub reactions: Vec<(Reaction, Vec<ReactedBy>)>,
}

/// A message that is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Which.
    pub id: MessageId,
    /// Who had said it.
    pub nick: Nick,
}

impl Marks {
    /// Of a message that answers another.
    pub fn replying(reply_to: Option<ReplyTo>) -> Option<Box<Marks>> {
        let reply_to = Some(reply_to?);
        Some(Box::new(Marks {
            reply_to,
            ..Marks::default()
        }))
    }

    /// Has somebody reacted so?
    pub fn has(&self, reaction: &Reaction, by: &ReactedBy) -> bool {
        let mut of_it = self.reactions.iter().filter(|it| it.0 == *reaction);
        of_it.any(|(_, all)| all.iter().any(|it| it.is(by)))
    }

    /// Is there no room for a reaction more?
    pub fn is_full(&self) -> bool {
        self.reactions.iter().map(|it| it.1.len()).sum::<usize>() >= REACTIONS_MAX
    }

    fn react(&mut self, reaction: &Reaction, by: &ReactedBy, is_on: bool) {
        let found = self.reactions.iter_mut().find(|it| it.0 == *reaction);
        match (found, is_on) {
            (Some((_, all)), true) if all.iter().any(|it| it.is(by)) => {}
            (Some((_, all)), true) => all.push(by.clone()),
            (None, true) => self.reactions.push((reaction.clone(), vec![by.clone()])),
            (Some((_, all)), false) => all.retain(|it| !it.is(by)),
            (None, false) => {}
        }
        self.reactions.retain(|it| !it.1.is_empty());
    }

    /// Takes an amendment in, but for the text.
    pub fn amend(&mut self, amendment: &Amendment) {
        match amendment {
            Amendment::Edited(_) => self.is_edited = true,
            Amendment::Reacted {
                reaction,
                by,
                is_on,
            } => self.react(reaction, by, *is_on),
        }
    }

    /// What it takes, in bytes; about.
    pub fn bytes(&self) -> usize {
        let reactors = |all: &Vec<ReactedBy>| {
            all.iter()
                .map(|it| 40 + it.nick.as_str().len())
                .sum::<usize>()
        };
        let reactions = self.reactions.iter().map(|it| 64 + reactors(&it.1));
        size_of::<Marks>() + reactions.sum::<usize>()
    }
}

impl Message {
    /// As it is with an amendment, which may have been taken in before.
    #[must_use]
    pub fn amended(&self, amendment: &Amendment) -> Message {
        let mut message = self.clone();
        message.marks.get_or_insert_default().amend(amendment);
        if let Amendment::Edited(text) = amendment {
            message.text.clone_from(text);
            // Where its lines went on is not known of the new ones.
            message.tags = None;
        }
        message
    }

    /// The message that it is about.
    pub fn reply_to(&self) -> Option<&ReplyTo> {
        self.marks.as_ref()?.reply_to.as_ref()
    }
}

/// What has become of a message, as those are told who can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// Where it was said.
    pub target: Target,
    /// Which message.
    pub id: MessageId,
    /// Who had said it.
    pub author: Nick,
    /// How it begins, a line at most.
    pub opening: String,
    /// Who has done it.
    pub by: Nick,
    /// Where that is, as the reader may see it.
    pub peer: Peer,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// What.
    pub amendment: Amendment,
}

/// How a text begins: some 40 characters of its first line.
pub(crate) fn opening(text: &str) -> String {
    const CHARS: usize = 40;
    let line = super::shown_lines(text).next().unwrap_or_default().trim();
    match line.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reactor(user: u64, name: &str) -> ReactedBy {
        ReactedBy {
            origin: super::super::UserId::of(user).map_or(SaidBy::Unknown, SaidBy::User),
            nick: Nick::parse(name).expect("a nick"),
        }
    }

    #[test]
    fn what_is_a_reaction() {
        for good in ["👍", "+1", "👨‍👩‍👧‍👦", ":tada:", "  ok "] {
            assert_eq!(Reaction::parse(good).expect(good).as_str(), good.trim());
        }
        for bad in [
            "",
            " ",
            "two words",
            "a\u{1b}b",
            "\u{200B}",
            "x\ny",
            &"x".repeat(33),
        ] {
            assert_eq!(Reaction::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn each_counts_once() {
        let mut marks = Marks::default();
        let thumb = Reaction::parse("👍").expect("one");
        let react = |marks: &mut Marks, by: ReactedBy, is_on| {
            let reaction = thumb.clone();
            marks.amend(&Amendment::Reacted {
                reaction,
                by,
                is_on,
            });
        };
        react(&mut marks, reactor(1, "alice"), true);
        react(&mut marks, reactor(1, "Alice"), true);
        react(&mut marks, reactor(2, "bob"), true);
        // The same number after a start.
        react(&mut marks, reactor(1, "carol"), true);
        let names = |marks: &Marks| -> Vec<String> {
            let (_, all) = &marks.reactions[0];
            all.iter().map(|it| it.nick.to_string()).collect()
        };
        assert_eq!(names(&marks), ["alice", "bob", "carol"]);
        react(&mut marks, reactor(1, "carol"), false);
        react(&mut marks, reactor(3, "bob"), false);
        assert_eq!(names(&marks), ["alice", "bob"]);
        react(&mut marks, reactor(1, "alice"), false);
        react(&mut marks, reactor(2, "bob"), false);
        assert_eq!(marks, Marks::default());
    }

    #[test]
    fn openings() {
        assert_eq!(opening(" hi \nthere"), "hi");
        assert_eq!(opening(&"é".repeat(50)), "é".repeat(40) + "…");
    }
}
