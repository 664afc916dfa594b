//! The memory of one table of one instance, and how a reading becomes rows.

use std::collections::HashMap;

use platform::{MonotonicNanos, UnixNanos};
use schema::ColumnDefinition;
use wire::TableBuilder;
use wire::v1::Table;

use super::increase::{Counter, Difference, Rule, Snapshot, difference};
use super::reading::{Reading, counter_positions, datname};
use super::value::Value;
use super::view::{Emission, View};

/// Turns readings of one view of one instance into rows.
#[derive(Debug)]
pub(crate) struct Sampler {
    view: &'static View,
    counters: Vec<usize>,
    rule: Rule,
    columns: Columns,
    baseline: Option<Baseline>,
}

/// What the next reading is compared with.
#[derive(Debug)]
struct Baseline {
    taken: MonotonicNanos,
    snapshot: Snapshot,
}

/// The columns of the table, as they travel.
#[derive(Debug)]
struct Columns {
    tags: Vec<ColumnDefinition>,
    interval: Option<ColumnDefinition>,
    fields: Vec<ColumnDefinition>,
}

/// When and from which server a reading was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The time of the rows.
    pub(crate) time: UnixNanos,
    /// The same moment, for lengths of time.
    pub(crate) monotonic: MonotonicNanos,
    /// When the server started, in microseconds since the Unix epoch.
    pub(crate) server_started: i64,
}

/// The tags of a row behind `instance`.
type Tags = Box<[Option<String>]>;

/// Rows that are not safe yet, and what to remember once they are.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The rows, if there are any.
    pub(crate) table: Option<Table>,
    next: Baseline,
}

impl Sampler {
    /// Returns a sampler that has seen nothing and sends at most so many rows at once; entries beyond
    /// them keep their baseline and come with the next sample.
    pub(crate) fn new(view: &'static View, rows_max: usize) -> Self {
        let counters = counter_positions(view);
        let name_at = |at: &usize| view.fields.get(*at).map(|column| column.name);
        let grown = match view.emission {
            Emission::Always => None,
            Emission::Grown(name) => counters.iter().position(|at| name_at(at) == Some(name)),
        };
        let rule = Rule {
            grown,
            entries_max: rows_max,
        };
        Self {
            view,
            counters,
            rule,
            columns: Columns::of(view),
            baseline: None,
        }
    }

    /// Compares a reading with what is remembered; nothing changes until [`Self::accept`].
    pub(crate) fn sample(
        &self,
        reading: &Reading,
        moment: Moment,
        instance: &str,
        is_wanted: impl Fn(Option<&str>) -> bool,
    ) -> Sample {
        let current = reading.snapshot(self.view, moment.server_started);
        let previous = self.baseline.as_ref();
        let Difference { increases, next } = difference(
            previous.map(|baseline| &baseline.snapshot),
            current,
            self.rule,
        );
        let next = Baseline {
            taken: moment.monotonic,
            snapshot: next,
        };
        let mut rows = self.rows(reading, increases);
        rows.retain(|(tags, _)| is_wanted(datname(self.view, tags)));
        let interval = previous.map(|baseline| moment.monotonic.since(baseline.taken));
        let table = (!rows.is_empty()).then(|| {
            let mut table = TableBuilder::new(self.view.table.name);
            for (tags, fields) in rows {
                table.begin_row(moment.time.0);
                let interval = interval.map_or(Value::Null, |i| Value::F64(i.as_secs_f64()));
                self.columns
                    .push(&mut table, instance, &tags, &interval, &fields);
            }
            table.finish()
        });
        Sample { table, next }
    }

    /// Remembers a sample whose rows are safe.
    pub(crate) fn accept(&mut self, sample: Sample) {
        self.baseline = Some(sample.next);
    }

    /// Returns rows by their tags. Two entries can share tags (their role or database was dropped, or
    /// its name given anew); the store would keep one of them, so they are added up here.
    fn rows(
        &self,
        reading: &Reading,
        increases: HashMap<Box<str>, Box<[Counter]>>,
    ) -> Vec<(Tags, Box<[Value]>)> {
        let mut rows: HashMap<Tags, Box<[Value]>> = HashMap::new();
        for (key, increase) in increases {
            let Some(row) = reading.rows.get(&key) else {
                continue;
            };
            let mut fields = row.fields.clone();
            let earlier = rows.get(&row.tags);
            for (at, counter) in self.counters.iter().zip(&increase) {
                let value = Value::from(*counter);
                let earlier = earlier.and_then(|fields| fields.get(*at));
                if let Some(field) = fields.get_mut(*at) {
                    *field = earlier.map_or_else(|| value.clone(), |e| value.plus(e));
                }
            }
            rows.insert(row.tags.clone(), fields);
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        // The store sorts by tags: sorted rows compress and merge best.
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows
    }
}

/// Returns the rows of a reading without counters, as they are.
pub(crate) fn rows_as_they_are(
    view: &'static View,
    reading: &Reading,
    moment: Moment,
    instance: &str,
    is_wanted: impl Fn(Option<&str>) -> bool,
) -> Option<Table> {
    let columns = Columns::of(view);
    let mut table = TableBuilder::new(view.table.name);
    if view.table.append_only {
        table = table.append_only();
    }
    let mut rows: Vec<_> = reading
        .rows
        .values()
        .filter(|row| is_wanted(row.datname(view)))
        .collect();
    rows.sort_by(|a, b| a.tags.cmp(&b.tags));
    for row in rows {
        table.begin_row(moment.time.0);
        columns.push(&mut table, instance, &row.tags, &Value::Null, &row.fields);
    }
    (table.rows() > 0).then(|| table.finish())
}

impl Columns {
    fn of(view: &View) -> Self {
        let field = |name| {
            view.table
                .field(name)
                .map(schema::tables::Field::definition)
        };
        Self {
            tags: view
                .table
                .tags
                .iter()
                .map(|tag| ColumnDefinition::tag(*tag))
                .collect(),
            interval: field("interval_s"),
            fields: view
                .fields
                .iter()
                .filter_map(|column| field(column.name))
                .collect(),
        }
    }

    fn push(
        &self,
        table: &mut TableBuilder,
        instance: &str,
        tags: &[Option<String>],
        interval: &Value,
        fields: &[Value],
    ) {
        let instance = Some(instance);
        let tags = std::iter::once(instance).chain(tags.iter().map(|tag| tag.as_deref()));
        for (definition, tag) in self.tags.iter().zip(tags) {
            if let Some(tag) = tag {
                let fits = table.column(definition).push_text(tag);
                debug_assert!(fits, "tags are text and far below 4 GiB");
            }
        }
        if let Some(definition) = &self.interval {
            interval.push(table, definition);
        }
        for (definition, field) in self.fields.iter().zip(fields) {
            field.push(table, definition);
        }
    }
}

impl From<Counter> for Value {
    fn from(counter: Counter) -> Self {
        match counter {
            Counter::Absent => Self::Null,
            Counter::I64(value) => Self::I64(value),
            Counter::F64(value) => Self::F64(value),
        }
    }
}
