//! Columns of a batch, built whole: cheaper than value by value, and that is what a client that
//! knows its tables does.

use std::collections::HashMap;

use schema::Kind;
use wire::v1::{Column, Dictionary, Text, Values};

/// A tag, or a text field, whose values come from a list that is known beforehand.
#[derive(Debug, Clone)]
pub(crate) struct TagColumn {
    name: &'static str,
    values: Text,
    codes: Vec<u32>,
}

impl TagColumn {
    /// Makes the list of the values that the sources of a share have, each once, in the order in
    /// which they first come.
    pub(crate) fn new<'a>(name: &'static str, by_source: impl Iterator<Item = &'a str>) -> Self {
        let mut column = Self {
            name,
            values: empty_text(),
            codes: Vec::new(),
        };
        let mut known = HashMap::new();
        for value in by_source {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            let code = *known.entry(value).or_insert_with(|| {
                push_text(&mut column.values, value);
                next
            });
            column.codes.push(code);
        }
        column
    }

    /// Returns the tag of a table whose rows belong to these sources.
    pub(crate) fn column(&self, sources: &[usize]) -> Column {
        let code = |source: &usize| self.codes.get(*source).copied().unwrap_or(0);
        let dictionary = Dictionary {
            codes: sources.iter().map(code).collect(),
            values: self.values.clone(),
        };
        Column {
            name: self.name.into(),
            role: 0,
            kind: 0,
            unit: String::new(),
            validity: Vec::new(),
            values: Values::Dictionary(dictionary),
        }
    }
}

/// A text field under construction, coded into a fixed vocabulary; absent values are null.
#[derive(Debug)]
pub(crate) struct TextColumn {
    name: &'static str,
    vocabulary: &'static [&'static str],
    codes: Vec<u32>,
    validity: Vec<u8>,
    nulls: usize,
}

impl TextColumn {
    /// Returns an empty column.
    pub(crate) fn new(name: &'static str, vocabulary: &'static [&'static str]) -> Self {
        Self {
            name,
            vocabulary,
            codes: Vec::new(),
            validity: Vec::new(),
            nulls: 0,
        }
    }

    /// Pushes a word of the vocabulary by its number, or null.
    pub(crate) fn push(&mut self, word: Option<u32>) {
        let row = self.codes.len();
        if row.is_multiple_of(8) {
            self.validity.push(0);
        }
        if let Some(byte) = self.validity.last_mut()
            && word.is_some()
        {
            *byte |= 1 << (row % 8);
        }
        self.nulls += usize::from(word.is_none());
        self.codes.push(word.unwrap_or(0));
    }

    /// Returns the column.
    pub(crate) fn finish(self) -> Column {
        let mut values = empty_text();
        self.vocabulary
            .iter()
            .for_each(|word| push_text(&mut values, word));
        let dictionary = Dictionary {
            codes: self.codes,
            values,
        };
        Column {
            validity: if self.nulls == 0 {
                Vec::new()
            } else {
                self.validity
            },
            ..field(self.name, Kind::Gauge, "", Values::Dictionary(dictionary))
        }
    }
}

/// Returns a field of whole numbers.
pub(crate) fn bigint(name: &str, kind: Kind, unit: &str, values: Vec<i64>) -> Column {
    field(name, kind, unit, Values::I64(values))
}

/// Returns a field of fractional numbers.
pub(crate) fn double(name: &str, kind: Kind, unit: &str, values: Vec<f64>) -> Column {
    field(name, kind, unit, Values::F64(values))
}

fn field(name: &str, kind: Kind, unit: &str, values: Values) -> Column {
    Column {
        name: name.into(),
        role: 1,
        kind: match kind {
            Kind::Gauge => 0,
            Kind::Cumulative => 1,
            Kind::Increase => 2,
        },
        unit: unit.into(),
        validity: Vec::new(),
        values,
    }
}

fn empty_text() -> Text {
    Text {
        offsets: vec![0],
        bytes: Vec::new(),
    }
}

fn push_text(text: &mut Text, value: &str) {
    text.bytes.extend(value.as_bytes());
    text.offsets
        .push(u32::try_from(text.bytes.len()).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_lists_each_value_once() {
        let tag = TagColumn::new("region", ["eu", "us", "eu"].into_iter());
        let Values::Dictionary(dictionary) = tag.column(&[2, 1, 0]).values else {
            panic!("a tag is coded");
        };
        assert_eq!(dictionary.codes, [0, 1, 0]);
        assert_eq!(dictionary.values.bytes, b"euus");
        assert_eq!(dictionary.values.offsets, [0, 2, 4]);
    }

    #[test]
    fn absent_words_are_null_and_none_absent_needs_no_bits() {
        let mut text = TextColumn::new("state", &["a", "b"]);
        (0..9).for_each(|row| text.push((row % 2 == 0).then_some(1)));
        assert_eq!(text.finish().validity, [0b0101_0101, 0b1]);
        let mut text = TextColumn::new("state", &["a", "b"]);
        text.push(Some(0));
        assert!(text.finish().validity.is_empty());
    }
}
