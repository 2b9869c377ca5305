//! The server over real sockets, from outside: one test binary, a module a theme.

mod anon;
mod auto;
mod colon;
mod echo;
mod json;
mod pynet;
mod text;
mod util;
