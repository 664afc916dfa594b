//! The applier's thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::Receiver;
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use tracing::error;
use wal::{Durable, Ticket};

use super::{Change, Committed, Outcome, Place, apply};
use crate::Error;
use crate::invariants::promise;
use crate::store::Store;

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
    let (mut carried, mut broken) = (None, None);
    while let Some(first) = carried.take().or_else(|| queue.recv().ok()) {
        let mut group = Group::default();
        let Pending {
            change,
            ticket,
            waiter,
            reserved,
        } = first;
        group.push(
            Entry {
                change,
                waiter,
                reserved,
            },
            ticket.wait(),
        );
        while group.has_room() {
            let Ok(mut next) = queue.try_recv() else {
                break;
            };
            match poll(&mut next.ticket) {
                Poll::Ready(outcome) => {
                    let Pending {
                        change,
                        waiter,
                        reserved,
                        ..
                    } = next;
                    group.push(
                        Entry {
                            change,
                            waiter,
                            reserved,
                        },
                        outcome,
                    );
                }
                Poll::Pending => {
                    carried = Some(next);
                    break;
                }
            }
        }
        // A record behind one that could not be applied would be applied to the wrong state.
        broken = broken.or_else(|| group.publish(store).err());
        group.tell(store, broken.as_ref());
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
                .extend(durable.map(|(entry, _)| (entry, error.clone())));
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
    }

    fn publish(&self, store: &Store) -> Result<(), Error> {
        if self.durable.is_empty() {
            return Ok(());
        }
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
