//! How often each table is sampled.

use std::time::Duration;

use serde::Deserialize;

use schema::Span;

/// `[intervals]`: spans such as `1s`; `0s` switches a table off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Intervals {
    /// `stat_activity`; default 1 s. One light statement on a connection of its own.
    pub activity: Span,
    /// `stat_statements` and, for ids not seen before, `query_text`; default 60 s.
    pub statements: Span,
    /// `stat_database`; default 60 s.
    pub database: Span,
    /// `stat_wal`; default 60 s.
    pub wal: Span,
    /// `stat_bgwriter`; default 60 s.
    pub bgwriter: Span,
    /// `stat_checkpointer`; default 60 s.
    pub checkpointer: Span,
    /// `host_cpu`, `host_memory`, `host_disk`, where PostgreSQL runs on this machine; default 15 s.
    pub host: Span,
    /// `collector_stats`; default 60 s.
    pub collector: Span,
}

impl Default for Intervals {
    fn default() -> Self {
        let minute = Span::from_secs(60);
        Self {
            activity: Span::from_secs(1),
            statements: minute,
            database: minute,
            wal: minute,
            bgwriter: minute,
            checkpointer: minute,
            host: Span::from_secs(15),
            collector: minute,
        }
    }
}

impl Intervals {
    /// Returns the names and values, for the checks and for `test`.
    pub(crate) fn all(&self) -> [(&'static str, Span); 8] {
        [
            ("activity", self.activity),
            ("statements", self.statements),
            ("database", self.database),
            ("wal", self.wal),
            ("bgwriter", self.bgwriter),
            ("checkpointer", self.checkpointer),
            ("host", self.host),
            ("collector", self.collector),
        ]
    }
}

/// Returns an interval as a duration, or nothing when it is switched off.
pub(crate) fn duration(interval: Span) -> Option<Duration> {
    let nanos = u64::try_from(interval.nanos())
        .ok()
        .filter(|nanos| *nanos > 0)?;
    Some(Duration::from_nanos(nanos))
}
