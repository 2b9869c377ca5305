//! Who is in a room, as it is told.

use crate::chat::{LOBBY, Member, RoomId, User};
use crate::limits::NAMES_SHOWN_MAX;
use crate::model::{Roster, UserId};

use super::state::Hub;

impl Hub {
    /// The first who are in a room, as many as are named at once.
    pub(super) fn roster(&self, room: RoomId) -> Roster {
        self.users_from(room, 0, NAMES_SHOWN_MAX)
    }

    /// So many of the users who are in a room at most, from the member at `start` on.
    pub(super) fn users_from(&self, room: RoomId, start: usize, limit: usize) -> Roster {
        let hidden = match room {
            LOBBY => self.untold_count(),
            _ => 0,
        };
        let room = self.chat.rooms().get(room);
        let mut roster = Roster {
            members: room.count() - hidden,
            ..Roster::default()
        };
        let named = |member: &Member| {
            let user = self.chat.users().get(member.user)?;
            (!user.is_untold()).then(|| user.nick().clone())
        };
        let mut users = room.members()[start..].iter().filter_map(named);
        roster.nicks.extend(users.by_ref().take(limit));
        self.note_steps(roster.nicks.len());
        // Each of the members is looked at only where some of them are not shown.
        roster.rest = match (start, hidden) {
            (0, _) => roster.members - roster.nicks.len(),
            (_, 0) => room.members().len() - start - roster.nicks.len(),
            _ => users.count(),
        };
        roster
    }

    /// How many in the lobby nobody was told of yet.
    pub(super) fn untold_count(&self) -> usize {
        let users = self.chat.users();
        let is_untold = |&&(_, id): &&(u64, UserId)| users.get(id).is_some_and(User::is_untold);
        self.untold.iter().filter(is_untold).count()
    }
}
