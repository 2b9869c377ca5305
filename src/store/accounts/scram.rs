//! SCRAM-SHA-256 (RFC 5802, RFC 7677): what is kept of a password for it, in the form of RFC 5803, and how who
//! knows the password is told from who does not. What is kept proves nothing to another server, and the
//! password is not got from it but by guessing.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};

use crate::limits::{PASSWORD_SALT_BYTES, SCRAM_ITERATIONS};
use crate::model::{Challenge, ScramProof, Secret, saslprep};

/// What is kept of a password.
struct Keys {
    iterations: u32,
    /// In Base64.
    salt: String,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// What is to be kept of a new password; `None` where it has no form that every client gives it (RFC 4013).
///
/// # Errors
/// One line: there is no randomness for it.
pub(super) fn keys(password: &Secret) -> Result<Option<Secret>, String> {
    let Some(password) = saslprep(password.reveal()) else {
        return Ok(None);
    };
    let salt: [u8; PASSWORD_SALT_BYTES] = random()?;
    let iterations = NonZeroU32::new(SCRAM_ITERATIONS).expect("the limit is no zero");
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        &salt,
        password.as_bytes(),
        &mut salted,
    );
    let client_key = sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let server_key = sign(&salted, b"Server Key");
    Ok(Some(Secret::new(format!(
        "SCRAM-SHA-256${iterations}:{}${}:{}",
        BASE64.encode(salt),
        BASE64.encode(stored_key),
        BASE64.encode(server_key)
    ))))
}

/// What a client is asked to prove the password with; `None` where what is kept is not understood.
///
/// # Errors
/// One line: there is no randomness for it.
pub(super) fn challenge(kept: &Secret) -> Result<Option<Challenge>, String> {
    let nonce: [u8; PASSWORD_SALT_BYTES] = random()?;
    Ok(Keys::read(kept.reveal()).map(|keys| Challenge {
        salt: keys.salt,
        iterations: keys.iterations,
        nonce: URL_SAFE_NO_PAD.encode(nonce),
    }))
}

/// The server's signature, in Base64, where the proof is right.
pub(super) fn check(kept: &Secret, proof: &ScramProof) -> Option<String> {
    let keys = Keys::read(kept.reveal())?;
    let message = proof.message.as_bytes();
    let signature = sign(&keys.stored_key, message);
    let signature = signature.as_ref();
    if proof.proof.len() != signature.len() {
        return None;
    }
    let client_key = proof
        .proof
        .iter()
        .zip(signature)
        .map(|(one, other)| one ^ other);
    let client_key: Vec<u8> = client_key.collect();
    let stored_key = digest::digest(&digest::SHA256, &client_key);
    let wanted = Secret::new(BASE64.encode(&keys.stored_key));
    wanted.is_same(&BASE64.encode(stored_key)).then_some(())?;
    Some(BASE64.encode(sign(&keys.server_key, message)))
}

impl Keys {
    fn read(kept: &str) -> Option<Keys> {
        let mut parts = kept.strip_prefix("SCRAM-SHA-256$")?.split('$');
        let (work, keys) = (parts.next()?, parts.next()?);
        let (iterations, salt) = work.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        Some(Keys {
            iterations: iterations.parse().ok()?,
            salt: salt.into(),
            stored_key: BASE64.decode(stored_key).ok()?,
            server_key: BASE64.decode(server_key).ok()?,
        })
    }
}

fn sign(key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message)
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| "the system has no random numbers")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677 section 3.
    #[test]
    fn the_exchange_of_the_standard() {
        let salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
        let mut salted = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            NonZeroU32::new(4096).expect("no zero"),
            &BASE64.decode(salt).expect("Base64"),
            b"pencil",
            &mut salted,
        );
        let client_key = sign(&salted, b"Client Key");
        let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
        let server_key = sign(&salted, b"Server Key");
        let kept = Secret::new(format!(
            "SCRAM-SHA-256$4096:{salt}${}:{}",
            BASE64.encode(stored_key),
            BASE64.encode(server_key)
        ));
        let message = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = BASE64
            .decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
            .expect("Base64");
        let mut proof = ScramProof {
            message: message.into(),
            proof,
        };
        let signature = check(&kept, &proof);
        assert_eq!(
            signature.as_deref(),
            Some("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        );
        proof.proof[0] ^= 1;
        assert_eq!(check(&kept, &proof), None);
        proof.proof.clear();
        assert_eq!(check(&kept, &proof), None);
        let asked = challenge(&kept).expect("random").expect("kept");
        assert_eq!((asked.salt.as_str(), asked.iterations), (salt, 4096));
    }

    #[test]
    fn what_is_kept_is_its_own_each_time() {
        let made = |password| keys(&Secret::new(password)).expect("random");
        let (one, other) = (
            made("hunter2").expect("ASCII"),
            made("hunter2").expect("ASCII"),
        );
        assert_ne!(one.reveal(), other.reveal());
        assert!(
            one.reveal()
                .starts_with(&format!("SCRAM-SHA-256${SCRAM_ITERATIONS}:"))
        );
        assert!(made("pässword").is_some());
        assert_eq!(made("pass\u{7}word"), None);
        for kept in [
            "",
            "SCRAM-SHA-256$",
            "SCRAM-SHA-256$1:a$b",
            "SCRAM-SHA-256$x:a$b:c",
        ] {
            assert!(Keys::read(kept).is_none(), "{kept}");
        }
    }
}
