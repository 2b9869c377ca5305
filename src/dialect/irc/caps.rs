//! Capabilities: what a client asked for beside the plain protocol (IRCv3 capability negotiation).

use crate::limits::{MESSAGE_LINES_MAX, METADATA_MAX, SUBSCRIBED_MAX};
use crate::model::{RegistrationMode, ServerFacts};
use serde::{Deserialize, Serialize};

use super::sasl;

/// A set of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Caps(u32);

macro_rules! caps {
    ($($name:ident = $bit:literal, $wire:literal;)*) => {
        impl Caps {
            $(pub(super) const $name: Caps = Caps(1 << $bit);)*
        }

        /// Each with its name on the wire.
        const ALL: &[(Caps, &str)] = &[$((Caps::$name, $wire),)*];
    };
}

caps! {
    MESSAGE_TAGS = 0, "message-tags";
    SERVER_TIME = 1, "server-time";
    ACCOUNT_TAG = 2, "account-tag";
    EXTENDED_JOIN = 3, "extended-join";
    AWAY_NOTIFY = 4, "away-notify";
    ACCOUNT_NOTIFY = 5, "account-notify";
    SETNAME = 6, "setname";
    // Whoever is here keeps its host and what stands before that, so it is told of nobody: but a client that asks
    // for a list of what it knows is refused the whole where one of it is not there.
    CHGHOST = 7, "chghost";
    INVITE_NOTIFY = 8, "invite-notify";
    EXTENDED_MONITOR = 9, "extended-monitor";
    BATCH = 10, "batch";
    ECHO_MESSAGE = 11, "echo-message";
    LABELED_RESPONSE = 12, "labeled-response";
    MULTI_PREFIX = 13, "multi-prefix";
    USERHOST_IN_NAMES = 14, "userhost-in-names";
    SASL = 15, "sasl";
    STANDARD_REPLIES = 16, "standard-replies";
    CAP_NOTIFY = 17, "cap-notify";
    CHATHISTORY = 18, "draft/chathistory";
    NO_IMPLICIT_NAMES = 19, "draft/no-implicit-names";
    READ_MARKER = 20, "draft/read-marker";
    ACCOUNT_REGISTRATION = 21, "draft/account-registration";
    METADATA = 22, "draft/metadata-2";
    MESSAGE_REDACTION = 23, "draft/message-redaction";
    MULTILINE = 24, "draft/multiline";
    EVENT_PLAYBACK = 25, "draft/event-playback";
    PRESENCE = 31, "hubbub/presence";
}

/// Those that make a difference to what many are told. Whoever reads that has them in 29 bits.
const SHARED: Caps = Caps::MESSAGE_TAGS
    .with(Caps::SERVER_TIME)
    .with(Caps::ACCOUNT_TAG)
    .with(Caps::EXTENDED_JOIN)
    .with(Caps::AWAY_NOTIFY)
    .with(Caps::ACCOUNT_NOTIFY)
    .with(Caps::SETNAME)
    .with(Caps::CHGHOST)
    .with(Caps::INVITE_NOTIFY)
    .with(Caps::EXTENDED_MONITOR)
    .with(Caps::BATCH)
    .with(Caps::MESSAGE_REDACTION)
    .with(Caps::MULTILINE);

impl Caps {
    pub(super) fn has(self, other: Caps) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn has_any(self, other: Caps) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn with(self, other: Caps) -> Caps {
        Caps(self.0 | other.0)
    }

    pub(super) fn without(self, other: Caps) -> Caps {
        Caps(self.0 & !other.0)
    }

    /// A number that is the same for those who are told many things in the same bytes.
    pub(super) fn form(self) -> u32 {
        self.0 & SHARED.0
    }

    /// A number that stands for all of them.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// What is known of the capabilities by such a number.
    pub(super) fn of_form(form: u32) -> Caps {
        Caps(form)
    }

    /// The names of those in the set, in an order of ours.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let all = ALL.iter().filter(move |(cap, _)| self.has(*cap));
        all.map(|(_, name)| *name)
    }

    fn of_name(name: &str) -> Option<Caps> {
        let found = ALL.iter().find(|(_, known)| *known == name);
        found.map(|&(cap, _)| cap)
    }

    /// The set after a request for changes, of what a server offers; `None` where
    /// not all of it can be had.
    pub(super) fn requested(self, names: &str, server: &ServerFacts) -> Option<Caps> {
        let offered = Caps::offered(server);
        let mut caps = self;
        for name in names.split_ascii_whitespace() {
            let (name, is_taken) = match name.strip_prefix('-') {
                Some(name) => (name, true),
                None => (name, false),
            };
            let name = name.split('=').next().unwrap_or_default();
            let cap = Caps::of_name(name).filter(|&cap| offered.has(cap))?;
            caps = match is_taken {
                true => caps.without(cap),
                false => caps.with(cap),
            };
        }
        Some(caps)
    }

    /// What can be asked for.
    pub(super) fn offered(server: &ServerFacts) -> Caps {
        let all = ALL
            .iter()
            .fold(Caps::default(), |all, (cap, _)| all.with(*cap));
        match (server.has_accounts, server.registration) {
            (true, RegistrationMode::Open | RegistrationMode::Invite) => all,
            (true, RegistrationMode::Closed) => all.without(Caps::ACCOUNT_REGISTRATION),
            (false, _) => all.without(Caps::SASL.with(Caps::ACCOUNT_REGISTRATION)),
        }
    }

    /// What can be asked for, as `CAP LS` lists it: with values for who understands them.
    pub(super) fn listed(server: &ServerFacts, with_values: bool) -> Vec<String> {
        let shown = |name: &'static str| match (name, with_values) {
            ("sasl", true) => format!("sasl={}", sasl::MECHANISMS),
            ("draft/account-registration", true) if server.has_early_accounts => {
                "draft/account-registration=before-connect".into()
            }
            ("draft/metadata-2", true) => {
                format!("draft/metadata-2=max-subs={SUBSCRIBED_MAX},max-keys={METADATA_MAX}")
            }
            ("draft/multiline", true) => {
                let bytes = server.message_bytes;
                format!("draft/multiline=max-bytes={bytes},max-lines={MESSAGE_LINES_MAX}")
            }
            (name, _) => String::from(name),
        };
        Caps::offered(server).names().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_request_or_nothing() {
        let none = Caps::default();
        let server = |has_accounts| ServerFacts {
            has_accounts,
            ..ServerFacts::default()
        };
        let (with, without) = (&server(true), &server(false));
        let two = none.requested("batch server-time", with).expect("offered");
        assert!(two.has(Caps::BATCH.with(Caps::SERVER_TIME)));
        assert_eq!(two.requested("-batch", with), Some(Caps::SERVER_TIME));
        assert_eq!(two.requested("batch nothing", with), None);
        assert_eq!(none.requested("sasl", without), None);
        assert_eq!(none.requested("", with), Some(none));
    }

    #[test]
    fn what_many_are_told_depends_on_few() {
        assert_eq!(Caps::ECHO_MESSAGE.form(), 0);
        assert_eq!(Caps::of_form(Caps::BATCH.form()), Caps::BATCH);
    }
}
