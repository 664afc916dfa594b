//! `host_disk`: `/proc/diskstats`, whole devices only.
//!
//! **Source:** Linux, `Documentation/admin-guide/iostats.rst`.

use schema::tables::HOST_DISK;

use super::HostTable;
use super::procfs::Procfs;
use crate::sample::reading::Reading;
use crate::sample::value::Value;
use crate::sample::view::{Column, Emission, View};

pub(super) const TABLE: HostTable = HostTable { view: &VIEW, read };

static VIEW: View = View {
    table: &HOST_DISK,
    from: &[],
    tags: &[Column::same("host"), Column::same("device")],
    key: &[],
    origin: &[],
    fields: &[
        Column::same("reads"),
        Column::same("read_bytes"),
        Column::same("read_time"),
        Column::same("writes"),
        Column::same("write_bytes"),
        Column::same("write_time"),
        Column::same("in_progress"),
        Column::same("io_time"),
        Column::same("weighted_io_time"),
        Column::same("flushes"),
        Column::same("flush_time"),
    ],
    emission: Emission::Always,
};

fn read(procfs: &Procfs, host: &str) -> Reading {
    let mut reading = Reading::default();
    for line in procfs.diskstats.lines() {
        let mut words = line.split_whitespace().skip(2);
        let Some(device) = words.next().filter(|device| is_whole_device(device)) else {
            continue;
        };
        let numbers: Vec<i64> = words.filter_map(|word| word.parse().ok()).collect();
        reading.add_named(&VIEW, &[host, device], |name| {
            let number = |at: usize| numbers.get(at).copied();
            let count = |at| number(at).map(Value::I64);
            let bytes = |at| number(at).map(|n| Value::I64(n.saturating_mul(SECTOR_BYTES)));
            #[expect(clippy::cast_precision_loss, reason = "milliseconds below 2^53")]
            let ms = |at| number(at).map(|n| Value::F64(n as f64));
            match name {
                "reads" => count(0),
                "read_bytes" => bytes(2),
                "read_time" => ms(3),
                "writes" => count(4),
                "write_bytes" => bytes(6),
                "write_time" => ms(7),
                "in_progress" => count(8),
                "io_time" => ms(9),
                "weighted_io_time" => ms(10),
                "flushes" => count(15),
                _ => ms(16),
            }
        });
    }
    reading
}

/// Tells devices from their partitions, and leaves out what is no device of its own.
fn is_whole_device(name: &str) -> bool {
    let ends_in_digit = name.ends_with(|c: char| c.is_ascii_digit());
    let numbered = |prefix: &str| name.starts_with(prefix) && !name.contains('p');
    if ["loop", "ram", "zram", "sr", "fd"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
    {
        return false;
    }
    if let Some(rest) = name.strip_prefix("nvme") {
        return !rest.contains('p');
    }
    if name.starts_with("dm-") || name.starts_with("md") {
        return true;
    }
    numbered("mmcblk") || !ends_in_digit
}

const SECTOR_BYTES: i64 = 512;

#[cfg(test)]
mod tests {
    use super::is_whole_device;

    #[test]
    fn devices_are_told_from_partitions() {
        for device in ["sda", "vdb", "nvme0n1", "dm-3", "md0", "mmcblk0", "xvda"] {
            assert!(is_whole_device(device), "{device}");
        }
        for other in ["sda1", "nvme0n1p2", "loop0", "ram1", "mmcblk0p1", "sr0"] {
            assert!(!is_whole_device(other), "{other}");
        }
    }
}
