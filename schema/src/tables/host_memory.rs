//! The memory of the machine, from `/proc/meminfo` and `/proc/vmstat`.

use super::{BuiltIn, Field};

/// Memory and swap of the machine, and paging since the previous sample.
pub static HOST_MEMORY: BuiltIn = BuiltIn {
    name: "host_memory",
    about: "Memory and swap of the machine, and paging since the previous sample.",
    append_only: false,
    retention: Some(BuiltIn::RETENTION),
    tags: &["instance", "host"],
    fields: &[
        Field::interval(),
        Field::level("total", "bytes"),
        Field::level("free", "bytes"),
        Field::level("available", "bytes"),
        Field::level("buffers", "bytes"),
        Field::level("cached", "bytes"),
        Field::level("dirty", "bytes"),
        Field::level("writeback", "bytes"),
        Field::level("shmem", "bytes"),
        Field::level("page_tables", "bytes"),
        Field::level("huge_pages_total", "pages"),
        Field::level("huge_pages_free", "pages"),
        Field::level("swap_total", "bytes"),
        Field::level("swap_free", "bytes"),
        Field::count("major_faults", "faults"),
        Field::count("swapped_in", "pages"),
        Field::count("swapped_out", "pages"),
        Field::count("oom_kills", "kills"),
    ],
};
