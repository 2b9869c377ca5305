//! After each operation (three bytes: who, what, which name) names, sessions, rooms, memberships and
//! focus agree with each other, and every effect is for somebody who is there.
#![no_main]

use hubbub::hub::oracle;
use libfuzzer_sys::Corpus;

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> Corpus {
    if data.len() > oracle::INPUT_BYTES_MAX {
        return Corpus::Reject;
    }
    oracle::check(data);
    Corpus::Keep
});
