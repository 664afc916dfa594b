//! Runs `engine::fuzzing::page_given` on whatever libFuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    engine::fuzzing::page_given(data);
});
