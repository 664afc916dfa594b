//! How the memory budget is split: from one number to every limit that holds bytes (E-3).
//!
//! ```text
//!   memory_bytes_max, in 64ths
//!   │ memtables 14 │ pages 5 │ index 8 │ footers 6 │ merges 4 │ queries 10 │ arrival 8 │
//!   │ connections 5 │ process 4 │
//! ```
//!
//! A limit that is set stands as it is set; one that is not follows from its share. What memtables,
//! which the log bounds, do not need of their share goes to the cache of pages. The page
//! `docs/internals/memory.md` says what each share holds.

use toml::{Table, Value};

use super::{ConfigError, HttpSettings, Settings};
use crate::http::{BODY_COPIES, PROBES_MAX, SMALL_ROOM_BYTES};

/// The shares of a budget, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Split {
    memtables: u64,
    pages: u64,
    index: u64,
    footers: u64,
    merges: u64,
    queries: u64,
    arrival: u64,
    connections: u64,
}

impl Split {
    /// Splits a budget.
    pub(crate) fn of(memory_bytes_max: u64) -> Self {
        let parts = |count: u64| memory_bytes_max / PARTS * count;
        let memtables = parts(14).min(MEMTABLES_BYTES_MAX);
        Self {
            memtables,
            pages: parts(5) + parts(14) - memtables,
            index: parts(8),
            footers: parts(6),
            merges: parts(4),
            queries: parts(10),
            arrival: parts(8),
            connections: parts(5),
        }
    }

    /// Returns the settings that follow from the shares, by their names.
    pub(crate) fn settings(&self) -> Vec<(&'static str, u64)> {
        let assembly = self.arrival / 4;
        // DataFusion counts some 20 % less than it takes.
        let queries = self.queries / 5 * 4;
        let (quic, http) = (self.connections / 4 * 3, self.connections / 4);
        let connections_max = (quic / QUIC_BYTES_EACH).min(QUIC_CONNECTIONS_MAX);
        let newcomers_max = (connections_max / 24).clamp(16, 256);
        let places = ingest::connection_bytes(connections_max, newcomers_max);
        vec![
            // A quarter is left for the chunk that a merge of chunks makes out of others.
            ("store.memtable_bytes_max", self.memtables / 4 * 3),
            (
                "store.flush_bytes",
                (self.memtables / 3).min(FLUSH_BYTES_MAX),
            ),
            ("store.page_cache_bytes_max", self.pages),
            (
                "store.pending_bytes_max",
                (self.memtables / 4).min(PENDING_BYTES_MAX),
            ),
            ("store.log.queue_bytes_max", self.arrival / 4),
            ("ingest.assembly_bytes_max", assembly.min(u32::MAX.into())),
            (
                "ingest.batch_bytes_max",
                (assembly / 2).min(BATCH_BYTES_MAX),
            ),
            ("ingest.connections_max", connections_max),
            ("ingest.newcomers_max", newcomers_max),
            ("ingest.windows_bytes_max", quic.saturating_sub(places)),
            ("http.connections_max", http_connections(http)),
            // A body is held once as it came and three times while it is worked on.
            (
                "http.body_bytes_max",
                (self.room() / BODY_COPIES).min(BODY_BYTES_MAX),
            ),
            ("query.memory_bytes_max", queries),
            ("query.query_memory_bytes_max", queries / 4 * 3),
        ]
    }

    /// Returns the shares that have no setting of their own.
    pub(crate) fn shares(&self) -> engine::Shares {
        engine::Shares {
            index_bytes_max: self.index,
            footer_bytes_max: self.footers,
            scan_footer_bytes_max: self.footers / SCANS_AT_ONCE,
            compaction_bytes_max: self.merges,
        }
    }

    /// Returns the bytes that requests over HTTP and their bodies may hold together.
    pub(crate) fn room(&self) -> u64 {
        self.arrival / 2
    }

    /// Adds to a configuration what follows from the shares and is not set.
    pub(crate) fn complete(&self, merged: &mut Table) {
        for (key, bytes) in self.settings() {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            insert_if_absent(merged, key, bytes);
        }
    }
}

