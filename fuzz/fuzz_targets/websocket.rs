//! Whole, in small pieces and with bytes behind it, a client's stream holds the same messages and
//! ends with the same fault; the decoder takes no more memory than came or the limit needs, leaves no
//! more than a part of a header, and finds again what is encoded in fragments. Two bytes choose the
//! limit, the rest is what the client sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::testing::websockets::check(data));
