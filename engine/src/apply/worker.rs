//! The applier's thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::Receiver;
use std::task::{Context, Poll, Waker};

use platform::FailPoint;
use tokio::sync::oneshot;
use tracing::error;
use wal::{Durable, Ticket};

use super::{Change, Committed, Outcome, Place, apply};
use crate::invariants::promise;
use crate::store::Store;
use crate::{Environment, Error};

/// A record on its way to disk, and who waits for it.
#[derive(Debug)]
pub(crate) struct Pending {
    /// What it says.
    pub(crate) change: Change,
    /// Resolves when it is durable.
    pub(crate) ticket: Ticket,
    /// Is told the outcome.
    pub(crate) waiter: oneshot::Sender<Outcome>,
    /// What admission has reserved for it.
    pub(crate) reserved: crate::admission::Reserved,
}

/// Applies what is admitted, until the queue is closed and empty.
pub(crate) fn run(store: &Store, queue: &Receiver<Pending>) {
    let mut applier = Applier::default();
    while applier.turn(store, queue) {}
}

/// What the applier keeps from one group to the next.
#[derive(Debug, Default)]
pub(crate) struct Applier {
    /// A record that was not durable yet when its group was closed.
    carried: Option<Pending>,
    /// Why a record could not be applied: one behind it would be applied to the wrong state.
    broken: Option<Error>,
}

/// The applier and its queue, for whoever does its work without a thread.
#[derive(Debug)]
pub(crate) struct Hands {
    applier: Applier,
    queue: Receiver<Pending>,
}

impl Hands {
    pub(crate) fn new(queue: Receiver<Pending>) -> Self {
        Self {
            applier: Applier::default(),
            queue,
        }
    }

    /// Applies all that is admitted and written.
    pub(crate) fn step(&mut self, store: &Store) {
        while self.applier.carry(&self.queue) {
            self.applier.turn(store, &self.queue);
        }
    }
}

impl Applier {
    /// Takes the next record without waiting; returns whether there is one.
    fn carry(&mut self, queue: &Receiver<Pending>) -> bool {
        self.carried = self.carried.take().or_else(|| queue.try_recv().ok());
        self.carried.is_some()
    }

    /// Waits for a record, applies it with what else is durable, and tells who waits; returns
    /// whether there may be more.
    pub(crate) fn turn(&mut self, store: &Store, queue: &Receiver<Pending>) -> bool {
        let Some(first) = self.carried.take().or_else(|| queue.recv().ok()) else {
            return false;
        };
        let mut group = Group::default();
        let (entry, ticket) = first.split();
        group.push(entry, ticket.wait());
        while group.has_room() {
            let Ok(mut next) = queue.try_recv() else {
                break;
            };
            match poll(&mut next.ticket) {
                Poll::Ready(outcome) => group.push(next.split().0, outcome),
                Poll::Pending => {
                    self.carried = Some(next);
                    break;
                }
            }
        }
        if self.broken.is_none() {
            self.broken = group.publish(store).err();
        }
        group.tell(store, self.broken.as_ref());
        true
    }
}

impl Pending {
    fn split(self) -> (Entry, Ticket) {
        let Self {
            change,
            ticket,
            waiter,
            reserved,
        } = self;
        let entry = Entry {
            change,
            waiter,
            reserved,
        };
        (entry, ticket)
    }
}

/// Looks whether a record is durable, without waiting.
fn poll(ticket: &mut Ticket) -> Poll<Result<Durable, wal::Error>> {
    Pin::new(ticket).poll(&mut Context::from_waker(Waker::noop()))
}

#[derive(Debug)]
struct Entry {
    change: Change,
    waiter: oneshot::Sender<Outcome>,
    reserved: crate::admission::Reserved,
}

/// Records that are durable, to be published together, and such as will never be.
#[derive(Debug, Default)]
struct Group {
    durable: Vec<(Entry, Durable)>,
    failed: Vec<(Entry, Error)>,
}

impl Group {
    fn has_room(&self) -> bool {
        self.durable.len() < GROUP_MAX && self.failed.is_empty()
    }

