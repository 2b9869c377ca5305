//! Private messages to accounts that are not here: they wait.

use std::sync::Arc;

use crate::chat::Entry;
use crate::model::{AccountId, ConnId, Event, Message, MessageId, Moment, Query};

use super::questions::Question;
use super::state::Hub;

impl Hub {
    /// Asks what waits for the account that has just logged in: when all of it is on disk.
    pub(super) fn ask_mail(&mut self, who: ConnId) {
        let Some(to) = self.account_of(who) else {
            return;
        };
        let account = self.chat.directory().get(to);
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
        now: Moment,
    ) {
        if self.account_of(who) != Some(to) {
            return;
        }
        let Some(account) = self.chat.directory().get(to) else {
            return;
        };
        // What it was told at another connection just now may not be known to the disk yet.
        messages.retain(|message| message.id > account.mail.told);
        let Some(through) = messages.last().map(|message| message.id) else {
            return;
        };
        self.commit_certain(Entry::MailTold { to, through }, now);
        for message in messages {
            self.tell(who, Event::Private { message });
        }
    }
}
