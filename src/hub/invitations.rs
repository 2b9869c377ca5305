//! Invitations: codes that let people make accounts, which operators hand out.

use crate::limits::CODE_USES_MAX;
use crate::model::{AccountAsk, CodeChange, ErrorCode, Event, InviteCode, Moment, Nick};

use super::asking::What;
use super::decision::{Caller, Decision};
use super::operate::after;
use super::state::Hub;

impl Hub {
    pub(super) fn change_code(
        &mut self,
        caller: Caller,
        change: CodeChange,
    ) -> Result<Decision, ErrorCode> {
        self.check_operator(caller.who)?;
        self.check_accounts()?;
        let ask = match change {
            CodeChange::New { uses, seconds } => AccountAsk::NewCode {
                uses: uses.clamp(1, CODE_USES_MAX),
                until_ms: seconds.map(|seconds| after(caller.now, seconds)),
            },
            CodeChange::Drop(code) => AccountAsk::DropCode { code },
            CodeChange::List => AccountAsk::Codes,
        };
        let name = self.nick_of(caller.who).cloned();
        let name = name.unwrap_or_else(|| Nick::nearest("console"));
        self.ask_account(caller, name, ask, What::Other)
    }
}

/// The codes, and how long each of them lasts.
pub(super) fn tell_codes(codes: Vec<InviteCode>, now: Moment) -> Decision {
    let seconds_left = |code: &InviteCode| {
        let until_ms = code.until_ms?;
        Some(until_ms.saturating_sub(now.unix_ms).div_ceil(1000))
    };
    let codes = codes.into_iter().map(|code| {
        let seconds = seconds_left(&code);
        (code, seconds)
    });
    let codes = codes.collect();
    Decision::Answer(Event::Codes { codes })
}
