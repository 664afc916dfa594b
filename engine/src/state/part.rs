//! A part of a table: at rest in a state, or open to be read.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::footers::{Footers, Footing};
use crate::Error;
use crate::column::TextValues;
use crate::memtable::ChunkField;
use crate::part::{
    Directory, PageCache, Part, PartEnvironment, PartFile, PartMeta, QuarantinedPage,
};
use crate::series::{NULL_CODE, SeriesId, SeriesIndex};

/// What parts are read through.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    /// Where they lie and what opens them.
    pub(crate) environment: PartEnvironment,
    /// Their pages and files.
    pub(crate) pages: Arc<PageCache>,
    /// Their footers.
    pub(crate) footers: Arc<Footers>,
}

/// A part that a state refers to: what the manifest says, and where the rest is to be found.
#[derive(Debug)]
pub(crate) struct StoredPart {
    file: Arc<PartFile>,
    is_unique: bool,
    index: Arc<SeriesIndex>,
    footers: Arc<Footers>,
    /// What its footer takes in memory, once it was read.
    footer_bytes: AtomicU64,
}

/// A part whose footer is in memory as long as this is.
#[derive(Debug)]
pub(crate) struct ReadPart {
    part: Part,
    footing: Arc<Footing>,
    is_unique: bool,
}

impl StoredPart {
    /// About how many bytes a part takes while nothing of its footer is in memory: here, in each state
    /// and in the manifest.
    pub(crate) const BYTES: u64 = 1_024;

    /// Returns a part that the manifest tells of; nothing is read.
    pub(crate) fn new(
        shelf: &Shelf,
        meta: PartMeta,
        is_unique: bool,
        index: &Arc<SeriesIndex>,
    ) -> Self {
        let pages = Arc::clone(&shelf.pages);
        Self {
            file: Arc::new(PartFile::new(&shelf.environment, meta, pages)),
            is_unique,
            index: Arc::clone(index),
            footers: Arc::clone(&shelf.footers),
            footer_bytes: AtomicU64::new(0),
        }
    }

    /// Opens the part for a query.
    ///
    /// # Errors
    /// [`Error::Overloaded`] while scans hold all footers that there may be; as [`Self::open`].
    pub(crate) fn open_for_query(&self) -> Result<ReadPart, Error> {
        if let Some(footing) = self.footers.find(&self.meta().id, &self.index) {
            return Ok(self.with(footing));
        }
        let bytes = self.footer_bytes.load(Ordering::Relaxed);
        self.footers.check_room(bytes)?;
        self.open()
    }

    /// Opens the part: its footer is read if it is not in memory, and its series are found in the table's
    /// index, or added to it.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Seal`], [`Error::Corrupt`] naming the file.
    pub(crate) fn open(&self) -> Result<ReadPart, Error> {
        let id = self.meta().id;
        if let Some(footing) = self.footers.find(&id, &self.index) {
            return Ok(self.with(footing));
        }
        let opened = self.file.read_footer()?;
        let series = numbered(opened.directory(), &self.index);
        Ok(self.with(self.footers.add(id, opened, &self.index, series)))
    }

    fn with(&self, footing: Arc<Footing>) -> ReadPart {
        self.footer_bytes.store(footing.bytes(), Ordering::Relaxed);
        ReadPart {
            part: Part::of(Arc::clone(&self.file), Arc::clone(&footing.opened)),
            footing,
            is_unique: self.is_unique,
        }
    }

    /// Returns what the footer takes in memory; reads it where that was never done, which a start and
    /// whoever writes a part do.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn footer_bytes(&self) -> Result<u64, Error> {
        match self.footer_bytes.load(Ordering::Relaxed) {
            0 => Ok(self.open()?.footing.bytes()),
            bytes => Ok(bytes),
        }
    }

    /// Returns the bytes of footers that one scan should hold.
    pub(crate) fn scan_bytes_max(&self) -> u64 {
        self.footers.scan_bytes_max()
    }

    /// Tells whether the numbers of its series are those of this index.
    pub(crate) fn is_numbered_by(&self, index: &Arc<SeriesIndex>) -> bool {
        Arc::ptr_eq(&self.index, index)
    }

    /// Returns the same part with its series numbered by another index, which knows them.
    pub(crate) fn numbered_by(&self, index: &Arc<SeriesIndex>) -> Self {
        Self {
            file: Arc::clone(&self.file),
            is_unique: self.is_unique,
            index: Arc::clone(index),
            footers: Arc::clone(&self.footers),
            footer_bytes: AtomicU64::new(self.footer_bytes.load(Ordering::Relaxed)),
        }
    }

    /// Returns what the manifest says of the part.
    pub(crate) fn meta(&self) -> &PartMeta {
        self.file.meta()
    }

    /// Returns the part as long as somebody may want to read it.
    pub(crate) fn file(&self) -> &Arc<PartFile> {
        &self.file
    }

    /// Returns the pages that turned out damaged so far.
    pub(crate) fn quarantined(&self) -> Vec<QuarantinedPage> {
        self.file.quarantined()
    }

    /// Tells whether no two rows have the same series and time.
    pub(crate) fn is_unique(&self) -> bool {
        self.is_unique
    }

    /// Returns the earliest time.
    pub(crate) fn time_min(&self) -> i64 {
        self.meta().time_min.nanos()
    }

    /// Returns the latest time.
    pub(crate) fn time_max(&self) -> i64 {
        self.meta().time_max.nanos()
    }

    /// Says that no manifest names the part any more: its file goes with the last view (E-2).
    pub(crate) fn mark_obsolete(&self) {
        self.file.mark_obsolete();
        self.footers.remove(&self.meta().id);
    }
}

