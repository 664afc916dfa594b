//! The rows of `cpu` as tables of a batch.

use schema::Kind;
use wire::v1::Table;

use super::host::Host;
use super::{CPU_FIELDS, CPU_TABLE, CPU_TAGS, CpuShape};
use crate::generate::{Rows, Share, TagColumn, Ticks, bigint};

/// The rows of one connection's hosts.
#[derive(Debug)]
pub(crate) struct CpuRows {
    shape: CpuShape,
    hosts: Vec<Host>,
    tags: Vec<TagColumn>,
    ticks: Ticks,
}

impl CpuRows {
    /// Begins a share of a data set.
    pub(crate) fn new(shape: CpuShape, share: Share) -> Self {
        let hosts: Vec<Host> = share
            .of(shape.hosts)
            .map(|number| Host::new(shape.seed, number))
            .collect();
        Self {
            shape,
            tags: tag_columns(&hosts),
            ticks: Ticks::new(shape.ticks, hosts.len()),
            hosts,
        }
    }
}

impl Rows for CpuRows {
    fn next_table(&mut self, rows_max: usize) -> Option<Table> {
        let mut time = Vec::with_capacity(rows_max);
        let mut sources = Vec::with_capacity(rows_max);
        let mut fields = [(); 10].map(|()| Vec::with_capacity(rows_max));
        for (tick, source) in self.ticks.by_ref().take(rows_max) {
            time.push(self.shape.time_of(tick));
            sources.push(source);
            let Some(host) = self.hosts.get_mut(source) else {
                continue;
            };
            for (field, value) in fields.iter_mut().zip(host.sample()) {
                field.push(i64::from(value));
            }
        }
        let tags = self.tags.iter().map(|tag| tag.column(&sources));
        let named = CPU_FIELDS.iter().zip(fields);
        let fields = named.map(|(name, values)| bigint(name, Kind::Gauge, "%", values));
        (!time.is_empty()).then(|| Table {
            name: CPU_TABLE.into(),
            append_only: false,
            columns: tags.chain(fields).collect(),
            time,
        })
    }
}

fn tag_columns(hosts: &[Host]) -> Vec<TagColumn> {
    let of_tag = |(index, name): (usize, &&'static str)| {
        let values = hosts.iter().filter_map(|host| host.tags().get(index));
        TagColumn::new(name, values.map(String::as_str))
    };
    CPU_TAGS.iter().enumerate().map(of_tag).collect()
}
