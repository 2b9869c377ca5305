//! What was said in a room, for who has no session but a token.

use crate::chat::RoomId;
use crate::model::{
    ConnId, ErrorCode, Excerpt, Found, Moment, Nick, Peer, Range, RoomName, Window,
};
use crate::session::cut_text;

use super::effect::Effect;
use super::questions::{Question, window_of};
use super::state::Hub;

impl Hub {
    /// Looks up what was said in a room, for the bot of that name, or for a program of the operator's. `None`:
    /// it is looked up on disk, and [`Effect::Read`] tells.
    ///
    /// # Errors
    /// [`ErrorCode::AddressBanned`], [`ErrorCode::NickBanned`], [`ErrorCode::NoRoomToShow`]; and
    /// [`ErrorCode::NotInRoom`] of a room that is closed to some, which shows what was said in it to its members.
    pub fn handle_reading(
        &mut self,
        who: ConnId,
        peer: Peer,
        bot: Option<&Nick>,
        room: RoomName,
        range: Range,
        now: Moment,
    ) -> Result<Option<Excerpt>, ErrorCode> {
        let id = self.check_reading(peer, bot, &room, now)?;
        let window = window_of(range, now);
        if self.chat.rules().durability.is_none() {
            return Ok(Some(self.excerpt_of_tail(id, window)));
        }
        let query = self.history_of(id, window);
        self.put_query(who, None, Question::Reading(room, window), query);
        Ok(None)
    }

    /// Of what is in memory.
    fn excerpt_of_tail(&self, id: RoomId, window: Window) -> Excerpt {
        let room = self.chat.rooms().get(id);
        let said = self.local.get(id).scrollback.after(window.after);
        let mut messages = said
            .filter(|message| window.has(message))
            .cloned()
            .collect();
        let has_more = window.cut(&mut messages) | cut_text(&mut messages, window.newest);
        Excerpt {
            room: room.name.clone(),
            messages,
            has_more,
        }
    }

    /// What was looked up for who has no session. What was said since that is in memory.
    pub(super) fn end_reading(&mut self, to: ConnId, room: RoomName, window: Window, found: Found) {
        let id = self.chat.rooms().find(&room);
        let excerpt = match self.whole_answer(id, window, found) {
            Some((messages, has_more)) => Ok(Excerpt {
                room,
                messages,
                has_more,
            }),
            None => Err(ErrorCode::StoreFailed),
        };
        self.put(Effect::Read { to, excerpt });
    }
}
