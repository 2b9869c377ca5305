//! Users whose sessions are at other servers of a cluster.

use crate::chat::{LOBBY, User};
use crate::model::{Author, Event, Moment, Nick, Peer, UserId};

use super::state::Hub;

impl Hub {
    /// Somebody has come in at another server, or here and is gone.
    pub(super) fn hear_joined_elsewhere(&mut self, user: UserId, now: Moment) {
        self.end_orphan(user, now);
        self.watches.users_max = self.watches.users_max.max(self.chat.users().len());
        let Some(own) = self.chat.users().get(user) else {
            return;
        };
        self.watches.has_profiles |= own.profile().is_some();
        let (nick, is_in_lobby, is_untold) =
            (own.nick().clone(), own.is_in(LOBBY), own.is_untold());
        if is_untold {
            self.tell_later(user, now);
        } else if is_in_lobby {
            let author = self.author_elsewhere(user, nick.clone());
            self.tell_of_entering(user, LOBBY, Event::Joined { author }, now);
        }
        self.tell_watchers_of_name(&nick, true);
    }

    /// Name and address of who has no session here, as events carry them.
    pub(super) fn author_elsewhere(&self, user: UserId, nick: Nick) -> Author {
        let peer = self.chat.users().get(user).map(User::peer);
        let peer = self.shown_of(peer.unwrap_or(Peer::NOWHERE), user);
        Author { nick, peer }
    }
}
