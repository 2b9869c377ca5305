//! A chat with accounts, and how it is spoken to.

use super::*;
use crate::chat::User;
use crate::model::UserId;
use crate::model::{Key, Nick};

/// A chat with accounts of which the right password is `right`, and the time.
pub(super) struct AccountWorld {
    pub(super) hub: Hub,
    pub(super) now: Moment,
    /// What the log says of who proved to be somebody, and who did not.
    pub(super) logged: Vec<String>,
}

impl AccountWorld {
    pub(super) fn new(rules: Rules, names: &[&str]) -> AccountWorld {
        let rules = Rules {
            durability: Some(Durability::Soon),
            replay: 0,
            oper_password: Some(crate::model::Secret::new("x")),
            ..rules
        };
        let mut hub = Hub::new(rules, Settings::default());
        let accounts = names.iter().map(|name| record(name)).collect();
        hub.load(Kept {
            accounts,
            ..Kept::default()
        });
        let now = Moment::default();
        let logged = Vec::new();
        AccountWorld { hub, now, logged }
    }

    pub(super) fn with(names: &[&str]) -> AccountWorld {
        AccountWorld::new(Rules::default(), names)
    }

    /// Asks, as `slot` at an address of its own.
    pub(super) fn ask(&mut self, slot: u32, request: Request) -> Vec<Effect> {
        let ip = [10, 0, 0, slot as u8].into();
        let peer = Peer::Ip { ip, port: 1 };
        self.hub
            .handle_request(id(slot), peer, request, None, self.now);
        self.drain()
    }

    pub(super) fn drain(&mut self) -> Vec<Effect> {
        let effects = std::iter::from_fn(|| self.hub.poll_effect());
        let is_other = |effect: &Effect| match effect {
            Effect::Log(incident) => {
                self.logged.push(incident.to_string());
                false
            }
            Effect::Came { .. } => false,
            _ => true,
        };
        effects.filter(is_other).collect()
    }

    /// Answers the question that is the last effect.
    pub(super) fn answer(&mut self, effects: &[Effect], answer: AccountAnswer) -> Vec<Effect> {
        let Some(Effect::AskAccount { ticket, .. }) = effects.last() else {
            panic!("{effects:?}");
        };
        self.hub.handle_account(*ticket, answer, self.now);
        self.drain()
    }

    /// Asks and gets the answer that the accounts would give.
    pub(super) fn do_it(&mut self, slot: u32, request: Request) -> Vec<Effect> {
        let asked = self.ask(slot, request);
        let Some(Effect::AskAccount { ask, .. }) = asked.last() else {
            return asked;
        };
        let known = |name: &Key| self.hub.chat.directory().find(name);
        let answer = match ask {
            AccountAsk::Login { name, secret } => match known(name) {
                Some(account) if secret.reveal() == "right" => {
                    AccountAnswer::LoggedIn(account.record.clone())
                }
                _ => AccountAnswer::WrongSecret,
            },
            AccountAsk::Register { nick, .. } => AccountAnswer::Registered(record(nick.as_str())),
            AccountAsk::Challenge { .. } => AccountAnswer::NoSuchAccount,
            AccountAsk::LoginBy { .. } => AccountAnswer::WrongSecret,
            AccountAsk::SetPassword { .. } => AccountAnswer::PasswordSet,
            &AccountAsk::Unregister { account, .. } => {
                let directory = self.hub.chat.directory().iter();
                let bots = directory.filter(|bot| bot.record.owner == Some(account));
                let bots = bots.map(|bot| bot.record.id).collect();
                AccountAnswer::Unregistered { account, bots }
            }
            AccountAsk::NewToken { owner, name } => AccountAnswer::Token {
                bot: AccountRecord {
                    owner: Some(*owner),
                    ..record(name.as_str())
                },
                token: Secret::new("right"),
                digest: [7; 32],
            },
            &AccountAsk::DropToken { bot, .. } => AccountAnswer::TokenDropped { bot },
            AccountAsk::NewSession { .. } => AccountAnswer::Session {
                token: Secret::new("hub_session"),
            },
            AccountAsk::EndSession { .. } => AccountAnswer::SessionEnded,
            AccountAsk::Tokens { .. } => AccountAnswer::Tokens(vec![nick("bot")]),
            AccountAsk::NewCode { .. } | AccountAsk::Codes => AccountAnswer::Codes(Vec::new()),
            AccountAsk::DropCode { .. } => AccountAnswer::CodeGone,
            AccountAsk::Kept(answer) => (**answer).clone(),
        };
        self.answer(&asked, answer)
    }

    pub(super) fn join(&mut self, slot: u32, name: &str) -> Vec<Effect> {
        self.ask(slot, Request::join(nick(name), false))
    }

