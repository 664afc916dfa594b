//! How much the store may hold, and when it acts; plain data, checked once.

use schema::Span;
use serde::{Deserialize, Serialize};

use crate::{Error, Shares};

/// Limits and thresholds of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Bytes that rows not yet in parts may take before batches are refused; default 512 MiB.
    /// At least twice `flush_bytes`, so that ingest goes on while a flush is under way.
    pub memtable_bytes_max: u64,
    /// Bytes of rows in memory that start a flush; default 128 MiB.
    pub flush_bytes: u64,
    /// Age of the oldest row in memory that starts a flush; default 10 m.
    pub flush_age: Span,
    /// Bytes of log behind the last flush that start one; default 128 MiB. Bounds the time that a
    /// restart takes to replay.
    pub replay_bytes_max: u64,
    /// Bytes of opened pages kept for later reads; default 256 MiB.
    pub page_cache_bytes_max: u64,
    /// Files of parts that are open between reads; default 256, of the 1 024 that a process usually may
    /// have. There may be any number of parts.
    pub open_files_max: u32,
    /// Batches admitted and not yet visible; default 1 024.
    pub pending_batches_max: u32,
    /// Bytes of batches admitted and not yet visible; default 64 MiB.
    pub pending_bytes_max: u64,
    /// Series over all tables; default 1 000 000, about 300 bytes of memory each.
    pub series_max: u32,
    /// Bytes of one value of a tag; default 4 096. Values stay in memory as long as their series.
    pub tag_bytes_max: u32,
    /// Tables; default 4 096.
    pub tables_max: u32,
    /// Deletes of rows, over all tables, that no merge has made real yet; default 1 024, at least 4. Past it
    /// deletes are refused for now; past half of it parts are merged for them at once.
    pub tombstones_max: u32,
    /// Columns of one table, `time` included; default 1 024.
    pub columns_max: u32,
    /// How far ahead of the server's clock a row may be; default 10 m.
    pub future_rows_max: Span,
    /// The stretch of time that one part covers when it is flushed; default 2 h.
    pub window: Span,
    /// Collectors and idempotency keys whose batches are remembered; default 262 144.
    pub dedup_collectors_max: u32,
    /// Epochs remembered of one collector; default 8.
    pub dedup_epochs_max: u32,
    /// Gaps, and so ranges, remembered within one epoch; default 1 024.
    pub dedup_ranges_max: u32,
    /// How long an idempotency key is remembered; default 24 h.
    pub idempotency_age: Span,
    /// When and how parts are merged.
    pub compaction: CompactionSettings,
    /// The log.
    pub log: LogSettings,
    /// What follows from the memory budget.
    #[serde(skip)]
    pub shares: Shares,
}

/// The log's limits; see the crate `wal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// Bytes of one segment; default 64 MiB.
    pub segment_bytes: u64,
    /// Segments prepared ahead; default 2.
    pub spare_segments: u32,
    /// Bytes that one group, written and synced at once, may have; default 8 MiB.
    pub group_bytes_max: u64,
    /// Bytes that may wait for the committer; default 64 MiB.
    pub queue_bytes_max: u64,
    /// How long the log may be idle before its time is marked; default 100 ms.
    pub idle_marker_ms: u64,
    /// Bytes of log that may be held, past which batches are refused; no limit by default.
    pub bytes_max: Option<u64>,
}

/// When and how parts are merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompactionSettings {
    /// Whether the store compacts and expires by itself; default true. Off, only `compact()` does.
    pub automatic: bool,
    /// Parts of one window, contiguous in lsn, that are worth merging while it still fills;
    /// default 16, at least 2.
    pub fan_in: u32,
    /// Most parts of one merge; default 64. Each costs one open page per column.
    pub fan_in_max: u32,
    /// Bytes of parts that one merge may read; default 2 GiB.
    pub bytes_max: u64,
    /// Bytes of a part that is large enough to stay as it is; default 512 MiB.
    pub final_bytes: u64,
    /// The stretches of time that merged parts may cover; default 1 d and 8 d. Each is a multiple of the
    /// one before, the first of `window`.
    pub windows: Vec<Span>,
    /// How long after a stretch of time, and after they were written, its parts are merged whatever their
    /// number; default 1 h.
    pub settle: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memtable_bytes_max: 512 << 20,
            flush_bytes: 128 << 20,
            flush_age: Span::from_secs(600),
            replay_bytes_max: 128 << 20,
            page_cache_bytes_max: 256 << 20,
            open_files_max: 256,
            pending_batches_max: 1_024,
            pending_bytes_max: 64 << 20,
            series_max: 1_000_000,
            tag_bytes_max: 4_096,
            tables_max: 4_096,
            tombstones_max: 1_024,
            columns_max: 1_024,
            future_rows_max: Span::from_secs(600),
            window: Span::from_secs(7_200),
            dedup_collectors_max: 262_144,
            dedup_epochs_max: 8,
            dedup_ranges_max: 1_024,
            idempotency_age: Span::from_days(1),
            compaction: CompactionSettings::default(),
            log: LogSettings::default(),
            shares: Shares::default(),
        }
    }
}

