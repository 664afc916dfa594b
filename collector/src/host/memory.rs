//! `host_memory`: `/proc/meminfo` and `/proc/vmstat`.
//!
//! **Source:** Linux, `Documentation/filesystems/proc.rst`, "meminfo".

use schema::tables::HOST_MEMORY;

use super::HostTable;
use super::procfs::{Procfs, value_of};
use crate::sample::reading::Reading;
use crate::sample::value::Value;
use crate::sample::view::{Column, Emission, View};

pub(super) const TABLE: HostTable = HostTable { view: &VIEW, read };

static VIEW: View = View {
    table: &HOST_MEMORY,
    from: &[],
    tags: &[Column::same("host")],
    key: &[],
    origin: &[],
    fields: &[
        Column::same("total"),
        Column::same("free"),
        Column::same("available"),
        Column::same("buffers"),
        Column::same("cached"),
        Column::same("dirty"),
        Column::same("writeback"),
        Column::same("shmem"),
        Column::same("page_tables"),
        Column::same("huge_pages_total"),
        Column::same("huge_pages_free"),
        Column::same("swap_total"),
        Column::same("swap_free"),
        Column::same("major_faults"),
        Column::same("swapped_in"),
        Column::same("swapped_out"),
        Column::same("oom_kills"),
    ],
    emission: Emission::Always,
};

fn read(procfs: &Procfs, host: &str) -> Reading {
    let mut reading = Reading::default();
    if procfs.meminfo.is_empty() {
        return reading;
    }
    reading.add_named(&VIEW, &[host], |name| {
        let (source, theirs, scale) = match name {
            "total" => (&procfs.meminfo, "MemTotal", KIB),
            "free" => (&procfs.meminfo, "MemFree", KIB),
            "available" => (&procfs.meminfo, "MemAvailable", KIB),
            "buffers" => (&procfs.meminfo, "Buffers", KIB),
            "cached" => (&procfs.meminfo, "Cached", KIB),
            "dirty" => (&procfs.meminfo, "Dirty", KIB),
            "writeback" => (&procfs.meminfo, "Writeback", KIB),
            "shmem" => (&procfs.meminfo, "Shmem", KIB),
            "page_tables" => (&procfs.meminfo, "PageTables", KIB),
            "huge_pages_total" => (&procfs.meminfo, "HugePages_Total", 1),
            "huge_pages_free" => (&procfs.meminfo, "HugePages_Free", 1),
            "swap_total" => (&procfs.meminfo, "SwapTotal", KIB),
            "swap_free" => (&procfs.meminfo, "SwapFree", KIB),
            "major_faults" => (&procfs.vmstat, "pgmajfault", 1),
            "swapped_in" => (&procfs.vmstat, "pswpin", 1),
            "swapped_out" => (&procfs.vmstat, "pswpout", 1),
            _ => (&procfs.vmstat, "oom_kill", 1),
        };
        value_of(source, theirs).map(|value| Value::I64(value.saturating_mul(scale)))
    });
    reading
}

const KIB: i64 = 1_024;
