//! A part, open for reading.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::{File, OpenMode};
use schema::{ColumnDefinition, FieldType};
use seal::FileKey;
use tracing::{error, warn};

use super::cache::{CachedPage, PageKey};
use super::footer::{Footer, PageEntry};
use super::group::page_place;
use super::header::Header;
use super::quarantine::Quarantine;
use super::{
    Directory, PageCache, PageColumn, PageStatistics, PartEnvironment, PartId, PartMeta,
    QuarantinedPage, Value, open,
};
use crate::Error;
use crate::column::{Column, Values};
use crate::encoding::{Damage, Encoding, between, decode_page};

/// A part: its footer in memory, its pages in the file and in a [`PageCache`].
///
/// Shared as `Arc<Part>`; whoever holds one keeps the file (E-2).
#[derive(Debug)]
pub struct Part {
    environment: PartEnvironment,
    path: PathBuf,
    file: Arc<dyn File>,
    key: FileKey,
    header: Header,
    meta: PartMeta,
    footer: Footer,
    cache: Arc<PageCache>,
    quarantine: Quarantine,
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
        let key = PageKey {
            part: self.meta.id,
            column: column.number(),
            page: small(page),
        };
        self.cache.get_or_load(key, load)
    }

    /// Reads, opens and decodes a page; E-4: damage is remembered and named, a disk's error is not.
    fn load(&self, column: PageColumn, page: usize) -> Result<Column, Error> {
        if let Some(reason) = self.quarantine.reason(column, small(page)) {
            return Err(Error::corrupt(&self.path, reason));
        }
        let entry = self.page(column, page);
        let sealed = self.read(entry)?;
        self.decode(column, page, sealed)
            .map_err(|why| self.quarantine(column, page, &why))
    }

    fn read(&self, entry: &PageEntry) -> Result<Vec<u8>, Error> {
        let mut sealed = vec![0; entry.sealed_bytes as usize];
        if !sealed.is_empty() {
            let read = self.file.read_exact_at(&mut sealed, entry.offset);
            read.map_err(|source| Error::io(&self.path, source))?;
        }
        Ok(sealed)
    }

    fn decode(
        &self,
        column: PageColumn,
        page: usize,
        mut sealed: Vec<u8>,
    ) -> Result<Column, String> {
        let entry = self.page(column, page);
        let field_type = self.field_type(column);
        let rows = entry.statistics.rows as usize;
        if sealed.is_empty() {
            return from_footer(entry, field_type).map_err(|damage| damage.to_string());
        }
        let group_pages = self.footer.description.group_pages;
        let place = page_place(self.header.salt, column.number(), page, group_pages);
        let plain = seal::open_page_in_place(&self.key, &place, &mut sealed)
            .map_err(|error| error.to_string())?;
        decode_page(field_type, rows, plain).map_err(|damage| damage.to_string())
    }

    fn quarantine(&self, column: PageColumn, page: usize, why: &str) -> Error {
        let name = self.column_name(column);
        let offset = self.page(column, page).offset;
        let reason = format!("page {page} of column {name:?} at byte {offset}: {why}");
        let named = QuarantinedPage {
            column: name.to_owned(),
            page: small(page),
            reason: reason.clone(),
        };
        if self.quarantine.add(column, named) {
            self.cache.count_quarantined();
            error!(path = %self.path.display(), column = name, page, %why, "a page is damaged");
        }
        Error::corrupt(&self.path, reason)
    }

    fn field_type(&self, column: PageColumn) -> FieldType {
        let field = match column {
            PageColumn::Time => return FieldType::Time,
            PageColumn::Field(field) => self.fields().get(field),
        };
        field.map_or(FieldType::Time, |field| field.field_type)
    }

    fn column_name(&self, column: PageColumn) -> &str {
        match column {
            PageColumn::Time => schema::TIME_COLUMN,
            PageColumn::Field(field) => self.fields().get(field).map_or("", |f| f.name.as_str()),
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

/// Returns the values of a page that has no bytes.
fn from_footer(entry: &PageEntry, field_type: FieldType) -> Result<Column, Damage> {
    let statistics = &entry.statistics;
    let rows = statistics.rows as usize;
    let column = match entry.encoding {
        Encoding::Nulls => Some(Column::nulls(field_type, rows)),
        Encoding::Constant => statistics.first.as_ref().map(|first| first.repeated(rows)),
        Encoding::Step => match (&statistics.first, &statistics.last) {
            (Some(Value::I64(first)), Some(Value::I64(last))) => {
                between(*first, *last, rows).map(|v| Column::from_values(Values::I64(v)))
            }
            (Some(Value::Time(first)), Some(Value::Time(last))) => {
                between(*first, *last, rows).map(|v| Column::from_values(Values::Time(v)))
            }
            _ => None,
        },
        _ => None,
    };
    column.ok_or(Damage("its values do not follow from its statistics"))
}

fn times(column: Column) -> Vec<i64> {
    match column.values {
        Values::Time(times) => times,
        _ => unreachable!("the time column holds times"),
    }
}

fn small(page: usize) -> u32 {
    u32::try_from(page).expect("a part has fewer pages than rows")
}
