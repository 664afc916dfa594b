//! Building the rows of host tables by the names of their columns.

use crate::sample::reading::{Reading, Row};
use crate::sample::value::Value;
use crate::sample::view::View;

impl Reading {
    /// Adds a row whose fields are given by name; what is not given is null.
    pub(super) fn add_named(
        &mut self,
        view: &View,
        tags: &[&str],
        value_of: impl Fn(&str) -> Option<Value>,
    ) {
        let fields = view
            .fields
            .iter()
            .map(|c| value_of(c.name).unwrap_or(Value::Null))
            .collect();
        let tags: Box<[Option<String>]> = tags.iter().map(|tag| Some((*tag).to_owned())).collect();
        let key = tags
            .iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("/");
        self.rows.insert(
            key.into(),
            Row {
                origin: None,
                tags,
                fields,
            },
        );
    }
}
