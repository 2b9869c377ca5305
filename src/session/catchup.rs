//! How far a member has caught up with what was said in a room before it came: it is shown page by page what is on
//! disk, until the room's scrollback has the rest.

use std::sync::Arc;

use crate::limits::CATCH_UP_MESSAGES;
use crate::model::{Found, Message, MessageId, Part, Window};

use super::cut::cut_text;
use super::scrollback::Scrollback;

/// How far a member has caught up.
#[derive(Debug)]
pub(crate) struct CatchUp {
    /// The question that waits for the next page.
    pub(crate) ticket: u64,
    /// It was told, or need not be told, everything up to this.
    cursor: MessageId,
    /// What was said last when it began.
    begun_at: MessageId,
    /// How many it is to be shown of what was said before that: the last ones. `None`: all.
    count: Option<usize>,
    part: Part,
}

/// What it is shown of a page.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) messages: Vec<Arc<Message>>,
    pub(crate) part: Part,
    /// Has it caught up by that?
    pub(crate) is_done: bool,
    /// Is there something that can't be read?
    pub(crate) is_unreadable: bool,
}

impl CatchUp {
    /// It is to be shown what was said after a message, of which `last` is the last: all, or so many.
    pub(crate) fn new(after: MessageId, last: MessageId, count: Option<usize>) -> CatchUp {
        CatchUp {
            ticket: 0,
            cursor: after,
            begun_at: last,
            count,
            part: Part::First,
        }
    }

    /// What is to be found for it next.
    pub(crate) fn window(&self) -> Window {
        Window {
            after: self.cursor,
            before: match self.count {
                Some(_) => self.begun_at.next(),
                None => MessageId::MAX,
            },
            since_ms: 0,
            until_ms: u64::MAX,
            limit: self.count.unwrap_or(CATCH_UP_MESSAGES),
            newest: self.count.is_some(),
            has_events: false,
            only_files: false,
        }
    }

    /// A page was found, of what is on disk up to `kept` and beyond.
    pub(crate) fn go_on(
        &mut self,
        found: Found,
        kept: MessageId,
        scrollback: &Scrollback,
    ) -> Shown {
        let page = self.page(found, kept);
        let is_stuck = page.is_failed || page.is_end && page.reached <= self.cursor;
        let is_covered = scrollback.covers(page.reached);
        let is_last = !page.has_more && (is_covered || is_stuck);
        let mut messages = page.messages;
        if is_last {
            messages.extend(scrollback.after(page.reached).cloned());
        }
        if let Some(count) = self.count.take() {
            let before = messages.partition_point(|message| message.id <= self.begun_at);
            messages.drain(..before.saturating_sub(count));
        }
        // The scrollback may have much that is not on disk yet: its reader is to take that in parts, too.
        let is_cut = cut_text(&mut messages, false);
        self.cursor = match messages.last() {
            Some(last) if is_cut => last.id,
            _ => page.reached,
        };
        let part = self.part;
        if let Some(last) = messages.last() {
            self.part = Part::Next {
                after_ms: last.unix_ms,
            };
        }
        Shown {
            messages,
            part,
            is_done: is_last && !is_cut,
            is_unreadable: page.is_failed || is_stuck && !is_covered,
        }
    }
}

/// What a member that catches up is shown next.
struct CatchupPage {
    messages: Vec<Arc<Message>>,
    /// These are all up to this.
    reached: MessageId,
    has_more: bool,
    /// There will be no more for now: the disk has not got further.
    is_end: bool,
    is_failed: bool,
}

impl CatchUp {
    /// What was found of what is on disk and told. What is told only now will be told live.
    fn page(&self, found: Found, kept: MessageId) -> CatchupPage {
        let Found::Messages {
            mut messages,
            through,
            has_more,
        } = found
        else {
            return CatchupPage {
                messages: Vec::new(),
                reached: self.cursor,
                has_more: false,
                is_end: true,
                is_failed: true,
            };
        };
        // What is on disk and not told yet will be told in a later turn.
        let is_end = through <= kept && messages.is_empty() && self.count.is_none();
        let through = through.min(kept);
        let found = messages.len();
        messages.retain(|message| message.id <= through);
        let has_more = has_more && self.count.is_none() && messages.len() == found;
        let reached = match (messages.last(), self.count) {
            (Some(last), _) if has_more => last.id,
            (_, Some(_)) => through.min(self.begun_at),
            _ => through,
        };
        CatchupPage {
            messages,
            reached: reached.max(self.cursor),
            has_more,
            is_end,
            is_failed: false,
        }
    }
}
