//! Lines of IRC: what is read and written again is read as the same; whatever a connection sends, before its
//! registration and behind it, what it is sent is whole lines of UTF-8, none too long, and comes to an end.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::testing::irc::check(data));
