//! How far merging is behind.

use super::{Choice, Situation, choose_for_reading};
use crate::part::PartMeta;

/// Returns how many merges' worth of parts wait because rows come in, at most `most`: what merging must do
/// to keep up. A part that was met in one merge is not counted for another.
///
/// A merge takes up to `fan_in_max` parts where `fan_in` would have been worth it, and counts as many times
/// as that. Merges of what came in long ago, by the clock or by the log, wait without harm and are not counted.
pub(crate) fn merges_due(situation: &Situation<'_>, most: u32) -> u32 {
    let mut parts = situation.parts.to_vec();
    let mut due = 0;
    for _ in 0..LOOKS_MAX {
        let rest = Situation {
            parts: &parts,
            ..*situation
        };
        let choice = choose_for_reading(&rest).filter(|_| due < most);
        let Some(choice) = choice else {
            break;
        };
        let is_met = |part: &&PartMeta| choice.parts.contains(&part.id);
        let is_new = |part: &&PartMeta| !situation.is_quiet(part) && situation.is_of_late(part);
        if parts.iter().any(|part| is_met(part) && is_new(part)) {
            due += worth(&choice, situation);
        }
        parts.retain(|part| !is_met(part));
    }
    due.min(most)
}

/// Returns how many merges of the least size a choice is.
fn worth(choice: &Choice, situation: &Situation<'_>) -> u32 {
    let compaction = situation.compaction();
    let window = &choice.window;
    let is_short = window.end <= window.start.saturating_add(situation.settings.window);
    let least = match is_short && choice.level == 1 {
        true => compaction.fan_in,
        false => compaction.fan_in_max,
    };
    let parts = u32::try_from(choice.parts.len()).unwrap_or(u32::MAX);
    (parts / least.max(1)).max(1)
}

/// What came in long ago may be many merges, after a change of settings or a restore.
const LOOKS_MAX: usize = 32;
