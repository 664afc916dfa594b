//! The rows of `waits` as tables of a batch.

use schema::Kind;
use wire::v1::{Column, Table};

use super::backend::{Backend, Sample};
use super::{ADDRESSES, APPLICATIONS, BACKEND_TYPES, BACKENDS, SECOND_NANOS, STATES};
use super::{WAIT_EVENTS, WAIT_FIELD_COUNT, WAIT_TABLE, WAIT_TAGS, WAIT_TYPES, WaitShape};
use crate::generate::{Rows, START_NANOS, Share, TagColumn, TextColumn, Ticks, bigint};

/// The rows of one connection's instances.
#[derive(Debug)]
pub(crate) struct WaitRows {
    backends: Vec<Backend>,
    tags: Vec<TagColumn>,
    ticks: Ticks,
}

impl WaitRows {
    /// Begins a share of a data set.
    pub(crate) fn new(shape: WaitShape, share: Share) -> Self {
        let of_instance = |instance| {
            let numbers = (0..BACKENDS).map(move |n| instance * BACKENDS + n);
            numbers.map(move |number| Backend::new(shape.seed, instance, number))
        };
        let backends: Vec<Backend> = share.of(shape.instances).flat_map(of_instance).collect();
        Self {
            tags: tag_columns(&backends),
            ticks: Ticks::new(shape.seconds, backends.len()),
            backends,
        }
    }
}

impl Rows for WaitRows {
    fn next_table(&mut self, rows_max: usize) -> Option<Table> {
        let mut fields = Fields::new();
        while fields.time.len() < rows_max {
            let Some((tick, source)) = self.ticks.next() else {
                break;
            };
            let sample = self.backends.get_mut(source).and_then(Backend::second);
            if let Some(sample) = sample {
                fields.push(START_NANOS + tick * SECOND_NANOS, source, &sample);
            }
        }
        (!fields.time.is_empty()).then(|| fields.finish(&self.tags))
    }
}

/// The columns under construction.
#[derive(Debug)]
struct Fields {
    time: Vec<i64>,
    sources: Vec<usize>,
    pid: Vec<i64>,
    query_id: Vec<i64>,
    backend_type: TextColumn,
    application: TextColumn,
    address: TextColumn,
    state: TextColumn,
    wait_event_type: TextColumn,
    wait_event: TextColumn,
}

impl Fields {
    fn new() -> Self {
        Self {
            time: Vec::new(),
            sources: Vec::new(),
            pid: Vec::new(),
            query_id: Vec::new(),
            backend_type: TextColumn::new("backend_type", BACKEND_TYPES),
            application: TextColumn::new("application_name", APPLICATIONS),
            address: TextColumn::new("client_addr", ADDRESSES),
            state: TextColumn::new("state", STATES),
            wait_event_type: TextColumn::new("wait_event_type", WAIT_TYPES),
            wait_event: TextColumn::new("wait_event", WAIT_EVENTS),
        }
    }

    fn push(&mut self, time: i64, source: usize, sample: &Sample) {
        self.time.push(time);
        self.sources.push(source);
        self.pid.push(sample.pid);
        self.query_id.push(sample.query_id);
        self.backend_type.push(Some(sample.backend_type));
        self.application.push(Some(sample.application));
        self.address.push(Some(sample.address));
        self.state.push(Some(sample.state));
        self.wait_event_type.push(sample.wait_event_type);
        self.wait_event.push(sample.wait_event);
    }

    fn finish(self, tags: &[TagColumn]) -> Table {
        let tags = tags.iter().map(|tag| tag.column(&self.sources));
        let fields: [Column; WAIT_FIELD_COUNT] = [
            bigint("pid", Kind::Gauge, "", self.pid),
            bigint("query_id", Kind::Gauge, "", self.query_id),
            self.backend_type.finish(),
            self.application.finish(),
            self.address.finish(),
            self.state.finish(),
            self.wait_event_type.finish(),
            self.wait_event.finish(),
        ];
        Table {
            name: WAIT_TABLE.into(),
            append_only: true,
            columns: tags.chain(fields).collect(),
            time: self.time,
        }
    }
}

fn tag_columns(backends: &[Backend]) -> Vec<TagColumn> {
    let of_tag = |(index, name): (usize, &&'static str)| {
        let values = backends
            .iter()
            .filter_map(|backend| backend.tags().get(index));
        TagColumn::new(name, values.map(String::as_str))
    };
    WAIT_TAGS.iter().enumerate().map(of_tag).collect()
}
