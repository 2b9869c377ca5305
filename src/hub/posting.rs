//! What is said, and shared, by who has no session but a token.

use std::sync::Arc;

use crate::chat::{Addresses, Entry, Fact, RoomId, Words};
use crate::model::{
    AccountId, ConnId, ErrorCode, Manner, Message, Moment, Nick, NodeId, Peer, RoomName, SaidBy,
    SharedFile, TicketClaim,
};

use super::decision::{Decision, Then, Wants};
use super::state::{Hub, check_note};

impl Hub {
    /// Somebody without a connection of its own speaks in a room: as an account, or under a name that is
    /// no account's and that nobody goes by. `None`: [`Effect::Posted`](super::Effect::Posted) tells what has come of it.
    ///
    /// # Errors
    /// [`ErrorCode::AddressBanned`], [`ErrorCode::NoRoomToShow`], [`ErrorCode::NickTaken`],
    /// [`ErrorCode::NameRegistered`], [`ErrorCode::NotInRoom`], [`ErrorCode::NickBanned`], [`ErrorCode::Muted`], [`ErrorCode::MessageTooLong`].
    pub fn handle_post(
        &mut self,
        (who, peer): (ConnId, Peer),
        nick: Nick,
        as_account: bool,
        room: RoomName,
        text: String,
        now: Moment,
    ) -> Result<Option<Arc<Message>>, ErrorCode> {
        let room = self.room_to_post_in(&peer, &room, now)?;
        self.check_message(&text)?;
        let words = Words::said(text);
        if !self.log.is_shared() {
            return self
                .post(peer, (nick, as_account), room, words, now)
                .map(Some);
        }
        self.check_room()?;
        let account = self.account_named(&nick);
        let entry = self.post_entry(peer, (nick, as_account), room, words);
        account.iter().for_each(|&it| self.use_account(it, now));
        let decision = Ok(Decision::Entry(entry, Wants::Nothing, Then::Post(None)));
        self.conclude(who, None, decision, now);
        Ok(None)
    }

    /// Somebody likewise shares a file.
    ///
    /// # Errors
    /// As [`Hub::handle_post`].
    pub fn handle_shared(
        &mut self,
        peer: Peer,
        nick: Nick,
        as_account: bool,
        room: &RoomName,
        file: &SharedFile,
        now: Moment,
    ) -> Result<Arc<Message>, ErrorCode> {
        let room = self.room_to_post_in(&peer, room, now)?;
        let words = words_of(file);
        self.post(peer, (nick, as_account), room, words, now)
    }

    /// Whose a file would be that somebody shares so, if it may.
    ///
    /// # Errors
    /// As [`Hub::handle_post`].
    pub fn check_sharing(
        &self,
        peer: Peer,
        nick: &Nick,
        as_account: bool,
        room: &RoomName,
        now: Moment,
    ) -> Result<SaidBy, ErrorCode> {
        let room = self.room_to_post_in(&peer, room, now)?;
        self.chat
            .check_post(nick, peer, as_account, room, now.unix_ms)?;
        Ok(self.chat.origin_of_post(nick, as_account))
    }

    /// May the bot of that name, or a program of the operator's, read what is said in a room?
    ///
    /// # Errors
    /// [`ErrorCode::AddressBanned`], [`ErrorCode::NickBanned`], [`ErrorCode::NoRoomToShow`]; and
    /// [`ErrorCode::NotInRoom`] of a room that is closed to some, which shows what was said in it to its members.
    pub fn check_reading(
        &self,
        peer: Peer,
        bot: Option<&Nick>,
        room: &RoomName,
        now: Moment,
    ) -> Result<RoomId, ErrorCode> {
        let id = self.room_to_post_in(&peer, room, now)?;
        match bot {
            Some(bot) => self.chat.check_bot(bot, id, now.unix_ms)?,
            None if self.chat.rooms().get(id).is_guarded() => {
                return Err(ErrorCode::NotInRoom(room.clone()));
            }
            None => {}
        }
        Ok(id)
    }

