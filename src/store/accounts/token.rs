//! Bots' tokens: random, told once, and kept as their SHA-256 only. They are as hard to guess as a
//! hash of them is to turn round, so they need no slow one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::limits::TOKEN_BYTES;
use crate::model::Secret;

/// What a token is known by.
pub(crate) type TokenDigest = [u8; 32];

/// Makes a token.
///
/// # Errors
/// One line: the system has no randomness.
pub(crate) fn new_token() -> Result<Secret, String> {
    let mut random = Zeroizing::new([0; TOKEN_BYTES]);
    SystemRandom::new()
        .fill(&mut *random)
        .map_err(|_| "the system has no random numbers")?;
    let mut text = String::with_capacity(64);
    text.push_str(Secret::TOKEN_PREFIX);
    URL_SAFE_NO_PAD.encode_string(random.as_slice(), &mut text);
    Ok(Secret::new(text))
}

/// The SHA-256 of a token as it is written.
pub fn token_digest(token: &Secret) -> TokenDigest {
    let digest = digest(&SHA256, token.reveal().as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_form_and_differ() {
        let [one, other] = [new_token(), new_token()].map(|token| token.expect("a token"));
        assert!(one.is_token() && !one.is_password(), "{}", one.reveal());
        assert_ne!(one, other);
        assert_ne!(token_digest(&one), token_digest(&other));
    }

    #[test]
    fn a_digest_is_the_sha_256() {
        let digest = token_digest(&Secret::new("abc"));
        assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
