//! What a lane does when something is due.

use std::time::Duration;

use crate::config::{Intervals, interval_of};
use crate::host::{HOST_TABLES, HostTable};
use crate::sample::sampler::Sampler;
use crate::sample::view::View;
use crate::view::{BGWRITER, CHECKPOINTER, DATABASE, STATEMENTS, WAL};

use super::own::OwnTable;
use super::texts::Texts;

/// A job with its memory.
#[derive(Debug)]
pub(super) enum Job {
    /// `stat_activity`.
    Activity,
    /// `stat_statements`, and the texts of ids not seen before.
    Statements(Sampler, Texts),
    /// A view of counters that is read with one statement.
    View(&'static View, Sampler),
    /// The tables of the machine.
    Host(Vec<(HostTable, Sampler)>),
    /// `collector_stats`.
    Own(OwnTable),
}

impl Job {
    /// Returns the table that the job fills first, by which it is named in messages.
    pub(super) fn table(&self) -> &'static str {
        match self {
            Self::Activity => "stat_activity",
            Self::Statements(..) => "stat_statements",
            Self::View(view, _) => view.table.name,
            Self::Host(_) => "host_cpu",
            Self::Own(_) => "collector_stats",
        }
    }

    /// Tells whether the job asks PostgreSQL.
    pub(super) fn needs_session(&self) -> bool {
        !matches!(self, Self::Host(_) | Self::Own(_))
    }

    /// Returns the jobs of the lane that must not wait.
    pub(super) fn of_activity(intervals: &Intervals) -> Vec<(Self, Duration)> {
        kept(vec![(Self::Activity, interval_of(intervals.activity))])
    }

    /// Returns the jobs of the other lane.
    pub(super) fn of_counters(
        intervals: &Intervals,
        is_local: bool,
        rows_max: usize,
    ) -> Vec<(Self, Duration)> {
        let view = |view: &'static View| Self::View(view, Sampler::new(view, rows_max));
        let host = HOST_TABLES.map(|table| (table, Sampler::new(table.view, rows_max)));
        let statements = Self::Statements(Sampler::new(&STATEMENTS, rows_max), Texts::default());
        let host = is_local.then(|| (Self::Host(host.into()), interval_of(intervals.host)));
        let mut jobs = vec![
            (view(&DATABASE), interval_of(intervals.database)),
            (view(&WAL), interval_of(intervals.wal)),
            (view(&BGWRITER), interval_of(intervals.bgwriter)),
            (view(&CHECKPOINTER), interval_of(intervals.checkpointer)),
            (statements, interval_of(intervals.statements)),
        ];
        jobs.extend(host);
        // The last, so that it tells of the others.
        jobs.push((
            Self::Own(OwnTable::new(rows_max)),
            interval_of(intervals.collector),
        ));
        kept(jobs)
    }
}

/// Leaves out what is switched off.
fn kept(jobs: Vec<(Job, Option<Duration>)>) -> Vec<(Job, Duration)> {
    jobs.into_iter()
        .filter_map(|(job, interval)| Some((job, interval?)))
        .collect()
}
