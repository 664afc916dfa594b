//! One reading of a view: its rows, cells sorted into key, origin, tags and fields.

use std::collections::HashMap;

use schema::Kind;

use super::increase::{Counter, Entry, Snapshot};
use super::value::Value;
use super::version::Version;
use super::view::View;

/// The rows of a view at a moment.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The version of the extension that the view is of, where it is of one.
    pub(crate) extension: Option<Version>,
    /// The rows by what identifies them inside PostgreSQL.
    pub(crate) rows: HashMap<Box<str>, Row>,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// Since when PostgreSQL counts, in microseconds since the Unix epoch, if it says so.
    pub(crate) origin: Option<i64>,
    /// The tags behind `instance`.
    pub(crate) tags: Box<[Option<String>]>,
    /// The fields, in the order of the view's declaration.
    pub(crate) fields: Box<[Value]>,
}

impl Reading {
    /// Adds a row of a statement of [`View::statement`].
    pub(crate) fn add<'a>(
        &mut self,
        view: &View,
        mut cells: impl Iterator<Item = Option<&'a str>>,
    ) {
        let mut key = String::new();
        for _ in view.key {
            key.push_str(cells.next().flatten().unwrap_or_default());
            key.push(KEY_SEPARATOR);
        }
        let origin = cells
            .next()
            .flatten()
            .and_then(|micros| micros.parse().ok());
        let mut tags = Vec::with_capacity(view.tags.len());
        for _ in view.tags {
            tags.push(cells.next().flatten().map(str::to_owned));
        }
        let field = |column: &super::view::Column| {
            Value::read(cells.next().flatten(), view.field_type(column.name))
        };
        let fields = view.fields.iter().map(field).collect();
        self.rows.insert(
            key.into(),
            Row {
                origin,
                tags: tags.into(),
                fields,
            },
        );
    }

    /// Returns the counters of all rows.
    pub(crate) fn snapshot(&self, view: &View, server_started: i64) -> Snapshot {
        let positions = counter_positions(view);
        let entries = self.rows.iter().map(|(key, row)| {
            let counters = positions
                .iter()
                .map(|at| counter(row.fields.get(*at)))
                .collect();
            (
                key.clone(),
                Entry {
                    origin: row.origin,
                    counters,
                },
            )
        });
        Snapshot {
            server_started,
            extension: self.extension,
            entries: entries.collect(),
        }
    }
}

impl Row {
    /// Returns the database that the row is about, if it is about one.
    pub(crate) fn datname(&self, view: &View) -> Option<&str> {
        datname(view, &self.tags)
    }
}

/// Returns the database among the tags behind `instance`.
pub(crate) fn datname<'a>(view: &View, tags: &'a [Option<String>]) -> Option<&'a str> {
    let at = view.tags.iter().position(|tag| tag.name == "datname")?;
    tags.get(at)?.as_deref()
}

/// Returns which fields of a view are counters, by position.
pub(crate) fn counter_positions(view: &View) -> Vec<usize> {
    let is_counter = |name| {
        view.table
            .field(name)
            .is_some_and(|f| f.kind == Kind::Increase)
    };
    let fields = view.fields.iter().enumerate();
    fields
        .filter(|(_, column)| is_counter(column.name))
        .map(|(at, _)| at)
        .collect()
}

fn counter(value: Option<&Value>) -> Counter {
    match value {
        Some(Value::I64(value)) => Counter::I64(*value),
        Some(Value::F64(value)) => Counter::F64(*value),
        _ => Counter::Absent,
    }
}

/// Object ids and booleans never hold it.
const KEY_SEPARATOR: char = ' ';
