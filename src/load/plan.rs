//! What a run is to do.

use std::net::IpAddr;
use std::time::Duration;

use super::payload;
use super::tongue::{Speaker, Tongue};

/// Connections of a run, at most: stamps in what is said have room for so many senders.
pub(crate) const CONNECTIONS_MAX: usize = 1 << 18;

/// What a crowd does; its name chooses the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Some speak, as fast as they are heard, and all others listen.
    Fanout,
    /// Some speak at a steady rate.
    Latency,
    /// All come in and say nothing.
    Idle,
    /// Many small rooms, each with one who speaks.
    Rooms,
    /// A part leaves and joins again all the time while others speak.
    Churn,
    /// A part never reads while others speak.
    Slow,
    /// All come in as fast as they can, and leave.
    JoinStorm,
}

/// How fast is spoken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// A closed loop: each sender has at most so many messages in flight, from 1.
    Window(u32),
    /// An open loop: so many messages a second, of all senders together.
    Rate(f64),
}

/// When the speaking ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// After a time.
    Time(Duration),
    /// After so many messages of all senders together, from 1.
    Messages(u64),
}

/// A run as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What the crowd does.
    pub scenario: Scenario,
    /// The server: `HOST:PORT`.
    pub target: String,
    /// Is it spoken over TLS?
    pub is_tls: bool,
    /// The path of the WebSocket that it is spoken on, if it is.
    pub websocket: Option<String>,
    /// What is spoken.
    pub tongue: &'static dyn Tongue,
    /// Those who listen, from 1.
    pub clients: usize,
    /// Those who speak; they are of the clients unless the tongue speaks apart.
    pub senders: usize,
    /// Rooms, from 1; with one all stay in the room that everybody is in at first.
    pub rooms: usize,
    /// Bytes of a message's text.
    pub size: usize,
    /// How fast is spoken.
    pub pace: Pace,
    /// How long is spoken, or how long a crowd stays that says nothing.
    pub until: Until,
    /// Connects a second; `None` is as many as the server takes.
    pub ramp_per_s: Option<f64>,
    /// Addresses to connect from, in turn; empty leaves it to the system.
    pub sources: Vec<IpAddr>,
    /// The server's process.
    pub pid: Option<u32>,
    /// Of a hundred clients, how many never read ([`Scenario::Slow`]).
    pub slow_percent: usize,
    /// Of a hundred clients, how many come and go ([`Scenario::Churn`]).
    pub churn_percent: usize,
    /// How long nothing may come before what is missing is given up.
    pub patience: Duration,
}

/// What one client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientRole {
    /// It stays, and is to hear everything.
    Stays,
    /// It leaves and joins again all the time.
    ComesAndGoes,
    /// It never reads after it has joined.
    NeverReads,
    /// It only speaks, on a connection of its own.
    OnlySpeaks,
}

impl Scenario {
    /// Every scenario.
    pub(crate) const ALL: [Scenario; 7] = [
        Scenario::Fanout,
        Scenario::Latency,
        Scenario::Idle,
        Scenario::Rooms,
        Scenario::Churn,
        Scenario::Slow,
        Scenario::JoinStorm,
    ];

    /// Its name, as it is asked for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::Fanout => "fanout",
            Scenario::Latency => "latency",
            Scenario::Idle => "idle",
            Scenario::Rooms => "rooms",
            Scenario::Churn => "churn",
            Scenario::Slow => "slow",
            Scenario::JoinStorm => "join-storm",
        }
    }

    /// Is anything said?
    pub(crate) fn speaks(self) -> bool {
        !matches!(self, Scenario::Idle | Scenario::JoinStorm)
    }

    /// Clients, senders, rooms and pace, where nothing else is asked for.
    pub(crate) fn defaults(self) -> (usize, usize, usize, Pace) {
        match self {
            Scenario::Fanout | Scenario::Slow => (1000, 1, 1, Pace::Window(32)),
            Scenario::Latency => (1000, 1, 1, Pace::Rate(20.0)),
            Scenario::Idle | Scenario::JoinStorm => (10_000, 0, 1, Pace::Window(1)),
            Scenario::Rooms => (10_000, 1000, 1000, Pace::Rate(2000.0)),
            Scenario::Churn => (1000, 4, 1, Pace::Rate(100.0)),
        }
    }
}

