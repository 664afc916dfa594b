//! A lane: its jobs, one after the other, over one connection.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use platform::{Clock, Entropy, MonotonicNanos};
use schema::CollectorName;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};
use wire::v1::Table;

use super::Backoff;
use super::collecting::{Asker, whole_ms};
use super::job::Job;
use super::statements;
use super::texts::ReadTexts;
use super::timetable::Timetable;
use crate::Error;
use crate::config::{DatabaseFilter, Intervals, Limits, interval_of};
use crate::counters::{InstanceCounters, SpoolCounters};
use crate::host::{Procfs, host_name};
use crate::postgres::{self, Permits, Session, Target};
use crate::sample::sampler::{Moment, Sample, rows_as_they_are};
use crate::view::ACTIVITY;

/// Where sampled tables go; the spool, or a test.
pub(crate) trait Outlet: std::fmt::Debug + Send + Sync {
    /// Makes tables durable as one batch.
    fn put(
        &self,
        tables: Vec<Table>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>>;

    /// Returns what waits to be sent.
    fn level(&self) -> Level;

    /// Returns what happened to batches.
    fn counters(&self) -> &SpoolCounters;

    /// Returns the most bytes of one batch.
    fn batch_bytes_max(&self) -> u64;
}

/// How full the spool is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    /// Bytes of batches.
    pub(crate) bytes: u64,
    /// Batches.
    pub(crate) batches: u64,
}

/// What the lanes of an instance share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) collector: CollectorName,
    pub(crate) instance: String,
    pub(crate) target: Target,
    pub(crate) is_local: bool,
    pub(crate) databases: DatabaseFilter,
    pub(crate) intervals: Intervals,
    pub(crate) limits: Limits,
    pub(crate) permits: Permits,
    pub(crate) counters: InstanceCounters,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) procfs: PathBuf,
    /// The processes that serve our sessions, which are not activity.
    pub(crate) own_pids: parking_lot::Mutex<[Option<i64>; 2]>,
}

/// Starts both lanes of an instance; they end when `shutdown` turns true.
pub(crate) fn spawn(
    context: &Arc<Context>,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) {
    for lane in [
        Lane::activity(Arc::clone(context)),
        Lane::counters(Arc::clone(context)),
    ] {
        tasks.spawn(lane.run(shutdown.clone()));
    }
}

/// One lane.
#[derive(Debug)]
pub(super) struct Lane {
    context: Arc<Context>,
    number: usize,
    limits: postgres::Limits,
    jobs: Vec<Job>,
    stopped_until: Vec<MonotonicNanos>,
    intervals: Vec<Duration>,
    session: Option<Session>,
    backoff: Backoff,
    retry_at: MonotonicNanos,
}

/// Rows of one tick, and what to remember once they are safe.
#[derive(Debug, Default)]
struct Tick {
    tables: Vec<Table>,
    /// By the position of the job and of the sampler in it.
    samples: Vec<(usize, usize, Sample)>,
}

impl Lane {
    /// Returns the lane that must not wait.
    pub(super) fn activity(context: Arc<Context>) -> Self {
        let timeout = interval_of(context.limits.activity_timeout);
        let jobs = Job::of_activity(&context.intervals);
        Self::new(context, 0, timeout, jobs)
    }

    /// Returns the lane of everything else.
    pub(super) fn counters(context: Arc<Context>) -> Self {
        let timeout = interval_of(context.limits.statement_timeout);
        let rows_max =
            usize::try_from(context.outlet.batch_bytes_max()).unwrap_or(usize::MAX) / ROW_BYTES;
        let jobs = Job::of_counters(&context.intervals, context.is_local, rows_max.max(1));
        Self::new(context, 1, timeout, jobs)
    }

    fn new(
        context: Arc<Context>,
        number: usize,
        timeout: Option<Duration>,
        jobs: Vec<(Job, Duration)>,
    ) -> Self {
        let (jobs, intervals): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let lock_timeout = interval_of(context.limits.lock_timeout);
        let limits = postgres::Limits {
            statement_timeout_ms: timeout.map_or(0, whole_ms),
            lock_timeout_ms: lock_timeout.map_or(0, whole_ms),
        };
        let stopped_until = vec![MonotonicNanos(0); jobs.len()];
        Self {
            context,
            number,
            limits,
            jobs,
            stopped_until,
            intervals,
            session: None,
            backoff: Backoff::default(),
            retry_at: MonotonicNanos(0),
        }
    }

