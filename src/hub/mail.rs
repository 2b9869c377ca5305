//! Private messages to accounts that are not here: they wait.

use std::sync::Arc;

use crate::limits::MAIL_MAX;
use crate::model::{
    Absence, AccountId, ConnId, ErrorCode, Event, Key, Manner, Message, MessageId, Query, Record,
};

use super::Hub;
use super::lookup::Question;
use super::{Effect, User};

impl Hub {
    /// Speaks to an account under whose name nobody is here: it is told at its next login.
    pub(super) fn leave_mail(
        &mut self,
        who: ConnId,
        to: &str,
        text: String,
    ) -> Result<(), ErrorCode> {
        let nobody = ErrorCode::NoSuchNick(to.into());
        if self.consoles.contains(&who) {
            return Err(nobody);
        }
        let (own_id, own) = (self.own_id(who)?, self.own(who)?.nick().clone());
        let account = self.accounts.directory.find(&Key::of(to)).ok_or(nobody)?;
        let (to, to_account) = (account.record.nick.clone(), account.record.id);
        if self.is_muted(own_id) {
            return Err(ErrorCode::Muted);
        }
        if account.mail.count >= MAIL_MAX {
            return Err(ErrorCode::MailboxFull(to));
        }
        let message = self.message(own, Manner::Said, text.clone());
        let from_account = self.note_private(own_id, message.id);
        if let Some(account) = self.accounts.directory.get_mut(to_account) {
            account.mail.count += 1;
            account.mail.last = message.id;
        }
        let record = Record::Private {
            message: Arc::clone(&message),
            to: to.clone(),
            from_account,
            to_account: Some(to_account),
            is_delivered: false,
        };
        let answer = Event::PrivateSent {
            to,
            id: Some(message.id),
            text,
            away: Some(Absence::NotHere),
        };
        self.speak_privately(who, None, record, message, answer)
    }

    /// Asks what waits for the account that has just logged in: when all of it is on disk.
    pub(super) fn ask_mail(&mut self, who: ConnId) {
        let Some(to) = self.account_of(who) else {
            return;
        };
        let account = self.accounts.directory.get(to);
        let last = account.map_or(MessageId::default(), |account| account.mail.last);
        if last > self.history.kept {
            self.accounts.early.push((last, who));
        } else {
            self.put_query(who, None, Question::Mail(to), Query::Mail { to });
        }
    }

    /// More is on disk: some may ask now.
    pub(super) fn ask_kept_mail(&mut self) {
        if self.accounts.early.is_empty() {
            return;
        }
        for (_, who) in std::mem::take(&mut self.accounts.early) {
            self.ask_mail(who);
        }
    }

    /// Tells an account that is still logged in what waited for it, in the order of the ids.
    pub(super) fn tell_mail(
        &mut self,
        who: ConnId,
        to: AccountId,
        mut messages: Vec<Arc<Message>>,
    ) {
        if self.account_of(who) != Some(to) {
            return;
        }
        let Some(account) = self.accounts.directory.get_mut(to) else {
            return;
        };
        // What it was told at another connection just now may not be known to the disk yet.
        messages.retain(|message| message.id > account.mail.told);
        let Some(through) = messages.last().map(|message| message.id) else {
            return;
        };
        account.mail.told = through;
        account.mail.count = 0;
        for message in messages {
            self.tell(who, Event::Private { message });
        }
        let record = Record::Delivered { to, through };
        self.effects.push_back(Effect::Keep(record));
    }

    /// The account that the user of a connection is logged in to, if it is.
    pub(super) fn account_of(&self, who: ConnId) -> Option<AccountId> {
        self.user(who).and_then(User::account)
    }
}
