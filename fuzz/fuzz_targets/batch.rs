//! Runs `wire::fuzzing::batch` on whatever libFuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wire::fuzzing::batch(data);
});
