//! After each operation (three bytes: who, what, which name) names, sessions, rooms, memberships and
//! focus agree with each other, and every effect is for somebody who is there.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::hub::oracle::check(data));
