//! The objects of a JSON batch, read member by member.

use std::fmt;

use schema::ColumnDefinition;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use wire::{Limits, v1};

use super::cell::{CellSeed, TimeSeed};
use super::shape::ColumnShape;
use crate::door::Draft;

/// Reads the whole body.
pub(super) struct BatchSeed<'s> {
    pub(super) limits: &'s Limits,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum BatchMember {
    Collector,
    Epoch,
    Sequence,
    Tables,
}

impl<'de> DeserializeSeed<'de> for BatchSeed<'_> {
    type Value = v1::Batch;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<v1::Batch, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BatchSeed<'_> {
    type Value = v1::Batch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a batch: an object with collector, epoch, sequence and tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<v1::Batch, A::Error> {
        let mut batch = v1::Batch::default();
        let mut draft = Draft::new(self.limits);
        while let Some(member) = map.next_key()? {
            match member {
                BatchMember::Collector => batch.collector = map.next_value()?,
                BatchMember::Epoch => batch.epoch = map.next_value()?,
                BatchMember::Sequence => batch.sequence = map.next_value()?,
                BatchMember::Tables => map.next_value_seed(TablesSeed(&mut draft))?,
            }
        }
        batch.tables = draft.finish();
        Ok(batch)
    }
}

struct TablesSeed<'s>(&'s mut Draft);

impl<'de> DeserializeSeed<'de> for TablesSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TablesSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tables")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tables: A) -> Result<(), A::Error> {
        while tables.next_element_seed(TableSeed(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

struct TableSeed<'s>(&'s mut Draft);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum TableMember {
    Name,
    AppendOnly,
    Columns,
    Rows,
}

impl<'de> DeserializeSeed<'de> for TableSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TableSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table: an object with name, append_only, columns and, last, rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut head = TableHead::default();
        let mut has_rows = false;
        while let Some(member) = map.next_key()? {
            if has_rows {
                return Err(A::Error::custom(
                    "the rows of a table must be its last member",
                ));
            }
            match member {
                TableMember::Name => head.name = map.next_value()?,
                TableMember::AppendOnly => head.append_only = map.next_value()?,
                TableMember::Columns => head.columns = definitions(map.next_value()?)?,
                TableMember::Rows => {
                    has_rows = true;
                    let draft = &mut *self.0;
                    map.next_value_seed(RowsSeed { head: &head, draft })?;
                }
            }
        }
        Ok(())
    }
}

fn definitions<E: Error>(shapes: Vec<ColumnShape>) -> Result<Vec<ColumnDefinition>, E> {
    let definitions = shapes.into_iter().map(ColumnShape::into_definition);
    definitions.collect::<Result<_, _>>().map_err(E::custom)
}

/// What stands before the rows.
#[derive(Default)]
struct TableHead {
    name: String,
    append_only: bool,
    columns: Vec<ColumnDefinition>,
}

struct RowsSeed<'s> {
    head: &'s TableHead,
    draft: &'s mut Draft,
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        loop {
            let (head, draft) = (self.head, &mut *self.draft);
            if rows.next_element_seed(RowSeed { head, draft })?.is_none() {
                return Ok(());
            }
        }
    }
}

struct RowSeed<'s> {
    head: &'s TableHead,
    draft: &'s mut Draft,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.head.columns.len();
        write!(f, "a row: a list of a time and {columns} values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        let head = self.head;
        let time = cells
            .next_element_seed(TimeSeed)?
            .ok_or_else(|| A::Error::custom("the row is empty, it begins with its time"))?;
        let mut row = self
            .draft
            .begin_row(&head.name, head.append_only, time)
            .map_err(A::Error::custom)?;
        for (index, column) in head.columns.iter().enumerate() {
            let row = &mut row;
            cells
                .next_element_seed(CellSeed { row, column })?
                .ok_or_else(|| A::Error::custom(short(index, head.columns.len())))?;
        }
        match cells.next_element::<serde::de::IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom(format!(
                "the row has more values than its {} columns",
                head.columns.len()
            ))),
        }
    }
}

fn short(values: usize, columns: usize) -> String {
    format!("the row has {values} values for {columns} columns")
}
