//! What is due: what the time brings, and what others are to know of a user by then.

use std::collections::VecDeque;

use crate::chat::{Entry, User};
use crate::model::{ConnId, ErrorCode, Event, Moment, RequestId, UserId};

use super::effect::Audience;
use super::state::Hub;

impl Hub {
    /// When [`Hub::handle_timeout`] is to be called, in milliseconds since the start; `None` while
    /// nothing is waited for.
    pub fn poll_timeout(&self) -> Option<u64> {
        let at_once = self.has_more_to_do().then_some(0);
        let untold = self.untold.front().map(|&(due_ms, _)| due_ms);
        let due = [
            at_once,
            self.held.passes_ms(),
            self.proposed.due_ms(),
            self.local.next_due(),
            self.graces.next().map(|(due_ms, _)| due_ms),
            untold,
            self.next_expiry(),
        ];
        due.into_iter().flatten().min()
    }

    /// Goes on with what takes several turns, renames who had its grace, or tells of who has come without a
    /// word, or what was counted and whose second is over, or ends what was not used for long: one of these, so
    /// that there is time for others in between.
    pub fn handle_timeout(&mut self, now: Moment) {
        let is_due = |due_ms: u64| due_ms <= now.uptime_ms;
        if self.pass_held(now) {
            // What waits longer than that is told.
        } else if self.has_more_to_do() {
            self.do_some(now);
        } else if self.graces.next().is_some_and(|(due_ms, _)| is_due(due_ms)) {
            self.end_grace(now);
        } else if self.next_expiry().is_some_and(is_due) {
            self.end_unused(now);
        } else if let Some(&(due_ms, id)) = self.untold.front()
            && is_due(due_ms)
        {
            self.untold.pop_front();
            if self.untold.is_empty() {
                self.untold = VecDeque::new();
            }
            self.show_user(id, now);
        } else if let Some((id, churn)) = self.local.pop_due(now.uptime_ms) {
            let room = self.chat.rooms().get(id);
            let event = Event::Presence {
                room: room.name.clone(),
                joined: churn.joined,
                left: churn.left,
                members: room.count(),
            };
            let audience = Audience::Room {
                room: id,
                readers: self.readers(id).clone(),
                except: None,
                ignorers: self.eager_in(&[id], None).iter().map(|it| it.id).collect(),
            };
            self.broadcast(audience, event);
        }
    }

    /// A connection has asked for something: the others are to know of its user.
    pub(super) fn show(&mut self, who: ConnId, now: Moment) {
        if let Some(user) = self.sessions.user_of(who) {
            self.show_user(user, now);
        }
    }

    pub(super) fn show_user(&mut self, user: UserId, now: Moment) {
        let own = self.chat.users().get(user);
        let is_here = !self.log.is_shared() || self.sessions.first_of(user).is_some();
        if is_here && own.is_some_and(User::is_untold) {
            self.commit_certain(Entry::Show { user }, now);
        }
    }

    /// A connection has sent something that cannot be asked, and is told why: it speaks its dialect, however badly.
    pub fn handle_refused(
        &mut self,
        who: ConnId,
        code: ErrorCode,
        id: Option<RequestId>,
        now: Moment,
    ) {
        self.show(who, now);
        self.answer(who, id, Event::Error(code));
    }

    /// Gives another name to who is next, if its time is over.
    pub(super) fn end_grace(&mut self, now: Moment) {
        if let Some((due_ms, user)) = self.graces.next()
            && due_ms <= now.uptime_ms
        {
            self.graces.stop(user);
            self.commit_certain(Entry::EndGrace { user }, now);
        }
    }
}