/// Returns the series of each run of a part in an index.
fn numbered(directory: &Directory, index: &SeriesIndex) -> Vec<SeriesId> {
    let mut table = index.write();
    // Each distinct value is looked up once, however many series have it.
    let codes: Vec<Vec<u32>> = (0..directory.tag_count())
        .map(|tag| {
            let values = directory
                .dictionary(tag)
                .into_iter()
                .flat_map(TextValues::iter);
            values.map(|value| table.intern_value(tag, value)).collect()
        })
        .collect();
    let code_of = |run: usize, tag: usize| {
        let value = directory.value(run, tag)?;
        codes.get(tag)?.get(value).copied()
    };
    let mut tuple = vec![NULL_CODE; directory.tag_count()];
    let mut series = Vec::with_capacity(directory.series_count());
    for run in 0..directory.series_count() {
        for (tag, slot) in tuple.iter_mut().enumerate() {
            *slot = code_of(run, tag).unwrap_or(NULL_CODE);
        }
        series.push(table.intern(&tuple));
    }
    series
}

impl ReadPart {
    /// Returns what the manifest says of the part.
    pub(crate) fn meta(&self) -> &PartMeta {
        self.part.meta()
    }

    /// Returns the part itself.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// Tells whether no two rows have the same series and time.
    pub(crate) fn is_unique(&self) -> bool {
        self.is_unique
    }

    /// Returns the earliest time.
    pub(crate) fn time_min(&self) -> i64 {
        self.meta().time_min.nanos()
    }

    /// Returns the latest time.
    pub(crate) fn time_max(&self) -> i64 {
        self.meta().time_max.nanos()
    }

    /// Returns the series of each run, in the order of tags.
    pub(crate) fn series(&self) -> &[SeriesId] {
        &self.footing.series
    }

    /// Returns the run of a series, if it has rows here.
    pub(crate) fn run_of(&self, series: SeriesId) -> Option<usize> {
        let series_of = |run: &u32| self.footing.series.get(*run as usize).copied();
        let at = self
            .footing
            .by_series
            .binary_search_by_key(&Some(series), series_of)
            .ok()?;
        self.footing.by_series.get(at).map(|run| *run as usize)
    }

    /// Returns the rows of a run.
    pub(crate) fn rows_of(&self, run: usize) -> Range<usize> {
        let rows = self.part.directory().run(run);
        rows.start as usize..rows.end as usize
    }

    /// Returns the position of a field among the part's columns, if it is there.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.part
            .fields()
            .iter()
            .position(|field| field.name == name)
    }

    /// Returns the rows of every page but the last.
    pub(crate) fn page_rows(&self) -> usize {
        self.part.page_rows()
    }

    /// Returns the page of a row.
    pub(crate) fn page_of(&self, row: usize) -> usize {
        row / self.part.page_rows()
    }

    /// Returns the times of a page.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for a page that does not open (E-4), [`Error::Io`].
    pub(crate) fn time_page(&self, page: usize) -> Result<Arc<Vec<i64>>, Error> {
        self.part.time_page(page)
    }

    /// Returns the values of a field on a page.
    ///
    /// # Errors
    /// As [`Self::time_page`].
    pub(crate) fn field_page(&self, field: usize, page: usize) -> Result<Arc<ChunkField>, Error> {
        self.part.narrow_field_page(field, page)
    }

    /// Returns the times of a page without keeping them in the cache.
    ///
    /// # Errors
    /// As [`Self::time_page`].
    pub(crate) fn read_time_page(&self, page: usize) -> Result<Arc<Vec<i64>>, Error> {
        self.part.read_time_page(page).map(Arc::new)
    }

    /// Returns the values of a field on a page without keeping them in the cache.
    ///
    /// # Errors
    /// As [`Self::time_page`].
    pub(crate) fn read_field_page(
        &self,
        field: usize,
        page: usize,
    ) -> Result<Arc<ChunkField>, Error> {
        let column = self.part.read_field_page(field, page)?;
        Ok(Arc::new(ChunkField::of(column)))
    }
}
