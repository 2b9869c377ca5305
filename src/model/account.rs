//! What is asked about accounts, and what comes of it.

use serde::{Deserialize, Serialize};

use super::{AccountId, AccountRecord, Key, Nick, Secret};

/// What proves that a name is one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The account's password, or a bot's token.
    pub secret: Secret,
    /// Beside other connections of the account, rather than instead of them?
    pub is_multi: bool,
}

/// What to do about the tokens of one's bots, or one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenChange {
    /// Make one for a bot of that name, new or not.
    New(Nick),
    /// Make void that of a bot.
    Drop(Nick),
    /// Which bots are there?
    List,
    /// Make one that stands for one's own password for some time.
    Session,
    /// Make that one void.
    End(Secret),
}

/// A code that lets people make accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteCode {
    /// The code.
    pub code: String,
    /// How many may use it yet: 1 or more.
    pub uses: u32,
    /// Until when, in milliseconds since 1970; `None` is until it is used up.
    pub until_ms: Option<u64>,
}

/// What to do about such codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeChange {
    /// Make one.
    New {
        /// How many may use it.
        uses: u32,
        /// For how long; `None` is until it is used up.
        seconds: Option<u64>,
    },
    /// Make one void.
    Drop(String),
    /// Which are there?
    List,
}

/// Something about an account that takes a password, or changes what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountAsk {
    /// Make an account.
    Register {
        /// Its name.
        nick: Nick,
        /// Its password.
        password: Secret,
        /// The invitation that it takes, where it takes one.
        code: Option<Secret>,
    },
    /// Make a code that lets people make accounts.
    NewCode {
        /// How many may use it.
        uses: u32,
        /// Until when, in milliseconds since 1970.
        until_ms: Option<u64>,
    },
    /// Make such a code void.
    DropCode {
        /// The code.
        code: String,
    },
    /// Which codes are there?
    Codes,
    /// Is that the password of the account, or its token? It takes as long where there is no such account.
    Login {
        /// The account.
        name: Key,
        /// A password, or a token.
        secret: Secret,
    },
    /// With what is an account's password to be proven by SCRAM-SHA-256?
    Challenge {
        /// The account.
        name: Key,
    },
    /// Does that prove the password of the account?
    LoginBy {
        /// The account.
        name: Key,
        /// The proof.
        proof: Box<ScramProof>,
    },
    /// Give an account another password.
    SetPassword {
        /// The account.
        account: AccountId,
        /// The old one, if it is to be checked.
        old: Option<Secret>,
        /// The new one.
        new: Secret,
    },
    /// Forget an account, its tokens and roles, and the rooms that it owns.
    Unregister {
        /// The account.
        account: AccountId,
        /// Its password, if it is to be checked.
        password: Option<Secret>,
    },
    /// Make a token for a bot, which goes by a name of its own. One that the owner's bot had is void then.
    NewToken {
        /// Whose bot it is.
        owner: AccountId,
        /// Its name: nobody else's.
        name: Nick,
    },
    /// Forget a bot and its token.
    DropToken {
        /// Whose bot it is.
        owner: AccountId,
        /// The bot.
        bot: AccountId,
    },
    /// Make a token that stands for an account's password for some time.
    NewSession {
        /// The account.
        account: AccountId,
    },
    /// Make such a token void.
    EndSession {
        /// The account.
        account: AccountId,
        /// The token.
        token: Secret,
    },
    /// Which bots has an account?
    Tokens {
        /// The account.
        owner: AccountId,
    },
    /// That is the answer, as soon as all is on disk that was handed over before.
    Kept(Box<AccountAnswer>),
}

/// What is kept of a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// What it is checked by: a PHC string.
    pub phc: Secret,
    /// What a proof of it by SCRAM is checked by, where it can be proven so.
    pub scram: Option<Secret>,
}

