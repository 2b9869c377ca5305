//! AUTHENTICATE: SASL (IRCv3) with PLAIN (RFC 4616) and SCRAM-SHA-256 (`scram`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::limits::SASL_BYTES_MAX;
use crate::model::{AccountId, Challenge, Login, Nick, Request, Secret, saslprep};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::scram::{ClientFirst, Exchange};
use super::work::{About, Todo, Work};
use super::write::{Source, Tags};

/// A piece that is not the last, in bytes.
const PIECE_BYTES: usize = 400;

/// The mechanisms, as they are listed.
pub(super) const MECHANISMS: &str = "PLAIN,SCRAM-SHA-256";

/// An exchange that goes on.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sasl {
    /// What came so far of the message that is expected, in Base64.
    data: String,
    next: Expected,
}

/// What the client is to send next.
#[derive(Debug, Serialize, Deserialize)]
enum Expected {
    /// The only message of PLAIN.
    Plain,
    /// The first message of SCRAM.
    First,
    /// Nothing: its first message waits for what it is to be answered with.
    Challenge(ClientFirst),
    /// The last message of SCRAM.
    Last(Exchange),
    /// An empty message: it was proven by SCRAM to be that account.
    Nothing(AccountId, Nick),
}

impl Sasl {
    fn expecting(next: Expected) -> Option<Box<Sasl>> {
        let data = String::new();
        Some(Box::new(Sasl { data, next }))
    }
}

impl Dialogue {
    pub(super) fn authenticate(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let sent = line.params[0];
        if !self.caps.has(Caps::SASL) {
            return self.fail_sasl(scene, work);
        }
        if sent.len() > PIECE_BYTES {
            return self.end_sasl("905", "SASL message too long", scene, work);
        }
        if sent == "*" {
            return self.end_sasl("906", "SASL authentication aborted", scene, work);
        }
        let Some(sasl) = &mut self.sasl else {
            return self.begin_sasl(sent, scene, work);
        };
        if sent != "+" {
            sasl.data += sent;
        }
        if sasl.data.len() > SASL_BYTES_MAX {
            return self.end_sasl("905", "SASL message too long", scene, work);
        }
        if sent.len() < PIECE_BYTES
            && let Some(sasl) = self.sasl.take()
        {
            let is_understood = self.go_on_with_sasl(*sasl, scene, work);
            is_understood.unwrap_or_else(|| self.fail_sasl(scene, work));
        }
    }

