//! The server over real sockets, from outside: one test binary, a module a theme.
