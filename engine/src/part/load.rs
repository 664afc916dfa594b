//! From the bytes of a page to its values.

use std::sync::Arc;

use schema::FieldType;
use tracing::error;

use super::cache::CachedPage;
use super::footer::PageEntry;
use super::group::page_place;
use super::quarantine::Ill;
use super::relations::DEPTH_MAX;
use super::{PageColumn, Part, QuarantinedPage, Value};
use crate::Error;
use crate::column::{Column, Values};
use crate::encoding::{
    Damage, Encoding, between, decode_given, decode_integers_through, decode_page, reference_of,
};
use crate::memtable::{ChunkField, Narrowed};

impl Part {
    /// Reads, opens and decodes a page; E-4: what is damaged is remembered and not read again, what
    /// the disk does not give is named until it does.
    pub(super) fn load(&self, column: PageColumn, page: usize) -> Result<Column, Error> {
        self.load_within(column, page, DEPTH_MAX)
    }

    /// As [`Self::load`], in as few bytes as the values of a field have in memory.
    pub(super) fn load_narrow(&self, field: usize, page: usize) -> Result<ChunkField, Error> {
        let column = PageColumn::Field(field);
        let mut sealed = self.sealed(column, page)?;
        let plain = self.plain(column, page, &mut sealed)?;
        let narrow = self.decode_narrow(column, page, plain);
        match narrow.map_err(|damage| self.damaged(column, page, &damage.to_string()))? {
            Some(values) => Ok(values),
            None => self
                .decoded(column, page, plain, DEPTH_MAX)
                .map(ChunkField::of),
        }
    }

    /// As [`Self::load`], with as many other pages below it as may be.
    fn load_within(&self, column: PageColumn, page: usize, depth: usize) -> Result<Column, Error> {
        let mut sealed = self.sealed(column, page)?;
        let plain = self.plain(column, page, &mut sealed)?;
        self.decoded(column, page, plain, depth)
    }

    /// Returns the bytes of a page as they are in the file.
    fn sealed(&self, column: PageColumn, page: usize) -> Result<Vec<u8>, Error> {
        if let Some(reason) = self.file.quarantine.reason(column, small(page)) {
            return Err(Error::corrupt(&self.file.path, reason));
        }
        let entry = self.page(column, page);
        let sealed = self.read(entry).inspect_err(|error| {
            self.quarantine(column, page, Ill::Unreadable, &error.to_string());
        })?;
        self.file.quarantine.release(column, small(page));
        Ok(sealed)
    }