impl Plan {
    /// Does the plan make sense?
    ///
    /// # Errors
    /// One line that says what does not.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.connections() > CONNECTIONS_MAX {
            let what = "--clients and --senders make more connections than a run may have";
            return Err(format!("{what}: {CONNECTIONS_MAX}"));
        }
        let listeners = self.clients / self.rooms;
        let hears_itself = self.tongue.echoes() || self.tongue.speaks_apart();
        let size_max = self.tongue.size_max().min(payload::SIZE_MAX);
        let name = self.tongue.name();
        if !(payload::SIZE_MIN..=size_max).contains(&self.size) {
            return Err(format!(
                "--size is {} to {size_max} bytes in {name}: what a receiver checks stands in the text",
                payload::SIZE_MIN
            ));
        }
        if self.websocket.is_some() && !self.tongue.has_websocket() {
            return Err(format!(
                "there is no WebSocket in {name}: text and json have one"
            ));
        }
        if self.rooms > 1 && !self.tongue.has_rooms() {
            return Err(format!("there are no rooms in {name}: --rooms 1"));
        }
        if listeners == 0 {
            return Err("--rooms is more than --clients: nobody would be in some".into());
        }
        if !self.tongue.speaks_apart() && self.senders > self.clients {
            return Err("--senders is more than --clients, of whom they are".into());
        }
        if self.scenario.speaks() && self.senders == 0 {
            return Err(format!(
                "--senders is from 1 up in {}",
                self.scenario.name()
            ));
        }
        if self.scenario.speaks() && listeners < 2 && !hears_itself {
            return Err("each room needs two --clients: one who speaks, one who listens".into());
        }
        if let Pace::Window(window) = self.pace
            && window as usize * self.size * self.senders > 1 << 30
        {
            return Err("--window is too great: more than 1 GiB would be in flight".into());
        }
        Ok(())
    }

    /// What stands for the server in what is shown.
    pub(crate) fn address(&self) -> String {
        let scheme = match (self.websocket.is_some(), self.is_tls) {
            (true, true) => "wss://",
            (true, false) => "ws://",
            (false, true) => "tls://",
            (false, false) => "",
        };
        let path = self.websocket.as_deref().unwrap_or_default();
        format!("{scheme}{}{path}", self.target)
    }

    /// As of [`Tongue::fills_reads`], where nothing stands between it and the segments.
    pub(super) fn fills_reads(&self) -> bool {
        !self.is_tls && self.websocket.is_none() && self.tongue.fills_reads()
    }

    /// Sockets that are open at once.
    pub(crate) fn connections(&self) -> usize {
        self.clients + self.extra_senders()
    }

    /// The connection that sender `sender` speaks on.
    pub(crate) fn connection_of(&self, sender: usize) -> usize {
        match self.tongue.speaks_apart() {
            true => self.clients + sender,
            false => sender,
        }
    }

    /// The room of connection `at`. Senders are spread over the rooms as clients are.
    pub(crate) fn room_of(&self, at: usize) -> usize {
        let place = at.checked_sub(self.clients).unwrap_or(at);
        place % self.rooms
    }

    /// What connection `at` does. Those who do not simply stay are the last of the clients, and never
    /// senders.
    pub(crate) fn part_of(&self, at: usize) -> ClientRole {
        if at >= self.clients {
            return ClientRole::OnlySpeaks;
        }
        let (percent, part) = match self.scenario {
            Scenario::Slow => (self.slow_percent, ClientRole::NeverReads),
            Scenario::Churn => (self.churn_percent, ClientRole::ComesAndGoes),
            _ => return ClientRole::Stays,
        };
        let speaking = if self.tongue.speaks_apart() {
            0
        } else {
            self.senders
        };
        let others = self.clients * percent.min(100) / 100;
        match at >= (self.clients - others).max(speaking) {
            true => part,
            false => ClientRole::Stays,
        }
    }

    /// Who connection `at` is in its life number `life`: the run, the place and the life are in the
    /// name, so that nobody meets a name that is still taken.
    pub(crate) fn speaker(&self, run: u32, at: usize, life: u32) -> Speaker {
        let mut name = vec![b'h'; 9];
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        push_letters(run, &mut name[1..4]);
        push_letters(place, &mut name[4..8]);
        push_letters(life, &mut name[8..]);
        let room = (self.rooms > 1).then(|| self.room_of(at) as u32);
        Speaker {
            name: String::from_utf8_lossy(&name).into(),
            room,
            listens: at < self.clients,
        }
    }

    /// How the run is set, for people.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![
            ("clients", self.clients.to_string()),
            ("senders", self.senders.to_string()),
            ("rooms", self.rooms.to_string()),
        ];
        if self.scenario.speaks() {
            settings.push(("size", format!("{} bytes", self.size)));
            settings.push(match self.pace {
                Pace::Window(window) => ("window", window.to_string()),
                Pace::Rate(rate) => ("rate", format!("{rate}/s")),
            });
        }
        match self.until {
            _ if self.scenario == Scenario::JoinStorm => {}
            Until::Time(time) => settings.push(("for", format!("{} s", time.as_secs_f64()))),
            Until::Messages(count) => settings.push(("messages", count.to_string())),
        }
        match self.scenario {
            Scenario::Slow => settings.push(("slow", format!("{} %", self.slow_percent))),
            Scenario::Churn => settings.push(("churn", format!("{} %", self.churn_percent))),
            _ => {}
        }
        if let Some(ramp) = self.ramp_per_s {
            settings.push(("ramp", format!("{ramp}/s")));
        }
        if !self.sources.is_empty() {
            settings.push(("sources", self.sources.len().to_string()));
        }
        settings
    }

    fn extra_senders(&self) -> usize {
        match self.tongue.speaks_apart() {
            true => self.senders,
            false => 0,
        }
    }
}

