//! Who may write what, decided in the order of the log, before anything is written.
//!
//! Under one lock: is the batch new, do its columns fit, is there room; then it is submitted, so that
//! the order of lsns is the order of admission. What is admitted cannot fail any more but by the log
//! itself: applying it, now or at a replay, only repeats what was decided here.

mod brake;
mod budget;
mod series;
mod tags;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use schema::{TableDefinition, Timestamp};
use tokio::sync::oneshot;

pub(crate) use self::brake::Brake;
use self::budget::Budget;
pub(crate) use self::budget::Pressure;
pub(crate) use self::tags::check_tags;
use crate::apply::{Change, Commit, Committed, Outcome, Pending, PreparedBatch};
use crate::catalogue::{Catalogue, CatalogueEdit};
use crate::dedup::{BatchNumber, DedupLimits, Verdict, Windows};
use crate::state::State;
use crate::{Error, Settings};

/// The admitted catalogue and windows, and what is under way.
#[derive(Debug)]
pub(crate) struct Admission {
    catalogue: Arc<Catalogue>,
    windows: Windows,
    dedup: DedupLimits,
    budget: Budget,
    columns_max: usize,
    tables_max: usize,
    /// Batches under way, and the duplicates that wait for their outcome.
    under_way: HashMap<BatchNumber, Vec<oneshot::Sender<Outcome>>>,
    /// To the applier; gone once the store closes.
    queue: Option<SyncSender<Pending>>,
    has_failed: bool,
}

/// What admission has set aside for a record, to be given back when it is applied.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    number: Option<BatchNumber>,
    bytes: u64,
    series: u64,
    series_bytes: u64,
    deletes: u64,
}

/// What admission thinks of a batch.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// It is new; these tables grow by it.
    Fresh(Vec<TableDefinition>),
    /// It was stored, or is being stored: this tells when.
    Duplicate(Commit),
}

impl Admission {
    /// Returns the admission that goes on from a recovered state.
    pub(crate) fn new(
        settings: &Settings,
        state: &State,
        windows: Windows,
        queue: SyncSender<Pending>,
    ) -> Self {
        Self {
            catalogue: Arc::clone(&state.catalogue),
            windows,
            dedup: DedupLimits::of(settings),
            budget: Budget::new(settings),
            columns_max: settings.columns_max as usize,
            tables_max: settings.tables_max as usize,
            under_way: HashMap::new(),
            queue: Some(queue),
            has_failed: false,
        }
    }

    /// Decides about a batch.
    ///
    /// # Errors
    /// [`Error::TooOld`], [`Error::Schema`], [`Error::Limit`], [`Error::Overloaded`],
    /// [`Error::Closing`], [`Error::Failed`]; nothing has changed then.
    pub(crate) fn examine(
        &mut self,
        batch: &PreparedBatch,
        state: &State,
        pressure: &Pressure,
        now: Timestamp,
    ) -> Result<Admitted, Error> {
        self.check_open()?;
        if let Some(duplicate) = self.duplicate(batch, state, now)? {
            return Ok(Admitted::Duplicate(duplicate));
        }
        let grown = self.grown(batch)?;
        self.budget.check(batch, state, pressure)?;
        Ok(Admitted::Fresh(grown))
    }

    /// Takes a batch that [`Self::examine`] found fresh and the log has taken.
    pub(crate) fn take(
        &mut self,
        batch: PreparedBatch,
        grown: Vec<TableDefinition>,
        ticket: wal::Ticket,
        now: Timestamp,
    ) -> Result<Commit, Error> {
        if !grown.is_empty() {
            let catalogue = Arc::make_mut(&mut self.catalogue);
            grown
                .into_iter()
                .for_each(|table| catalogue.put_table(Arc::new(table)));
        }
        let reserved = Reserved {
            bytes: batch.bytes,
            series: batch.series_max(),
            series_bytes: series::bytes_max(&batch),
            deletes: 0,
            number: batch.number.clone(),
        };
        if let Some(number) = &batch.number {
            self.windows.insert(number, now, &self.dedup);
            self.under_way.insert(number.clone(), Vec::new());
        }
        self.budget.reserve(&reserved);
        self.push(Change::Batch(batch), ticket, reserved)
    }

    /// Checks an edit and returns the catalogue that it makes.
    ///
    /// # Errors
    /// Those of [`Catalogue::edited`], [`Error::Limit`], [`Error::Overloaded`], [`Error::Closing`],
    /// [`Error::Failed`].
    pub(crate) fn examine_edit(
        &self,
        edit: &CatalogueEdit,
        state: &State,
    ) -> Result<Catalogue, Error> {
        self.check_open()?;
        self.budget.check_count()?;
        let edited = self.catalogue.edited(edit)?;
        if let CatalogueEdit::DeleteRows { rows, .. } = edit {
            self.budget.check_delete(rows, state)?;
        }
        Ok(edited)
    }

