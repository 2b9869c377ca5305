//! The vocabulary that the hub, the dialects and the reactor share: who, where, what is asked and
//! what is told. Values only: nothing here reads a socket or a clock.

mod account;
mod amend;
mod ban;
mod change;
pub(crate) mod crowd;
mod error;
mod event;
mod file;
mod hash;
mod incident;
mod letters;
mod lines;
pub(crate) mod markup;
mod message;
mod mode;
mod mute;
mod name;
mod notice;
mod page;
mod profile;
mod proxies;
mod query;
mod record;
mod report;
mod request;
mod secret;
mod settings;
mod terms;
mod world;
mod zone;

use std::fmt;
use std::num::NonZeroU64;

use core::net::{Ipv4Addr, SocketAddr};

pub(crate) use core::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use account::InviteCode;
pub use account::{AccountAnswer, AccountAsk};
pub(crate) use account::{AccountChange, Hashed};
pub(crate) use account::{Challenge, CodeChange, Login, ScramProof, TokenChange};
pub(crate) use amend::{
    AboutMessage, Amended, Amendment, Doing, Marks, ReactedBy, Reaction, ReplyTo, opening,
};
pub(crate) use ban::{Ban, Mask, matches};
pub(crate) use change::{Addressee, Change, MetadataTarget, Utterance, WatchChange};
pub use error::ErrorCode;
pub use event::Event;
pub(crate) use event::{
    Author, BanEntry, ClientEntry, Deletion, Part, RoomEntry, Roster, WhoisEntry,
};
pub(crate) use file::MAGIC_BYTES;
pub(crate) use file::{
    FileClaim, FileId, FileName, FileTicket, LinkKey, Links, MimeType, SharedFile, ShownSize,
    TicketClaim,
};
pub use hash::HashSeed;
pub(crate) use incident::{Deed, Incident};
pub(crate) use letters::{is_mark, is_unseen};
pub(crate) use lines::{lines, shown_lines};
pub(crate) use message::Happening;
pub(crate) use message::{Excerpt, Target};
pub use message::{KeptMessage, Manner, Message, MessageId, SaidBy, SaidIn};
pub(crate) use mode::{MaskKind, ModeChange, RoomMask, in_letters};
pub(crate) use mute::{Mark, Mute, Mutes};
pub(crate) use name::Folded;
pub use name::{Key, Nick, RoomName};
pub(crate) use notice::{Absence, Departure, Done, Kick, Notice, PutOut};
pub(crate) use page::{MembersPage, Range, RoomsFrom, Since};
pub(crate) use profile::{Profile, ProfileChange};
pub(crate) use proxies::TrustedProxies;
pub use proxies::TrustedProxy;
pub use query::{Found, Query, Window};
pub use record::{
    AccountRecord, Durability, Kept, KeptScrollback, Note, Position, Record, RoomRecord, Used,
};
pub(crate) use record::{Credential, RoomRest};
pub(crate) use report::NodeEntry;
pub(crate) use report::Stats;
pub(crate) use request::EnterMode;
pub use request::Request;
pub use secret::Secret;
pub(crate) use secret::saslprep;
pub use settings::Settings;
pub use terms::{SearchWords, terms};
#[cfg(any(test, feature = "testing"))]
pub use world::Nowhere;
pub use world::RegistrationMode;
pub(crate) use world::{
    CameBy, Census, Former, MaskFacts, MemberRank, Person, RoomFacts, ServerFacts, StrictTransport,
    World,
};
pub use zone::Zone;

/// One connection for the whole life of the server: a slot and the generation that used it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConnId {
    /// The lowest that was free when it came.
    pub slot: u32,
    /// Invariant: no two connections of one slot that could meet in a batch share it.
    pub generation: u32,
}

/// A user, who may have several connections: from a counter, so that no later one has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(NonZeroU64);

impl UserId {
    /// The first that there is.
    pub const FIRST: UserId = UserId(NonZeroU64::MIN);

    /// The one after it.
    #[must_use]
    pub fn next(self) -> UserId {
        UserId(self.0.saturating_add(1))
    }

    /// The one of a number.
    pub fn of(number: u64) -> Option<UserId> {
        NonZeroU64::new(number).map(UserId)
    }

    /// Its number.
    pub fn number(self) -> u64 {
        self.0.get()
    }
}

/// A server of a cluster, by the number that the cluster gave to its name. One that is alone is the default.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NodeId(pub u16);

/// An account for its whole life: no later one has its number, whatever names they have.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct AccountId(pub u64);

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// An address and port, IPv4 also where it came mapped into IPv6.
    Ip {
        /// The address.
        ip: IpAddr,
        /// The port.
        port: u16,
    },
    /// A Unix-domain connection, by the order of its coming.
    Unix(u32),
}

impl Peer {
    /// What stands for who has no connection.
    pub const NOWHERE: Peer = Peer::Ip {
        ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        port: 0,
    };

    /// The port, or what stands for it.
    pub fn number(&self) -> u32 {
        match self {
            Peer::Ip { port, .. } => u32::from(*port),
            Peer::Unix(serial) => *serial,
        }
    }

    /// What stands for it where it is not shown: no address, and a number that is not its port and is
    /// the same as long as it is in `slot` (one of more than 65,534 shares its number).
    pub fn hidden(&self, slot: u32) -> Peer {
        let number = (slot % u32::from(u16::MAX - 1) + 1) as u16;
        let is_own = self.number() == u32::from(number);
        Peer::Ip {
            ip: Ipv4Addr::UNSPECIFIED.into(),
            port: if is_own { u16::MAX } else { number },
        }
    }

