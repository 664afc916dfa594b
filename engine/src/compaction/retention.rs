//! Which parts are past their table's retention.

use schema::{Span, Timestamp};

use crate::part::{PartId, PartMeta};

/// Returns the parts whose last row is older than the retention; a part goes as a whole or stays.
pub(super) fn expired<'a>(
    parts: impl Iterator<Item = &'a PartMeta>,
    retention: Option<Span>,
    now: Timestamp,
) -> Vec<PartId> {
    let Some(retention) = retention else {
        return Vec::new();
    };
    let kept_from = now.saturating_sub(retention);
    parts
        .filter(|part| part.time_max < kept_from)
        .map(|part| part.id)
        .collect()
}
