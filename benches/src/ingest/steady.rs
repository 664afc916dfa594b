//! Sending for a time instead of a data set: as fast as it goes, or at a given pace.
//!
//! ```text
//!   closed  a connection has its batches under way; as one is acked the next is made and sent
//!   open    batch k of all is due at start + k × rows a batch ÷ rate, whatever became of those before
//! ```
//!
//! At a pace, latency counts from the moment at which a batch was *due*: one that could not be sent in
//! time, because the server or this program was behind, has waited, and its wait is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use platform::{Clock, MonotonicNanos, RealClock};
use tokio::task::JoinSet;
use wire::BatchFrame;

use super::figures::Sent;
use super::ring::Ring;
use super::send::{client_cpu, send_until_acked};
use super::{IngestFigures, IngestSettings, Link, Tally};
use crate::failure::{Failure, Outcome};
use crate::generate::{CpuShape, DataSet, Share};
use crate::server::Server;

/// How long, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steady {
    /// Nothing is sent after so long.
    pub(crate) duration: Duration,
    /// Rows a second, over all connections; as fast as it goes without.
    pub(crate) rows_per_s: Option<u32>,
}

/// The rings of all connections, built and not yet under way.
pub(crate) struct Rings {
    shape: CpuShape,
    rings: Vec<Ring>,
}

impl Rings {
    /// Builds rings of a data set for so many connections; each takes about 130 bytes a row.
    pub(crate) fn build(shape: CpuShape, settings: &IngestSettings) -> Self {
        let build = |share| Ring::build(shape, share, settings.rows_per_batch);
        Self {
            shape,
            rings: Share::split(settings.connections).map(build).collect(),
        }
    }

    /// Sends until the time is over and everything is acked; counts the acked rows in `acked` as it
    /// goes.
    ///
    /// # Errors
    /// When the server refuses, or the connection breaks.
    pub(crate) async fn send(
        self,
        server: &Server,
        settings: &IngestSettings,
        steady: Steady,
        acked: &Arc<AtomicU64>,
    ) -> Outcome<(IngestFigures, Tally)> {
        let (links, epoch) = Link::open(server, settings.connections).await?;
        let names = Link::names(&links);
        let (client, before) = (client_cpu()?, server.usage()?);
        let started = RealClock.monotonic();
        let mut tasks = JoinSet::new();
        for (index, (link, mut ring)) in links.into_iter().zip(self.rings).enumerate() {
            ring.number(names.get(index).map_or("", String::as_str), epoch);
            let lane = Lane {
                acked: Arc::clone(acked),
                pace: Pace::new(started, steady, settings, index),
                in_flight: settings.in_flight,
            };
            tasks.spawn(lane.send(link, ring));
        }
        let data_set = DataSet::Cpu(self.shape);
        let (mut sent, mut tally, mut links) = (Sent::default(), Tally::new(data_set), Vec::new());
        while let Some(joined) = tasks.join_next().await {
            let defect = |error| Failure::new(error, "this is a defect: please report it");
            let (link, more, of_ring) = joined.map_err(defect)??;
            sent.add(more);
            tally.add(&of_ring);
            links.push(link);
        }
        sent.elapsed = RealClock.monotonic().since(started);
        sent.server_cpu = server.usage()?.cpu.saturating_sub(before.cpu);
        sent.client_cpu = client_cpu()?.saturating_sub(client);
        sent.slices = 1;
        Link::close(links).await;
        Ok((IngestFigures::new(data_set, settings, &tally, sent), tally))
    }
}

/// One connection at work.
struct Lane {
    acked: Arc<AtomicU64>,
    pace: Pace,
    in_flight: usize,
}

impl Lane {
    async fn send(mut self, link: Link, mut ring: Ring) -> Outcome<(Link, Sent, Tally)> {
        let (acked, over) = (Arc::clone(&self.acked), &link);
        let frames = std::iter::from_fn(|| {
            let due = self.pace.next()?;
            Some(ring.next().map(|(frame, rows)| (due, frame, rows)))
        });
        let sending = frames.map(|built| async {
            let (due, frame, rows) = built?;
            let sent = send_when_due(over, due, frame).await?;
            acked.fetch_add(rows, Ordering::Relaxed);
            Ok::<Sent, Failure>(sent)
        });
        let mut sent = Sent::default();
        let mut acks = stream::iter(sending).buffer_unordered(self.in_flight.max(1));
        while let Some(one) = acks.next().await {
            sent.add(one?);
        }
        drop(acks);
        let tally = ring.sent().clone();
        Ok((link, sent, tally))
    }
}

/// Sends a frame when it is due, at once if that is past, and counts from then.
async fn send_when_due(
    link: &Link,
    due: Option<MonotonicNanos>,
    frame: BatchFrame,
) -> Outcome<Sent> {
    let now = RealClock.monotonic();
    let due = due.unwrap_or(now);
    tokio::time::sleep(due.since(now)).await;
    send_until_acked(link, frame, due).await
}

/// When the batches of one connection are due.
#[derive(Debug)]
struct Pace {
    started: MonotonicNanos,
    duration: Duration,
    /// From one batch of this connection to its next; none: as fast as it goes.
    interval: Option<Duration>,
    next: Duration,
}

impl Pace {
    /// Connections take turns: the first batch of each is due a part of the interval after that of
    /// the one before.
    fn new(
        started: MonotonicNanos,
        steady: Steady,
        settings: &IngestSettings,
        index: usize,
    ) -> Self {
        let batch = settings.rows_per_batch as u64 * 1_000_000_000;
        let turn = steady
            .rows_per_s
            .map(|rate| Duration::from_nanos(batch / u64::from(rate).max(1)));
        let place = u32::try_from(index).unwrap_or(0);
        Self {
            started,
            duration: steady.duration,
            interval: turn.map(|turn| turn * settings.connections),
            next: turn.unwrap_or_default() * place,
        }
    }

    /// Returns when the next batch is due, `Some(None)` for at once; nothing when the time is over.
    fn next(&mut self) -> Option<Option<MonotonicNanos>> {
        let Some(interval) = self.interval else {
            let elapsed = RealClock.monotonic().since(self.started);
            return (elapsed < self.duration).then_some(None);
        };
        let due = self.next;
        self.next += interval;
        (due < self.duration).then(|| Some(self.started.saturating_add(due)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rows_per_s: Option<u32>, index: usize) -> Pace {
        let settings = IngestSettings {
            connections: 4,
            rows_per_batch: 5_000,
            in_flight: 8,
            slice_bytes: 1,
        };
        let steady = Steady {
            duration: Duration::from_millis(100),
            rows_per_s,
        };
        Pace::new(MonotonicNanos(0), steady, &settings, index)
    }

    #[test]
    fn connections_take_turns_and_together_keep_the_rate() {
        let due = |index| -> Vec<_> {
            let mut pace = pace(Some(500_000), index);
            std::iter::from_fn(|| pace.next().flatten())
                .map(|due| due.since(MonotonicNanos(0)).as_millis())
                .collect()
        };
        assert_eq!((due(0), due(3)), (vec![0, 40, 80], vec![30, 70]));
        // 100 ms at 500 000 rows a second are ten batches of 5 000.
        assert_eq!((0..4).map(|index| due(index).len()).sum::<usize>(), 10);
    }

    #[test]
    fn without_a_rate_batches_are_due_at_once_until_the_time_is_over() {
        let mut open = pace(None, 2);
        open.started = RealClock.monotonic();
        open.duration = Duration::from_secs(3_600);
        assert_eq!(open.next(), Some(None));
        open.duration = Duration::ZERO;
        assert_eq!(open.next(), None);
    }
}
