//! After each operation (three bytes: who, what, which name) names, sessions, rooms, memberships and
//! focus agree with each other, and every effect is for somebody who is there.
#![no_main]

use hubbub::testing::hubs;
use libfuzzer_sys::Corpus;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    if data.len() > hubs::INPUT_BYTES_MAX {
        return Corpus::Reject;
    }
    hubs::check(data);
    Corpus::Keep
});
