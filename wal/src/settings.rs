//! The sizes and times of a log.

use crate::Error;
use crate::format::SEGMENT_HEADER_BYTES;
use crate::format::group::{MARKER_BYTES, group_record_bytes};
use crate::format::record_bytes;

/// How large a log's files and queues are, and how soon it vouches for its last group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Length of a segment; a multiple of 4096 from 8 KiB to 1 GiB. Default 64 MiB.
    pub segment_bytes: u64,
    /// Segments kept ready, zero-filled: 1 to 16. Default 2. Each costs `segment_bytes` of disk.
    pub spare_segments: u32,
    /// Most bytes that one write and one sync put down; a larger payload goes alone. At least
    /// 4096. Default 8 MiB. More gives throughput, less gives latency.
    pub group_bytes_max: u64,
    /// Most bytes that wait to be written, which are in memory: at least 4096. Default 64 MiB.
    pub queue_bytes_max: u64,
    /// Longest time after a group until a marker vouches for it: 1 to 60 000. Default 100.
    pub idle_marker_ms: u64,
    /// Most bytes of all files, spares included: at least `segment_bytes` × (`spare_segments` + 1).
    /// Default none. When it is reached, payloads are refused; nothing is ever dropped.
    pub log_bytes_max: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            spare_segments: 2,
            group_bytes_max: 8 << 20,
            queue_bytes_max: 64 << 20,
            idle_marker_ms: 100,
            log_bytes_max: None,
        }
    }
}

impl Settings {
    /// Returns the settings of a collector's spool: segments of 1 MiB, one spare.
    #[must_use]
    pub const fn spool(log_bytes_max: u64) -> Self {
        Self {
            segment_bytes: 1 << 20,
            spare_segments: 1,
            group_bytes_max: 1 << 20,
            queue_bytes_max: 8 << 20,
            idle_marker_ms: 100,
            log_bytes_max: Some(log_bytes_max),
        }
    }

    /// Returns the longest payload that fits a segment.
    #[must_use]
    pub const fn payload_bytes_max(&self) -> u64 {
        let around = SEGMENT_HEADER_BYTES as u64
            + group_record_bytes(1)
            + record_bytes(0)
            + MARKER_BYTES
            + PADDING_MAX;
        self.segment_bytes.saturating_sub(around)
    }

    /// Checks every range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let out = |name, reason| Err(Error::Setting { name, reason });
        let is_page_multiple = self.segment_bytes.is_multiple_of(PAGE_BYTES);
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes)
            || !is_page_multiple
        {
            return out(
                "segment_bytes",
                "a multiple of 4096 from 8192 to 1073741824",
            );
        }
        if !(1..=16).contains(&self.spare_segments) {
            return out("spare_segments", "from 1 to 16");
        }
        if self.group_bytes_max < PAGE_BYTES {
            return out("group_bytes_max", "at least 4096");
        }
        if self.queue_bytes_max < PAGE_BYTES {
            return out("queue_bytes_max", "at least 4096");
        }
        if !(1..=60_000).contains(&self.idle_marker_ms) {
            return out("idle_marker_ms", "from 1 to 60000");
        }
        let least = self.segment_bytes * (u64::from(self.spare_segments) + 1);
        if self.log_bytes_max.is_some_and(|bytes| bytes < least) {
            return out(
                "log_bytes_max",
                "at least segment_bytes × (spare_segments + 1)",
            );
        }
        Ok(())
    }
}

const PAGE_BYTES: u64 = 4096;
const SEGMENT_BYTES_MIN: u64 = 8192;
const SEGMENT_BYTES_MAX: u64 = 1 << 30;
const PADDING_MAX: u64 = 7;

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn defaults_are_in_range_and_each_setting_has_one() {
        let bad = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(Settings::default().check().is_ok());
        assert!(Settings::spool(8 << 20).check().is_ok());
        assert!(bad(|s| s.segment_bytes = 4096).contains("segment_bytes"));
        assert!(bad(|s| s.segment_bytes += 1).contains("segment_bytes"));
        assert!(bad(|s| s.spare_segments = 0).contains("spare_segments"));
        assert!(bad(|s| s.group_bytes_max = 1).contains("group_bytes_max"));
        assert!(bad(|s| s.queue_bytes_max = 1).contains("queue_bytes_max"));
        assert!(bad(|s| s.idle_marker_ms = 0).contains("idle_marker_ms"));
        assert!(bad(|s| s.log_bytes_max = Some(128 << 20)).contains("log_bytes_max"));
    }

    #[test]
    fn a_range_reaches_from_its_least_to_its_greatest() {
        let check = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().is_ok()
        };
        assert!(check(|s| s.segment_bytes = 8192) && check(|s| s.segment_bytes = 1 << 30));
        assert!(!check(|s| s.segment_bytes = (1 << 30) + 4096));
        assert!(check(|s| s.spare_segments = 1) && check(|s| s.spare_segments = 16));
        assert!(!check(|s| s.spare_segments = 17));
        assert!(check(|s| s.group_bytes_max = 4096) && !check(|s| s.group_bytes_max = 4095));
        assert!(check(|s| s.queue_bytes_max = 4096) && !check(|s| s.queue_bytes_max = 4095));
        assert!(check(|s| s.idle_marker_ms = 1) && check(|s| s.idle_marker_ms = 60_000));
        assert!(!check(|s| s.idle_marker_ms = 60_001));
        assert!(check(|s| s.log_bytes_max = Some(3 * s.segment_bytes)));
        assert!(!check(|s| s.log_bytes_max = Some(3 * s.segment_bytes - 1)));
    }

    #[test]
    fn a_spool_is_small_and_bounded() {
        let spool = Settings::spool(8 << 20);
        assert_eq!((spool.segment_bytes, spool.spare_segments), (1 << 20, 1));
        assert_eq!(spool.log_bytes_max, Some(8 << 20));
    }
}
