//! What a request has come to is carried out: it is answered, or asked of others, or its entry is committed, and what
//! goes on with that ([`Then`]) when it was applied.

use std::mem;

use crate::chat::Entry;
use crate::model::{
    AccountAnswer, AccountChange, ConnId, Deed, Done, ErrorCode, Event, Incident, Moment, NodeId,
    RequestId, Secret,
};

use super::changing::PreparedChange;
use super::decision::{Asker, Decision, Then, Wants};
use super::effect::Effect;
use super::state::Hub;

impl Hub {
    /// Carries out what a request of a connection has come to.
    ///
    /// The direct log applies an entry at once. That of a cluster reads it back later, and the asker is kept until then.
    pub(super) fn conclude(
        &mut self,
        who: ConnId,
        id: Option<RequestId>,
        decision: Result<Decision, ErrorCode>,
        now: Moment,
    ) {
        let mut proposed = self.begin(who, id, decision);
        while let Some((mut asker, entry)) = proposed {
            if self.log.is_shared() {
                return self.propose(Some(asker), entry, now);
            }
            let done = self.commit_of(&mut asker, entry, NodeId::default(), now);
            proposed = self.after_entry(asker, done, now);
        }
    }

    /// Has the chat take an entry that somebody here has asked for.
    ///
    /// # Errors
    /// Why the chat refuses it.
    pub(super) fn commit_of(
        &mut self,
        asker: &mut Asker,
        entry: Entry,
        node: NodeId,
        now: Moment,
    ) -> Result<(), ErrorCode> {
        let is_heard = asker.wants != Wants::Unheard;
        self.commit(Some(asker).filter(|_| is_heard), entry, node, now)
    }

    /// Answers, or asks others; or returns what is to be committed.
    fn begin(
        &mut self,
        who: ConnId,
        id: Option<RequestId>,
        decision: Result<Decision, ErrorCode>,
    ) -> Option<(Asker, Entry)> {
        match decision {
            Err(code) => self.answer(who, id, Event::Error(code)),
            Ok(Decision::Done) if id.is_none() => {}
            Ok(Decision::Done) => self.answer(who, id, Event::Done { what: None }),
            Ok(Decision::Answer(event)) => self.answer(who, id, event),
            Ok(Decision::Entry(entry, wants, then)) => {
                return Some((Asker::new(who, id, wants, then), entry));
            }
            Ok(Decision::Query(question, query)) => {
                self.put_query(who, id, question, query);
            }
            Ok(Decision::Account(mut waiting, ask)) => {
                let ticket = self.next_ticket();
                waiting.request_id = id;
                self.accounts.asking.insert(who);
                self.accounts.waiting.insert(ticket, *waiting);
                let effect = Effect::AskAccount { who, ticket, ask };
                self.effects.push_back(effect);
            }
            Ok(Decision::Scan {
                rooms,
                words,
                window,
            }) => self.begin_scan((who, id), rooms, words, window),
            Ok(Decision::Ticket(claim)) => self.put(Effect::Ticket { to: who, id, claim }),
            Ok(Decision::Report(report)) => self.put(Effect::Report {
                to: who,
                id,
                report,
            }),
            Ok(Decision::Stop { seconds }) => {
                let what = Some(Done::Stops { seconds });
                self.answer(who, id, Event::Done { what });
                self.effects.push_back(Effect::Stop { seconds });
            }
        }
        None
    }

