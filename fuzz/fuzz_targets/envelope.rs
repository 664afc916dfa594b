//! Runs `seal::fuzzing::envelope` on whatever libFuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    seal::fuzzing::envelope(data);
});
