//! Changes of the accounts of a cluster: the server that was asked checks and hashes what there is to, and proposes the
//! change. Each server makes it in its own database when it has read it back.

use crate::model::{AccountAnswer, AccountAsk, AccountChange, ErrorCode, Moment, Secret};

use super::asking::Waiting;
use super::decision::Decision;
use super::state::Hub;

/// A change that is proposed, and who has asked for it.
#[derive(Debug)]
pub(super) struct PreparedChange {
    pub(super) waiting: Waiting,
    pub(super) change: Box<AccountChange>,
    /// The token that was made for it.
    pub(super) token: Option<Secret>,
}

impl Hub {
    /// A change is made: whoever asked is told so as soon as it is on disk.
    pub(super) fn decision_of_change(&self, prepared: PreparedChange) -> Decision {
        let PreparedChange {
            waiting,
            change,
            token,
        } = prepared;
        let answer = self.answer_of_change(*change, token);
        Decision::Account(Box::new(waiting), AccountAsk::Kept(Box::new(answer)))
    }

    fn answer_of_change(&self, change: AccountChange, token: Option<Secret>) -> AccountAnswer {
        let record = |nick| {
            let found = self.chat.directory().find(nick);
            found.map(|account| account.record.clone())
        };
        let answer = match change {
            AccountChange::Register { nick, .. } => {
                record(&nick.key()).map(AccountAnswer::Registered)
            }
            AccountChange::AddCode(code) => Some(AccountAnswer::Codes(vec![code])),
            AccountChange::DropCode(_) => Some(AccountAnswer::CodeGone),
            AccountChange::SetPassword { .. }
            | AccountChange::SetScram { .. }
            | AccountChange::SetRole { .. } => Some(AccountAnswer::PasswordSet),
            AccountChange::Unregister { account, .. } => Some(AccountAnswer::Unregistered {
                account,
                bots: Vec::new(),
            }),
            AccountChange::SetToken { bot, digest, .. } => record(&bot.key())
                .zip(token)
                .map(|(bot, token)| AccountAnswer::Token { bot, token, digest }),
            AccountChange::DropBot { bot, .. } => Some(AccountAnswer::TokenDropped { bot }),
            AccountChange::AddSession { .. } => token.map(|token| AccountAnswer::Session { token }),
            AccountChange::EndSession { .. } => Some(AccountAnswer::SessionEnded),
        };
        // It may be gone again.
        answer.unwrap_or(AccountAnswer::NoSuchAccount)
    }

    /// A change was refused. Returns what whoever asked is told.
    pub(super) fn note_refused_change(
        &mut self,
        PreparedChange { waiting, .. }: PreparedChange,
        code: ErrorCode,
        now: Moment,
    ) -> ErrorCode {
        let answer = match &code {
            ErrorCode::WrongLogin => AccountAnswer::WrongSecret,
            ErrorCode::ClusterAway | ErrorCode::Uncertain => AccountAnswer::Failed,
            _ => AccountAnswer::Exists,
        };
        self.count_try(&waiting, &answer, now);
        match code {
            ErrorCode::NoSuchAccount(_) => ErrorCode::NoSuchAccount(waiting.name.to_string()),
            code => code,
        }
    }
}
