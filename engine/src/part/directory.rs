//! Which series a part holds, and which of its rows are whose.

use std::ops::Range;

use crate::column::TextValues;

/// The series of a part in rising order of their tags, nulls first; each has one run of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The distinct values of each tag, in rising order.
    dictionaries: Vec<TextValues>,
    /// For each series a number per tag: 0 for null, else one more than the index of the value.
    codes: Vec<u32>,
    /// The first row of each series, and behind them the number of rows.
    starts: Vec<u32>,
}

impl Directory {
    /// Returns a directory, if its numbers fit each other.
    pub(crate) fn new(
        dictionaries: Vec<TextValues>,
        codes: Vec<u32>,
        starts: Vec<u32>,
    ) -> Option<Self> {
        let series = starts.len().checked_sub(1)?;
        let tags = dictionaries.len();
        let rising = starts.first() == Some(&0) && starts.is_sorted_by(|a, b| a < b);
        let known = codes.len() == series * tags
            && (0..tags).all(|tag| {
                let values = dictionaries.get(tag).map_or(0, TextValues::len);
                codes
                    .iter()
                    .skip(tag)
                    .step_by(tags)
                    .all(|code| *code as usize <= values)
            });
        (rising && known).then_some(Self {
            dictionaries,
            codes,
            starts,
        })
    }

    /// Returns the number of series.
    pub fn series_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the number of tags.
    pub fn tag_count(&self) -> usize {
        self.dictionaries.len()
    }

    /// Returns the values of a series' tags.
    pub fn tags(&self, series: usize) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.tag_count()).map(move |tag| {
            let value = self.value(series, tag)?;
            self.dictionaries.get(tag).map(|values| values.value(value))
        })
    }

    /// Returns the rows of a series; none when there is no such series.
    pub fn run(&self, series: usize) -> Range<u32> {
        let bounds = self.starts.get(series).zip(self.starts.get(series + 1));
        bounds.map_or(0..0, |(start, end)| *start..*end)
    }

    /// Returns the distinct values of a tag, in rising order.
    pub fn dictionary(&self, tag: usize) -> Option<&TextValues> {
        self.dictionaries.get(tag)
    }

    /// Returns where a series' value of a tag stands in the tag's dictionary; `None` for null.
    pub fn value(&self, series: usize, tag: usize) -> Option<usize> {
        let code = *self.codes.get(series * self.tag_count() + tag)?;
        (code as usize).checked_sub(1)
    }

    /// Returns the series that a row belongs to.
    pub fn series_of(&self, row: u32) -> Option<usize> {
        let series = self
            .starts
            .partition_point(|start| *start <= row)
            .checked_sub(1)?;
        (series < self.series_count()).then_some(series)
    }

    /// Returns the bytes that this takes in memory.
    pub fn bytes(&self) -> usize {
        let texts = self
            .dictionaries
            .iter()
            .map(|t| t.bytes.len() + 4 * t.offsets.len());
        texts.sum::<usize>() + 4 * (self.codes.len() + self.starts.len())
    }

    /// Returns the numbers of one tag, a series each.
    pub(crate) fn codes_of(&self, tag: usize) -> impl Iterator<Item = u32> + '_ {
        self.codes
            .iter()
            .skip(tag)
            .step_by(self.tag_count().max(1))
            .copied()
    }

    /// Returns where runs begin, and behind them the number of rows.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }
}