    /// Returns the plaintext of a page, which lies where the sealed page was.
    fn plain<'a>(
        &self,
        column: PageColumn,
        page: usize,
        sealed: &'a mut [u8],
    ) -> Result<&'a [u8], Error> {
        let opened = self.open_page(column, page, sealed);
        opened.map_err(|why| self.damaged(column, page, &why))
    }

    fn decoded(
        &self,
        column: PageColumn,
        page: usize,
        plain: &[u8],
        depth: usize,
    ) -> Result<Column, Error> {
        let other = match reference_of(plain) {
            Some(number) => Some(self.reference(column, page, number, depth)?),
            None => None,
        };
        self.decode(column, page, plain, other.as_deref())
            .map_err(|why| self.damaged(column, page, &why))
    }

    /// Returns the page of the other column that one is given, which is read if it is not at hand.
    fn reference(
        &self,
        column: PageColumn,
        page: usize,
        number: u32,
        depth: usize,
    ) -> Result<Arc<Column>, Error> {
        let field = (number as usize)
            .checked_sub(1)
            .filter(|field| *field < self.fields().len());
        let (Some(field), Some(depth)) = (field, depth.checked_sub(1)) else {
            return Err(self.damaged(column, page, "the column that it follows is not there"));
        };
        let reference = PageColumn::Field(field);
        if let Some(CachedPage::Field(values)) = self.file.cache.peek(&self.key_of(reference, page))
        {
            return Ok(Arc::new(self.widened(field, &values)));
        }
        self.load_within(reference, page, depth).map(Arc::new)
    }

    fn read(&self, entry: &PageEntry) -> Result<Vec<u8>, Error> {
        let mut sealed = vec![0; entry.sealed_bytes as usize];
        if !sealed.is_empty() {
            let read = self.file.open()?.read_exact_at(&mut sealed, entry.offset);
            read.map_err(|source| Error::io(&self.file.path, source))?;
        }
        Ok(sealed)
    }

    fn open_page<'a>(
        &self,
        column: PageColumn,
        page: usize,
        sealed: &'a mut [u8],
    ) -> Result<&'a [u8], String> {
        if sealed.is_empty() {
            return Ok(&[]);
        }
        let group_pages = self.opened.footer.description.group_pages;
        let place = page_place(self.opened.header.salt, column.number(), page, group_pages);
        match seal::open_page_in_place(&self.opened.key, &place, sealed) {
            Ok(plain) => Ok(plain),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Decodes integers without nulls, never all of them at hand in eight bytes each; nothing where the
    /// page holds others, or some that its statistics do not know of.
    fn decode_narrow(
        &self,
        column: PageColumn,
        page: usize,
        plain: &[u8],
    ) -> Result<Option<ChunkField>, Damage> {
        let statistics = &self.page(column, page).statistics;
        let bounds = match (&statistics.min, &statistics.max) {
            (Some(Value::I64(min)), Some(Value::I64(max))) => (*min, *max),
            (Some(Value::Time(min)), Some(Value::Time(max))) => (*min, *max),
            _ => return Ok(None),
        };
        let rows = statistics.rows as usize;
        // A footer may claim any number of rows; past this, memory grows with what comes.
        let room = rows.min(ROWS_AT_ONCE);
        let Some(mut narrowed) = Narrowed::new(self.field_type(column), bounds, room) else {
            return Ok(None);
        };
        let is_such = decode_integers_through(rows, plain, &mut |values| narrowed.extend(values))?;
        Ok(narrowed.finish().filter(|_| is_such))
    }

    fn decode(
        &self,
        column: PageColumn,
        page: usize,
        plain: &[u8],
        other: Option<&Column>,
    ) -> Result<Column, String> {
        let entry = self.page(column, page);
        let field_type = self.field_type(column);
        let decoded = match other {
            _ if entry.sealed_bytes == 0 => from_footer(entry, field_type),
            Some(other) => decode_given(field_type, plain, other),
            None => decode_page(field_type, entry.statistics.rows as usize, plain),
        };
        decoded.map_err(|damage| damage.to_string())
    }

    /// Remembers a damaged page and returns the error that names it.
    fn damaged(&self, column: PageColumn, page: usize, why: &str) -> Error {
        let reason = self.quarantine(column, page, Ill::Damaged, why);
        Error::corrupt(&self.file.path, reason)
    }

    /// Remembers a page, counts and logs it once, and returns what is wrong with it.
    fn quarantine(&self, column: PageColumn, page: usize, ill: Ill, why: &str) -> String {
        let name = self.column_name(column);
        let offset = self.page(column, page).offset;
        let reason = format!("page {page} of column {name:?} at byte {offset}: {why}");
        let named = QuarantinedPage {
            column: name.to_owned(),
            page: small(page),
            reason: reason.clone(),
        };
        if self.file.quarantine.add(column, ill, named) {
            self.file.cache.count_quarantined();
            match ill {
                Ill::Damaged => {
                    error!(path = %self.file.path.display(), column = name, page, %why, "a page is damaged");
                }
                Ill::Unreadable => {
                    error!(path = %self.file.path.display(), column = name, page, %why, "a page cannot be read");
                }
            }
        }
        reason
    }

    pub(super) fn field_type(&self, column: PageColumn) -> FieldType {
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

pub(super) fn small(page: usize) -> u32 {
    u32::try_from(page).expect("a part has fewer pages than rows")
}

/// Rows that are allocated before they are decoded.
const ROWS_AT_ONCE: usize = 1 << 20;
