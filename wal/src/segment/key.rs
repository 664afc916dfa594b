//! The key of one segment, shared by all who seal for it.

use seal::FileKey;

use crate::format::record_header::Mark;

/// What is needed to seal a record for a segment, or to open one of its records.
#[derive(Debug)]
pub(crate) struct SegmentKey {
    pub(crate) number: u64,
    pub(crate) mark: Mark,
    pub(crate) key: FileKey,
}