    /// An entry was applied, or refused. Returns what is to be committed next because of that.
    pub(super) fn after_entry(
        &mut self,
        mut asker: Asker,
        done: Result<(), ErrorCode>,
        now: Moment,
    ) -> Option<(Asker, Entry)> {
        let who = asker.who;
        let then = mem::take(&mut asker.then);
        if let Err(code) = done {
            return self.after_refusal(asker, then, code, now);
        }
        match then {
            Then::Nothing => {}
            Then::Answer(event) => self.answer_asker(&mut asker, event),
            Then::Tell(event) => {
                self.tell_others_of(who, &event);
                self.answer_asker(&mut asker, event);
            }
            Then::Ban {
                mask,
                seconds,
                reason,
            } => {
                let deed = Deed::Ban {
                    mask: mask.clone(),
                    seconds,
                    reason,
                };
                let (name, peer) = (self.nick_of(who).cloned(), self.peer_of(who));
                let incident = Incident { deed, name, peer };
                self.effects.push_back(Effect::Log(incident));
                let count = asker.put_out;
                self.begin_later(count, now);
                self.answer_done(Some(&mut asker), Done::Banned { mask, count });
            }
            Then::Close(name) => {
                self.begin_later(asker.put_out, now);
                self.answer_done(Some(&mut asker), Done::Closed(name));
            }
            Then::Enter { resuming, .. } => {
                if let Some(resuming) = resuming {
                    self.set_focus(who, resuming.focus);
                    return self.resume_next(who, resuming, now);
                }
            }
            Then::ComeIn { resume, is_account } => match self.resuming(who, resume, is_account) {
                Ok(resuming) => return self.resume_next(who, resuming, now),
                Err(code) => self.answer_asker(&mut asker, Event::Error(code)),
            },
            Then::ComeInNowhere => self.ask_mail(who),
            Then::LogIn => {
                if let Some(nick) = self.nick_of(who).cloned() {
                    self.answer_done(Some(&mut asker), Done::LoggedIn(nick));
                    self.ask_mail(who);
                }
            }
            Then::Prove(event) => {
                self.answer_asker(&mut asker, event);
                self.ask_mail(who);
            }
            Then::Account(waiting, answer) => {
                let decision = self.decision_of_answer(who, *waiting, answer, now);
                return self.begin(who, asker.id, decision);
            }
            Then::Change(prepared) => {
                let decision = self.decision_of_change(*prepared);
                return self.begin(who, asker.id, Ok(decision));
            }
            Then::Post(said) => self.wait_for_post(who, said),
            Then::Return(exile) => self.go_on_after_return(*exile, now),
            Then::Focus(room) => self.focus_again(who, &room),
            Then::TakeOut(room) => self.tell_own_leaving(who, &room),
        }
        if asker.id.is_some() {
            self.answer_asker(&mut asker, Event::Done { what: None });
        }
        None
    }

    /// An entry was refused.
    fn after_refusal(
        &mut self,
        mut asker: Asker,
        then: Then,
        code: ErrorCode,
        now: Moment,
    ) -> Option<(Asker, Entry)> {
        let who = asker.who;
        match then {
            Then::Post(said) => {
                let (to, failure) = (who, Some(code));
                self.effects.push_back(Effect::Posted { to, failure, said });
                None
            }
            Then::Enter { founder, resuming } => {
                if let Some(address) = founder {
                    self.accounts.foundings.give_back(address);
                }
                self.answer_asker(&mut asker, Event::Error(code));
                let resuming = resuming?;
                self.set_focus(who, resuming.focus);
                self.resume_next(who, resuming, now)
            }
            Then::Change(prepared) => {
                let code = self.note_refused_change(*prepared, code, now);
                self.answer_asker(&mut asker, Event::Error(code));
                None
            }
            Then::Return(exile) => {
                self.end_exile(*exile, code);
                None
            }
            // Where it was it can't be any more.
            Then::Focus(_) => None,
            _ => {
                self.answer_asker(&mut asker, Event::Error(code));
                None
            }
        }
    }

    /// A question about an account has been answered: whoever asked goes on, if it is here yet.
    pub fn handle_account(&mut self, ticket: u64, answer: AccountAnswer, now: Moment) {
        if let AccountAnswer::Prepared { change, token } = answer {
            return self.propose_change(ticket, change, token, now);
        }
        let Some((mut waiting, answer, is_here)) = self.take_account_answer(ticket, answer, now)
        else {
            return;
        };
        let (who, id) = (waiting.who, waiting.request_id.take());
        let entry = self.entry_of_answer(is_here.then_some(who), &answer, now);
        let decision = match (entry, is_here) {
            (Some(entry), true) => {
                Decision::entry_then(entry, Then::Account(Box::new(waiting), answer))
            }
            (Some(entry), false) => return self.commit_certain(entry, now),
            (None, true) => self.decision_of_answer(who, waiting, answer, now),
            (None, false) => return,
        };
        self.conclude(who, id, decision, now);
    }

    /// A change of the accounts is prepared, which all servers of the cluster are to make.
    fn propose_change(
        &mut self,
        ticket: u64,
        change: Box<AccountChange>,
        token: Option<Secret>,
        now: Moment,
    ) {
        let waiting = self.accounts.waiting.remove(&ticket);
        let asking = &mut self.accounts.asking;
        let waiting = waiting.filter(|waiting| asking.remove(&waiting.who));
        let Some(mut waiting) = waiting else {
            return self.commit_certain(Entry::Account { change, by: None }, now);
        };
        let (who, id) = (waiting.who, waiting.request_id.take());
        let entry = Entry::Account {
            change: change.clone(),
            by: self.sessions.user_of(who),
        };
        let prepared = PreparedChange {
            waiting,
            change,
            token,
        };
        let decision = Decision::entry_then(entry, Then::Change(Box::new(prepared)));
        self.conclude(who, id, decision, now);
    }
}