    /// Takes an edit that the log has taken.
    pub(crate) fn take_edit(
        &mut self,
        edit: CatalogueEdit,
        edited: Catalogue,
        ticket: wal::Ticket,
    ) -> Result<Commit, Error> {
        self.catalogue = Arc::new(edited);
        let reserved = Reserved {
            deletes: u64::from(matches!(edit, CatalogueEdit::DeleteRows { .. })),
            ..Reserved::default()
        };
        self.budget.reserve(&reserved);
        self.push(Change::Edit(edit), ticket, reserved)
    }

    /// Gives back what was set aside for a record, and tells its duplicates the outcome.
    pub(crate) fn resolve(&mut self, reserved: &Reserved, outcome: &Outcome) {
        self.budget.release(reserved);
        let duplicates = reserved
            .number
            .as_ref()
            .and_then(|n| self.under_way.remove(n));
        for duplicate in duplicates.into_iter().flatten() {
            let outcome = outcome.clone().map(|committed| Committed {
                duplicate: true,
                ..committed
            });
            duplicate.send(outcome).ok();
        }
    }

    /// Returns the bytes of batches that are under way.
    pub(crate) fn pending_bytes(&self) -> u64 {
        self.budget.pending_bytes()
    }

    /// Returns about how many bytes the copies of the windows take.
    pub(crate) fn windows_bytes(&self) -> u64 {
        self.windows.bytes() as u64 * Windows::COPIES
    }

    /// Takes nothing more; the applier ends when it has applied what was taken.
    pub(crate) fn close(&mut self) {
        self.queue = None;
    }

    /// Takes nothing more, since something that was taken will not be visible.
    ///
    /// W-3: its number is among the windows all the same, so that a copy of it would be told that it
    /// is stored. This is called before anybody hears of the failure and sends one.
    pub(crate) fn fail(&mut self) {
        self.has_failed = true;
        self.queue = None;
    }

    /// Takes nothing more, since nobody is left to apply what was taken: whoever waits for the outcome
    /// of a batch under way hears that it is unknown.
    pub(crate) fn abandon(&mut self) {
        self.fail();
        self.under_way.clear();
    }

    /// Tells whether [`Self::fail`] was called.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::Failed);
        }
        if self.queue.is_none() {
            return Err(Error::Closing);
        }
        Ok(())
    }

    /// Returns when a batch that is not new was or will be stored.
    fn duplicate(
        &mut self,
        batch: &PreparedBatch,
        state: &State,
        now: Timestamp,
    ) -> Result<Option<Commit>, Error> {
        let Some(number) = &batch.number else {
            return Ok(None);
        };
        if let Some(waiting) = self.under_way.get_mut(number) {
            let (waiter, receiver) = oneshot::channel();
            waiting.push(waiter);
            return Ok(Some(Commit::pending(receiver)));
        }
        match self.windows.check(number, now, &self.dedup) {
            Verdict::Duplicate => Ok(Some(Commit::done(Committed {
                lsn: state.applied_lsn,
                commit_time: state.applied_time,
                duplicate: true,
            }))),
            Verdict::TooOld => Err(Error::TooOld {
                collector: number.collector.clone(),
                epoch: number.epoch,
                sequence: number.sequence,
            }),
            Verdict::Fresh => {
                if !self.windows.has_room(number, &self.dedup) {
                    self.windows.expire(now, &self.dedup);
                }
                if self.windows.has_room(number, &self.dedup) {
                    return Ok(None);
                }
                Err(budget::overloaded(
                    "dedup_collectors_max",
                    budget::WINDOWS_RETRY_MS,
                ))
            }
        }
    }

    /// Returns the tables that grow by a batch.
    fn grown(&self, batch: &PreparedBatch) -> Result<Vec<TableDefinition>, Error> {
        let mut grown: Vec<TableDefinition> = Vec::new();
        for rows in batch.frame.view().tables() {
            let table = self.catalogue.grown(&grown, &rows, self.columns_max)?;
            grown.extend(table);
        }
        let is_new = |table: &&TableDefinition| self.catalogue.table(&table.name).is_none();
        let added = grown.iter().filter(is_new).count();
        if added > 0 && self.catalogue.table_count() + added > self.tables_max {
            return Err(Error::Limit {
                what: "tables (tables_max)",
                limit: self.tables_max as u64,
            });
        }
        Ok(grown)
    }

    fn push(
        &self,
        change: Change,
        ticket: wal::Ticket,
        reserved: Reserved,
    ) -> Result<Commit, Error> {
        let (waiter, receiver) = oneshot::channel();
        let pending = Pending {
            change,
            ticket,
            waiter,
            reserved,
        };
        let queue = self.queue.as_ref().ok_or(Error::Closing)?;
        match queue.try_send(pending) {
            Ok(()) => Ok(Commit::pending(receiver)),
            // The applier is gone, so the record may become durable, and no one will see it.
            Err(TrySendError::Disconnected(_)) => Err(Error::unknown(wal::Error::Unknown)),
            Err(TrySendError::Full(_)) => {
                unreachable!("E-3: the queue is as long as pending_batches_max, which was checked")
            }
        }
    }
}
