//! Every dialect reads any bytes as a frame; a request rendered by any dialect that has a form for
//! it is read as the same request; and an event with the input as its text keeps its dialect's form:
//! no control reaches a terminal, an object is one line of ASCII JSON, a pynet object is padded.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::dialect::oracle::check(data));
