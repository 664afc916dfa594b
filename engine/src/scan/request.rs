//! What a scan is asked for.

use schema::TimeRange;

/// Which columns and rows a scan gives, and how.
#[derive(Debug, Clone)]
pub struct ScanRequest {
    /// The columns, by their position in the table's schema, in the order in which they are wanted;
    /// none where only the number of rows is.
    pub projection: Vec<usize>,
    /// The times.
    pub time: TimeRange,
    /// What is demanded of tags; all of it must hold.
    pub tags: Vec<TagSelection>,
    /// The most rows that each partition gives.
    pub limit: Option<usize>,
    /// The most partitions.
    pub partitions: usize,
    /// The most rows of one batch.
    pub batch_rows: usize,
    /// In which order rows come.
    pub order: ScanOrder,
}

/// In which order a scan gives its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScanOrder {
    /// By the tags in their order (nulls first), then by time: within each partition, and from one
    /// partition to the next. The footers of all parts are held until the last row is read; where there
    /// is no memory for them the scan is refused.
    #[default]
    Total,
    /// Each partition has the series that it would have in the total order, and all rows of them. Where
    /// the footers would take more than one scan's part of their memory, it gives them strip by strip:
    /// stretches of time, the earliest first; within a strip by the tags, then by time. Else as
    /// [`Self::Total`].
    Strips,
}

/// Which values of a tag are accepted.
#[derive(Debug, Clone)]
pub struct TagSelection {
    /// The tag, counted among the tags.
    pub tag: usize,
    /// For each code whether its value is accepted; a code past the end is not.
    pub accepts: Vec<bool>,
    /// Whether a series without the tag is accepted.
    pub accepts_null: bool,
}

impl TagSelection {
    /// Tells whether a series with this code is accepted.
    pub(crate) fn accepts(&self, code: Option<u32>) -> bool {
        match code {
            None => self.accepts_null,
            Some(code) => self.accepts.get(code as usize).copied().unwrap_or(false),
        }
    }
}

impl Default for ScanRequest {
    /// Returns a request for the number of all rows, in one partition.
    fn default() -> Self {
        Self {
            projection: Vec::new(),
            time: TimeRange::ALL,
            tags: Vec::new(),
            limit: None,
            partitions: 1,
            batch_rows: 8_192,
            order: ScanOrder::Total,
        }
    }
}