/// A change of the accounts that all servers of a cluster make. Passwords and tokens were hashed at the one that was
/// asked; `seen` is the generation of the password that was checked there, for another change may have come between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountChange {
    /// There is an account of that name, which takes an invitation where one is given.
    Register {
        /// Its name.
        nick: Nick,
        /// What is kept of its password.
        hash: Hashed,
        /// The invitation.
        code: Option<Secret>,
    },
    /// There is an invitation.
    AddCode(InviteCode),
    /// An invitation is void.
    DropCode(String),
    /// An account has another password.
    SetPassword {
        /// The account.
        account: AccountId,
        /// Which password is replaced, whatever it is if not given.
        seen: Option<u64>,
        /// What is kept of the new one.
        hash: Hashed,
    },
    /// A password can be proven by SCRAM, too.
    SetScram {
        /// Whose.
        account: AccountId,
        /// Which password.
        seen: u64,
        /// What a proof is checked by.
        scram: Secret,
    },
    /// An account is gone, with its bots.
    Unregister {
        /// The account.
        account: AccountId,
        /// Which password it has, whatever it is if not given.
        seen: Option<u64>,
    },
    /// A bot, new or not, has another token.
    SetToken {
        /// Whose bot it is.
        owner: AccountId,
        /// Its name.
        bot: Nick,
        /// The SHA-256 of the token.
        digest: [u8; 32],
    },
    /// A bot is gone.
    DropBot {
        /// Whose bot it is.
        owner: AccountId,
        /// The bot.
        bot: AccountId,
    },
    /// A token stands for an account's password.
    AddSession {
        /// Whose.
        account: AccountId,
        /// The SHA-256 of the token.
        digest: [u8; 32],
    },
    /// Such a token is void.
    EndSession {
        /// Whose.
        account: AccountId,
        /// The SHA-256 of the token.
        digest: [u8; 32],
    },
    /// An account becomes an operator by logging in, or does so no more.
    SetRole {
        /// The account.
        account: AccountId,
        /// Does it?
        is_operator: bool,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountAnswer {
    /// An account was made, and is on disk.
    Registered(AccountRecord),
    /// That is the password, or the token.
    LoggedIn(AccountRecord),
    /// That proves the password.
    Proven {
        /// Whose.
        record: AccountRecord,
        /// With what the server proves in turn that it knew of it, in Base64.
        signature: String,
    },
    /// With what the password is to be proven.
    Challenge(Challenge),
    /// That is not it, or there is no such account.
    WrongSecret,
    /// The password is another now.
    PasswordSet,
    /// The account is gone, and so are these bots of its.
    Unregistered {
        /// The account.
        account: AccountId,
        /// The bots.
        bots: Vec<AccountId>,
    },
    /// A token was made. It is told once.
    Token {
        /// The bot.
        bot: AccountRecord,
        /// The token.
        token: Secret,
        /// Its SHA-256, by which it is known from now on.
        digest: [u8; 32],
    },
    /// The bot is gone.
    TokenDropped {
        /// The bot.
        bot: AccountId,
    },
    /// A token was made that stands for an account's password. It is told once.
    Session {
        /// The token.
        token: Secret,
    },
    /// A token stands for the password no more.
    SessionEnded,
    /// The bots of an account.
    Tokens(Vec<Nick>),
    /// The codes that let people make accounts: the one that was made, or all.
    Codes(Vec<InviteCode>),
    /// A code is void.
    CodeGone,
    /// There is no such code, or not any more.
    WrongCode,
    /// There is an account of that name.
    Exists,
    /// There is no such account or bot, or its password can't be proven so.
    NoSuchAccount,
    /// An account has as many bots as it may, or there are as many codes.
    TooMany,
    /// That is to be changed, which all servers of a cluster are to do.
    Prepared {
        /// What.
        change: Box<AccountChange>,
        /// The token that was made for it. It is told once.
        token: Option<Secret>,
    },
    /// Too many passwords wait to be checked.
    Busy,
    /// The disk has been at it for long, so it can be taken back no more: what came of it is a further
    /// answer. Every other answer is the only one, or the last.
    Delayed,
    /// It was not done, and will not be; the log says why.
    Failed,
}

/// With what a password is to be proven by SCRAM-SHA-256 (RFC 5802 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// In Base64.
    pub salt: String,
    /// Rounds of PBKDF2.
    pub iterations: u32,
    /// The server's part of the nonce.
    pub nonce: String,
}

/// What proves a password by SCRAM-SHA-256 (RFC 5802 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScramProof {
    /// What was said in the exchange, the AuthMessage.
    pub message: String,
    /// The ClientProof.
    pub proof: Vec<u8>,
}
