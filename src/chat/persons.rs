//! What others may know of a user.

use std::hash::BuildHasher as _;

use crate::model::{Peer, Person, UserId};

use super::rules::Addresses;
use super::state::Chat;
use super::user::User;

impl Chat {
    /// What is known of a user who is here.
    pub(crate) fn person(&self, user: UserId) -> Option<Person> {
        self.users.get(user).map(|user| self.person_of(user))
    }

    /// What is known of a user.
    pub(crate) fn person_of(&self, user: &User) -> Person {
        let account = user.account().and_then(|id| self.directory.get(id));
        let profile = user.profile();
        Person {
            nick: user.nick().clone(),
            username: username_of(user),
            host: self.host_of(&user.peer()),
            realname: profile.map_or_else(|| user.nick().to_string(), |it| it.realname().into()),
            account: account.map(|account| account.record.nick.clone()),
            away: user.away().cloned(),
            is_operator: user.is_operator(),
            is_invisible: profile.is_some_and(|it| it.is_invisible),
            hears_wallops: profile.is_some_and(|it| it.hears_wallops),
            is_bot: profile.is_some_and(|it| it.is_bot),
        }
    }

    /// The name of a user's account at its own machine, and its host, as others are shown them.
    pub(crate) fn place_of(&self, user: UserId) -> Option<(String, String)> {
        let user = self.users.get(user)?;
        Some((username_of(user), self.host_of(&user.peer())))
    }

    /// Where somebody is, as others are shown it: an address, or what stands for it and is the same for who
    /// comes from there.
    fn host_of(&self, peer: &Peer) -> String {
        let Some(ip) = peer.ip() else {
            return "local".into();
        };
        if self.rules.addresses == Addresses::All {
            let shown = ip.to_string();
            // A parameter does not begin with a colon.
            return match shown.starts_with(':') {
                true => format!("0{shown}"),
                false => shown,
            };
        }
        format!("{:013x}.hidden", self.rules.cloak_key.hash_one(ip) >> 12)
    }

    /// What masks of a room are compared with: the user as it is shown, and with its address.
    pub(super) fn forms_of(&self, user: &User) -> Vec<String> {
        let who = format!("{}!{}@", user.nick(), username_of(user));
        let peer = user.peer();
        let address = peer.ip().map(|ip| ip.to_string());
        let hosts = [Some(self.host_of(&peer)), address].into_iter().flatten();
        hosts
            .map(|host| format!("{who}{host}").to_lowercase())
            .collect()
    }
}

fn username_of(user: &User) -> String {
    match user.profile() {
        Some(profile) => format!("~{}", profile.username()),
        None => user.via.username().into(),
    }
}
