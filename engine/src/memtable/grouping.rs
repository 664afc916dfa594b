//! Which rows of a batch have equal tags; found once per batch, before any lock is taken.
//!
//! Tag by tag, the group of a row so far and its code in the next tag make the row's next group.
//! Rows in a row mostly repeat, and pairs are few, so that most rows cost one comparison or one look
//! into a dense table for each tag.

use std::collections::HashMap;

use schema::ColumnRole;
use wire::{ColumnView, TableView, TextView, ValuesView};

use crate::series::NULL_CODE;

/// The rows of one table of a batch, grouped by tags.
#[derive(Debug)]
pub(crate) struct Grouping {
    /// The group of each row.
    pub(crate) group_of_row: Vec<u32>,
    /// A row of each group.
    pub(crate) row_of_group: Vec<u32>,
    /// The tags, in the order of the batch's tag columns.
    pub(crate) tags: Vec<BatchTag>,
}

/// A tag column of the batch, by codes.
#[derive(Debug)]
pub(crate) struct BatchTag {
    /// For each group its code, [`NULL_CODE`] where it is null.
    pub(crate) code_of_group: Vec<u32>,
}

impl Grouping {
    /// Groups the rows of a table of a batch.
    pub(crate) fn of(rows: &TableView<'_>) -> Self {
        let mut group_of_row = vec![0; rows.rows()];
        let mut row_of_group = if rows.rows() == 0 { vec![] } else { vec![0] };
        let mut codes_of_tags = Vec::new();
        for column in rows
            .columns()
            .filter(|column| column.role() == ColumnRole::Tag)
        {
            let codes = codes_of(&column, rows.rows());
            row_of_group = refine(&mut group_of_row, row_of_group.len(), &codes);
            codes_of_tags.push(codes);
        }
        let tags = codes_of_tags.iter().map(|codes| BatchTag {
            code_of_group: row_of_group.iter().map(|row| codes.code(*row)).collect(),
        });
        let tags = tags.collect();
        Self {
            group_of_row,
            row_of_group,
            tags,
        }
    }

    /// Returns the number of groups: at least that of the series.
    pub(crate) fn groups(&self) -> usize {
        self.row_of_group.len()
    }
}

/// Returns the text that a code of a batch's tag stands for.
pub(crate) fn value_of_code<'a>(column: &ColumnView<'a>, code: u32) -> &'a str {
    match column.values() {
        ValuesView::Dictionary(dictionary) => dictionary.values.value(code as usize),
        // Texts that are not coded have the first row of their kind as their code.
        ValuesView::Text(text) => text.value(code as usize),
        _ => "",
    }
}

/// Codes of one tag, row by row.
struct Codes {
    codes: Vec<u32>,
    /// One more than the largest code that is not null.
    bound: u64,
}

impl Codes {
    fn code(&self, row: u32) -> u32 {
        self.codes.get(row as usize).copied().unwrap_or(NULL_CODE)
    }
}

fn codes_of(column: &ColumnView<'_>, rows: usize) -> Codes {
    let coded = |row: usize, code: u32| {
        if column.is_valid(row) {
            code
        } else {
            NULL_CODE
        }
    };
    match column.values() {
        ValuesView::Dictionary(dictionary) => Codes {
            codes: match column.validity() {
                None => dictionary.codes.to_vec(),
                Some(_) => {
                    let codes = dictionary.codes.iter().enumerate();
                    codes.map(|(row, code)| coded(row, *code)).collect()
                }
            },
            bound: dictionary.values.len() as u64,
        },
        ValuesView::Text(text) => Codes {
            codes: first_rows(text, rows, coded),
            bound: rows as u64,
        },
        // Validation lets no other type be a tag.
        _ => Codes {
            codes: vec![NULL_CODE; rows],
            bound: 0,
        },
    }
}

/// Codes texts by the first row that has each.
fn first_rows(text: TextView<'_>, rows: usize, coded: impl Fn(usize, u32) -> u32) -> Vec<u32> {
    let mut first: HashMap<&str, u32> = HashMap::new();
    (0..rows)
        .zip(0u32..)
        .map(|(row, number)| coded(row, *first.entry(text.value(row)).or_insert(number)))
        .collect()
}

/// Splits groups by the codes of one more tag; returns a row of each new group.
fn refine(group_of_row: &mut [u32], groups: usize, codes: &Codes) -> Vec<u32> {
    let mut row_of_group = Vec::new();
    let mut pairs = Pairs::new(groups as u64, codes.bound + 1, group_of_row.len());
    let (mut last, mut last_group) = (None, 0);
    for (row, (group, code)) in (0u32..).zip(group_of_row.iter_mut().zip(&codes.codes)) {
        let pair = (*group, *code);
        if last != Some(pair) {
            let next = u32::try_from(row_of_group.len()).unwrap_or(u32::MAX);
            last_group = pairs.group(pair, next);
            if last_group == next {
                row_of_group.push(row);
            }
            last = Some(pair);
        }
        *group = last_group;
    }
    row_of_group
}

/// Groups by pairs of group and code: a table where all pairs fit, a map where they do not.
enum Pairs {
    Dense { width: u64, groups: Vec<u32> },
    Sparse(HashMap<(u32, u32), u32>),
}

impl Pairs {
    fn new(groups: u64, width: u64, rows: usize) -> Self {
        let dense_max = (rows as u64 * DENSE_PER_ROW).max(DENSE_MIN);
        let size = groups.saturating_mul(width);
        match usize::try_from(size) {
            Ok(slots) if size <= dense_max => Self::Dense {
                width,
                groups: vec![u32::MAX; slots],
            },
            _ => Self::Sparse(HashMap::new()),
        }
    }

    /// Returns the group of a pair, which is `next` if it is new.
    fn group(&mut self, (group, code): (u32, u32), next: u32) -> u32 {
        match self {
            Self::Dense { width, groups } => {
                // Null takes the last column of the table.
                let column = u64::from(code).min(*width - 1);
                let slot = usize::try_from(u64::from(group) * *width + column).ok();
                match slot.and_then(|slot| groups.get_mut(slot)) {
                    Some(known) if *known != u32::MAX => *known,
                    Some(unknown) => {
                        *unknown = next;
                        next
                    }
                    None => next,
                }
            }
            Self::Sparse(map) => *map.entry((group, code)).or_insert(next),
        }
    }
}

/// Slots of the dense table that are worth clearing for each row.
const DENSE_PER_ROW: u64 = 4;
const DENSE_MIN: u64 = 1_024;
