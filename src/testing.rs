//! What the integration tests, the benchmarks and the fuzz targets reach for inside. Nothing here is in a
//! build that nobody asked for it.

pub use crate::dialect::oracle as dialects;
pub use crate::dialect::{Ask, Dialect, Stage, View};
pub use crate::frame::oracle as frames;
pub use crate::frame::websocket::oracle as websockets;
pub use crate::frame::websocket::{Opcode, write_masked_frame};
pub use crate::frame::{End, Framing, Status, http_oracle as http_frames};
pub use crate::hub::oracle as hubs;
pub use crate::hub::{Addresses, Hub, Rules};
pub use crate::limits::READ_BUDGET_BYTES;
pub use crate::model::{
    ConnId, Durability, Event, Found, Manner, Message, MessageId, Moment, Nick, Peer, Query,
    Record, RoomName, SearchWords, Settings, Window,
};
pub use crate::store::{Answer, Options, Retention, Store, open};
pub use crate::web::oracle as sites;
