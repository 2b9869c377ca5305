//! Who asks over HTTP with a token.

use crate::dialect::http::Response;
use crate::model::{ConnId, Deed, ErrorCode, Incident, Nick};
use crate::sys::System;
use crate::web::{Poster, api};

use super::Reactor;

impl<S: System> Reactor<S> {
    /// Tells the log that a token was used; who uses a bot's is known to the hub alone.
    pub(super) fn log_token(&mut self, id: ConnId, name: Option<Nick>) {
        let is_good = name.is_some();
        let peer = self
            .connections
            .get_mut(id)
            .map(|connection| connection.peer);
        let deed = Deed::Token { is_good };
        let incident = Incident { deed, name, peer };
        self.journal.incidents.log(&incident, self.clock.now);
    }

    /// Under which name somebody posts, and whether that is as a bot with an account.
    pub(super) fn poster(
        &mut self,
        id: ConnId,
        poster: Poster,
        nick: Option<Nick>,
    ) -> Result<(Nick, bool), Response> {
        match poster {
            Poster::Named(named) => {
                self.log_token(id, Some(named.clone()));
                Ok((nick.unwrap_or(named), false))
            }
            Poster::Bot(digest) => {
                let bot = self.hub.bot_of(&digest).cloned();
                let bot = bot.ok_or_else(api::unauthorized)?;
                self.log_token(id, Some(bot.clone()));
                match nick.is_some_and(|nick| nick.key() != bot.key()) {
                    true => Err(api::refused(&ErrorCode::NameRegistered)),
                    false => Ok((bot, true)),
                }
            }
        }
    }
}
