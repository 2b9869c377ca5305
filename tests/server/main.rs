//! The server over real sockets, from outside: one test binary, a module a theme.

mod abuse;
mod anon;
mod auto;
mod backpressure;
mod between;
mod colon;
mod command_line;
mod commands;
mod echo;
mod faults;
mod figures;
mod forms;
mod framing;
mod house;
mod json;
mod limits;
mod load;
mod moderation;
mod operators;
mod pynet;
mod state;
mod stop;
mod temp_dir;
mod text;
mod util;
mod world;
