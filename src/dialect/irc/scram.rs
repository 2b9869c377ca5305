//! The messages of SCRAM-SHA-256 (RFC 5802 section 7, RFC 7677), without binding to a channel.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::model::{Challenge, Nick, ScramProof};

use super::sasl::name_of;

/// What a client begins with.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClientFirst {
    /// The account.
    pub(super) name: Nick,
    /// What stands before the rest: whether it could bind to a channel, and as whom it wants to act.
    header: String,
    /// The rest.
    bare: String,
    nonce: String,
}

impl ClientFirst {
    /// Reads a message; `None` where it is none, or wants what is not to be had.
    pub(super) fn read(message: &str) -> Option<ClientFirst> {
        let (binding, rest) = message.split_once(',')?;
        let (authorized, bare) = rest.split_once(',')?;
        // A binding that is used (`p=`) is not understood here; a client that could use one (`y`) may.
        if !["n", "y"].contains(&binding) {
            return None;
        }
        let mut attributes = bare.split(',');
        let name = attributes.next()?.strip_prefix("n=")?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        // No name has a `,` or `=`, so none is to be unescaped.
        let name = name_of(name)?;
        let is_own = match authorized.strip_prefix("a=") {
            Some(authorized) => name_of(authorized)?.key() == name.key(),
            None => authorized.is_empty(),
        };
        let is_nonce = !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic());
        (is_own && is_nonce).then(|| ClientFirst {
            name,
            header: format!("{binding},{authorized},"),
            bare: bare.into(),
            nonce: nonce.into(),
        })
    }

    /// What it is asked to prove itself with.
    pub(super) fn challenge(self, challenge: &Challenge) -> Exchange {
        let Challenge {
            salt,
            iterations,
            nonce,
        } = challenge;
        let nonce = format!("{}{nonce}", self.nonce);
        Exchange {
            name: self.name,
            header: self.header,
            bare: self.bare,
            challenge: format!("r={nonce},s={salt},i={iterations}"),
            nonce,
        }
    }
}

/// An exchange in which the client is to prove itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) name: Nick,
    header: String,
    bare: String,
    challenge: String,
    /// The client's and the server's.
    nonce: String,
}

impl Exchange {
    /// The server's message.
    pub(super) fn challenge(&self) -> &str {
        &self.challenge
    }

    /// Reads the client's last message; `None` where it is none, or none of this exchange.
    pub(super) fn prove(self, message: &str) -> Option<ScramProof> {
        let (bare, proof) = message.rsplit_once(",p=")?;
        let mut attributes = bare.split(',');
        let binding = attributes.next()?.strip_prefix("c=")?;
        let nonce = attributes.next()?.strip_prefix("r=")?;
        let is_of_this = BASE64.decode(binding).ok()? == self.header.as_bytes();
        (is_of_this && nonce == self.nonce).then_some(())?;
        Some(ScramProof {
            message: format!("{},{},{bare}", self.bare, self.challenge),
            proof: BASE64.decode(proof).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        Challenge {
            salt: "c2FsdA==".into(),
            iterations: 4096,
            nonce: "server".into(),
        }
    }

    #[test]
    fn first_messages() {
        for (message, is_good) in [
            ("n,,n=user,r=abc", true),
            ("y,,n=user,r=abc,x=more", true),
            ("n,a=USER,n=user,r=abc", true),
            ("n,a=other,n=user,r=abc", false),
            ("p=tls-unique,,n=user,r=abc", false),
            ("n,,n=user,r=", false),
            ("n,,m=what,n=user,r=abc", false),
            ("n,,n=,r=abc", false),
            ("n,,n=user", false),
            ("n,,", false),
            ("", false),
        ] {
            assert_eq!(ClientFirst::read(message).is_some(), is_good, "{message:?}");
        }
    }

    #[test]
    fn the_last_message_is_of_the_exchange() {
        let first = || ClientFirst::read("n,,n=user,r=abc").expect("good");
        let exchange = first().challenge(&challenge());
        assert_eq!(exchange.challenge(), "r=abcserver,s=c2FsdA==,i=4096");
        let proof = exchange.prove("c=biws,r=abcserver,p=cHJvb2Y=");
        let expected = ScramProof {
            message: "n=user,r=abc,r=abcserver,s=c2FsdA==,i=4096,c=biws,r=abcserver".into(),
            proof: b"proof".to_vec(),
        };
        assert_eq!(proof, Some(expected));
        for message in [
            "c=biws,r=abcother,p=cHJvb2Y=",
            "c=eSws,r=abcserver,p=cHJvb2Y=",
            "c=biws,r=abcserver,p=!",
            "c=biws,r=abcserver",
            "",
        ] {
            let exchange = first().challenge(&challenge());
            assert_eq!(exchange.prove(message), None, "{message}");
        }
    }
}