/// Checks that there is enough memory to share out, and that limits which were set leave room for the
/// others.
///
/// # Errors
/// [`ConfigError::Value`] with what would be needed.
pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
    let budget = settings.server.memory_bytes_max;
    let wrong = |reason: String| {
        let origin = "server.memory_bytes_max".into();
        Err(ConfigError::Value { origin, reason })
    };
    if budget < MEMORY_BYTES_LEAST {
        return wrong(format!(
            "{budget} bytes are too few: {MEMORY_BYTES_LEAST} are the least"
        ));
    }
    let needed = total(settings);
    if budget < needed {
        return wrong(format!(
            "{budget} bytes are too few: the limits that are set, those that follow and the process \
             itself come to {needed}; raise it, or lower what is set"
        ));
    }
    Ok(())
}

/// Returns what all limits come to, as [`Split`] reckons.
fn total(settings: &Settings) -> u64 {
    let (store, ingest, query) = (&settings.store, &settings.ingest, &settings.query);
    let room = settings.http.room_bytes() as u64;
    let held = [
        store.memtable_bytes_max / 3 * 4,
        store.page_cache_bytes_max,
        store.shares.index_bytes_max,
        store.shares.footer_bytes_max,
        store.shares.compaction_bytes_max,
        store.log.queue_bytes_max,
        ingest.assembly_bytes_max.into(),
        room,
        query.memory_bytes_max as u64 / 4 * 5,
        ingest.connection_bytes_max(),
        settings.http.connection_bytes_max(),
    ];
    let held = held.into_iter().fold(0, u64::saturating_add);
    // The process itself has four of the 64 parts.
    held.saturating_add(held / (PARTS - 4) * 4)
}

/// Returns how many connections over HTTP so many bytes are enough for.
fn http_connections(bytes: u64) -> u64 {
    let bytes = bytes.saturating_sub(SMALL_ROOM_BYTES as u64);
    (bytes / HttpSettings::default().bytes_each())
        .saturating_sub(PROBES_MAX as u64)
        .min(HTTP_CONNECTIONS_MAX)
}

/// Returns the budget where none is set: half of what the machine or the container has, within bounds.
///
/// Where that cannot be read, it is as if there were 2 GiB.
pub(crate) fn default_bytes() -> u64 {
    let there_is = platform::memory_limit().unwrap_or(MEMORY_UNKNOWN_BYTES);
    (there_is / 2).clamp(MEMORY_BYTES_LEAST, MEMORY_DEFAULT_BYTES_MAX)
}

fn insert_if_absent(table: &mut Table, key: &str, bytes: i64) {
    match key.split_once('.') {
        None => {
            table.entry(key).or_insert(Value::Integer(bytes));
        }
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Table::new().into());
            // What is no section is refused with its name when the settings are read.
            if let Value::Table(inner) = inner {
                insert_if_absent(inner, rest, bytes);
            }
        }
    }
}

/// What a budget is counted in.
const PARTS: u64 = 64;
/// A collector's place, and what it and the others have in common: ¾ of a place for each MiB of memory.
const QUIC_BYTES_EACH: u64 = 80 << 10;
const QUIC_CONNECTIONS_MAX: u64 = 16_384;
const HTTP_CONNECTIONS_MAX: u64 = 4_096;
/// The least budget.
const MEMORY_BYTES_LEAST: u64 = 256 << 20;
/// The largest budget that is taken without being asked for.
const MEMORY_DEFAULT_BYTES_MAX: u64 = 2 << 30;
const MEMORY_UNKNOWN_BYTES: u64 = 2 << 30;
/// More rows in memory would be more log to replay.
const MEMTABLES_BYTES_MAX: u64 = 680 << 20;
const FLUSH_BYTES_MAX: u64 = 128 << 20;
/// Scans of very many parts that have room for their footers beside each other.
const SCANS_AT_ONCE: u64 = 4;
/// What is under way is in memory within some syncs of the disk.
const PENDING_BYTES_MAX: u64 = 64 << 20;
const BATCH_BYTES_MAX: u64 = 16 << 20;
const BODY_BYTES_MAX: u64 = 32 << 20;

#[cfg(test)]
mod tests {
    use super::super::{Overrides, Settings, load_text};
    use super::{MEMORY_BYTES_LEAST, total};

