//! What the store may take of the server's memory besides what has a setting of its own.

/// Shares of the memory budget that follow from it and are not set one by one.
///
/// The server works them out of `server.memory_bytes_max`; `docs/internals/memory.md` has the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Bytes of series and their tags' values, of windows of exactly-once, of latest rows and of what
    /// is known of each part; past it new series are refused. Default 256 MiB.
    pub index_bytes_max: u64,
    /// Bytes of parts' footers, in the cache and held by scans together. Default 128 MiB.
    pub footer_bytes_max: u64,
    /// Bytes of them that one scan should hold: one of more footers is read in strips of time.
    /// Default 32 MiB.
    pub scan_footer_bytes_max: u64,
    /// Bytes that one merge of parts may hold. Default 128 MiB.
    pub compaction_bytes_max: u64,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            index_bytes_max: 256 << 20,
            footer_bytes_max: 128 << 20,
            scan_footer_bytes_max: 32 << 20,
            compaction_bytes_max: 128 << 20,
        }
    }
}
