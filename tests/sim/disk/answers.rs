//! What the store answers: questions about what was said, and what is asked of the accounts.

use std::time::Duration;

use hubbub::testing::{ACCOUNT_WRITE_MS, ACCOUNT_WRITES_MAX, AccountAnswer, Answer, Found};

use super::accounts::Considered;
use super::{Health, Question, Shelves, Task};

impl Shelves {
    /// Gives up changes of accounts that wait for too long.
    pub(super) fn lose_patience(&mut self) -> bool {
        let begun = self.commit.as_ref().map_or(0, |commit| commit.count);
        let mut given_up = Vec::new();
        let mut at = 0;
        self.tasks.retain_mut(|task| {
            at += 1;
            let Task::Change(ticket, _, until_us) = task else {
                return true;
            };
            if until_us.is_none_or(|until_us| until_us > self.now_us) {
                return true;
            }
            *until_us = None;
            let is_begun = at <= begun;
            let answer = match is_begun {
                true => AccountAnswer::Delayed,
                false => AccountAnswer::Failed,
            };
            given_up.push((*ticket, answer));
            is_begun
        });
        let wakes = !given_up.is_empty();
        for (ticket, answer) in given_up {
            self.answer_account(ticket, answer);
        }
        wakes
    }

    pub(super) fn is_committed(&self, question: &Question) -> bool {
        self.committed >= question.wanted || !self.can_write()
    }

    pub(super) fn answer_questions(&mut self) -> bool {
        let now_us = self.now_us;
        let mut answered = Vec::new();
        let questions = std::mem::take(&mut self.questions);
        for question in questions {
            let is_over = question.until_us <= now_us;
            if question.at_us <= now_us && (is_over || self.is_committed(&question)) {
                answered.push(question);
            } else {
                self.questions.push(question);
            }
        }
        let wakes = !answered.is_empty();
        for Question { ticket, query, .. } in answered {
            let fails = self.health == Health::Failing && self.chance.below(2) == 0;
            let found = match fails {
                true => Found::Failed,
                false => self.books.find(&query, self.committed),
            };
            let took = Duration::from_micros(self.chance.below(20_000));
            self.answers.push_back(Answer::Found {
                ticket,
                found,
                took,
            });
        }
        wakes
    }

    /// Passwords are checked one after the other.
    pub(super) fn answer_ask(&mut self) -> bool {
        if self.asks.is_empty() || self.ask_ends_us > self.now_us {
            return false;
        }
        let Some((ticket, ask)) = self.asks.pop_front() else {
            return false;
        };
        self.ask_ends_us = self.now_us + 1_000 + self.chance.below(30_000);
        if self.health == Health::Failing && self.chance.below(2) == 0 {
            self.answer_account(ticket, AccountAnswer::Failed);
            return true;
        }
        let changes = |task: &&Task| matches!(task, Task::Change(..));
        match self.books.consider(ask) {
            Considered::Answer(answer) => self.answer_account(ticket, answer),
            Considered::Change(_)
                if self.tasks.iter().filter(changes).count() >= ACCOUNT_WRITES_MAX =>
            {
                self.answer_account(ticket, AccountAnswer::Busy);
            }
            Considered::Change(ask) => {
                let until_us = self.now_us + ACCOUNT_WRITE_MS * 1000;
                self.tasks
                    .push_back(Task::Change(ticket, ask, Some(until_us)));
                return false;
            }
        }
        true
    }

    pub(super) fn answer_account(&mut self, ticket: u64, answer: AccountAnswer) {
        self.answers.push_back(Answer::Account { ticket, answer });
    }
}
