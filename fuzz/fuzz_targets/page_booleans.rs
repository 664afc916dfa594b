//! Runs `engine::fuzzing::page_booleans` on whatever libFuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    engine::fuzzing::page_booleans(data);
});
