//! This server was declared gone from its cluster: its users have left, and come back by themselves, as their
//! connections have stayed.

use std::collections::VecDeque;

use crate::chat::{Chat, Entry, LOBBY};
use crate::model::{
    AccountId, CameBy, ConnId, EnterMode, ErrorCode, Event, Moment, Nick, NodeId, Peer, Profile,
    RoomName,
};

use super::decision::{Asker, Then, Wants};
use super::effect::Effect;
use super::parting::Parting;
use super::state::Hub;

/// A session that has ended with its server's membership, as it was.
#[derive(Debug)]
pub(super) struct Exile {
    who: ConnId,
    peer: Peer,
    nick: Nick,
    account: Option<AccountId>,
    profile: Option<Profile>,
    via: CameBy,
    is_operator: bool,
    away: Option<String>,
    rooms: Vec<RoomName>,
    /// Where it spoke.
    focus: Option<RoomName>,
    replay: u16,
}

impl Exile {
    /// By which it comes back. Its account is the one that it has proven to be when it came.
    fn entry(&self, chat: &Chat) -> Entry {
        let (nick, peer) = (self.nick.clone(), self.peer);
        let account = self.account.and_then(|id| chat.directory().get(id));
        match (&self.profile, account.map(|it| it.record.credential())) {
            (Some(profile), account) => Entry::ComeIn {
                nick,
                peer,
                profile: Box::new(profile.clone()),
                account,
            },
            (None, Some(account)) => Entry::JoinAs {
                account,
                nick,
                peer,
                is_multi: true,
            },
            (None, None) => Entry::Join {
                nick,
                peer,
                is_untold: false,
            },
        }
    }
}

impl Hub {
    /// The membership of this server is over: each of its sessions ends, and is to come back.
    pub(super) fn exile_all(&mut self, now: Moment) {
        let all: Vec<ConnId> = self.sessions.iter().map(|(who, _)| who).collect();
        for who in all {
            if let Some(exile) = self.exile(who) {
                let user = &self.chat.users()[self.sessions.user_of(who).expect("a session")];
                let parting = Parting::of(user);
                self.forget_questions(who);
                self.part(who, &parting, now);
                self.effects.push_back(Effect::Hold { who });
                self.exiles.push_back(exile);
            }
        }
    }

    fn exile(&self, who: ConnId) -> Option<Exile> {
        let session = self.sessions.get(who)?;
        let own = self.user(who)?;
        let name = |room| self.chat.rooms().get(room).name.clone();
        Some(Exile {
            who,
            peer: self.peer_of(who).unwrap_or(own.peer()),
            nick: own.nick().clone(),
            account: own.account(),
            profile: own.profile().cloned(),
            via: own.via(),
            is_operator: own.is_operator(),
            away: own.away().cloned(),
            rooms: own.rooms().iter().map(|&room| name(room)).collect(),
            focus: session.focus.map(name),
            replay: session.replay,
        })
    }

    /// There is a membership again: all come back.
    pub(super) fn come_back(&mut self, now: Moment) {
        for exile in std::mem::take(&mut self.exiles) {
            let (wants, entry) = (Wants::Return(exile.replay), exile.entry(&self.chat));
            let asker = Asker::new(exile.who, None, wants, Then::Return(Box::new(exile)));
            self.propose(Some(asker), entry, now);
        }
    }

    /// A session has come back, and goes where it was.
    pub(super) fn go_on_after_return(&mut self, exile: Exile, now: Moment) {
        let who = exile.who;
        let Some(user) = self.sessions.user_of(who) else {
            return;
        };
        let via = exile.via;
        let mut entries = VecDeque::from([Entry::NoteVia { user, via }]);
        if exile.is_operator {
            entries.push_back(Entry::Oper { user });
        }
        if let Some(text) = exile.away {
            let text = Some(text);
            entries.push_back(Entry::Away { user, text });
        }
        let is_in = |room: &RoomName| {
            let found = self.chat.rooms().find(room);
            found.is_some_and(|room| self.chat.users()[user].is_in(room))
        };
        let entered = exile.rooms.iter().filter(|room| !is_in(room));
        entries.extend(entered.map(|room| Entry::Enter {
            user,
            room: room.clone(),
            mode: EnterMode::Focus,
            // Who was in comes in.
            key: self.key_of(room),
            may_own: false,
        }));
        let was_in_lobby = exile.rooms.contains(&RoomName::lobby());
        if !was_in_lobby && !exile.rooms.is_empty() {
            let words = None;
            entries.push_back(Entry::Leave {
                user,
                room: LOBBY,
                words,
            });
        }
        for entry in entries {
            let wants = match entry {
                Entry::Enter { .. } => Wants::Return(exile.replay),
                _ => Wants::Unheard,
            };
            let then = match exile.focus.clone() {
                Some(focus) => Then::Focus(focus),
                None => Then::Nothing,
            };
            self.propose(Some(Asker::new(who, None, wants, then)), entry, now);
        }
    }

    fn key_of(&self, room: &RoomName) -> Option<String> {
        let room = self.chat.rooms().find(room)?;
        self.chat.rooms().get(room).modes.key.clone()
    }

    /// It speaks in a room again, where it is in it.
    pub(super) fn focus_again(&mut self, who: ConnId, room: &RoomName) {
        if let Some(room) = self.chat.rooms().find(room)
            && self.user(who).is_some_and(|own| own.is_in(room))
        {
            self.set_focus(who, room);
        }
    }

    /// A session can't come back, as its name is somebody else's now, say: its connection is told, and closed.
    pub(super) fn end_exile(&mut self, exile: Exile, code: ErrorCode) {
        let (who, nick) = (exile.who, exile.nick);
        self.effects.push_back(Effect::Gone { who, nick });
        self.tell(who, Event::Error(code));
        self.put(Effect::Close { who });
    }

    /// A connection is gone that was to come back.
    pub(super) fn forget_exile(&mut self, who: ConnId) {
        self.exiles.retain(|exile| exile.who != who);
    }

    /// Is that this server's membership, which ends or begins?
    pub(super) fn is_own_end(&self, entry: &Entry) -> bool {
        let is_here = |node: NodeId| self.log.is_shared() && self.log.is_here(node);
        matches!(entry, Entry::NodeGone { node } if is_here(*node))
    }
}
