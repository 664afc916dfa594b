//! Parts by the stretches of time that they lie in.

use schema::{Span, TimeRange, Timestamp};

use crate::flush::aligned;
use crate::part::PartMeta;

/// Sorts parts by their windows, then in the order of the log, and cuts them where no window goes on: parts of different neighbourhoods have
/// no moment in common.
pub(super) fn neighbourhoods<'a, 'p>(
    parts: &'p mut [&'a PartMeta],
    lengths: &[Span],
) -> Vec<&'p [&'a PartMeta]> {
    let longest = lengths.last().copied().unwrap_or(Span::from_secs(1));
    // Parts of windows of former settings may reach beyond those of today.
    let end_of = |part: &PartMeta| {
        let last = aligned(part.time_max.nanos(), longest);
        last.end.max(part.window.end)
    };
    parts.sort_unstable_by_key(|part| (part.window.start, part.window.end, part.first_lsn));
    let mut end = Timestamp::MIN;
    let mut cuts = vec![0];
    for (position, part) in parts.iter().enumerate() {
        let start = aligned(part.window.start.nanos(), longest).start;
        if position > 0 && start >= end {
            cuts.push(position);
        }
        end = end.max(end_of(part));
    }
    let ends = cuts.iter().skip(1).copied().chain([parts.len()]);
    let parts: &'p [&'a PartMeta] = parts;
    cuts.iter()
        .zip(ends)
        .filter_map(|(start, end)| parts.get(*start..end))
        .collect()
}

/// Returns the windows of a length that hold whole parts, earliest first.
pub(super) fn windows(parts: &[&PartMeta], length: Span) -> Vec<TimeRange> {
    let window = |part: &&PartMeta| {
        let window = aligned(part.window.start.nanos(), length);
        (part.window.end <= window.end).then_some(window)
    };
    let mut windows: Vec<TimeRange> = parts.iter().filter_map(window).collect();
    windows.dedup();
    windows
}

/// Returns the parts of a neighbourhood whose window lies in this one, in the order of the log, then of
/// time.
pub(super) fn inside<'a>(parts: &[&'a PartMeta], window: &TimeRange) -> Vec<&'a PartMeta> {
    let first = parts.partition_point(|part| part.window.start < window.start);
    let behind = parts.partition_point(|part| part.window.start < window.end);
    let inside = parts.get(first..behind).unwrap_or_default().iter();
    let mut inside: Vec<&PartMeta> = inside
        .filter(|part| part.window.end <= window.end)
        .copied()
        .collect();
    inside.sort_unstable_by_key(|part| (part.first_lsn, part.time_min));
    inside
}