    /// Works until `shutdown` turns true.
    async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        let clock = Arc::clone(&self.context.clock);
        // Instances that are started together are not asked together.
        let first = clock
            .monotonic()
            .saturating_add(Duration::from_millis(self.random() % FIRST_MS));
        let mut timetable = Timetable::new(&self.intervals, first);
        loop {
            let now = clock.monotonic();
            let decision = timetable.poll(now);
            self.context
                .counters
                .skipped_ticks
                .fetch_add(decision.skipped, Relaxed);
            let Some(wake) = decision.wake else {
                return;
            };
            let work = async {
                if !decision.due.is_empty() {
                    self.tick(&decision.due).await;
                } else {
                    tokio::time::sleep(wake.since(now)).await;
                }
            };
            tokio::select! {
                () = work => {}
                _ = shutdown.wait_for(|is_stopping| *is_stopping) => break,
            }
        }
        if let Some(session) = &self.session {
            session.cancel().await;
        }
    }

    /// Does the jobs that are due and makes their rows safe.
    pub(super) async fn tick(&mut self, due: &[usize]) {
        let mut tick = Tick::default();
        self.context
            .counters
            .ticks
            .fetch_add(due.len() as u64, Relaxed);
        for position in due.iter().copied() {
            if let Err(error) = self.collect(position, &mut tick).await {
                self.failed(position, &error);
            }
        }
        let rows: usize = tick.tables.iter().map(|table| table.time.len()).sum();
        let tables = std::mem::take(&mut tick.tables);
        if !tables.is_empty()
            && let Err(error) = self.context.outlet.put(tables).await
        {
            // The samples are not accepted: the next ones will hold what these would have told.
            self.context.counters.failed(&error);
            warn!(instance = %self.context.instance, %error, "a batch could not be spooled");
            return;
        }
        self.context.counters.rows.fetch_add(rows as u64, Relaxed);
        for (job, sampler, sample) in tick.samples {
            self.accept(job, sampler, sample);
        }
        self.fetch_texts(due).await;
    }

    async fn collect(&mut self, position: usize, tick: &mut Tick) -> Result<(), Error> {
        let now = self.context.clock.monotonic();
        if self
            .stopped_until
            .get(position)
            .is_some_and(|until| *until > now)
        {
            return Ok(());
        }
        let needs_session = self.jobs.get(position).is_some_and(Job::needs_session);
        if needs_session && !self.has_session(now).await? {
            return Ok(());
        }
        let context = Arc::clone(&self.context);
        let wants = |database: Option<&str>| context.databases.wants(database);
        let session = self.session.as_ref();
        let asker = session.map(|session| Asker::new(session, &context));
        let Some(job) = self.jobs.get_mut(position) else {
            return Ok(());
        };
        match (job, asker) {
            (Job::Activity, Some(asker)) => {
                let statement = activity_statement(&asker);
                let moment = asker.moment();
                let sets = asker.ask(&statement).await?;
                let reading = super::collecting::reading(&ACTIVITY, sets.first());
                tick.tables.extend(rows_as_they_are(
                    &ACTIVITY,
                    &reading,
                    moment,
                    &context.instance,
                    wants,
                ));
            }
            (Job::View(view, sampler), Some(asker)) => {
                let (reading, moment) = asker.read(view).await?;
                tick.add(
                    position,
                    0,
                    sampler.sample(&reading, moment, &context.instance, wants),
                );
            }
            (Job::Statements(sampler, texts), Some(asker)) => {
                let extension = statements::find(asker).await?;
                let (reading, moment) = statements::read(asker, &extension).await?;
                let sample = sampler.sample(&reading, moment, &context.instance, wants);
                texts.want(query_ids(&sample));
                tick.add(position, 0, sample);
            }
            (Job::Host(tables), _) => {
                let procfs = Procfs::read(&context.procfs).await;
                let host = host_name(&context.procfs).await;
                let moment = Moment {
                    time: context.clock.now(),
                    monotonic: context.clock.monotonic(),
                    server_started: procfs.started(),
                };
                for (number, (table, sampler)) in tables.iter().enumerate() {
                    let reading = (table.read)(&procfs, &host);
                    tick.add(
                        position,
                        number,
                        sampler.sample(&reading, moment, &context.instance, wants),
                    );
                }
            }
            (Job::Own(own), _) => tick.add(position, 0, own.sample(&context)),
            (_, None) => return Ok(()),
        }
        self.resumed(position);
        Ok(())
    }

    /// Reads texts that rows just made safe refer to; a batch of its own, since it may take long.
    async fn fetch_texts(&mut self, due: &[usize]) {
        for position in due.iter().copied() {
            let Some(Job::Statements(_, texts)) = self.jobs.get(position) else {
                continue;
            };
            let now = self.context.clock.monotonic();
            if !texts.is_wanting(now) || self.session.is_none() {
                continue;
            }
            if let Err(error) = self.send_texts(position).await {
                self.failed_reading_texts(position, &error);
            }
        }
    }

    async fn send_texts(&mut self, position: usize) -> Result<(), Error> {
        let mut read = self.read_texts(position).await?;
        if let Some(table) = read.table.take() {
            self.context.outlet.put(vec![table]).await?;
        }
        if let Some(Job::Statements(_, texts)) = self.jobs.get_mut(position) {
            texts.accept(read);
        }
        Ok(())
    }

    async fn read_texts(&mut self, position: usize) -> Result<ReadTexts, Error> {
        let context = Arc::clone(&self.context);
        let timeout = interval_of(context.limits.text_timeout).map_or(0, whole_ms);
        let (Some(session), Some(Job::Statements(_, texts))) =
            (self.session.as_mut(), self.jobs.get(position))
        else {
            return Err(Error::Stopping);
        };
        let extension = statements::find(Asker::new(session, &context)).await?;
        session.limit(timeout).await?;
        let asker = Asker::new(session, &context);
        let bytes_max = context.outlet.batch_bytes_max();
        let read = texts.fetch(asker, &extension, bytes_max).await;
        if let Err(Error::Timeout { .. } | Error::Connection { .. }) = &read {
            return read;
        }
        let restored = session.limit(self.limits.statement_timeout_ms).await;
        if restored.is_err() {
            // No sample may run for as long as texts may.
            self.close_session();
        }
        restored.and(read)
    }

    /// Returns whether there is a session, opening one when the time for it has come.
    async fn has_session(&mut self, now: MonotonicNanos) -> Result<bool, Error> {
        if self.session.is_some() {
            return Ok(true);
        }
        if now < self.retry_at {
            return Ok(false);
        }
        let context = Arc::clone(&self.context);
        match Session::open(&context.target, &context.permits, self.limits).await {
            Ok(session) => {
                self.backoff.succeed();
                self.set_own_pid(Some(session.pid));
                info!(instance = %context.instance, version = %session.version, lane = self.number, "connected");
                self.session = Some(session);
                Ok(true)
            }
            Err(error) => {
                context.counters.connect_failures.fetch_add(1, Relaxed);
                let wait = self.backoff.fail(self.random());
                self.retry_at = context.clock.monotonic().saturating_add(wait);
                Err(error)
            }
        }
    }

    /// Decides what an error means for the session and for the job.
    fn failed(&mut self, position: usize, error: &Error) {
        let context = Arc::clone(&self.context);
        context.counters.failed(error);
        let Some(table) = self.jobs.get(position).map(Job::table) else {
            return;
        };
        match error {
            Error::Statement { .. } | Error::Unsupported { .. } if !is_passing(error) => {
                // This table alone: the others go on, and so does this one should somebody help.
                let until = context.clock.monotonic().saturating_add(STOPPED_FOR);
                if let Some(entry) = self.stopped_until.get_mut(position) {
                    *entry = until;
                }
                if context.counters.stop_table(table, error.to_string()) {
                    warn!(instance = %context.instance, table, %error, "table stopped, tried again every ten minutes");
                }
            }
            Error::Statement { .. } => {
                debug!(instance = %context.instance, table, %error, "sample missed");
            }
            _ => {
                self.close_session();
                warn!(instance = %context.instance, table, %error, "not connected");
            }
        }
    }

    fn failed_reading_texts(&mut self, position: usize, error: &Error) {
        self.context.counters.failed(error);
        let now = self.context.clock.monotonic();
        if let Some(Job::Statements(_, texts)) = self.jobs.get_mut(position) {
            texts.pause(now);
        }
        warn!(instance = %self.context.instance, %error, "query texts could not be collected, tried again later");
        if matches!(error, Error::Timeout { .. } | Error::Connection { .. }) {
            self.close_session();
        }
    }

    fn resumed(&mut self, position: usize) {
        let Some(table) = self.jobs.get(position).map(Job::table) else {
            return;
        };
        if self.context.counters.resume_table(table) {
            info!(instance = %self.context.instance, table, "table collected again");
        }
    }

    fn close_session(&mut self) {
        self.session = None;
        self.set_own_pid(None);
    }

    fn set_own_pid(&self, pid: Option<i64>) {
        if let Some(own) = self.context.own_pids.lock().get_mut(self.number) {
            *own = pid;
        }
    }

    fn accept(&mut self, job: usize, sampler: usize, sample: Sample) {
        match self.jobs.get_mut(job) {
            Some(Job::View(_, own) | Job::Statements(own, _)) => own.accept(sample),
            Some(Job::Own(own)) => own.accept(sample),
            Some(Job::Host(tables)) => {
                if let Some((_, own)) = tables.get_mut(sampler) {
                    own.accept(sample);
                }
            }
            Some(Job::Activity) | None => {}
        }
    }

    /// Forgets the pause after a failure.
    #[cfg(test)]
    pub(super) fn retry_now(&mut self) {
        self.retry_at = MonotonicNanos(0);
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.context.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl Tick {
    fn add(&mut self, job: usize, sampler: usize, mut sample: Sample) {
        self.tables.extend(sample.table.take());
        self.samples.push((job, sampler, sample));
    }
}

/// Returns the ids of the rows of a sample of statements.
fn query_ids(sample: &Sample) -> impl Iterator<Item = i64> {
    let columns = sample.table.iter().flat_map(|table| &table.columns);
    let ids = columns
        .filter(|column| column.name == "queryid")
        .flat_map(|c| match &c.values {
            wire::v1::Values::Dictionary(dictionary) => texts_of(&dictionary.values),
            _ => Vec::new(),
        });
    ids.filter_map(|id| id.parse().ok())
        .collect::<Vec<_>>()
        .into_iter()
}

fn texts_of(text: &wire::v1::Text) -> Vec<&str> {
    let ends = text.offsets.windows(2).filter_map(|pair| match pair {
        [from, to] => text.bytes.get(*from as usize..*to as usize),
        _ => None,
    });
    ends.filter_map(|bytes| std::str::from_utf8(bytes).ok())
        .collect()
}

fn activity_statement(asker: &Asker<'_>) -> String {
    let own = asker
        .context
        .own_pids
        .lock()
        .iter()
        .flatten()
        .map(i64::to_string)
        .collect::<Vec<_>>();
    let own = if own.is_empty() {
        "0".to_owned()
    } else {
        own.join(",")
    };
    let statement = ACTIVITY
        .statement(asker.session.version)
        .unwrap_or_default();
    let rows_max = asker.context.limits.activity_rows_max;
    format!("{} LIMIT {rows_max}", statement.replace("{own}", &own))
}

/// Tells whether an error of PostgreSQL will pass by itself: timeouts, shortage, a standby's conflict.
fn is_passing(error: &Error) -> bool {
    let Error::Statement { code, .. } = error else {
        return false;
    };
    matches!(code.as_str(), "57014" | "55P03" | "40001") || code.starts_with("53")
}

/// What a row of the widest table takes in a batch, with room to spare.
const ROW_BYTES: usize = 640;
const FIRST_MS: u64 = 500;
/// How long a table that failed is left alone; texts at first.
pub(super) const STOPPED_FOR: Duration = Duration::from_secs(600);
