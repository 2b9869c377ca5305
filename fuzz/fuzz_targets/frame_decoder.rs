//! Whole, in small pieces and with bytes behind it, a framing finds the same frames, none over the
//! limit; it consumes no more than it was given, holds no more than a limit's worth, always stops,
//! and finds a frame again that it encoded. Two bytes choose framing and limit, the rest is input.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hubbub::testing::frames::check(data));