impl LogSettings {
    /// Returns the settings as the log takes them, which checks them.
    pub(crate) const fn to_wal(&self) -> wal::Settings {
        wal::Settings {
            segment_bytes: self.segment_bytes,
            spare_segments: self.spare_segments,
            group_bytes_max: self.group_bytes_max,
            queue_bytes_max: self.queue_bytes_max,
            idle_marker_ms: self.idle_marker_ms,
            log_bytes_max: self.bytes_max,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            spare_segments: 2,
            group_bytes_max: 8 << 20,
            queue_bytes_max: 64 << 20,
            idle_marker_ms: 100,
            bytes_max: None,
        }
    }
}

impl Default for CompactionSettings {
    fn default() -> Self {
        Self {
            automatic: true,
            fan_in: 16,
            fan_in_max: 64,
            bytes_max: 2 << 30,
            final_bytes: 512 << 20,
            windows: vec![Span::from_days(1), Span::from_days(8)],
            settle: Span::from_secs(3_600),
        }
    }
}

impl Settings {
    /// Checks that the settings fit each other.
    ///
    /// # Errors
    /// [`Error::Setting`] with the first that does not.
    pub fn validate(&self) -> Result<(), Error> {
        let rules = [
            (self.flush_bytes > 0, "flush_bytes", "it must be above zero"),
            (
                self.memtable_bytes_max / 2 >= self.flush_bytes,
                "memtable_bytes_max",
                "it must be at least twice flush_bytes",
            ),
            (
                self.replay_bytes_max > 0,
                "replay_bytes_max",
                "it must be above zero",
            ),
            (
                self.pending_batches_max > 0,
                "pending_batches_max",
                "it must be above zero",
            ),
            (
                self.pending_bytes_max > 0,
                "pending_bytes_max",
                "it must be above zero",
            ),
            (
                self.columns_max > 1,
                "columns_max",
                "a table has time and something else",
            ),
            (
                self.tombstones_max >= 4,
                "tombstones_max",
                "it must be at least 4",
            ),
            (
                self.window.nanos() >= SECOND_NANOS,
                "window",
                "it must be at least 1 s",
            ),
            (
                self.dedup_epochs_max > 0 && self.dedup_ranges_max > 0,
                "dedup_ranges_max",
                "at least one epoch and one range must be remembered",
            ),
        ];
        for (holds, setting, reason) in rules.into_iter().chain(self.compaction_rules()) {
            if !holds {
                return Err(Error::Setting { setting, reason });
            }
        }
        Ok(())
    }

    fn compaction_rules(&self) -> [(bool, &'static str, &'static str); 2] {
        let compaction = &self.compaction;
        let lengths = std::iter::once(&self.window).chain(&compaction.windows);
        let are_multiples = lengths
            .zip(&compaction.windows)
            .all(|(short, long)| long > short && long.nanos() % short.nanos().max(1) == 0);
        [
            (
                compaction.fan_in >= 2 && compaction.fan_in_max >= compaction.fan_in,
                "compaction.fan_in",
                "it must be at least 2 and at most fan_in_max",
            ),
            (
                are_multiples,
                "compaction.windows",
                "each must be a multiple of the one before, and the first of window",
            ),
        ]
    }
}

const SECOND_NANOS: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use schema::Span;

    use super::Settings;

    #[test]
    fn the_defaults_fit_each_other() {
        assert!(Settings::default().validate().is_ok());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let narrow = Settings {
            memtable_bytes_max: 100,
            flush_bytes: 60,
            ..Settings::default()
        };
        assert!(
            narrow
                .validate()
                .unwrap_err()
                .to_string()
                .contains("memtable_bytes_max")
        );
        let mut uneven = Settings::default();
        uneven.compaction.windows = vec![Span::from_secs(10_000)];
        assert!(
            uneven
                .validate()
                .unwrap_err()
                .to_string()
                .contains("compaction.windows")
        );
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(serde_json::from_str::<Settings>("{\"flush_byte\": 1}").is_err());
        let set: Settings = serde_json::from_str("{\"flush_age\": \"30s\"}").unwrap();
        assert_eq!(set.flush_age, Span::from_secs(30));
    }
}