/// `number` in base 36, its last digits, as many as there is room for.
fn push_letters(mut number: u32, out: &mut [u8]) {
    const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    for letter in out.iter_mut().rev() {
        *letter = LETTERS[(number % 36) as usize];
        number /= 36;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::load::tongue;

    pub(crate) fn plan(scenario: Scenario, dialect: &str) -> Plan {
        let (clients, senders, rooms, pace) = scenario.defaults();
        Plan {
            scenario,
            target: "127.0.0.1:1".into(),
            is_tls: false,
            websocket: None,
            tongue: tongue::named(dialect).expect("a tongue"),
            clients,
            senders,
            rooms,
            size: 64,
            pace,
            until: Until::Messages(1),
            ramp_per_s: None,
            sources: Vec::new(),
            pid: None,
            slow_percent: 10,
            churn_percent: 10,
            patience: Duration::from_secs(5),
        }
    }

    #[test]
    fn every_scenario_makes_sense_as_it_is() {
        for scenario in Scenario::ALL {
            assert_eq!(plan(scenario, "text").check(), Ok(()), "{scenario:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_one_line() {
        let wrong: [fn(&mut Plan); 7] = [
            |plan| plan.size = payload::SIZE_MIN - 1,
            |plan| plan.size = payload::SIZE_MAX + 1,
            |plan| plan.senders = 0,
            |plan| plan.senders = 1001,
            |plan| plan.clients = 1,
            |plan| plan.rooms = 501,
            |plan| plan.pace = Pace::Window(u32::MAX),
        ];
        for change in wrong {
            let mut plan = plan(Scenario::Fanout, "text");
            change(&mut plan);
            let line = plan.check().expect_err("no sense");
            assert!(!line.contains('\n'), "{line}");
        }
        let mut rooms = plan(Scenario::Rooms, "line");
        assert!(rooms.check().is_err());
        rooms.rooms = 1;
        assert_eq!(rooms.check(), Ok(()));
    }

    #[test]
    fn names_differ_and_are_short() {
        let plan = plan(Scenario::Rooms, "text");
        let name = |run, at, life| plan.speaker(run, at, life).name;
        assert_eq!(name(1, 37, 2), "h00100112");
        let names: std::collections::HashSet<String> =
            (0..19_000).map(|at| name(46_000, at, 0)).collect();
        assert_eq!(names.len(), 19_000);
        assert_eq!(plan.speaker(1, 1999, 0).room, Some(999));
    }

    #[test]
    fn senders_are_never_those_who_come_and_go() {
        let mut plan = plan(Scenario::Slow, "text");
        let slow = |plan: &Plan| {
            let parts = (0..plan.clients).map(|at| plan.part_of(at));
            parts.filter(|&part| part == ClientRole::NeverReads).count()
        };
        assert_eq!(slow(&plan), 100);
        plan.senders = 950;
        assert_eq!((slow(&plan), plan.part_of(949)), (50, ClientRole::Stays));
    }
}
