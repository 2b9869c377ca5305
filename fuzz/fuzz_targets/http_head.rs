//! Whole, in small pieces and with bytes behind it, the framing of HTTP finds the same requests; what it
//! takes for the last is refused; and every request, good or not, has a well-formed answer at every door.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for (frame, is_last) in hubbub::testing::http_frames::check(data) {
        let is_good = hubbub::testing::sites::check(&frame);
        assert!(
            !(is_last && is_good),
            "a good request behind which none is looked for"
        );
    }
});
