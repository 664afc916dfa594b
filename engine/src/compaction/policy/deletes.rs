//! Parts that are written again to be rid of deleted rows.

use super::{Choice, Effort, Situation};
use crate::part::PartMeta;

/// Returns a part that a tombstone is for, to be written again by itself.
///
/// What is merged anyway loses its deleted rows with it. A part that is not waits until the tombstone has
/// settled, so that deletes that come together cost one rewrite; not where tombstones are so many that the
/// next deletes would be refused.
pub(super) fn choose(situation: &Situation<'_>, parts: &[&PartMeta]) -> Option<Choice> {
    let is_due = |tombstone: &&&crate::tombstone::Tombstone| {
        let settled = tombstone
            .committed
            .saturating_add(situation.compaction().settle);
        situation.effort == Effort::Full || situation.is_crowded || settled <= situation.now
    };
    let due: Vec<_> = situation.tombstones.iter().filter(is_due).collect();
    let mut meant = parts
        .iter()
        .filter(|part| due.iter().any(|t| t.is_for_part(part)) && !situation.is_damaged(part));
    meant.find_map(|part| {
        let choice = situation.merge(&[part], &part.window, part.heat)?;
        Some(Choice {
            level: part.level,
            ..choice
        })
    })
}
