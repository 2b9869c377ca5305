//! An event with the input as its text keeps its dialect's form: no control reaches a terminal, an object
//! is one line of ASCII JSON, a pynet object is padded. Two bytes choose the event and its reader's
//! dialect, the rest is the text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::testing::dialects::check_event(data));