    fn push(&mut self, entry: Entry, outcome: Result<Durable, wal::Error>) {
        match outcome {
            Ok(durable) => self.durable.push((entry, durable)),
            // W-3: the log is poisoned, and nothing behind this record will be durable either.
            Err(error) => self.failed.push((entry, Error::unknown(error))),
        }
    }

    /// Tells everybody who waits.
    fn tell(mut self, store: &Store, broken: Option<&Error>) {
        let mut admission = store.admission.lock();
        if let Some(error) = broken {
            error!(%error, "a durable record was not applied: nothing more is taken");
            let durable = self.durable.drain(..);
            self.failed
                .extend(durable.map(|(entry, _)| (entry, Error::unknown(error.clone()))));
        }
        if !self.failed.is_empty() {
            admission.fail();
        }
        let applied = store.state.load().applied_lsn;
        for (entry, durable) in self.durable {
            // W-1: durable is what the ticket said; visible is what the state says.
            promise!(
                "W-1",
                durable.lsn <= applied,
                "lsn {} is acked unseen",
                durable.lsn
            );
            let committed = Committed {
                lsn: durable.lsn,
                commit_time: durable.commit_time,
                duplicate: false,
            };
            admission.resolve(&entry.reserved, &Ok(committed));
            // Whoever does not wait any more has its rows all the same.
            entry.waiter.send(Ok(committed)).ok();
        }
        for (entry, error) in self.failed {
            admission.resolve(&entry.reserved, &Err(error.clone()));
            entry.waiter.send(Err(error)).ok();
        }
        store.pressure.set_pending(admission.pending_bytes());
    }

    fn publish(&self, store: &Store) -> Result<(), Error> {
        if self.durable.is_empty() {
            return Ok(());
        }
        let Environment { disk, dir, .. } = &store.environment;
        disk.reach(FailPoint::ApplyDurable)
            .map_err(|source| Error::io(dir.as_path(), source))?;
        let mut writer = store.state.write();
        let mut next = writer.next();
        for (entry, durable) in &self.durable {
            let place = Place {
                lsn: durable.lsn,
                end: durable.next,
                time: durable.commit_time,
            };
            apply(
                &mut next,
                writer.windows(),
                &store.dedup,
                &entry.change,
                place,
            )?;
            store.metrics.count(&entry.change);
        }
        store
            .pressure
            .measure(&next, store.environment.clock.monotonic());
        writer.publish(next);
        drop(writer);
        store.wake_if_due();
        Ok(())
    }
}

/// Records that are published together: more make publishing cheaper and the first wait longer.
const GROUP_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::Applier;
    use crate::catalogue::{Catalogue, CatalogueEdit, TableChange};
    use crate::store::{Bare, NOW};
    use crate::{Error, Settings};

    /// Admission lets no such edit in; should one get in, what follows it must not be acked.
    #[test]
    fn a_record_that_cannot_be_applied_fails_the_store_and_all_behind_it() {
        let bare = Bare::open(Settings::default());
        bare.write(NOW).unwrap();
        let edit = CatalogueEdit::SetTable {
            name: "absent".into(),
            change: TableChange {
                retention: None,
                append_only: None,
            },
        };
        let log = &bare.store.log;
        let prepared = log
            .prepare(wal::Binding([0; 32]), edit.to_record())
            .unwrap();
        let ticket = log.submit(prepared).unwrap();
        let catalogue = Catalogue::clone(&bare.store.state.load().catalogue);
        let mut admission = bare.store.admission.lock();
        let edit = admission.take_edit(edit, catalogue, ticket).unwrap();
        drop(admission);
        let behind = bare.submit(NOW + 1);
        assert!(!bare.store.has_failed());
        let mut applier = Applier::default();
        while applier.turn(&bare.store, &bare.queue) {}
        for commit in [edit, behind] {
            let outcome = commit.wait();
            assert!(matches!(outcome, Err(Error::Unknown { .. })), "{outcome:?}");
        }
        assert!(bare.store.has_failed());
        let state = bare.store.state.load();
        assert_eq!(
            state
                .tables
                .values()
                .map(|table| table.memtable_rows())
                .sum::<usize>(),
            1
        );
    }
}
