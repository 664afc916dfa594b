//! Gathers the series of a part while it is written.

use std::collections::HashMap;

use super::Directory;
use crate::column::TextValues;

/// Takes series one after the other and makes the [`Directory`] at the end.
#[derive(Debug)]
pub(crate) struct DirectoryBuilder {
    tags: Vec<Seen>,
    /// For each series a number per tag, as in [`Directory`], but by order of appearance.
    codes: Vec<u32>,
    starts: Vec<u32>,
    newest: Option<Vec<Option<String>>>,
}

/// The values of one tag so far.
#[derive(Debug, Default)]
struct Seen {
    values: HashMap<String, u32>,
}

impl DirectoryBuilder {
    pub(crate) fn new(tags: usize) -> Self {
        let tags = std::iter::repeat_with(Seen::default).take(tags).collect();
        Self {
            tags,
            codes: Vec::new(),
            starts: Vec::new(),
            newest: None,
        }
    }

    /// Begins a series at a row.
    ///
    /// # Panics
    /// When the series does not come after the one before, or has another number of tags.
    pub(crate) fn begin(&mut self, tags: &[Option<&str>], row: u32) {
        assert_eq!(
            tags.len(),
            self.tags.len(),
            "a series has all tags of its part"
        );
        let before = self.newest.as_ref();
        let rising = before
            .is_none_or(|before| before.iter().map(Option::as_deref).lt(tags.iter().copied()));
        assert!(rising, "series come in rising order of their tags");
        assert!(
            self.starts.last().is_none_or(|start| *start < row),
            "a series has rows"
        );
        for (seen, tag) in self.tags.iter_mut().zip(tags) {
            self.codes.push(tag.map_or(0, |value| seen.code(value)));
        }
        self.starts.push(row);
        self.newest = Some(tags.iter().map(|tag| tag.map(str::to_owned)).collect());
    }

    pub(crate) fn series_count(&self) -> usize {
        self.starts.len()
    }

    /// Returns the directory of a part with this many rows.
    pub(crate) fn finish(mut self, rows: u32) -> Directory {
        let (mut dictionaries, mut sorted_codes) = (Vec::new(), Vec::new());
        for seen in self.tags {
            let mut values: Vec<(String, u32)> = seen.values.into_iter().collect();
            values.sort_unstable();
            let mut codes: Vec<(u32, u32)> = (1..)
                .zip(&values)
                .map(|(code, (_, seen))| (*seen, code))
                .collect();
            codes.sort_unstable();
            sorted_codes.push(codes);
            dictionaries.push(
                values
                    .iter()
                    .map(|(value, _)| value.as_str())
                    .collect::<TextValues>(),
            );
        }
        let tags = sorted_codes.len().max(1);
        for series in self.codes.chunks_mut(tags) {
            for (code, sorted) in series.iter_mut().zip(&sorted_codes) {
                let place = (*code as usize)
                    .checked_sub(1)
                    .and_then(|seen| sorted.get(seen));
                *code = place.map_or(0, |(_, sorted)| *sorted);
            }
        }
        self.starts.push(rows);
        Directory::new(dictionaries, self.codes, self.starts).expect("it was built to these rules")
    }
}

impl Seen {
    /// Returns the number of a value by order of appearance, from 1.
    fn code(&mut self, value: &str) -> u32 {
        if let Some(code) = self.values.get(value) {
            return *code;
        }
        let code = u32::try_from(self.values.len() + 1).expect("there are fewer series than 2^32");
        self.values.insert(value.to_owned(), code);
        code
    }
}
