//! What makes a name one's own.

use crate::model::{ErrorCode, Login, Nick, Request, Secret, TokenChange};

use super::super::words::{one, rest, second, two};
use super::{CommandRank::Account, CommandRow, password, row};

/// What stands behind a password where one comes in beside one's other connections.
const MULTI: &str = "--multi";

/// What stands between a password and an invitation.
const CODE: &str = "--code";

pub(super) const COMMANDS: [CommandRow; 6] = [
    row(
        Account,
        &["register"],
        "/register PASSWORD [--code CODE]",
        "let nobody else go by your name; with an invitation, where it takes one",
        |words| {
            let (secret, code) = invited(rest(words)?.trim_end());
            let password = password(secret);
            Some(password.map(|password| Request::Register { password, code }))
        },
    ),
    row(
        Account,
        &["login"],
        "/login NAME PASSWORD [--multi]",
        "go by a name of your own; --multi: from here as well",
        login,
    ),
    row(Account, &["logout"], "/logout", "be a guest again", |_| {
        Some(Ok(Request::Logout))
    }),
    row(
        Account,
        &["passwd"],
        "/passwd [OLD] NEW",
        "have another password",
        |words| {
            let mut words = words.split_whitespace();
            let (first, second) = (words.next()?, words.next());
            if words.next().is_some() {
                return None;
            }
            let (old, new) = second.map_or((None, first), |new| (Some(first), new));
            let old = old.map(password).transpose();
            Some(old.and_then(|old| {
                Ok(Request::Passwd {
                    old,
                    new: password(new)?,
                })
            }))
        },
    ),
    row(
        Account,
        &["unregister"],
        "/unregister [PASSWORD]",
        "have your account forgotten",
        |words| {
            let password = rest(words).map(|words| password(words.trim_end()));
            Some(
                password
                    .transpose()
                    .map(|password| Request::Unregister { password }),
            )
        },
    ),
    row(
        Account,
        &["token"],
        "/token new NAME | drop NAME | list",
        "let a bot of that name in, or no more; which bots you have",
        |words| {
            let name = || Some(Nick::parse(second(words)?).ok_or(ErrorCode::BadNick));
            let change = match one(words)?.to_ascii_lowercase().as_str() {
                "new" => name()?.map(TokenChange::New),
                "drop" => name()?.map(TokenChange::Drop),
                "list" => Ok(TokenChange::List),
                _ => return None,
            };
            Some(change.map(|change| Request::Token { change }))
        },
    ),
];

/// A password, and the invitation that stands behind it.
pub(in super::super) fn invited(words: &str) -> (&str, Option<Secret>) {
    match words.rsplit_once(CODE) {
        Some((before, code))
            if before.ends_with(char::is_whitespace) && code.starts_with(char::is_whitespace) =>
        {
            (before.trim_end(), Some(Secret::new(code.trim())))
        }
        _ => (words, None),
    }
}

/// Who comes in by making an account, with which password, and by which invitation.
type FirstLogin = (Nick, Secret, Option<Secret>);

/// Reads `NAME PASSWORD [--code CODE]`, by which somebody comes in who has no account yet.
pub(super) fn registration(words: &str) -> Option<Result<FirstLogin, ErrorCode>> {
    let (name, secret) = two(words.trim_end())?;
    let (secret, code) = invited(secret);
    let nick = Nick::parse(name).ok_or(ErrorCode::BadNick);
    Some(nick.and_then(|nick| Ok((nick, password(secret)?, code))))
}

fn login(words: &str) -> Option<Result<Request, ErrorCode>> {
    let (name, secret) = two(words.trim_end())?;
    let (secret, is_multi) = match secret.strip_suffix(MULTI) {
        Some(before) if before.ends_with(char::is_whitespace) => (before.trim_end(), true),
        _ => (secret, false),
    };
    let login = || {
        Ok(Request::Login {
            name: Nick::parse(name).ok_or(ErrorCode::BadNick)?,
            login: Login {
                secret: password(secret)?,
                is_multi,
            },
        })
    };
    Some(login())
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn alice(secret: &str, is_multi: bool) -> Result<Request, ErrorCode> {
        let secret = Secret::new(secret);
        Ok(Request::Login {
            name: Nick::parse("Alice").expect("a nick"),
            login: Login { secret, is_multi },
        })
    }

    #[test]
    fn a_password_is_the_rest_of_the_line() {
        let password = Secret::new("two  words");
        let registered = Ok(Request::Register {
            password,
            code: None,
        });
        assert_eq!(parse("register  two  words \r"), registered);
        assert_eq!(parse("login Alice two  words "), alice("two  words", false));
        assert_eq!(parse("LOGIN Alice pw  --multi "), alice("pw", true));
        assert_eq!(parse("login Alice --multi"), alice("--multi", false));
        assert_eq!(parse("login Alice pw--multi"), alice("pw--multi", false));
        assert_eq!(parse("login a/b pw"), Err(ErrorCode::BadNick));
        let longest = "p".repeat(640);
        assert_eq!(
            parse(&format!("login Alice {longest}")),
            alice(&longest, false)
        );
        for line in [
            "register",
            "unregister",
            "login Alice",
            "passwd",
            "passwd old",
        ] {
            let line = format!("{line} {longest}p");
            assert_eq!(parse(&line), Err(ErrorCode::BadPassword), "{line}");
        }
    }

    #[test]
    fn a_change_of_password_takes_words() {
        let passwd = |old: Option<&str>, new: &str| {
            Ok(Request::Passwd {
                old: old.map(Secret::new),
                new: Secret::new(new),
            })
        };
        assert_eq!(parse("passwd new"), passwd(None, "new"));
        assert_eq!(parse("passwd old  new "), passwd(Some("old"), "new"));
        for line in [
            "passwd",
            "passwd a b c",
            "register ",
            "login",
            "login Alice ",
        ] {
            assert!(matches!(parse(line), Err(ErrorCode::Usage(_))), "{line}");
        }
    }

    #[test]
    fn tokens_are_a_bots() {
        let bot = || Nick::parse("bot").expect("a nick");
        let token = |change| Ok(Request::Token { change });
        assert_eq!(parse("token NEW bot"), token(TokenChange::New(bot())));
        assert_eq!(parse("token drop bot"), token(TokenChange::Drop(bot())));
        assert_eq!(parse("token list"), token(TokenChange::List));
        assert_eq!(parse("token new a/b"), Err(ErrorCode::BadNick));
        for line in ["token", "token new", "token drop ", "token bot"] {
            assert!(matches!(parse(line), Err(ErrorCode::Usage(_))), "{line}");
        }
    }
}
