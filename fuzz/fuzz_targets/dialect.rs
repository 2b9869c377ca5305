//! Any bytes can be read as a frame of any dialect, and a request rendered by any dialect that has a form
//! for it is read as the same request. The first byte chooses the dialect, the rest is the frame.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::testing::dialects::check_frame(data));
