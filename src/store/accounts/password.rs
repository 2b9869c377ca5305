//! Hashes of passwords, as PHC strings of argon2id.

use std::fmt::Display;

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use ring::rand::{SecureRandom, SystemRandom};

use crate::limits::{ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, PASSWORD_SALT_BYTES};
use crate::model::{Hashed, Secret, saslprep};

/// What memory for a hash is reserved as, in bytes, though less is touched. Above 32 MiB glibc asks the
/// kernel for it and gives it back when it is done (mallopt(3), M_MMAP_THRESHOLD); below it would keep
/// it for the next, and hold on to more of everything else from then on.
const RESERVED_BYTES: usize = 33 * 1024 * 1024;

/// A password as every client means it (RFC 4013), where it has such a form; else as it is.
fn prepared(password: &Secret) -> Secret {
    match saslprep(password.reveal()) {
        Some(prepared) => Secret::new(prepared),
        None => password.clone(),
    }
}

/// Hashes a new password, with salts of its own.
///
/// # Errors
/// One line: there is no memory, or no randomness, for it.
pub(crate) fn hash(password: &Secret) -> Result<Hashed, String> {
    let mut salt = [0; PASSWORD_SALT_BYTES];
    SystemRandom::new()
        .fill(&mut salt)
        .map_err(|_| "the system has no random numbers")?;
    let wrong = |e| format!("cannot hash a password: {e}");
    let salt = Salt::new(&salt).map_err(wrong)?;
    let hash = PasswordHash {
        hash: Some(compute(&argon2(params()), &prepared(password), &salt)?),
        ..with_salt(salt)?
    };
    Ok(Hashed {
        phc: Secret::new(hash.to_string()),
        scram: super::scram::keys(password)?,
    })
}

/// Is that the password that was hashed? Without a hash it is not, which takes as long to say.
///
/// # Errors
/// One line: there is no memory for it, or that is no hash.
pub(crate) fn verify(password: &Secret, hash: Option<&Secret>) -> Result<bool, String> {
    let wrong = |e: &dyn Display| format!("not a hash of a password: {e}");
    let known = match hash {
        Some(hash) => PasswordHash::new(hash.reveal()).map_err(|e| wrong(&e))?,
        None => with_salt(Salt::new(&[0; PASSWORD_SALT_BYTES]).map_err(|e| wrong(&e))?)?,
    };
    let params = Params::try_from(&known).map_err(|e| wrong(&e))?;
    let salt = known.salt.ok_or("not a hash of a password: no salt")?;
    let argon2 = argon2(params);
    // Outputs are compared in constant time.
    let is_it = |given: &Secret| {
        let computed = compute(&argon2, given, &salt)?;
        Ok::<_, String>(known.hash == Some(computed))
    };
    let prepared = prepared(password);
    // It may have been hashed as it was typed, before passwords were prepared.
    Ok(is_it(&prepared)? || (prepared != *password && is_it(password)?))
}

fn params() -> Params {
    Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, None)
        .expect("the limits are argon2's too")
}

fn argon2(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// A hash that no password has.
fn with_salt(salt: Salt) -> Result<PasswordHash, String> {
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params()).map_err(|e| e.to_string())?,
        salt: Some(salt),
        hash: None,
    })
}

fn compute(argon2: &Argon2, password: &Secret, salt: &Salt) -> Result<Output, String> {
    #[cfg(test)]
    tests::COMPUTED.with(|count| count.set(count.get() + 1));
    let mut memory: Vec<Block> = Vec::new();
    let count = argon2.params().block_count();
    memory
        .try_reserve_exact(count.max(RESERVED_BYTES / Block::SIZE))
        .map_err(|_| "no memory for the hash of a password")?;
    memory.resize(count, Block::new());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    argon2
        .hash_password_into_with_memory(
            password.reveal().as_bytes(),
            salt,
            &mut output,
            &mut memory,
        )
        .map_err(|e| format!("cannot hash a password: {e}"))?;
    Output::new(&output).map_err(|e| e.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        /// Hashes that this thread has computed.
        pub(in crate::store) static COMPUTED: Cell<u32> = const { Cell::new(0) };
    }

    /// How many hashes `act` takes, and what it gives.
    pub(in crate::store) fn counted<T>(act: impl FnOnce() -> T) -> (u32, T) {
        let before = COMPUTED.get();
        let given = act();
        (COMPUTED.get() - before, given)
    }

    #[test]
    fn a_hash_says_how_it_was_made() {
        let hash = hash(&Secret::new("hunter2")).expect("a hash");
        let parts: Vec<&str> = hash.phc.reveal().split('$').collect();
        assert_eq!(parts[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
        // 16 and 32 bytes in base64 without padding.
        assert_eq!((parts[4].len(), parts[5].len(), parts.len()), (22, 43, 6));
    }

    #[test]
    fn only_the_password_is_the_password() {
        let password = Secret::new("hunter2");
        let hashes = [hash(&password), hash(&password)].map(|hash| hash.expect("a hash"));
        assert_ne!(
            hashes[0].phc.reveal(),
            hashes[1].phc.reveal(),
            "each has its salt"
        );
        for hash in &hashes {
            assert_eq!(verify(&password, Some(&hash.phc)), Ok(true));
            for wrong in ["hunter", "hunter2 ", "Hunter2", ""] {
                assert_eq!(verify(&Secret::new(wrong), Some(&hash.phc)), Ok(false));
            }
        }
    }

    /// It is from the reference implementation's tests: what others hashed can be moved here.
    #[test]
    fn a_password_is_the_same_in_every_form() {
        let hash = hash(&Secret::new("I\u{AD}X\u{E9}")).expect("a hash");
        for (typed, is_it) in [
            ("IXe\u{301}", true),
            ("\u{2168}\u{E9}", true),
            ("IXe", false),
        ] {
            let typed = Secret::new(typed);
            assert_eq!(verify(&typed, Some(&hash.phc)), Ok(is_it));
        }
        // As it was hashed before passwords were prepared.
        let (typed, salt) = (
            Secret::new("\u{2168}"),
            Salt::new(&[7; 16]).expect("a salt"),
        );
        let output = compute(&argon2(params()), &typed, &salt).expect("a hash");
        let old = PasswordHash {
            hash: Some(output),
            ..with_salt(salt).expect("a hash")
        };
        assert_eq!(
            verify(&typed, Some(&Secret::new(old.to_string()))),
            Ok(true)
        );
    }

    #[test]
    fn hashes_of_other_programs_are_taken() {
        let other =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(
            verify(&Secret::new("password"), Some(&Secret::new(other))),
            Ok(true)
        );
    }

    #[test]
    fn no_hash_takes_as_many_hashes() {
        let password = Secret::new("hunter2");
        let made = hash(&password).expect("a hash");
        for (hash, right) in [(Some(&made.phc), true), (None, false)] {
            assert_eq!(counted(|| verify(&password, hash)), (1, Ok(right)));
        }
    }

    #[test]
    fn what_is_no_hash_is_an_error_that_does_not_show_it() {
        for text in [
            "",
            "secret",
            "$argon2id$secret",
            "$argon2id$v=19$m=1,t=0,p=0$c2Vj$c2Vj",
        ] {
            let error = verify(&Secret::new("x"), Some(&Secret::new(text)));
            let line = error.expect_err(text);
            assert!(!line.contains("sec") && !line.contains('\n'), "{line}");
        }
    }
}