    fn with(text: &str) -> Result<Settings, String> {
        let settings = load_text("f.toml", text, &Overrides::default());
        let settings = settings.map_err(|error| error.to_string())?;
        settings.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn every_budget_from_the_least_up_holds_all_its_limits() {
        for mebibytes in [256, 300, 512, 777, 1_024, 2_048, 8_192, 65_536u64] {
            let budget = mebibytes << 20;
            let settings = with(&format!("[server]\nmemory_bytes_max = {budget}")).unwrap();
            assert_eq!(settings.server.memory_bytes_max, budget);
            assert!(total(&settings) <= budget, "{mebibytes} MiB");
            assert!(
                total(&settings) > budget / 5 * 4,
                "{mebibytes} MiB are used"
            );
        }
    }

    #[test]
    fn a_limit_that_is_set_stands_and_the_others_follow_from_the_budget() {
        let text =
            "[server]\nmemory_bytes_max = 1073741824\n[store]\npage_cache_bytes_max = 1048576";
        let settings = with(text).unwrap();
        assert_eq!(settings.store.page_cache_bytes_max, 1 << 20);
        assert_eq!(settings.store.memtable_bytes_max, 168 << 20);
        assert_eq!(settings.store.shares.index_bytes_max, 128 << 20);
        assert_eq!(settings.query.memory_bytes_max, 128 << 20);
    }

    #[test]
    fn too_small_a_budget_is_refused_with_what_is_needed() {
        let refusal = with("[server]\nmemory_bytes_max = 1000000").unwrap_err();
        assert!(
            refusal.contains(&MEMORY_BYTES_LEAST.to_string()),
            "{refusal}"
        );
        let text =
            "[server]\nmemory_bytes_max = 1073741824\n[query]\nmemory_bytes_max = 1073741824";
        let refusal = with(text).unwrap_err();
        assert!(refusal.contains("server.memory_bytes_max"), "{refusal}");
        assert!(
            refusal.contains("1073741824 bytes are too few"),
            "{refusal}"
        );
        let text = text.replacen("1073741824", "8589934592", 1);
        assert_eq!(with(&text).unwrap().query.memory_bytes_max, 1 << 30);
    }

    #[test]
    fn the_budget_of_a_variable_is_split_too() {
        let overrides = Overrides {
            environment: vec![(
                "PGANALYTICS_SERVER__MEMORY_BYTES_MAX".into(),
                (512u64 << 20).to_string(),
            )],
            flags: Vec::new(),
        };
        let settings = load_text("f.toml", "", &overrides).unwrap();
        assert_eq!(settings.store.memtable_bytes_max, 84 << 20);
        assert!(settings.check().is_ok());
    }

    #[test]
    fn the_collectors_of_a_budget_fit_into_it() {
        for (mebibytes, collectors, requests) in
            [(256, 150, 12), (1_024, 500, 64), (2_048, 1_500, 128)]
        {
            let settings = Settings::with_memory(mebibytes << 20);
            let ingest = &settings.ingest;
            assert!(ingest.connections_max >= collectors, "{ingest:?}");
            assert!(ingest.newcomers_max >= 16, "{ingest:?}");
            // One that sends much has a window of megabytes on all but the smallest machines.
            assert!(ingest.windows_bytes_max >= mebibytes << 12, "{ingest:?}");
            assert!(
                settings.http.connections_max >= requests,
                "{:?}",
                settings.http
            );
        }
    }

    #[test]
    fn more_connections_than_there_is_memory_for_are_refused_with_what_is_needed() {
        for text in [
            "[ingest]\nconnections_max = 10000",
            "[http]\nconnections_max = 5000",
        ] {
            let text = format!("[server]\nmemory_bytes_max = 1073741824\n{text}");
            let refusal = with(&text).unwrap_err();
            assert!(
                refusal.contains("1073741824 bytes are too few"),
                "{refusal}"
            );
            let text = text.replacen("1073741824", "137438953472", 1);
            assert!(with(&text).is_ok());
        }
    }

    #[test]
    fn the_defaults_fit_this_machine() {
        let settings = with("").unwrap();
        assert_eq!(settings, Settings::default());
    }
}
