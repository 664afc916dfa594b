//! A part, open for reading.

use std::path::Path;
use std::sync::Arc;

use schema::ColumnDefinition;

use super::cache::{CachedPage, PageKey};
use super::footer::PageEntry;
use super::load::small;
use super::{
    Directory, Opened, PageCache, PageColumn, PageStatistics, PartEnvironment, PartFile, PartId,
    PartMeta, QuarantinedPage,
};
use crate::Error;
use crate::column::{Column, Values};
use crate::memtable::ChunkField;

/// A part: its footer in memory, its pages in the file and in a [`PageCache`].
///
/// Whoever holds one keeps the file (E-2).
#[derive(Debug, Clone)]
pub struct Part {
    pub(super) file: Arc<PartFile>,
    pub(super) opened: Arc<Opened>,
}

impl Part {
    /// Opens the file of a part and reads its footer.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk refuses, [`Error::Seal`] when no key fits, [`Error::Corrupt`]
    /// when the file is not the part that `meta` tells of.
    pub fn open(
        environment: &PartEnvironment,
        meta: PartMeta,
        cache: Arc<PageCache>,
    ) -> Result<Self, Error> {
        let file = Arc::new(PartFile::new(environment, meta, cache));
        let opened = Arc::new(file.read_footer()?);
        Ok(Self { file, opened })
    }

    /// Returns a part whose footer was read before.
    pub(crate) const fn of(file: Arc<PartFile>, opened: Arc<Opened>) -> Self {
        Self { file, opened }
    }

    /// Returns the part's name.
    pub fn id(&self) -> PartId {
        self.file.meta.id
    }

    /// Returns what the manifest knows of it.
    pub fn meta(&self) -> &PartMeta {
        &self.file.meta
    }

    /// Returns the path of its file.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// Returns its series and their rows.
    pub fn directory(&self) -> &Directory {
        &self.opened.footer.directory
    }

    /// Returns the names of its tags, in the order that sorts its series.
    pub fn tag_names(&self) -> &[String] {
        &self.opened.footer.description.tags
    }

    /// Returns its fields.
    pub fn fields(&self) -> &[ColumnDefinition] {
        &self.opened.footer.description.fields
    }

    /// Returns how many rows a page has; the last may have fewer.
    pub fn page_rows(&self) -> usize {
        self.opened.footer.description.page_rows as usize
    }

    /// Returns the number of pages of each column.
    pub fn page_count(&self) -> usize {
        self.opened.footer.columns.first().map_or(0, Vec::len)
    }

    /// Returns where a page lies and how it is encoded.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn page(&self, column: PageColumn, page: usize) -> &PageEntry {
        let pages = self.opened.footer.columns.get(column.number() as usize);
        pages
            .and_then(|pages| pages.get(page))
            .expect("the caller asks for a page that exists")
    }

    /// Returns what is known of a page's values.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn statistics(&self, column: PageColumn, page: usize) -> &PageStatistics {
        &self.page(column, page).statistics
    }

    /// Returns the times of a page.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is damaged (E-4), [`Error::Io`] when the disk refuses.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn time_page(&self, page: usize) -> Result<Arc<Vec<i64>>, Error> {
        let loaded = self.cached(PageColumn::Time, page, || {
            let column = self.load(PageColumn::Time, page)?;
            Ok(CachedPage::Times(Arc::new(times(column))))
        })?;
        match loaded {
            CachedPage::Times(times) => Ok(times),
            CachedPage::Field(_) => unreachable!("a key of times finds times"),
        }
    }

    /// Returns the values of a page of a field.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is damaged (E-4), [`Error::Io`] when the disk refuses.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn field_page(&self, field: usize, page: usize) -> Result<Column, Error> {
        let values = self.narrow_field_page(field, page)?;
        Ok(self.widened(field, &values))
    }

    /// Returns the values of a page of a field, in as few bytes as they have in memory.
    ///
    /// # Errors
    /// As [`Self::field_page`].
    ///
    /// # Panics
    /// When there is no such page.
    pub(crate) fn narrow_field_page(
        &self,
        field: usize,
        page: usize,
    ) -> Result<Arc<ChunkField>, Error> {
        let loaded = self.cached(PageColumn::Field(field), page, || {
            let values = self.load_narrow(field, page)?;
            Ok(CachedPage::Field(Arc::new(values)))
        })?;
        match loaded {
            CachedPage::Field(values) => Ok(values),
            CachedPage::Times(_) => unreachable!("a key of values finds values"),
        }
    }

    /// Returns the values of a field of this part as a column.
    pub(super) fn widened(&self, field: usize, values: &ChunkField) -> Column {
        let mut column = Column::empty(self.field_type(PageColumn::Field(field)));
        values.append_to(0..values.len(), &mut column);
        column
    }

    /// Returns the times of a page without going through the cache; for whoever reads it once.
    ///
    /// # Errors
    /// As [`Self::time_page`].
    pub fn read_time_page(&self, page: usize) -> Result<Vec<i64>, Error> {
        self.load(PageColumn::Time, page).map(times)
    }

    /// Returns the values of a page without going through the cache.
    ///
    /// # Errors
    /// As [`Self::field_page`].
    pub fn read_field_page(&self, field: usize, page: usize) -> Result<Column, Error> {
        self.load(PageColumn::Field(field), page)
    }

    /// Returns the values of a page in as few bytes as they have in memory, without going through the
    /// cache.
    ///
    /// # Errors
    /// As [`Self::field_page`].
    pub(crate) fn read_narrow_field_page(
        &self,
        field: usize,
        page: usize,
    ) -> Result<ChunkField, Error> {
        self.load_narrow(field, page)
    }

    /// Returns the pages that turned out damaged so far.
    pub fn quarantined(&self) -> Vec<QuarantinedPage> {
        self.file.quarantined()
    }

    /// Says that nobody new will want this part: its file goes when the last holder does (E-2).
    pub fn mark_obsolete(&self) {
        self.file.mark_obsolete();
    }

    /// Returns the columns: times first, then the fields.
    pub fn columns(&self) -> impl Iterator<Item = PageColumn> + use<> {
        let fields = self.opened.footer.description.fields.len();
        std::iter::once(PageColumn::Time).chain((0..fields).map(PageColumn::Field))
    }

    fn cached(
        &self,
        column: PageColumn,
        page: usize,
        load: impl FnOnce() -> Result<CachedPage, Error>,
    ) -> Result<CachedPage, Error> {
        if self.page(column, page).sealed_bytes == 0 {
            return load();
        }
        self.file.cache.get_or_load(self.key_of(column, page), load)
    }

    /// Returns the name of a page in the cache.
    pub(super) fn key_of(&self, column: PageColumn, page: usize) -> PageKey {
        PageKey {
            part: self.file.meta.id,
            column: column.number(),
            page: small(page),
        }
    }
}

fn times(column: Column) -> Vec<i64> {
    match column.values {
        Values::Time(times) => times,
        _ => unreachable!("the time column holds times"),
    }
}
