//! Hubbub, a low-footprint chat server: one thread, one reactor, one chat world that people enter
//! with whatever they have at hand.
//!
//! The one-way path of everything that is said:
//! ```text
//! socket ─fill→ Inbox ─Framing::decode→ frame ─Dialect::parse→ Request
//!    ─Hub::handle_request→ an answer, or an Entry ─Log::commit→ Facts ─Hub::hear→ Effects, held where
//!    what they tell of is to be on disk before
//!    ─Dialect::render, once per kind of reader→ Chunk (shared) ─push→ Outbox ─flush once a turn→ socket
//! ```
//! So `/nick bob`, typed into nc, becomes a line in a browser: `reactor::frames` reads it, `frame::line` finds its end,
//! `dialect::command` makes `Request::Nick` of it, `reactor::apply` puts that to `hub::talk`, which makes
//! `Entry::Rename`; `chat::act::identity` checks and applies it, `hub::hear` tells the neighbours what has come of it as an
//! `Event`, which `dialect::json` renders and `reactor::delivery` hands out. What is to be kept goes to `store` on the way,
//! as a `Record`.
//!
//! A program that takes over (`reactor::resume`) is given all of that by the one that runs (`reactor::handover`): the
//! chat and the sessions as bytes, each connection as it stands, and every descriptor, over a socket of `sys::handover`.
//!
//! Several servers can be one chat: then the log is that of a cluster (`log::SharedLog`), in an engine (`cluster`, a Redis).
//! `hub::proposing` proposes an entry there and keeps who asked for it; `reactor::cluster` sends the entries of a turn and
//! takes in what all servers read back in one order, which each applies.
//!
//! Dependencies run one way: `main → cli` · `cli → reactor, load, store, web, hub, dialect, cluster, logging, model` ·
//! `reactor → hub, dialect, frame, buffer, store, web, layer, sys, cluster, log, model` · `layer → sys, buffer` ·
//! `sys → store, cluster, log, outlet, model` · `load → dialect, frame, buffer, model` · `web → dialect, model` · `store → model` ·
//! `cluster → log, model` ·
//! `dialect → model` · `hub → log, session, chat, model` · `log → chat, model` ·
//! `session → chat, model` · `chat → model` · `logging → outlet, model` ·
//! all → `limits`; a test holds it. Chat, log, sessions, hub, dialects and framings are pure and never meet: bytes or values in, values or bytes out. So is `web`, which decides what is answered
//! over HTTP. Only the reactor joins them with sockets and time, which it reaches through `sys` alone, so that a
//! simulated system can stand there instead; TLS (`layer`), below a connection, is a socket to it. `model` has values
//! only, and `testing` names what tests reach for.
//!
//! Glossary: a **door** is a listener and the dialect behind it; a **connection** one socket with its
//! **Inbox** (unparsed bytes) and **Outbox** (unsent chunks, whose length is the **SendQ**); a
//! **chunk** is a range of a **page** of rendered text that its readers share; a **framing** says
//! where a frame ends and a **dialect** what it means; a **user** is who has joined, a **session** what
//! one of its connections has for itself, a **room** a set of users, a room's **readers** the connections
//! that see what is said there; a **console** is the operator's own connection; an **entry** is a
//! change of the **chat**, whose state is what comes of all of them, a **fact** what came of one; an **effect** is what the
//! hub wants done; a **turn** is one pass of the reactor's loop and a **budget** the work it may do in it;
//! a room's **scrollback** is what was said last, in memory, and what is **kept** is on disk.

// What only the tests reach for is no dead code where they are built.
#![cfg_attr(not(feature = "testing"), allow(unreachable_pub))]

/// A file's bytes under a name of their own, so that the linker lays them apart (`src/layout.ld`): a page that is
/// seldom asked for would lie in memory between what every turn reads otherwise.
macro_rules! seldom_read {
    ($path:expr) => {{
        static SELDOM_READ: [u8; include_bytes!($path).len()] = *include_bytes!($path);
        &SELDOM_READ
    }};
}

mod buffer;
mod chat;
mod cli;
mod cluster;
mod dialect;
mod frame;
mod hub;
mod layer;
mod limits;
mod load;
mod log;
mod logging;
mod model;
mod outlet;
#[allow(unreachable_pub)]
mod reactor;
mod session;
mod store;
mod sys;
#[cfg(feature = "testing")]
pub mod testing;
mod web;

pub use cli::main;
