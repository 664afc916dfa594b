//! Carries out what the policy chose, for as long as the archiver lives.

use std::sync::Arc;
use std::time::Duration;

use platform::{MonotonicNanos, OpenMode};
use schema::Lsn;
use tokio::sync::{Notify, watch};
use tracing::{error, info, warn};
use wal::{Hold, SegmentStatus};

use super::continuity::is_backed_up;
use super::policy::{Choice, Progress, choose, hold_from};
use super::start::{Begun, begin};
use super::{ArchiveEnvironment, LogSource};
use crate::layout::SegmentName;
use crate::metrics::Metrics;
use crate::repository::LocalFile;
use crate::{BlobHash, Error, Repository};

/// The task of an archiver.
pub(super) struct Worker {
    pub(super) source: Arc<dyn LogSource>,
    pub(super) environment: ArchiveEnvironment,
    pub(super) repository: Repository,
    pub(super) metrics: Arc<Metrics>,
    pub(super) hold: Arc<Hold>,
    pub(super) publish: watch::Sender<Lsn>,
    pub(super) publish_stored: watch::Sender<Lsn>,
    pub(super) nudge: Arc<Notify>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What the task knows between two rounds.
struct Shipping {
    begun: Begun,
    /// Beginnings of the open segment that this epoch shipped: rubbish once it is stored whole.
    partials: Vec<SegmentName>,
    /// The copy of the keyring that is stored.
    keyring: BlobHash,
    /// When the log last was ahead of the archive for the first time.
    behind_since: Option<MonotonicNanos>,
    last_partial: MonotonicNanos,
}

impl Worker {
    /// Ships until it is stopped, or until it may not any more.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let result = self.live().await;
        match &result {
            Ok(()) => info!("the archiver has stopped"),
            Err(error) => error!(%error, "the archiver has stopped"),
        }
        result
    }

    async fn live(&mut self) -> Result<(), Error> {
        let Some(mut shipping) = self.begin().await? else {
            return Ok(());
        };
        let (mut failures, mut is_nudged) = (0, true);
        loop {
            // Read before the round, so that a stop always has a whole round after it.
            let is_last = self.is_stopping();
            let round = self.round(&mut shipping, is_nudged || is_last).await;
            self.measure(&mut shipping);
            let wait = match round {
                Ok(()) if is_last => return Ok(()),
                Ok(()) => {
                    failures = 0;
                    self.tick()
                }
                Err(error) if is_final(&error) || is_last => return Err(error),
                Err(error) => {
                    failures += 1;
                    self.report(&error, failures)
                }
            };
            is_nudged = self.wait(wait).await;
        }
    }

    /// Begins, however long it takes; nothing when it is stopped before.
    async fn begin(&mut self) -> Result<Option<Shipping>, Error> {
        let mut failures = 0;
        loop {
            let begun = begin(&self.repository, &self.environment, self.source.log()).await;
            match begun {
                Ok(begun) => {
                    info!(
                        epoch = begun.writer.epoch,
                        timeline = begun.timeline,
                        "archiving"
                    );
                    self.publish(&begun);
                    return Ok(Some(Shipping {
                        begun,
                        partials: Vec::new(),
                        keyring: BlobHash::of(&self.environment.keyring.to_wrapped()),
                        behind_since: None,
                        last_partial: MonotonicNanos::default(),
                    }));
                }
                Err(error) if is_final(&error) || self.is_stopping() => return Err(error),
                Err(error) => {
                    failures += 1;
                    let wait = self.report(&error, failures);
                    self.wait(wait).await;
                }
            }
        }
    }

    /// Ships all that there is to ship.
    async fn round(&self, shipping: &mut Shipping, with_partial: bool) -> Result<(), Error> {
        self.keep_keyring(shipping).await?;
        self.close_gap(&mut shipping.begun).await?;
        let interval = self.repository.settings().archive_interval();
        let is_due = |shipping: &Shipping| {
            with_partial
                || self
                    .environment
                    .clock
                    .monotonic()
                    .since(shipping.last_partial)
                    >= interval
        };
        loop {
            let (timeline, progress) = (shipping.begun.timeline, shipping.begun.progress);
            let limit = self.repository.settings().partial_bytes_max;
            match choose(&self.source.log().segments(), progress, timeline, limit) {
                Choice::Whole(segment) => self.ship_whole(shipping, &segment).await?,
                Choice::Partial(segment) if is_due(shipping) => {
                    return self.ship_partial(shipping, &segment).await;
                }
                Choice::Rotate(segment) if is_due(shipping) => {
                    if !self.rotate().await? {
                        return self.ship_partial(shipping, &segment).await;
                    }
                }
                Choice::Nothing | Choice::Partial(_) | Choice::Rotate(_) => return Ok(()),
            }
        }
    }

    async fn ship_whole(
        &self,
        shipping: &mut Shipping,
        segment: &SegmentStatus,
    ) -> Result<(), Error> {
        let progress = Progress {
            whole: segment.number,
            whole_end: segment.end_lsn,
            archived: segment.end_lsn,
        };
        let name = name(shipping, segment, None);
        self.ship(shipping, segment, name, progress).await?;
        // The whole segment is stored under the same epoch, so nobody needs its beginnings.
        for partial in std::mem::take(&mut shipping.partials) {
            if let Err(error) = self.repository.remove(&partial.object()).await {
                warn!(%error, "a superseded piece of the log stays in the repository");
            }
        }
        Ok(())
    }

