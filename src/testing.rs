//! What the integration tests, the benchmarks and the fuzz targets reach for inside. Nothing here is in a
//! build that nobody asked for it.

pub use crate::cluster::{
    Answered, EngineAddress, EngineCalls, EngineError, EngineFigures, EngineMember, EngineNews,
    EngineOptions, EngineSite, EngineStanding, Examined, LogReader, Logged, NewEpoch, NewMember,
    NextStep, Position, Proposer, SharedEngine, Tail, Verdict, join,
};
pub use crate::dialect::irc_oracle as irc;
pub use crate::dialect::oracle as dialects;
pub use crate::dialect::{Ask, Dialect, Stage, View};
pub use crate::frame::oracle as frames;
pub use crate::frame::websocket::oracle as websockets;
pub use crate::frame::websocket::{Opcode, write_masked_frame};
pub use crate::frame::{End, Framing, Status, http_oracle as http_frames};
pub use crate::hub::oracle as hubs;
pub use crate::hub::{Addresses, Hub, Rules};
pub use crate::limits::{
    ACCOUNT_ASKS_MAX, ACCOUNT_WRITE_MS, ACCOUNT_WRITES_MAX, BOTS_PER_ACCOUNT_MAX, ConnectRate,
    FOUND_BYTES_MAX, FOUND_MAX, IDS_RESERVED, INDEX_WAIT_MS, Limits, MAIL_MAX, QUESTIONS_MAX,
    READ_BUDGET_BYTES, Rate, STORE_BEHIND_MS, STORE_BYTES_MAX, STORE_RECORDS_MAX,
};
pub use crate::log::{Batch, WireError};
pub use crate::model::{
    AccountAnswer, AccountAsk, AccountId, AccountRecord, ConnId, Durability, ErrorCode, Event,
    Found, HashSeed, Kept, KeptMessage, KeptScrollback, Key, Manner, Message, MessageId, Moment,
    Nick, NodeId, Note, Nowhere, Peer, Query, Record, RegistrationMode, Request, RoomName,
    RoomRecord, SaidBy, SearchWords, Secret, Settings, Used, Window, Zone, terms,
};
pub use crate::model::{InviteCode, SaidIn, TrustedProxy};
pub use crate::reactor::{Certificate, Config, DoorAddress, Ended, Reactor, Replica, Turned};
pub use crate::store::accounts::token_digest;
pub use crate::store::{Answer, Backlog, Figures, Full, Options, Retention, Store, open};
pub use crate::sys::{
    BeginChat, Given, Interest, LogEngine, Mailbox, Membership, Place, Ready, SettingsFile, Stream,
    StreamKind, System, begin_chat,
};
pub use crate::web::oracle as sites;
