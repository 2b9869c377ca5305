//! Bytes are a snapshot of the hub, which goes on until everybody has left, or they are refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::testing::hubs::check_snapshot(data));
