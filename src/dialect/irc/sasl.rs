//! AUTHENTICATE: SASL (IRCv3) with PLAIN (RFC 4616).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::limits::SASL_BYTES_MAX;
use crate::model::{Login, Nick, Request, Secret};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::work::{About, Todo, Work};

/// A piece that is not the last, in bytes.
const PIECE_BYTES: usize = 400;

/// An exchange that goes on.
#[derive(Debug, Default)]
pub(super) struct Sasl {
    /// What came so far, in Base64.
    data: String,
}

impl Dialogue {
    pub(super) fn authenticate(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let sent = line.params[0];
        let listener = self.listener(scene);
        if !self.caps.has(Caps::SASL) {
            return listener.numeric("904", &["SASL authentication failed"], &mut work.out);
        }
        if sent.len() > PIECE_BYTES {
            self.sasl = None;
            let listener = self.listener(scene);
            return listener.numeric("905", &["SASL message too long"], &mut work.out);
        }
        if sent == "*" {
            self.sasl = None;
            let listener = self.listener(scene);
            return listener.numeric("906", &["SASL authentication aborted"], &mut work.out);
        }
        let Some(sasl) = &mut self.sasl else {
            if !sent.eq_ignore_ascii_case("PLAIN") {
                let words = "are available SASL mechanisms";
                let listener = self.listener(scene);
                listener.numeric("908", &["PLAIN", words], &mut work.out);
                return self.fail_sasl(scene, work);
            }
            self.listener(scene)
                .bare("AUTHENTICATE", &["+"], &mut work.out);
            self.sasl = Some(Box::default());
            return;
        };
        if sent != "+" {
            sasl.data += sent;
        }
        if sasl.data.len() > SASL_BYTES_MAX {
            self.sasl = None;
            let listener = self.listener(scene);
            return listener.numeric("905", &["SASL message too long"], &mut work.out);
        }
        if sent.len() == PIECE_BYTES {
            return;
        }
        let data = std::mem::take(&mut sasl.data);
        self.sasl = None;
        match plain(&data) {
            Some((name, secret)) => {
                let login = Login {
                    secret,
                    is_multi: false,
                };
                let about = About::Proof { is_sasl: true };
                work.todo
                    .push_back(Todo::Ask(Request::Prove { name, login }, about));
            }
            None => self.fail_sasl(scene, work),
        }
    }

    pub(super) fn fail_sasl(&self, scene: &Scene<'_>, work: &mut Work) {
        let listener = self.listener(scene);
        listener.numeric("904", &["SASL authentication failed"], &mut work.out);
    }
}

/// The account and what proves it, of a message of PLAIN in Base64.
fn plain(data: &str) -> Option<(Nick, Secret)> {
    let message = String::from_utf8(BASE64.decode(data).ok()?).ok()?;
    let mut parts = message.split('\0');
    let (authorized, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let nick = Nick::parse(name)?;
    let is_own = authorized.is_empty() || Nick::parse(authorized)?.key() == nick.key();
    let is_whole = parts.next().is_none() && !secret.is_empty();
    (is_own && is_whole).then(|| (nick, Secret::new(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_plain() {
        for (message, is_good) in [
            ("jilles\0jilles\0sesame", true),
            ("\0jilles\0sesame", true),
            ("JILLES\0jilles\0sesame", true),
            ("other\0jilles\0sesame", false),
            ("\0\0sesame", false),
            ("\0jilles\0", false),
            ("jilles", false),
            ("\0jilles\0a\0b", false),
        ] {
            assert_eq!(
                plain(&BASE64.encode(message)).is_some(),
                is_good,
                "{message:?}"
            );
        }
        assert_eq!(plain("!!!"), None);
    }
}
