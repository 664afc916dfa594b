//! Stretches of parts that may be merged.

use schema::{Lsn, Timestamp};

use super::Situation;
use crate::part::PartMeta;

/// Returns the longest stretches of parts, as they follow in the log, that may be merged.
///
/// A stretch may be open while it grows and closed once it is longer: two parts of one flush lie
/// beside each other in time, and those of the next flush lie over both.
pub(super) fn runs<'p, 'a>(
    parts: &'p [&'a PartMeta],
    near: &[&PartMeta],
    situation: &Situation<'_>,
) -> Vec<&'p [&'a PartMeta]> {
    let (mut runs, mut rest) = (Vec::new(), parts);
    while !rest.is_empty() {
        let (run, behind) = rest.split_at(longest(rest, near, situation));
        runs.push(run);
        rest = behind;
    }
    runs
}

/// Returns how many parts from the first on may be merged; at least one, which is the first itself.
fn longest(parts: &[&PartMeta], near: &[&PartMeta], situation: &Situation<'_>) -> usize {
    let (mut sum, mut extent) = (Sum::default(), Extent::NONE);
    let mut longest = 1;
    for (length, part) in (1..).zip(parts) {
        sum.add(part);
        if !sum.fits(length, situation) {
            break;
        }
        extent.add(part);
        // Its parts are among those that it touches: it is closed if there are no others.
        if length > 1 && near.iter().filter(|part| extent.touches(part)).count() == length {
            longest = length;
        }
    }
    longest
}

/// Tells whether no other part shares moments and a stretch of the log with the merge of these.
#[cfg(test)]
pub(super) fn is_closed(run: &[&PartMeta], all: &[&PartMeta]) -> bool {
    let mut extent = Extent::NONE;
    run.iter().for_each(|part| extent.add(part));
    all.iter().filter(|part| extent.touches(part)).count() == run.len()
}

/// Where parts lie in time and log.
#[derive(Debug, Clone, Copy)]
struct Extent {
    time: (Timestamp, Timestamp),
    lsn: (Lsn, Lsn),
}

impl Extent {
    const NONE: Self = Self {
        time: (Timestamp::MAX, Timestamp::MIN),
        lsn: (Lsn::new(u64::MAX), Lsn::ZERO),
    };

    fn add(&mut self, part: &PartMeta) {
        self.time.0 = self.time.0.min(part.time_min);
        self.time.1 = self.time.1.max(part.time_max);
        self.lsn.0 = self.lsn.0.min(part.first_lsn);
        self.lsn.1 = self.lsn.1.max(part.last_lsn);
    }

    fn touches(&self, part: &PartMeta) -> bool {
        part.time_min <= self.time.1
            && self.time.0 <= part.time_max
            && part.first_lsn <= self.lsn.1
            && self.lsn.0 <= part.last_lsn
    }
}

/// What a merge would have to hold.
#[derive(Debug, Default)]
struct Sum {
    bytes: u64,
    series: u64,
    rows: u64,
}

impl Sum {
    fn add(&mut self, part: &PartMeta) {
        self.bytes += part.bytes;
        self.series += part.series;
        self.rows += part.rows;
    }

    fn fits(&self, parts: usize, situation: &Situation<'_>) -> bool {
        parts <= situation.fan_in_max()
            && self.bytes <= situation.compaction().bytes_max
            && self.series <= RUNS_MAX
            && self.rows <= ROWS_MAX
    }
}

/// E-3: a merge holds 12 bytes for each run of each part.
const RUNS_MAX: u64 = 8 << 20;
/// A part counts its rows in 32 bits.
const ROWS_MAX: u64 = 1 << 31;
