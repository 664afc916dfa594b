//! The archived log: by names, is it all there; by its bytes, is it what was written?

use std::collections::BTreeSet;
use std::sync::Arc;

use seal::Keyring;

use super::segment::{self, Stretch};
use super::{Problem, Verification};
use crate::Error;
use crate::layout::{self, SegmentName};
use crate::manifest::Manifest;
use crate::restore::lineage::{self, Gap};
use crate::restore::read_log;

impl Verification<'_> {
    /// Returns the pieces of the log that backups need, noting when they are not all there.
    pub(super) fn log_of(&mut self, manifests: &[Manifest]) -> BTreeSet<SegmentName> {
        let mut log = BTreeSet::new();
        for manifest in manifests {
            let branches = lineage::branches(&self.timelines, manifest.record.timeline);
            let first = manifest.log_segment;
            let mut line = lineage::line(&self.objects, &self.epochs, &branches, first);
            line.retain(|object| object.name.segment <= manifest.end_segment);
            let names: Vec<_> = line.iter().map(|object| object.name).collect();
            if self.reaches(manifest, &names) {
                self.gaps(lineage::gaps(&line, &branches, first..manifest.end_segment));
            }
            log.extend(names);
        }
        log
    }

    /// Returns the pieces of the log that backups need, and of all that goes on behind them, noting
    /// when they are not all there up to the newest of each timeline.
    pub(super) fn whole_log(&mut self, manifests: &[Manifest]) -> BTreeSet<SegmentName> {
        let mut log = self.log_of(manifests);
        let timelines: BTreeSet<_> = self.objects.iter().map(|o| o.name.timeline).collect();
        for timeline in timelines {
            let branches = lineage::branches(&self.timelines, timeline);
            let on_line = manifests
                .iter()
                .filter(|manifest| lineage::is_on(&branches, &manifest.record));
            let Some(first) = on_line.map(|manifest| manifest.log_segment).min() else {
                continue;
            };
            let line = lineage::line(&self.objects, &self.epochs, &branches, first);
            let Some(newest) = line.last() else {
                continue;
            };
            self.gaps(lineage::gaps(&line, &branches, first..newest.name.segment));
            log.extend(line.iter().map(|object| object.name));
        }
        log
    }

    /// Reads pieces of the log, each to its last byte, and compares where one ends and the next of
    /// its timeline begins.
    pub(super) async fn walk(
        &mut self,
        log: BTreeSet<SegmentName>,
        keyring: &Arc<Keyring>,
    ) -> Result<(), Error> {
        let mut before = None::<(SegmentName, Stretch)>;
        for name in log {
            let read = read_log(self.repository, name).await;
            let (name, bytes) = match read {
                Ok(read) => read,
                Err(error) => {
                    self.problem(name.object(), error)?;
                    continue;
                }
            };
            self.report.bytes_read += bytes.len() as u64;
            let keyring = Arc::clone(keyring);
            let walk = move || segment::walk(&name, bytes, &keyring);
            let walked = tokio::task::spawn_blocking(walk).await;
            let walked = walked.map_err(|_| Error::Aborted {
                task: "reads an archived segment",
            })?;
            match walked {
                Ok(stretch) => {
                    self.join(before, (name, stretch));
                    before = Some((name, stretch));
                }
                Err(reason) => self.note(name.object(), reason),
            }
        }
        Ok(())
    }

    /// Checks that a segment begins where the one before it ends.
    fn join(
        &mut self,
        before: Option<(SegmentName, Stretch)>,
        (name, next): (SegmentName, Stretch),
    ) {
        let Some((before, stretch)) = before else {
            return;
        };
        let follows = before.timeline == name.timeline && before.segment + 1 == name.segment;
        if follows && before.partial.is_none() && stretch.end_lsn != next.base_lsn {
            let (end, begin) = (stretch.end_lsn, next.base_lsn);
            let reason = format!("it ends at lsn {end}, and the next segment begins at {begin}");
            self.note(before.object(), reason);
        }
    }

    /// Tells whether the log of a backup begins and ends with it, and notes it when it does not.
    fn reaches(&mut self, manifest: &Manifest, line: &[SegmentName]) -> bool {
        let record = &manifest.record;
        let begins = line
            .first()
            .is_some_and(|name| name.segment == manifest.log_segment);
        let ends = line.last().is_some_and(|name| {
            let reaches = name.partial.is_none_or(|lsn| lsn >= record.end_lsn);
            name.segment == manifest.end_segment && reaches
        });
        let is_there = (begins && ends) || record.end_lsn <= record.base_lsn;
        if !is_there {
            let (base, end) = (record.base_lsn, record.end_lsn);
            let reason = format!("the log from lsn {base} to lsn {end} is not all there");
            self.note(layout::manifest(record.n), reason);
        }
        is_there
    }

    fn gaps(&mut self, gaps: Vec<Gap>) {
        for gap in gaps {
            let reason = match gap.last - gap.first {
                0 => "this segment of the log is not stored whole".to_owned(),
                _ => format!("the log lacks this segment and all up to {}", gap.last),
            };
            self.note(layout::segment(gap.timeline, gap.first), reason);
        }
    }

    fn note(&mut self, object: String, reason: String) {
        self.report.problems.push(Problem { object, reason });
    }
}
