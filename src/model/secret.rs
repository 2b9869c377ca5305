//! What nobody may read by accident.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize;

use crate::limits::PASSWORD_BYTES_MAX;

/// A name or a password in the one form that all who type it mean (SASLprep, RFC 4013), for what is stored and asked
/// for: compatible letters are one, nothing unseen is in it. `None`: it has none.
pub(crate) fn saslprep(text: &str) -> Option<Cow<'_, str>> {
    let prepared = stringprep::saslprep(text).ok()?;
    (!prepared.is_empty()).then_some(prepared)
}

/// A password, a token, or what a password is checked by: no debug print shows it, and its memory is
/// wiped. It is written for a program of the same user alone that takes over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// What a token begins with.
    pub const TOKEN_PREFIX: &'static str = "hub_";

    /// As it was typed.
    pub fn new(secret: impl Into<String>) -> Secret {
        Secret(secret.into())
    }

    /// For whoever checks it, and for nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Is that it? Told without telling by its time where the first difference is.
    pub fn is_same(&self, given: &str) -> bool {
        let (wanted, given) = (self.0.as_bytes(), given.as_bytes());
        let differences = wanted.iter().enumerate().fold(
            wanted.len() ^ given.len(),
            |differences, (at, &byte)| {
                differences | usize::from(byte ^ given.get(at).copied().unwrap_or(!byte))
            },
        );
        std::hint::black_box(differences) == 0
    }

    /// May it be a password? It has 1 to [`PASSWORD_BYTES_MAX`] bytes, and is not taken for a token.
    pub fn is_password(&self) -> bool {
        (1..=PASSWORD_BYTES_MAX).contains(&self.0.len()) && !self.is_token()
    }

    /// Has it the form of a token, which is `hub_` and 32 bytes in base64url?
    pub fn is_token(&self) -> bool {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        self.0
            .strip_prefix(Secret::TOKEN_PREFIX)
            .is_some_and(|rest| rest.len() == 43 && rest.bytes().all(is_sign))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_print_shows_no_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
    }

    /// RFC 4013 section 3.
    #[test]
    fn the_examples_of_saslprep() {
        for (text, prepared) in [
            ("I\u{AD}X", Some("IX")),
            ("user", Some("user")),
            ("USER", Some("USER")),
            ("\u{AA}", Some("a")),
            ("\u{2168}", Some("IX")),
            ("\u{7}", None),
            ("\u{627}\u{31}", None),
            ("\u{AD}", None),
        ] {
            assert_eq!(saslprep(text).as_deref(), prepared, "{text:?}");
        }
    }

    #[test]
    fn a_password_at_the_limits() {
        for (text, good) in [
            (String::new(), false),
            ("x".into(), true),
            ("x".repeat(PASSWORD_BYTES_MAX), true),
            ("x".repeat(PASSWORD_BYTES_MAX + 1), false),
            ("é".repeat(PASSWORD_BYTES_MAX / 2 + 1), false),
            ("hub_sandwich".into(), true),
            (format!("hub_{}", "_".repeat(42)), true),
            (format!("hub_{}", "_".repeat(43)), false),
        ] {
            assert_eq!(Secret::new(text.as_str()).is_password(), good, "{text:?}");
        }
    }
}
