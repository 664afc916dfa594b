//! The way of a partition through a scan: strip after strip, in each series after series.

use std::ops::Range;
use std::sync::Arc;

use super::partition::Scan;
use super::runs::RunFinder;
use super::strip::OpenStrip;
use crate::Error;
use crate::merge::{Reader, SeriesMerge};
use crate::series::SeriesId;

/// Where a partition stands.
#[derive(Debug)]
pub(super) struct Walk {
    scan: Arc<Scan>,
    /// The positions of the partition's series.
    series: Range<usize>,
    /// The positions of the strips that are still to come.
    strips: Range<usize>,
    /// The strip that is under way.
    inside: Option<Inside>,
}

/// Where a partition stands in a strip.
#[derive(Debug)]
struct Inside {
    strip: Arc<OpenStrip>,
    /// The positions of the series that are still to come.
    series: Range<usize>,
    runs: RunFinder,
    /// The series whose rows are under way.
    merge: Option<(SeriesId, SeriesMerge)>,
    reader: Reader,
}

impl Walk {
    /// Returns the way from the first strip on, which may be open already.
    pub(super) fn new(
        scan: Arc<Scan>,
        series: Range<usize>,
        first: Option<&Arc<OpenStrip>>,
    ) -> Self {
        let mut walk = Self {
            series,
            strips: 0..scan.strips.len(),
            inside: None,
            scan,
        };
        if let Some(first) = first {
            walk.strips.next();
            walk.enter(Arc::clone(first));
        }
        walk
    }

    /// Returns the merge that is under way, or that of the next series that has rows; nothing at the end.
    ///
    /// # Errors
    /// Those of opening a strip and of reading a page.
    pub(super) fn next_merge(&mut self) -> Result<Option<(SeriesId, SeriesMerge)>, Error> {
        loop {
            if let Some(inside) = &mut self.inside
                && let Some(merge) = inside.next_merge(&self.scan)?
            {
                return Ok(Some(merge));
            }
            // E-3: one strip is let go before the next is opened.
            self.inside = None;
            let Some(strip) = self.strips.next().and_then(|at| self.scan.strips.get(at)) else {
                return Ok(None);
            };
            let strip = strip.open(&self.scan.table)?;
            self.enter(strip);
        }
    }

    /// Returns what reads the rows of the merge that was given last.
    pub(super) fn reader(&mut self) -> Option<&mut Reader> {
        self.inside.as_mut().map(|inside| &mut inside.reader)
    }

    /// Takes a merge back that has rows left.
    pub(super) fn resume_with(&mut self, series: SeriesId, merge: SeriesMerge) {
        if let Some(inside) = &mut self.inside {
            inside.merge = Some((series, merge));
        }
    }

    /// Lets go of everything: nothing comes any more.
    pub(super) fn end(&mut self) {
        self.strips = 0..0;
        self.inside = None;
    }

    fn enter(&mut self, strip: Arc<OpenStrip>) {
        let fields: Vec<_> = self.scan.fields().collect();
        self.inside = Some(Inside {
            series: self.series.clone(),
            runs: RunFinder::new(strip.sources.len()),
            merge: None,
            reader: Reader::new(Arc::clone(&strip.sources), &fields),
            strip,
        });
    }
}

impl Inside {
    fn next_merge(&mut self, scan: &Scan) -> Result<Option<(SeriesId, SeriesMerge)>, Error> {
        if let Some(merge) = self.merge.take() {
            return Ok(Some(merge));
        }
        let strip = &self.strip;
        while let Some(series) = self.series.next().and_then(|at| scan.series.get(at)) {
            let runs = self.runs.find(*series, &strip.sources, &scan.order);
            let mode = scan.table.mode();
            let whose = (*series, &*scan.table.series);
            let reader = &mut self.reader;
            let merge = strip
                .deletions
                .merge(mode, whose, runs, &strip.time, reader)?;
            if !merge.is_done() {
                return Ok(Some((*series, merge)));
            }
        }
        Ok(None)
    }
}
