//! Runs `engine::fuzzing::part_footer` on whatever libFuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    engine::fuzzing::part_footer(data);
});
