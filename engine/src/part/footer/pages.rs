//! The pages of one column within the footer: where they lie and what is known of their values.

use schema::FieldType;

use super::{FooterDescription, MISFIT, TOO_MANY};
use crate::column::Column;
use crate::encoding::{
    Damage, Effort, Encoding, Input, decode_column, decode_integers, encode_column, encode_integers,
};
use crate::part::{PageStatistics, Value};

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

impl PageEntry {
    /// Returns about how many bytes of memory it takes.
    pub(super) fn memory_bytes(&self) -> usize {
        let statistics = &self.statistics;
        let values = [
            &statistics.min,
            &statistics.max,
            &statistics.first,
            &statistics.last,
        ];
        let texts = values.iter().filter_map(|value| match value {
            Some(Value::Text(text)) => Some(text.len()),
            _ => None,
        });
        size_of::<Self>() + texts.sum::<usize>()
    }
}

pub(super) fn encode(pages: &[PageEntry], field_type: FieldType, out: &mut Vec<u8>) {
    out.extend(pages.iter().map(|page| page.encoding.code()));
    encode_integers(
        &pages
            .iter()
            .map(|page| page.sealed_bytes.into())
            .collect::<Vec<_>>(),
        Effort::Cold,
        out,
    );
    encode_integers(
        &pages
            .iter()
            .map(|page| page.statistics.nulls.into())
            .collect::<Vec<_>>(),
        Effort::Cold,
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
        encode_column(&column, Effort::Cold, out);
    }
}

pub(super) fn decode(
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
pub(super) fn place(columns: &mut [Vec<PageEntry>], description: &FooterDescription, first: u64) {
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
