//! The footer of a part: everything about it but its rows.
//!
//! ```text
//!  sealed as one page of section 2; the plaintext:
//!  offset bytes
//!       0     4  length of the contents
//!       4     ?  the contents, zstd
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
//!                   ?    min, max, sum (where the type has sums), first and last of each page, each
//!                        as an encoded column of n rows
//! ```
//!
//! Where a page begins follows from the lengths of those before it: row group after row group, in
//! each the times and then the fields, in each of these page after page.

use schema::{ColumnDefinition, FieldType};
use serde::{Deserialize, Serialize};

use super::statistics::{PageStatistics, Value};
use super::{Directory, PartMeta, front_coding};
use crate::column::Column;
use crate::encoding::{
    Damage, Encoding, Input, compress, decode_column, decode_integers, decompress, encode_column,
    encode_integers, push_count,
};

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

/// Where a page lies, how it is encoded and what is known of its values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PageEntry {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Where it begins in the file; of no meaning when it has no bytes.
    pub offset: u64,
    /// Its length in the file, sealed; 0 when its values follow from its statistics.
    pub sealed_bytes: u32,
    /// What is known of its values.
    pub statistics: PageStatistics,
}

impl Footer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut contents = Vec::new();
        let json = serde_json::to_vec(&self.description).expect("numbers and texts become JSON");
        push_count(&mut contents, json.len());
        contents.extend_from_slice(&json);
        encode_directory(&self.directory, &mut contents);
        for (pages, field_type) in self.columns.iter().zip(self.description.types()) {
            encode_pages(pages, field_type, &mut contents);
        }
        let mut plain = Vec::new();
        push_count(&mut plain, contents.len());
        // The description alone is long enough for zstd to gain something.
        let compressed = compress(&contents, FOOTER_LEVEL);
        plain.push(u8::from(compressed.is_some()));
        plain.extend_from_slice(&compressed.unwrap_or(contents));
        plain
    }

    pub(crate) fn decode(plain: &[u8], first_page_offset: u64) -> Result<Self, Damage> {
        let mut input = Input::new(plain);
        let length = input.u32()? as usize;
        let contents = match input.u8()? {
            0 => input.rest().to_vec(),
            _ => decompress(input.rest(), length)?,
        };
        let mut input = Input::new(&contents);
        let json_bytes = input.u32()? as usize;
        let description: FooterDescription = serde_json::from_slice(input.take(json_bytes)?)
            .map_err(|_| Damage("its description is not what JSON it should be"))?;
        let rows = u32::try_from(description.meta.rows).map_err(|_| TOO_MANY)?;
        let directory = decode_directory(&mut input, &description, rows)?;
        let mut columns = Vec::with_capacity(1 + description.fields.len());
        for field_type in description.types() {
            columns.push(decode_pages(&mut input, field_type, &description, rows)?);
        }
        input.finish()?;
        place_pages(&mut columns, &description, first_page_offset);
        Ok(Self {
            description,
            directory,
            columns,
        })
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

fn encode_directory(directory: &Directory, out: &mut Vec<u8>) {
    for tag in 0..directory.tag_count() {
        if let Some(values) = directory.dictionary(tag) {
            front_coding::encode(values, out);
        }
        encode_integers(
            &directory.codes_of(tag).map(i64::from).collect::<Vec<_>>(),
            out,
        );
    }
    let (_, starts) = directory.starts().split_last().unwrap_or((&0, &[]));
    encode_integers(
        &starts.iter().copied().map(i64::from).collect::<Vec<_>>(),
        out,
    );
}

fn decode_directory(
    input: &mut Input<'_>,
    description: &FooterDescription,
    rows: u32,
) -> Result<Directory, Damage> {
    let series = usize::try_from(description.meta.series).map_err(|_| TOO_MANY)?;
    if description.meta.series > u64::from(rows) {
        return Err(TOO_MANY);
    }
    let tags = description.tags.len();
    let (mut dictionaries, mut codes) = (Vec::new(), vec![0u32; series * tags]);
    for tag in 0..tags {
        dictionaries.push(front_coding::decode(input, series)?);
        let of_tag = decode_integers(input, series)?;
        for (place, code) in codes.iter_mut().skip(tag).step_by(tags).zip(of_tag) {
            *place = u32::try_from(code).map_err(|_| MISFIT)?;
        }
    }
    let starts = decode_integers(input, series)?
        .into_iter()
        .map(u32::try_from);
    let mut starts: Vec<u32> = starts.collect::<Result<_, _>>().map_err(|_| MISFIT)?;
    starts.push(rows);
    Directory::new(dictionaries, codes, starts).ok_or(MISFIT)
}

fn encode_pages(pages: &[PageEntry], field_type: FieldType, out: &mut Vec<u8>) {
    out.extend(pages.iter().map(|page| page.encoding.code()));
    encode_integers(
        &pages
            .iter()
            .map(|page| page.sealed_bytes.into())
            .collect::<Vec<_>>(),
        out,
    );
    encode_integers(
        &pages
            .iter()
            .map(|page| page.statistics.nulls.into())
            .collect::<Vec<_>>(),
        out,
    );
    for (pick, value_type) in statistics_of(field_type) {
        let mut column = Column::empty(value_type);
        for page in pages {
            match pick.of(&page.statistics) {
                Some(value) => value.append_to(&mut column),
                None => column.push_null(),
            }
        }
        encode_column(&column, out);
    }
}

fn decode_pages(
    input: &mut Input<'_>,
    field_type: FieldType,
    description: &FooterDescription,
    rows: u32,
) -> Result<Vec<PageEntry>, Damage> {
    let page_rows = Some(description.page_rows)
        .filter(|rows| *rows > 0)
        .ok_or(TOO_MANY)?;
    let count = rows.div_ceil(page_rows) as usize;
    let encodings = input.take(count)?;
    let sealed = decode_integers(input, count)?;
    let nulls = decode_integers(input, count)?;
    let mut pages = Vec::with_capacity(count);
    let mut left = rows;
    for ((encoding, sealed), nulls) in encodings.iter().zip(sealed).zip(nulls) {
        let rows = left.min(page_rows);
        left -= rows;
        let nulls = u32::try_from(nulls)
            .ok()
            .filter(|nulls| *nulls <= rows)
            .ok_or(MISFIT)?;
        pages.push(PageEntry {
            encoding: Encoding::from_code(*encoding)?,
            offset: 0,
            sealed_bytes: u32::try_from(sealed).map_err(|_| MISFIT)?,
            statistics: PageStatistics {
                nulls,
                ..PageStatistics::unknown(rows)
            },
        });
    }
    for (pick, value_type) in statistics_of(field_type) {
        let column = decode_column(value_type, count, input)?;
        for (row, page) in pages.iter_mut().enumerate() {
            *pick.of_mut(&mut page.statistics) = Value::of_row(&column, row);
        }
    }
    Ok(pages)
}

/// Says where each page begins: they lie without gaps.
fn place_pages(columns: &mut [Vec<PageEntry>], description: &FooterDescription, first: u64) {
    let group_pages = description.group_pages.max(1) as usize;
    let groups = columns
        .first()
        .map_or(0, |pages| pages.len().div_ceil(group_pages));
    let mut offset = first;
    for group in 0..groups {
        for pages in columns.iter_mut() {
            for page in pages.iter_mut().skip(group * group_pages).take(group_pages) {
                page.offset = offset;
                offset += u64::from(page.sealed_bytes);
            }
        }
    }
}

/// One of the values that statistics hold.
#[derive(Debug, Clone, Copy)]
enum Pick {
    Min,
    Max,
    Sum,
    First,
    Last,
}

impl Pick {
    const fn of(self, statistics: &PageStatistics) -> Option<&Value> {
        match self {
            Self::Min => statistics.min.as_ref(),
            Self::Max => statistics.max.as_ref(),
            Self::Sum => statistics.sum.as_ref(),
            Self::First => statistics.first.as_ref(),
            Self::Last => statistics.last.as_ref(),
        }
    }

    const fn of_mut(self, statistics: &mut PageStatistics) -> &mut Option<Value> {
        match self {
            Self::Min => &mut statistics.min,
            Self::Max => &mut statistics.max,
            Self::Sum => &mut statistics.sum,
            Self::First => &mut statistics.first,
            Self::Last => &mut statistics.last,
        }
    }
}

/// Returns which values statistics hold for a type, and their types.
fn statistics_of(field_type: FieldType) -> impl Iterator<Item = (Pick, FieldType)> {
    let own = [Pick::Min, Pick::Max, Pick::First, Pick::Last].map(|pick| (pick, field_type));
    own.into_iter()
        .chain(Value::sum_type(field_type).map(|sum| (Pick::Sum, sum)))
}

const FOOTER_LEVEL: i32 = 3;
const MISFIT: Damage = Damage("the numbers of its footer do not fit each other");
const TOO_MANY: Damage = Damage("its footer counts more than a part can have");
