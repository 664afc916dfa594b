//! Runs `wal::fuzzing::log_segment` on whatever libFuzzer makes up.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    wal::fuzzing::log_segment(data);
});
