//! The block devices of the machine, from `/proc/diskstats`.

use super::{BuiltIn, Field};

/// Reads, writes and busy time of each block device since the previous sample.
pub static HOST_DISK: BuiltIn = BuiltIn {
    name: "host_disk",
    about: "Reads, writes and busy time of each block device since the previous sample.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance", "host", "device"],
    fields: &[
        Field::interval(),
        Field::count("reads", "requests"),
        Field::count("read_bytes", "bytes"),
        Field::spent_ms("read_time"),
        Field::count("writes", "requests"),
        Field::count("write_bytes", "bytes"),
        Field::spent_ms("write_time"),
        Field::level("in_progress", "requests"),
        Field::spent_ms("io_time"),
        Field::spent_ms("weighted_io_time"),
        Field::count("flushes", "requests"),
        Field::spent_ms("flush_time"),
    ],
};
