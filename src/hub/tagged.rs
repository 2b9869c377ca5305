//! What people do not read is told to those who are at doors where it has a form.

use crate::chat::{Actor, RoomId, TagTo, Words};
use crate::model::{Change, ConnId, Event, Manner, MessageId, Target, UserId};

use super::decision::Asker;
use super::state::Hub;

impl Hub {
    pub(super) fn hear_tagged(
        &mut self,
        user: UserId,
        to: TagTo,
        words: Words,
        id: MessageId,
        asker: Option<&mut Asker>,
    ) {
        let change = Change::Tagged {
            by: self.name_of(user),
            to: match to {
                TagTo::Room(room) | TagTo::Moderators(room) => {
                    Target::Room(self.chat.rooms().get(room).name.clone())
                }
                TagTo::User(user) => Target::User(self.name_of(user)),
            },
            is_for_moderators: matches!(to, TagTo::Moderators(_)),
            tags: words.tags.unwrap_or_default(),
            text: words.text,
            is_notice: words.manner == Manner::Noticed,
            id,
        };
        let own = asker.as_ref().map(|asker| asker.who);
        let is_watched = false;
        let event = Event::Changed {
            change: change.clone(),
            is_watched,
        };
        match to {
            TagTo::Room(room) => self.tell_watchful(room, own, &change),
            TagTo::Moderators(room) => self.tell_moderators(room, own, &event),
            TagTo::User(to) => {
                let by = self.name_of(user);
                if !self.chat.users()[to].ignores(&by.key()) {
                    self.tell_user(to, &event);
                }
            }
        }
        if let Some(asker) = asker {
            self.answer_asker(asker, event);
        }
    }

    fn tell_moderators(&mut self, room: RoomId, except: Option<ConnId>, event: &Event) {
        let readers: Vec<ConnId> = self.readers(room).iter().map(|reader| reader.id).collect();
        self.note_steps(readers.len());
        for reader in readers {
            let user = self.sessions.user_of(reader);
            let moderates = user.is_some_and(|it| self.chat.moderates(Actor::User(it), room));
            if Some(reader) != except && moderates {
                self.tell(reader, event.clone());
            }
        }
    }
}
