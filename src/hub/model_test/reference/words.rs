//! What is said in places, and done about it.

use crate::limits::EDIT_MS;
use crate::model::Doing;

use super::{Heard, Reference, Seen, fold, must};

/// What was said.
pub(super) struct Message {
    /// The serials of who said it, and where.
    by: u32,
    place: u32,
    at: u64,
    /// How somebody reacted, whose serial that is, and under which name.
    reactions: Vec<(String, u32, String)>,
}

impl Reference {
    /// Who hears of what a user does in a room, if it may speak there.
    fn hearers(&self, id: u32, room: &str) -> Result<Vec<u32>, ()> {
        let user = self.user(id);
        let key = fold(&user.nick);
        must(user.rooms.iter().any(|own| own == room) && !self.mutes.hold(id, &key))?;
        let place = self.place(room);
        must(!place.muted.hold(id, &key))?;
        let mut hearers = place.members.clone();
        hearers.retain(|&other| !self.user(other).ignored.contains(&key));
        Ok(hearers)
    }

    pub(super) fn speak(&mut self, id: u32, room: &str) -> Heard {
        let hearers = self.hearers(id, room)?;
        let seen = Seen::Said(self.user(id).nick.clone(), room.into());
        self.tell(&hearers, id, &seen);
        self.messages.push(Message {
            by: self.user(id).serial,
            place: self.place(room).serial,
            at: self.now,
            reactions: Vec::new(),
        });
        Ok(())
    }

    pub(in super::super) fn messages_len(&self) -> usize {
        self.messages.len()
    }

    /// Does something about the message that was said as the one of that number.
    pub(in super::super) fn do_about(&mut self, id: u32, number: usize, doing: &Doing) -> Heard {
        must(self.users.iter().any(|user| user.id == id))?;
        let message = &self.messages[number];
        let mut places = self.places.iter();
        let place = places.find(|place| place.serial == message.place);
        let room = place.ok_or(())?.name.clone();
        let hearers = self.hearers(id, &room)?;
        let (nick, serial) = (self.user(id).nick.clone(), self.user(id).serial);
        match doing {
            Doing::Reply { .. } => return self.speak(id, &room),
            Doing::Edit { .. } => {
                must(message.by == serial && self.now - message.at <= EDIT_MS)?;
            }
            Doing::React { reaction, is_on } => {
                let own = (reaction.as_str().to_string(), serial, fold(&nick));
                let reactions = &mut self.messages[number].reactions;
                let before = reactions.len();
                reactions.retain(|it| *it != own);
                let was_on = reactions.len() < before;
                if *is_on {
                    reactions.push(own);
                }
                if was_on == *is_on {
                    return Ok(());
                }
            }
        }
        self.tell(&hearers, id, &Seen::Amended(nick, room));
        Ok(())
    }
}
