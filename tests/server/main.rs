//! The server over real sockets, from outside: one test binary, a module a theme.

mod anon;
mod auto;
mod backpressure;
mod colon;
mod echo;
mod framing;
mod json;
mod limits;
mod pynet;
mod stop;
mod text;
mod util;
mod world;