    fn room_to_post_in(
        &self,
        peer: &Peer,
        room: &RoomName,
        now: Moment,
    ) -> Result<RoomId, ErrorCode> {
        if let Some(refusal) = self.refusal_of(peer, now) {
            return Err(refusal);
        }
        let id = self.chat.rooms().find(room);
        id.ok_or_else(|| ErrorCode::NoRoomToShow(room.clone()))
    }

    fn post(
        &mut self,
        peer: Peer,
        (nick, as_account): (Nick, bool),
        room: RoomId,
        words: Words,
        now: Moment,
    ) -> Result<Arc<Message>, ErrorCode> {
        let account = self.account_named(&nick);
        let entry = self.post_entry(peer, (nick, as_account), room, words);
        let message = self.say_unasked(entry, now)?;
        account.iter().for_each(|&it| self.use_account(it, now));
        Ok(message)
    }

    fn account_named(&self, nick: &Nick) -> Option<AccountId> {
        let account = self.chat.directory().find(&nick.key());
        account.map(|account| account.record.id)
    }

    fn post_entry(
        &self,
        peer: Peer,
        (nick, as_account): (Nick, bool),
        room: RoomId,
        words: Words,
    ) -> Entry {
        let shown = match self.chat.rules().addresses {
            Addresses::All => peer,
            // Who has no connection of its own is nobody's number.
            Addresses::None | Addresses::OfDoors => Peer::NOWHERE,
        };
        Entry::Post {
            nick,
            peer,
            as_account,
            room,
            words,
            shown,
        }
    }

    /// Has something said that no request on a connection of its own asks for.
    fn say_unasked(&mut self, entry: Entry, now: Moment) -> Result<Arc<Message>, ErrorCode> {
        self.check_room()?;
        let mut facts = Vec::new();
        let stamp = (now.unix_ms, NodeId::default());
        self.log.apply(&mut self.chat, entry, stamp, &mut facts)?;
        let mut said = None;
        for fact in facts {
            if let Fact::Said { message, .. } = &fact {
                said = Some(Arc::clone(message));
            }
            self.hear(fact, None, now);
        }
        said.ok_or(ErrorCode::StoreFailed)
    }

    /// A session shares a file in a room that it is in.
    ///
    /// # Errors
    /// [`ErrorCode::NotJoined`], [`ErrorCode::NotInRoom`], [`ErrorCode::Muted`], [`ErrorCode::MayNotSpeak`].
    pub fn handle_file(
        &mut self,
        who: ConnId,
        room: &RoomName,
        file: &SharedFile,
        now: Moment,
    ) -> Result<Arc<Message>, ErrorCode> {
        let entry = Entry::Say {
            user: self.own_id(who)?,
            room: self.entered(who, Some(room.clone()))?,
            words: words_of(file),
            is_outside: false,
            shown: self.shown_peer(who),
        };
        self.say_unasked(entry, now)
    }

    /// A session wants to send a file.
    pub(super) fn ticket(&self, who: ConnId, claim: TicketClaim) -> Result<Decision, ErrorCode> {
        check_note(&claim.name)?;
        let room = self.entered(who, claim.room)?;
        Ok(Decision::Ticket(TicketClaim {
            room: Some(self.chat.rooms().get(room).name.clone()),
            ..claim
        }))
    }

    /// Whose a file would be that a session shares.
    ///
    /// # Errors
    /// As [`Hub::handle_file`].
    pub fn check_file(&self, who: ConnId, room: &RoomName) -> Result<SaidBy, ErrorCode> {
        self.entered(who, Some(room.clone()))?;
        let (user, account) = (self.own_id(who)?, self.own(who)?.account());
        Ok(account.map_or(SaidBy::User(user), SaidBy::Account))
    }
}

fn words_of(file: &SharedFile) -> Words {
    Words::of(Manner::File, file.to_text())
}