    /// Its address, if it has one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Peer::Ip { ip, .. } => Some(*ip),
            Peer::Unix(_) => None,
        }
    }

    /// The address that limits count by: none for Unix-domain peers, nor for loopback unless that is
    /// `with_loopback`; the /64 for IPv6.
    pub fn counted_address(&self, with_loopback: bool) -> Option<IpAddr> {
        match self {
            Peer::Unix(_) => None,
            Peer::Ip { ip, .. } if ip.is_loopback() && !with_loopback => None,
            Peer::Ip { ip, .. } => Some(match *ip {
                IpAddr::V4(ip) => IpAddr::V4(ip),
                IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
            }),
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Peer {
        Peer::Ip {
            ip: address.ip().to_canonical(),
            port: address.port(),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Ip { ip, port } => SocketAddr::new(*ip, *port).fmt(f),
            Peer::Unix(serial) => write!(f, "unix:{serial}"),
        }
    }
}

/// The time of a turn: everything told in it carries this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since the start; never goes back.
    pub uptime_ms: u64,
    /// Milliseconds since 1970, UTC.
    pub unix_ms: u64,
    /// What local clocks show.
    pub zone: &'static Zone,
}

impl Moment {
    /// From when on that is, in milliseconds since 1970.
    pub fn ms_of(self, since: Since) -> u64 {
        let now_s = self.unix_s();
        let unix_s = match since {
            Since::Ago(seconds) => now_s.saturating_sub_unsigned(seconds),
            Since::Unix(second) => i64::try_from(second).unwrap_or(i64::MAX),
            Since::Local(second) => self.zone.first_at(second),
            Since::Clock(second) => self.zone.last_at(second, now_s),
        };
        u64::try_from(unix_s).unwrap_or(0).saturating_mul(1000)
    }

    /// Another time, in milliseconds since 1970, where this one is.
    #[must_use]
    pub fn at(self, unix_ms: u64) -> Moment {
        Moment { unix_ms, ..self }
    }

    /// Hours, minutes and seconds of the local day.
    pub fn local_hms(self) -> (u32, u32, u32) {
        let s = self.local_s().rem_euclid(86_400) as u32;
        (s / 3600, s / 60 % 60, s % 60)
    }

    /// The local day, as days since 1970.
    pub fn local_day(self) -> i64 {
        self.local_s().div_euclid(86_400)
    }

    fn local_s(self) -> i64 {
        self.zone.local_of(self.unix_s())
    }

    fn unix_s(self) -> i64 {
        (self.unix_ms / 1000) as i64
    }
}

/// A request's own id, kept as the JSON text (ASCII) that its answer repeats; or a dialogue's own number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Box<str>);

impl RequestId {
    /// No JSON text begins so.
    const MARK: char = '#';

    /// A number by which a dialogue knows the answer.
    pub(crate) fn of_dialogue(number: u32) -> RequestId {
        RequestId(format!("{}{number}", Self::MARK).into())
    }

    /// That number.
    pub(crate) fn dialogue_number(&self) -> Option<u32> {
        self.0.strip_prefix(Self::MARK)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(offset_s: i32) -> &'static Zone {
        Box::leak(Box::new(Zone::of(|_| offset_s)))
    }

    #[test]
    fn local_time_wraps_at_midnight() {
        let at = |unix_s: u64, offset_s| {
            let moment = Moment {
                unix_ms: unix_s * 1000,
                zone: zone(offset_s),
                ..Moment::default()
            };
            moment.local_hms()
        };
        assert_eq!(at(86_399, 0), (23, 59, 59));
        assert_eq!(at(86_399, 1), (0, 0, 0));
        assert_eq!(at(0, -1), (23, 59, 59));
        assert_eq!(at(5_400, 19_800), (7, 0, 0));
    }

    #[test]
    fn times_since_when() {
        // 1970-01-02 01:00 where clocks are two hours ahead.
        let now = Moment {
            unix_ms: 23 * 3_600_000,
            zone: zone(7_200),
            ..Moment::default()
        };
        for (since, hours) in [
            (Since::Ago(3_600), 22),
            (Since::Ago(u64::MAX), 0),
            (Since::Unix(7_200), 2),
            (Since::Local(86_400), 22),
            (Since::Clock(1_800), 22),
            (Since::Clock(7_200), 0),
        ] {
            assert_eq!(now.ms_of(since) / 3_600_000, hours, "{since:?}");
        }
    }

    #[test]
    fn limits_count_a_network_not_a_loopback() {
        let counted = |s: &str| {
            let address: SocketAddr = s.parse().expect("an address");
            Peer::from(address).counted_address(false)
        };
        assert_eq!(counted("127.0.0.9:1"), None);
        assert_eq!(counted("[::1]:1"), None);
        assert_eq!(counted("192.0.2.7:1"), counted("192.0.2.7:2"));
        assert_eq!(counted("[2001:db8::1]:1"), counted("[2001:db8::2]:2"));
        assert_ne!(counted("[2001:db8::1]:1"), counted("[2001:db8:0:1::1]:1"));
        assert_eq!(Peer::Unix(3).counted_address(false), None);
    }
}