    fn begin_sasl(&mut self, mechanism: &str, scene: &Scene<'_>, work: &mut Work) {
        let next = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => Expected::Plain,
            "SCRAM-SHA-256" => Expected::First,
            _ => {
                let params = [MECHANISMS, "are available SASL mechanisms"];
                self.listener(scene).numeric("908", &params, &mut work.out);
                return self.fail_sasl(scene, work);
            }
        };
        self.sasl = Sasl::expecting(next);
        let listener = self.listener(scene);
        listener.bare("AUTHENTICATE", &["+"], &mut work.out);
    }

    /// Goes on with a whole message. `None`: it is none that is to come here.
    fn go_on_with_sasl(&mut self, sasl: Sasl, scene: &Scene<'_>, work: &mut Work) -> Option<()> {
        let message = BASE64.decode(&sasl.data).ok()?;
        let message = String::from_utf8(message).ok()?;
        let about = About::Proof { is_sasl: true };
        match sasl.next {
            Expected::Plain => {
                let (name, secret) = plain(&message)?;
                let is_multi = false;
                let login = Login { secret, is_multi };
                let request = Request::Prove { name, login };
                work.todo.push_back(Todo::Ask(request, about));
            }
            Expected::First => {
                let first = ClientFirst::read(&message)?;
                let name = first.name.clone();
                self.sasl = Sasl::expecting(Expected::Challenge(first));
                let request = Request::Challenge { name };
                work.todo.push_back(Todo::Ask(request, About::Challenge));
            }
            Expected::Challenge(_) => return None,
            Expected::Last(exchange) => {
                let name = exchange.name.clone();
                let proof = Box::new(exchange.prove(&message)?);
                let request = Request::ProveBy { name, proof };
                work.todo.push_back(Todo::Ask(request, about));
            }
            Expected::Nothing(account, nick) => {
                message.is_empty().then_some(())?;
                self.proven(account, &nick, true, scene, work);
            }
        }
        Some(())
    }

    /// Asks who wants to be an account to prove that.
    pub(super) fn challenged(&mut self, challenge: &Challenge, scene: &Scene<'_>, work: &mut Work) {
        let sasl = self.sasl.take().map(|sasl| sasl.next);
        let Some(Expected::Challenge(first)) = sasl else {
            return self.fail_sasl(scene, work);
        };
        let exchange = first.challenge(challenge);
        self.say_sasl(exchange.challenge(), scene, work);
        self.sasl = Sasl::expecting(Expected::Last(exchange));
    }

    /// Proves to who has proven to be an account that the server knew it.
    pub(super) fn signed(
        &mut self,
        (account, nick): (AccountId, &Nick),
        signature: &str,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        self.say_sasl(&format!("v={signature}"), scene, work);
        self.sasl = Sasl::expecting(Expected::Nothing(account, nick.clone()));
    }

    /// A message of the server's, which is shorter than a piece.
    fn say_sasl(&self, message: &str, scene: &Scene<'_>, work: &mut Work) {
        let message = BASE64.encode(message);
        let listener = self.listener(scene);
        listener.bare("AUTHENTICATE", &[&message], &mut work.out);
    }

    /// There is nothing that a proof by SCRAM could be checked by.
    pub(super) fn not_challenged(&mut self, scene: &Scene<'_>, work: &mut Work) {
        let params = [
            "PLAIN",
            "are available SASL mechanisms for that account: log in by PLAIN once",
        ];
        self.listener(scene).numeric("908", &params, &mut work.out);
        self.fail_sasl(scene, work);
    }

    pub(super) fn fail_sasl(&mut self, scene: &Scene<'_>, work: &mut Work) {
        self.end_sasl("904", "SASL authentication failed", scene, work);
    }

    /// Before it comes in: it is to come in as that account.
    pub(super) fn note_proven(&mut self, account: AccountId, nick: &Nick) {
        if let Some(registration) = &mut self.registration {
            registration.account = Some((account, nick.clone()));
        }
    }

    pub(super) fn account_made(&self, nick: &Nick, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let params = ["SUCCESS", nick.as_str(), "Account created"];
        let (tags, source) = (Tags::default(), Source::Server);
        self.listener(scene)
            .line(&tags, source, "REGISTER", &params, out);
        self.write_logged_in(nick, scene, out);
    }

    /// It has proven to be an account.
    pub(super) fn proven(
        &mut self,
        account: AccountId,
        nick: &Nick,
        is_sasl: bool,
        scene: &Scene<'_>,
        work: &mut Work,
    ) {
        self.note_proven(account, nick);
        self.write_logged_in(nick, scene, &mut work.out);
        match is_sasl {
            true => {
                let params = ["SASL authentication successful"];
                self.listener(scene).numeric("903", &params, &mut work.out);
            }
            false => {
                let words = format!("You are now identified for {nick}.");
                self.say_as_service(&words, scene, &mut work.out);
            }
        }
    }

    pub(super) fn write_logged_in(&self, account: &Nick, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let listener = self.listener(scene);
        let whole = match &self.nick {
            Some(nick) => listener.whole(nick),
            None => "*!*@*".into(),
        };
        let words = format!("You are now logged in as {account}");
        listener.numeric("900", &[&whole, account.as_str(), &words], out);
    }

    fn end_sasl(&mut self, code: &str, words: &str, scene: &Scene<'_>, work: &mut Work) {
        self.sasl = None;
        self.listener(scene).numeric(code, &[words], &mut work.out);
    }
}

/// The account and what proves it, of a message of PLAIN.
fn plain(message: &str) -> Option<(Nick, Secret)> {
    let mut parts = message.split('\0');
    let (authorized, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let nick = name_of(name)?;
    let is_own = authorized.is_empty() || name_of(authorized)?.key() == nick.key();
    let is_whole = parts.next().is_none() && !secret.is_empty();
    (is_own && is_whole).then(|| (nick, Secret::new(secret)))
}

/// The name of an account, as it is meant (RFC 4616 section 2, RFC 5802 section 5.1).
pub(super) fn name_of(sent: &str) -> Option<Nick> {
    Nick::parse(&saslprep(sent)?)
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
            ("jilles\0jil\u{AD}les\0sesame", true),
            ("\0jil\u{7}les\0sesame", false),
        ] {
            assert_eq!(plain(message).is_some(), is_good, "{message:?}");
        }
    }
}
