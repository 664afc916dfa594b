//! The footer of a part: everything about it but its rows.
//!
//! ```text
//!  sealed as one page of section 2; the plaintext:
//!  offset bytes
//!       0     4  length of the contents
//!       4     1  compression: 0 none, 1 zstd
//!       5     ?  the contents
//!
//!  contents
//!       0     4  length of the description
//!       4     ?  the description, JSON: meta, tags, fields, page_rows, group_pages
//!       ?     ?  directory: for each tag
//!                     4  number of distinct values
//!                     ?  for each in rising order how many bytes it shares with the one before, as
//!                        encoded integers; the lengths of the rest likewise; the rests, UTF-8
//!                     ?  the number of each series' value: 0 null, else 1 + index; as integers
//!                and then the first row of each series, as encoded integers
//!       ?     ?  for the times, then for each field:
//!                   n    number of the encoding of each of n pages
//!                   ?    sealed length of each page, 0 where it has no bytes, as integers
//!                   ?    nulls of each page, likewise
//!                   ?    min, max, first, last and, where the type has sums, sum of each page, each
//!                        as an encoded column of n rows
//! ```
//!
//! Where a page begins follows from the lengths of those before it: row group after row group, in
//! each the times and then the fields, in each of these page after page.

mod directory;
mod pages;

use schema::{ColumnDefinition, FieldType};
use serde::{Deserialize, Serialize};

pub use pages::PageEntry;

use super::{Directory, PartMeta};
use crate::encoding::{Damage, Input, compress, decompress, push_count};

/// A footer, read or about to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Footer {
    pub(crate) description: FooterDescription,
    pub(crate) directory: Directory,
    /// The pages of the times and of each field.
    pub(crate) columns: Vec<Vec<PageEntry>>,
}

/// The part of a footer that is JSON, so that it can grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FooterDescription {
    /// As in the manifest, but for the length of the file, which is not known yet: 0.
    pub(crate) meta: PartMeta,
    pub(crate) tags: Vec<String>,
    pub(crate) fields: Vec<ColumnDefinition>,
    pub(crate) page_rows: u32,
    pub(crate) group_pages: u32,
}

impl Footer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut contents = Vec::new();
        let json = serde_json::to_vec(&self.description).expect("numbers and texts become JSON");
        push_count(&mut contents, json.len());
        contents.extend_from_slice(&json);
        directory::encode(&self.directory, &mut contents);
        for (pages, field_type) in self.columns.iter().zip(self.description.types()) {
            pages::encode(pages, field_type, &mut contents);
        }
        let mut plain = Vec::new();
        push_count(&mut plain, contents.len());
        let (compression, contents) = match compress(&contents, FOOTER_LEVEL) {
            Some(compressed) => (ZSTD, compressed),
            None => (NO_COMPRESSION, contents),
        };
        plain.push(compression);
        plain.extend_from_slice(&contents);
        plain
    }

    pub(crate) fn decode(plain: &[u8], first_page_offset: u64) -> Result<Self, Damage> {
        let mut input = Input::new(plain);
        let length = input.u32()? as usize;
        let contents = match input.u8()? {
            NO_COMPRESSION => input.rest().to_vec(),
            ZSTD => decompress(input.rest(), length)?,
            _ => return Err(Damage("no compression has this number")),
        };
        let mut input = Input::new(&contents);
        let json_bytes = input.u32()? as usize;
        let description: FooterDescription = serde_json::from_slice(input.take(json_bytes)?)
            .map_err(|_| Damage("its description is not what JSON it should be"))?;
        let rows = u32::try_from(description.meta.rows).map_err(|_| TOO_MANY)?;
        let directory = directory::decode(&mut input, &description, rows)?;
        let mut columns = Vec::with_capacity(1 + description.fields.len());
        for field_type in description.types() {
            columns.push(pages::decode(&mut input, field_type, &description, rows)?);
        }
        input.finish()?;
        pages::place(&mut columns, &description, first_page_offset);
        Ok(Self {
            description,
            directory,
            columns,
        })
    }

    /// Returns about how many bytes of memory it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let pages: usize = self
            .columns
            .iter()
            .flatten()
            .map(PageEntry::memory_bytes)
            .sum();
        let fields = self.description.fields.len() + self.description.tags.len();
        self.directory.bytes() + pages + fields * COLUMN_BYTES + DESCRIPTION_BYTES
    }

    /// Returns where the last page ends, which is where the footer begins.
    pub(crate) fn pages_end(&self, first_page_offset: u64) -> u64 {
        let pages = self.columns.iter().flatten();
        first_page_offset + pages.map(|page| u64::from(page.sealed_bytes)).sum::<u64>()
    }
}

impl FooterDescription {
    /// Returns the types of the times and of the fields.
    fn types(&self) -> impl Iterator<Item = FieldType> {
        std::iter::once(FieldType::Time).chain(self.fields.iter().map(|field| field.field_type))
    }
}

/// A column's definition and the vector of its pages.
const COLUMN_BYTES: usize = 192;
const DESCRIPTION_BYTES: usize = 512;
const NO_COMPRESSION: u8 = 0;
const ZSTD: u8 = 1;
const FOOTER_LEVEL: i32 = 3;
const MISFIT: Damage = Damage("the numbers of its footer do not fit each other");
const TOO_MANY: Damage = Damage("its footer counts more than a part can have");
