//! Tag columns of a batch: one value, repeated for all rows of a series.

use std::sync::Arc;

use arrow_array::StringViewArray;
use arrow_array::builder::StringViewBuilder;

/// Builds a tag's column from stretches of rows that have the same value.
#[derive(Debug)]
pub(super) struct TagColumn {
    values: Arc<[Arc<str>]>,
    builder: StringViewBuilder,
    /// The value of the last rows, which are not in the builder yet.
    code: Option<u32>,
    rows: usize,
}

impl TagColumn {
    /// Returns an empty column over the values of a tag.
    pub(super) fn new(values: Arc<[Arc<str>]>) -> Self {
        Self {
            values,
            builder: StringViewBuilder::new(),
            code: None,
            rows: 0,
        }
    }

    /// Appends rows with the value of this code, or null.
    pub(super) fn append(&mut self, code: Option<u32>, rows: usize) {
        if code != self.code {
            self.settle();
            self.code = code;
        }
        self.rows += rows;
    }

    /// Returns the column and begins the next.
    pub(super) fn finish(&mut self) -> StringViewArray {
        self.settle();
        self.builder.finish()
    }

    fn settle(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let value = self.code.and_then(|code| self.values.get(code as usize));
        match value {
            Some(value) => {
                // A name is at most 4 GiB, which is all that can go wrong.
                let appended = self.builder.try_append_value_n(value, rows);
                appended.expect("a tag's value came in a batch, and so is shorter than 4 GiB");
            }
            None => (0..rows).for_each(|_| self.builder.append_null()),
        }
    }
}