    pub(super) fn login(&mut self, slot: u32, name: &str) -> Vec<Effect> {
        self.do_it(slot, login(name, "right", false))
    }

    pub(super) fn login_multi(&mut self, slot: u32, name: &str) -> Vec<Effect> {
        self.do_it(slot, login(name, "right", true))
    }

    pub(super) fn enter(&mut self, slot: u32, name: &str) -> Vec<Effect> {
        let request = Request::Enter {
            room: room(name),
            entry: EnterMode::Focus,
            key: None,
            resume: None,
            replay: None,
        };
        self.ask(slot, request)
    }

    pub(super) fn wait(&mut self, ms: u64) -> Vec<Effect> {
        self.now.uptime_ms += ms;
        self.now.unix_ms += ms;
        while (self.hub.poll_timeout()).is_some_and(|due| due <= self.now.uptime_ms) {
            self.hub.handle_timeout(self.now);
        }
        self.drain()
    }

    /// The rooms as anybody may know them.
    pub(super) fn listed(&self) -> Vec<RoomEntry> {
        let (rooms, more) = self
            .hub
            .list_rooms(None, &RoomsFrom::default())
            .expect("a page");
        assert_eq!(more, None);
        rooms
    }

    pub(super) fn name_of(&self, slot: u32) -> &str {
        let user = self.hub.user(id(slot));
        user.map_or("", |user| user.nick().as_str())
    }

    pub(super) fn user(&self, slot: u32) -> UserId {
        self.hub.sessions.user_of(id(slot)).expect("it has come in")
    }

    pub(super) fn is_account(&self, slot: u32) -> bool {
        self.hub.user(id(slot)).is_some_and(User::is_account)
    }

    /// The effects as those whom they are for see them.
    pub(super) fn told(&self, effects: &[Effect], slot: u32) -> Vec<Event> {
        let told = |effect: &Effect| match effect {
            Effect::Answer { to, event, .. } | Effect::Tell { to, event } => {
                (*to == id(slot)).then(|| event.clone())
            }
            Effect::Broadcast { audience, event } => {
                let hears = match audience {
                    Audience::Each(each) => each.iter().any(|reader| reader.id == id(slot)),
                    Audience::Room {
                        readers,
                        except,
                        ignorers,
                        ..
                    } => {
                        readers.iter().any(|reader| reader.id == id(slot))
                            && *except != Some(id(slot))
                            && !ignorers.contains(&id(slot))
                    }
                };
                hears.then(|| event.clone())
            }
            _ => None,
        };
        effects.iter().filter_map(told).collect()
    }
}

pub(super) fn id(slot: u32) -> ConnId {
    ConnId {
        slot,
        generation: 1,
    }
}

pub(super) fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a nick")
}

pub(super) fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room name")
}

/// The id of the account of that name.
pub(super) fn account(name: &str) -> AccountId {
    let bytes = name.bytes().map(u64::from);
    AccountId(bytes.fold(7, |id, byte| id.wrapping_mul(31) + byte))
}

pub(super) fn record(name: &str) -> AccountRecord {
    AccountRecord {
        id: account(name),
        nick: nick(name),
        is_operator: name.starts_with("op"),
        owner: None,
        generation: 0,
    }
}

pub(super) fn login(name: &str, secret: &str, is_multi: bool) -> Request {
    Request::Login {
        name: nick(name),
        login: Login {
            secret: Secret::new(secret),
            is_multi,
        },
    }
}

pub(super) fn join_as(name: &str, secret: &str) -> Request {
    Request::Join {
        nick: nick(name),
        wants_users: true,
        login: Some(Login {
            secret: Secret::new(secret),
            is_multi: false,
        }),
        resume: Vec::new(),
        replay: None,
    }
}

pub(super) fn register() -> Request {
    Request::Register {
        password: Secret::new("right"),
        code: None,
    }
}

pub(super) fn say(text: &str) -> Request {
    Request::Say {
        room: None,
        text: text.into(),
    }
}

pub(super) fn private(to: &str) -> Request {
    Request::Private {
        to: to.into(),
        text: "psst".into(),
    }
}

#[track_caller]
pub(super) fn refused(effects: &[Effect]) -> &ErrorCode {
    match effects {
        [
            ..,
            Effect::Answer {
                event: Event::Error(code),
                ..
            },
        ] => code,
        other => panic!("{other:?}"),
    }
}

pub(super) fn kept(effects: &[Effect]) -> Vec<&Record> {
    let records = effects.iter().filter_map(|effect| match effect {
        // What is said, and what happens beside, is no state.
        Effect::Keep(Record::Said { .. }) => None,
        Effect::Keep(record) => Some(record),
        _ => None,
    });
    records.collect()
}
