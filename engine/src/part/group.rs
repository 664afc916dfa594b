//! The row group that a writer is filling: a page of each column, and the pages before it, sealed.

use std::ops::Range;

use platform::Entropy;
use schema::{ColumnDefinition, FieldType};
use seal::{FileKey, FileKind, Place, Salt, seal_page};

use super::footer::PageEntry;
use super::relations::Relations;
use super::statistics::PageStatistics;
use crate::Error;
use crate::column::{Column, Values};
use crate::encoding::{Effort, EncodedPage, PageEncoder, TEXT_BYTES_MAX};

/// Pages under construction, and what was made of them.
///
/// Holds at most one page a column as it is, and `group_pages` of them encoded.
#[derive(Debug)]
pub(crate) struct OpenGroup {
    pub(crate) times: Column,
    pub(crate) fields: Vec<Column>,
    /// For the times and each field the sealed pages, one behind the other.
    sealed: Vec<Vec<u8>>,
    /// For the times and each field the pages of all groups.
    pub(crate) entries: Vec<Vec<PageEntry>>,
    /// Which fields follow from which others, as the first page of the group has it.
    relations: Relations,
}

/// What pages are sealed with.
#[derive(Debug)]
pub(crate) struct Sealing<'a> {
    pub(crate) key: &'a FileKey,
    pub(crate) salt: Salt,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) encoder: PageEncoder,
    pub(crate) group_pages: u32,
}

impl OpenGroup {
    pub(crate) fn new(fields: &[ColumnDefinition]) -> Self {
        Self {
            times: Column::empty(FieldType::Time),
            fields: fields
                .iter()
                .map(|field| Column::empty(field.field_type))
                .collect(),
            sealed: vec![Vec::new(); 1 + fields.len()],
            entries: vec![Vec::new(); 1 + fields.len()],
            relations: Relations::default(),
        }
    }

    /// Returns the number of rows in the page under construction.
    pub(crate) fn page_rows(&self) -> usize {
        self.times.len()
    }

    /// Returns the number of pages of each column, of all groups.
    pub(crate) fn pages(&self) -> usize {
        self.entries.first().map_or(0, Vec::len)
    }

    /// Appends rows to the page under construction.
    pub(crate) fn append(&mut self, time: &[i64], fields: &[Option<(&Column, Range<usize>)>]) {
        let Values::Time(times) = &mut self.times.values else {
            unreachable!("times are times")
        };
        times.extend_from_slice(time);
        for (column, source) in self.fields.iter_mut().zip(fields) {
            match source {
                Some((source, rows)) => column.extend_from(source, rows.clone()),
                None => column.extend_nulls(time.len()),
            }
        }
    }

    /// Encodes and seals the page under construction and begins another.
    pub(crate) fn close_page(&mut self, sealing: &Sealing<'_>) -> Result<(), Error> {
        let page = self.pages();
        let encoded = self.encode(sealing)?;
        let columns = std::iter::once(&mut self.times).chain(&mut self.fields);
        let kept = self.sealed.iter_mut().zip(&mut self.entries);
        for (number, ((column, encoded), (sealed, entries))) in
            (0u32..).zip(columns.zip(encoded).zip(kept))
        {
            let EncodedPage { encoding, bytes } = encoded;
            let before = sealed.len();
            if !bytes.is_empty() {
                let place = page_place(sealing.salt, number, page, sealing.group_pages);
                sealed.extend_from_slice(&seal_page(sealing.key, sealing.entropy, &place, bytes));
            }
            entries.push(PageEntry {
                encoding,
                offset: 0,
                sealed_bytes: u32::try_from(sealed.len() - before).map_err(|_| texts_limit())?,
                statistics: PageStatistics::of(column),
            });
            column.clear();
        }
        Ok(())
    }

    /// Encodes the page under construction: the times, then each field.
    fn encode(&mut self, sealing: &Sealing<'_>) -> Result<Vec<EncodedPage>, Error> {
        self.fields.iter().try_for_each(check_texts)?;
        let encoder = sealing.encoder;
        let fields = if encoder.effort == Effort::Cold {
            if self.pages().is_multiple_of(sealing.group_pages as usize) {
                let alone = self.fields.iter().map(|column| encoder.encode(column));
                let alone: Vec<EncodedPage> = alone.collect();
                self.relations = Relations::find(&self.fields, &alone);
                self.relations.shrink(&self.fields, alone)
            } else {
                self.relations.encode(&self.fields, encoder)
            }
        } else {
            let alone = self.fields.iter().map(|column| encoder.encode(column));
            alone.collect()
        };
        let times = sealing.encoder.encode(&self.times);
        Ok(std::iter::once(times).chain(fields).collect())
    }

    /// Gives up the sealed pages in the order in which they are written.
    pub(crate) fn take_sealed(&mut self) -> Vec<Vec<u8>> {
        self.sealed.iter_mut().map(std::mem::take).collect()
    }
}

/// Returns where a page belongs; S-2: it opens nowhere else.
pub(crate) fn page_place(salt: Salt, column: u32, page: usize, group_pages: u32) -> Place {
    let group = page as u64 / u64::from(group_pages.max(1));
    let place = Place::new(FileKind::Part, salt, SECTION_PAGES);
    place
        .in_group(u32::try_from(group).unwrap_or(u32::MAX))
        .in_column(column)
        .page(page as u64)
}

/// Returns where a footer belongs.
pub(crate) const fn footer_place(salt: Salt) -> Place {
    Place::new(FileKind::Part, salt, SECTION_FOOTER)
}

fn check_texts(column: &Column) -> Result<(), Error> {
    match &column.values {
        Values::Text(texts) if texts.bytes.len() > TEXT_BYTES_MAX => Err(texts_limit()),
        _ => Ok(()),
    }
}

fn texts_limit() -> Error {
    Error::Limit {
        what: "bytes of text in a page",
        limit: TEXT_BYTES_MAX as u64,
    }
}

const SECTION_PAGES: u16 = 1;
const SECTION_FOOTER: u16 = 2;