    async fn ship_partial(
        &self,
        shipping: &mut Shipping,
        segment: &SegmentStatus,
    ) -> Result<(), Error> {
        let progress = Progress {
            archived: segment.end_lsn,
            ..shipping.begun.progress
        };
        let name = name(shipping, segment, Some(segment.end_lsn));
        self.ship(shipping, segment, name, progress).await?;
        shipping.partials.push(name);
        shipping.last_partial = self.environment.clock.monotonic();
        Ok(())
    }

    /// Stores the durable bytes of a segment, and publishes the progress if we may still write.
    async fn ship(
        &self,
        shipping: &mut Shipping,
        segment: &SegmentStatus,
        name: SegmentName,
        progress: Progress,
    ) -> Result<(), Error> {
        let disk = Arc::clone(&self.environment.disk);
        let file = LocalFile::open(disk, segment.path.clone(), OpenMode::Read).await?;
        let bytes = file.read(0..segment.durable_bytes).await?;
        let shipped = bytes.len() as u64;
        self.repository.create(&name.object(), bytes).await?;
        // A writer that was replaced meanwhile must not tell anybody that something is archived.
        self.repository.check_epoch(&shipping.begun.writer).await?;
        self.metrics.archived_bytes.inc_by(shipped);
        shipping.begun.progress = progress;
        self.publish(&shipping.begun);
        Ok(())
    }

    /// Looks for a backup that begins behind the gap, from which on all can be restored again.
    async fn close_gap(&self, begun: &mut Begun) -> Result<(), Error> {
        let Some(first) = &begun.gap else {
            return Ok(());
        };
        let keyring = &self.environment.keyring;
        if is_backed_up(&self.repository, keyring, first).await? {
            info!("a backup was made behind the gap in the archived log");
            begun.gap = None;
            self.publish(begun);
        }
        Ok(())
    }

    /// Stores the keyring again when it changed, before anything that only its new keys open.
    async fn keep_keyring(&self, shipping: &mut Shipping) -> Result<(), Error> {
        let wrapped = BlobHash::of(&self.environment.keyring.to_wrapped());
        if wrapped != shipping.keyring {
            let keyring = &self.environment.keyring;
            shipping.keyring = self.repository.store_keyring(keyring).await?;
        }
        Ok(())
    }

    /// Closes the open segment; false when the log has no room for another one now.
    async fn rotate(&self) -> Result<bool, Error> {
        let source = Arc::clone(&self.source);
        let rotated = tokio::task::spawn_blocking(move || source.log().rotate()).await;
        let rotated = rotated.map_err(|_| Error::Aborted {
            task: "closes a log segment",
        })?;
        Ok(rotated.is_ok())
    }

    /// Tells how far the log is stored, and lets go of the segments that are stored whole.
    ///
    /// A stored beginning lets go of nothing, even when it is all that its segment will ever hold:
    /// the segment is still to be shipped whole, and its beginnings are removed after that.
    fn publish(&self, begun: &Begun) {
        let progress = begun.progress;
        let segments = self.source.log().segments();
        self.hold.advance(hold_from(&segments, progress));
        raise(&self.publish_stored, progress.archived);
        if begun.gap.is_none() {
            raise(&self.publish, progress.archived);
        }
    }

    /// Waits for a tick, a nudge or a stop; returns whether it was more than a tick.
    async fn wait(&mut self, wait: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(wait) => false,
            () = self.nudge.notified() => true,
            _ = self.stopped.wait_for(|stopped| *stopped) => true,
        }
    }

    /// Tells whether this round is to be the last; an archiver that was dropped is stopped too.
    fn is_stopping(&self) -> bool {
        *self.stopped.borrow() || self.stopped.has_changed().is_err()
    }

    /// Sealed segments go at once: the log is looked at more often than its beginning is shipped.
    fn tick(&self) -> Duration {
        self.repository.settings().archive_interval().min(TICK_MAX)
    }

    fn report(&self, error: &Error, failures: u32) -> Duration {
        self.metrics.archive_failures.inc();
        let wait = self.repository.settings().backoff(failures);
        warn!(%error, failures, ?wait, "the log is not archived, trying again");
        wait
    }

    fn measure(&self, shipping: &mut Shipping) {
        let (now, archived) = (
            self.environment.clock.monotonic(),
            shipping.begun.progress.archived,
        );
        let durable = self.source.log().durable_lsn();
        let lag_bytes = durable.get().saturating_sub(archived.get());
        shipping.behind_since = match shipping.behind_since {
            _ if lag_bytes == 0 => None,
            None => Some(now),
            since => since,
        };
        let lag = shipping
            .behind_since
            .map_or(Duration::ZERO, |since| now.since(since));
        self.metrics.archive_lag_bytes.set(lag_bytes.cast_signed());
        self.metrics.archive_lag_seconds.set(lag.as_secs_f64());
        self.metrics.archived_lsn.set(archived.get().cast_signed());
    }
}

/// Publishes a position, unless one beyond it was published before.
fn raise(publish: &watch::Sender<Lsn>, lsn: Lsn) {
    publish.send_if_modified(|published| {
        let is_ahead = lsn > *published;
        *published = lsn.max(*published);
        is_ahead
    });
}

fn name(shipping: &Shipping, segment: &SegmentStatus, partial: Option<Lsn>) -> SegmentName {
    SegmentName {
        timeline: segment.timeline,
        segment: segment.number,
        epoch: shipping.begun.writer.epoch,
        partial,
    }
}

/// Tells whether shipping on would be wrong, rather than in vain for now.
const fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::Fenced { .. }
            | Error::Conflict { .. }
            | Error::WrongCluster { .. }
            | Error::ConditionalPut { .. }
            | Error::UnsupportedFormat { .. }
    )
}

const TICK_MAX: Duration = Duration::from_millis(500);
