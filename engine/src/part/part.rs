//! A part, open for reading.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::{File, OpenMode};
use schema::ColumnDefinition;
use seal::FileKey;
use tracing::warn;

use super::cache::{CachedPage, PageKey};
use super::footer::{Footer, PageEntry};
use super::header::Header;
use super::load::small;
use super::quarantine::Quarantine;
use super::{
    Directory, PageCache, PageColumn, PageStatistics, PartEnvironment, PartId, PartMeta,
    QuarantinedPage, open,
};
use crate::Error;
use crate::column::{Column, Values};

/// A part: its footer in memory, its pages in the file and in a [`PageCache`].
///
/// Shared as `Arc<Part>`; whoever holds one keeps the file (E-2).
#[derive(Debug)]
pub struct Part {
    environment: PartEnvironment,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn File>,
    pub(super) key: FileKey,
    pub(super) header: Header,
    meta: PartMeta,
    pub(super) footer: Footer,
    pub(super) cache: Arc<PageCache>,
    pub(super) quarantine: Quarantine,
    obsolete: AtomicBool,
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
        let path = environment.path(&meta.id);
        let file = environment.disk.open(&path, OpenMode::Read);
        let file = file.map_err(|source| Error::io(&path, source))?;
        let opened = open::open(environment, &path, &*file)?;
        if opened.meta() != meta {
            return Err(Error::corrupt(
                &path,
                "it is not the part that the manifest tells of",
            ));
        }
        Ok(Self {
            environment: environment.clone(),
            path,
            file,
            key: opened.key,
            header: opened.header,
            meta,
            footer: opened.footer,
            cache,
            quarantine: Quarantine::default(),
            obsolete: AtomicBool::new(false),
        })
    }

    /// Returns the part's name.
    pub const fn id(&self) -> PartId {
        self.meta.id
    }

    /// Returns what the manifest knows of it.
    pub const fn meta(&self) -> &PartMeta {
        &self.meta
    }

    /// Returns the path of its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its series and their rows.
    pub const fn directory(&self) -> &Directory {
        &self.footer.directory
    }

    /// Returns the names of its tags, in the order that sorts its series.
    pub fn tag_names(&self) -> &[String] {
        &self.footer.description.tags
    }

    /// Returns its fields.
    pub fn fields(&self) -> &[ColumnDefinition] {
        &self.footer.description.fields
    }

    /// Returns how many rows a page has; the last may have fewer.
    pub const fn page_rows(&self) -> usize {
        self.footer.description.page_rows as usize
    }

    /// Returns the number of pages of each column.
    pub fn page_count(&self) -> usize {
        self.footer.columns.first().map_or(0, Vec::len)
    }

    /// Returns where a page lies and how it is encoded.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn page(&self, column: PageColumn, page: usize) -> &PageEntry {
        let pages = self.footer.columns.get(column.number() as usize);
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
            CachedPage::Values(_) => unreachable!("a key of times finds times"),
        }
    }

    /// Returns the values of a page of a field.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when it is damaged (E-4), [`Error::Io`] when the disk refuses.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn field_page(&self, field: usize, page: usize) -> Result<Arc<Column>, Error> {
        let column = PageColumn::Field(field);
        let loaded = self.cached(column, page, || {
            Ok(CachedPage::Values(Arc::new(self.load(column, page)?)))
        })?;
        match loaded {
            CachedPage::Values(values) => Ok(values),
            CachedPage::Times(_) => unreachable!("a key of values finds values"),
        }
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

    /// Returns the pages that turned out damaged so far.
    pub fn quarantined(&self) -> Vec<QuarantinedPage> {
        self.quarantine.list()
    }

    /// Says that nobody new will want this part: its file goes when the last holder does (E-2).
    pub fn mark_obsolete(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    /// Returns the columns: times first, then the fields.
    pub fn columns(&self) -> impl Iterator<Item = PageColumn> + use<> {
        let fields = self.footer.description.fields.len();
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
        self.cache.get_or_load(self.key_of(column, page), load)
    }

    /// Returns the name of a page in the cache.
    pub(super) fn key_of(&self, column: PageColumn, page: usize) -> PageKey {
        PageKey {
            part: self.meta.id,
            column: column.number(),
            page: small(page),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // E-2: the last holder is gone, so that nothing can read the file any more.
        if !self.obsolete.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.environment.disk.remove(&self.path) {
            warn!(path = %self.path.display(), %error, "an obsolete part could not be removed");
        }
    }
}

fn times(column: Column) -> Vec<i64> {
    match column.values {
        Values::Time(times) => times,
        _ => unreachable!("the time column holds times"),
    }
}
