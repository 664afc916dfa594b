//! The spool over its log.

use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;
use platform::{Clock, Disk, Entropy};
use schema::{CollectorName, Epoch, Lsn, Sequence};
use seal::{FileKind, Keyring};
use tokio::sync::{Notify, RwLock};
use tracing::{info, warn};
use wal::{Binding, Log, Reader, Start};
use wire::v1::{Batch, Table};
use wire::{BatchFrame, Limits};

use super::ledger::{BatchId, Entry, Ledger, Next, State};
use super::record::SpoolRecord;
use crate::Error;
use crate::counters::SpoolCounters;
use crate::instance::{Backoff, Level, Outlet};

/// What a spool works with.
#[derive(Debug, Clone)]
pub(crate) struct SpoolSettings {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) dir: PathBuf,
    pub(crate) collector: CollectorName,
    /// The most bytes on disk.
    pub(crate) bytes_max: u64,
    /// The most bytes of frames in memory.
    pub(crate) cache_bytes_max: u64,
}

/// Batches on disk until the server has them.
#[derive(Debug)]
pub(crate) struct Spool {
    settings: SpoolSettings,
    /// Written to under a read lock, opened anew under the write lock.
    log: RwLock<Arc<Log>>,
    ledger: Mutex<Ledger>,
    epoch: Epoch,
    last_sequence: AtomicU64,
    counters: SpoolCounters,
    arrived: Notify,
    /// Batches whose write had no answer and that opening the log again found; their writers ask.
    found: Mutex<HashSet<BatchId>>,
    reopened: Notify,
}

impl Spool {
    /// Opens the spool of a state directory; blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Log`] when it is damaged, [`Error::Wire`] when it holds what is no batch.
    pub(crate) fn open(settings: SpoolSettings) -> Result<Self, Error> {
        let mut ledger = Ledger::default();
        let mut newest = Epoch(0);
        let log = open_log(
            &settings,
            Lsn::ZERO,
            &mut |position, taken, record| match record {
                SpoolRecord::Done(before) => ledger.done_before(before),
                SpoolRecord::Batch(frame) => {
                    let entry = entry(*frame, taken);
                    newest = newest.max(entry.id.epoch);
                    ledger.add(position, entry, settings.cache_bytes_max);
                }
            },
        )?;
        ledger.release();
        // Larger than any before, even where the clock went back.
        let now = u64::try_from(settings.clock.now().0).unwrap_or(0);
        let epoch = Epoch(now.max(newest.0 + 1));
        if ledger.batches() > 0 {
            info!(
                batches = ledger.batches(),
                bytes = ledger.bytes(),
                "batches of an earlier run remain"
            );
        }
        Ok(Self {
            settings,
            log: RwLock::new(Arc::new(log)),
            ledger: Mutex::new(ledger),
            epoch,
            last_sequence: AtomicU64::new(0),
            counters: SpoolCounters::default(),
            arrived: Notify::new(),
            found: Mutex::default(),
            reopened: Notify::new(),
        })
    }

    /// Returns the epoch of this run.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns the oldest batch that waits, and marks it as under way.
    ///
    /// # Errors
    /// [`Error::Log`] when its frame must be read from disk and cannot.
    pub(crate) async fn next(&self) -> Result<Option<(BatchId, Arc<BatchFrame>)>, Error> {
        loop {
            let next = self.ledger.lock().next();
            match next {
                Next::Nothing => return Ok(None),
                Next::Batch(id, frame) => return Ok(Some((id, frame))),
                Next::OnDisk => self.read_frames().await?,
            }
        }
    }

    /// Waits until a batch arrives or one under way comes back.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    /// Notes that the server has a batch on its disk, at this position.
    pub(crate) async fn acknowledged(&self, id: BatchId, at: Lsn, waits_for_archive: bool) {
        self.counters.sent.fetch_add(1, Relaxed);
        let state = if waits_for_archive {
            State::Durable(at)
        } else {
            State::Done
        };
        self.ledger.lock().set(id, state);
        self.release().await;
    }

    /// Notes that the server has archived everything before this position.
    pub(crate) async fn archived(&self, before: Lsn) {
        self.ledger.lock().archived(before);
        self.release().await;
    }

    /// Drops a batch that the server will never take.
    pub(crate) async fn refused(&self, id: BatchId) {
        self.counters.refused.fetch_add(1, Relaxed);
        self.ledger.lock().set(id, State::Done);
        self.release().await;
    }

    /// Lets a batch wait again.
    pub(crate) fn returned(&self, id: BatchId) {
        self.ledger.lock().set(id, State::Waiting);
        self.arrived.notify_one();
    }

    /// Lets everything that is not done wait again, for a new connection.
    pub(crate) fn send_again(&self) {
        self.ledger.lock().send_again();
    }

    /// Returns when the oldest batch was taken.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.ledger.lock().oldest()
    }

    /// Notes what is done and closes the log.
    ///
    /// # Errors
    /// [`Error::Log`] when the disk failed; what was put before is then decided at the next start.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        let log = self.log.write().await;
        let first = self.ledger.lock().release();
        let before = first.unwrap_or_else(|| log.end_lsn());
        let prepared = log.prepare(Binding([0; 32]), SpoolRecord::done(before))?;
        // Without room for the note, batches are sent twice at worst, and stored once.
        if let Ok(ticket) = log.submit(prepared) {
            ticket.await.ok();
        }
        let log = Arc::clone(&log);
        blocking(move || log.close()).await??;
        Ok(())
    }

    async fn put_batch(&self, tables: Vec<Table>) -> Result<(), Error> {
        let sequence = Sequence(self.last_sequence.fetch_add(1, Relaxed) + 1);
        let id = BatchId {
            epoch: self.epoch,
            sequence,
        };
        let batch = Batch {
            collector: self.settings.collector.as_str().to_owned(),
            epoch: id.epoch.0,
            sequence: id.sequence.0,
            tables,
        };
        let frame = blocking(move || BatchFrame::encode(&batch, &Limits::default())).await??;
        let frame = Arc::new(frame);
        let mut outcome = self.write(id, &frame).await;
        if let Err(Error::Log(wal::Error::Poisoned { .. } | wal::Error::Closed)) = outcome {
            // Nothing was taken, for certain, and nothing will be until the log is opened again.
            self.reopen().await?;
            outcome = self.write(id, &frame).await;
        }
        if let Err(Error::Log(wal::Error::Unknown)) = outcome {
            outcome = self.decide(id).await;
        }
        self.arrived.notify_one();
        outcome
    }

    /// Finds out whether a batch is on disk, which only opening the log again tells.
    ///
    /// Waits for as long as it cannot be opened: who asks would put the same counts once more, and
    /// counting them twice would be as wrong as losing them.
    async fn decide(&self, id: BatchId) -> Result<(), Error> {
        let mut backoff = Backoff::default();
        while let Err(error) = self.reopen().await {
            let wait = backoff.fail(self.random());
            warn!(%error, "the spool cannot be opened again, a batch waits for its outcome");
            tokio::select! {
                () = self.reopened.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        match self.found.lock().remove(&id) {
            true => Ok(()),
            false => Err(Error::Log(wal::Error::Unknown)),
        }
    }

    /// Writes a frame, dropping the oldest batches where it would not fit.
    async fn write(&self, id: BatchId, frame: &Arc<BatchFrame>) -> Result<(), Error> {
        let bytes = frame.bytes().len() as u64;
        let room = self
            .settings
            .bytes_max
            .saturating_sub(3 * segment_bytes(self.settings.bytes_max));
        let excess = (self.ledger.lock().bytes() + bytes).saturating_sub(room);
        if excess > 0 {
            self.make_room(excess).await;
        }
        for _ in 0..ATTEMPTS_MAX {
            match self.write_once(id, frame).await {
                Err(Error::Log(wal::Error::Overloaded {
                    limit: "log_bytes_max",
                })) => {
                    self.make_room(segment_bytes(self.settings.bytes_max)).await;
                }
                // The next segment is being made ready.
                Err(Error::Log(wal::Error::Overloaded { .. })) => self.wait_for_spares().await,
                other => return other,
            }
        }
        Err(Error::Log(wal::Error::Overloaded {
            limit: "log_bytes_max",
        }))
    }

    async fn write_once(&self, id: BatchId, frame: &Arc<BatchFrame>) -> Result<(), Error> {
        let log = self.log.read().await;
        let (writer, payload) = (Arc::clone(&log), Arc::clone(frame));
        let prepared = blocking(move || writer.prepare(binding(id), payload.bytes())).await??;
        let durable = log.submit(prepared)?.await?;
        let entry = Entry {
            id,
            bytes: frame.bytes().len() as u64,
            taken: durable.commit_time.nanos(),
            frame: Some(Arc::clone(frame)),
            state: State::Waiting,
        };
        self.ledger
            .lock()
            .add(durable.lsn, entry, self.settings.cache_bytes_max);
        Ok(())
    }

    async fn make_room(&self, bytes: u64) {
        let dropped = self.ledger.lock().drop_oldest(bytes);
        if dropped > 0 {
            self.counters.dropped.fetch_add(dropped, Relaxed);
            warn!(dropped, "the spool is full: the oldest batches are dropped");
        }
        self.release().await;
        self.wait_for_spares().await;
    }

    async fn wait_for_spares(&self) {
        let log = Arc::clone(&*self.log.read().await);
        blocking(move || log.wait_for_spares()).await.ok();
    }

    /// Removes the segments that hold nothing but what is done.
    async fn release(&self) {
        let log = Arc::clone(&*self.log.read().await);
        let first = self.ledger.lock().release();
        let before = first.unwrap_or_else(|| log.end_lsn());
        let segments = log.segments();
        let is_due = segments
            .first()
            .is_some_and(|oldest| oldest.is_sealed && oldest.end_lsn <= before);
        if is_due && let Ok(Err(error)) = blocking(move || log.release_before(before)).await {
            warn!(%error, "the spool could not remove a segment");
        }
    }

    /// Reads frames that lie on disk only, as many as there is room for.
    async fn read_frames(&self) -> Result<(), Error> {
        // Kept until all is read: only the log in use heeds its readers when it removes segments.
        let log = self.log.read().await;
        let (reader, positions) = {
            let mut ledger = self.ledger.lock();
            let positions = ledger.absent_frames(self.settings.cache_bytes_max);
            let Some(first) = positions.first() else {
                return Ok(());
            };
            // Under the ledger's lock, so that nothing is released before the reader holds it.
            (log.reader(READER, *first), positions)
        };
        let frames = blocking(move || frames_at(reader, &positions)).await??;
        let mut ledger = self.ledger.lock();
        for (position, frame) in frames {
            ledger.cache(position, frame);
        }
        Ok(())
    }

    /// Closes the log and opens it again, which decides what became of writes without an answer.
    async fn reopen(&self) -> Result<(), Error> {
        let mut log = self.log.write().await;
        let (old, settings) = (Arc::clone(&log), self.settings.clone());
        let (from, epoch) = (self.ledger.lock().first_position(), self.epoch);
        let from = from.unwrap_or_else(|| old.durable_lsn());
        let (opened, entries) = blocking(move || {
            // A poisoned log says so once more; what counts is what the new one finds.
            old.close().ok();
            let mut entries = Vec::new();
            let opened = open_log(&settings, from, &mut |position, taken, record| {
                if let SpoolRecord::Batch(frame) = record {
                    // Without its frame, which is read when its turn comes.
                    let mut entry = entry(*frame, taken);
                    entry.frame = None;
                    entries.push((position, entry));
                }
            });
            opened.map(|log| (log, entries))
        })
        .await??;
        let mut ledger = self.ledger.lock();
        for (position, entry) in entries {
            if entry.id.epoch == epoch && !ledger.contains_position(position) {
                self.found.lock().insert(entry.id);
                ledger.add(position, entry, self.settings.cache_bytes_max);
            }
        }
        drop(ledger);
        *log = Arc::new(opened);
        self.reopened.notify_one();
        Ok(())
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        self.settings.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl Outlet for Spool {
    fn put(
        &self,
        tables: Vec<Table>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> {
        Box::pin(self.put_batch(tables))
    }

    fn level(&self) -> Level {
        let ledger = self.ledger.lock();
        Level {
            bytes: ledger.bytes(),
            batches: ledger.batches(),
        }
    }

    fn counters(&self) -> &SpoolCounters {
        &self.counters
    }

    fn batch_bytes_max(&self) -> u64 {
        // A margin for the frame around rows and the log's record around the frame.
        segment_bytes(self.settings.bytes_max) * 7 / 8
    }
}

/// Takes what a replayed log holds: position, time, record.
type Visit<'a> = dyn FnMut(Lsn, i64, SpoolRecord) + 'a;

fn open_log(settings: &SpoolSettings, from: Lsn, visit: &mut Visit<'_>) -> Result<Log, Error> {
    let environment = wal::Environment {
        disk: Arc::clone(&settings.disk),
        clock: Arc::clone(&settings.clock),
        entropy: Arc::clone(&settings.entropy),
        keyring: Arc::clone(&settings.keyring),
        dir: settings.dir.clone(),
        kind: FileKind::Spool,
    };
    let log_settings = wal::Settings {
        segment_bytes: segment_bytes(settings.bytes_max),
        ..wal::Settings::spool(settings.bytes_max)
    };
    let limits = Limits::default();
    let (log, report) = Log::open(environment, log_settings, Start::at(from), &mut |record| {
        let read = SpoolRecord::read(&record.payload, &limits)?;
        visit(record.lsn, record.commit_time.nanos(), read);
        Ok(())
    })?;
    tracing::debug!(?report, "spool opened");
    if let Some(torn) = report.torn {
        warn!(%torn, "the spool ends before what is not whole: a crash left it, or it is damaged");
    }
    Ok(log)
}

/// Reads the frames at these positions, which rise.
fn frames_at(mut reader: Reader, positions: &[Lsn]) -> Result<Vec<(Lsn, BatchFrame)>, Error> {
    let limits = Limits::default();
    let mut frames = Vec::with_capacity(positions.len());
    for position in positions.iter().copied() {
        let record = loop {
            match reader.next_record()? {
                Some(record) if record.lsn < position => {}
                other => break other.filter(|record| record.lsn == position),
            }
        };
        let reason = "it lacks a batch that waits";
        let record = record.ok_or(wal::Error::Start { reason })?;
        if let SpoolRecord::Batch(frame) = SpoolRecord::read(&record.payload, &limits)? {
            frames.push((position, *frame));
        }
    }
    Ok(frames)
}

fn entry(frame: BatchFrame, taken: i64) -> Entry {
    let view = frame.view();
    let id = BatchId {
        epoch: Epoch(view.epoch()),
        sequence: Sequence(view.sequence()),
    };
    let bytes = frame.bytes().len() as u64;
    Entry {
        id,
        bytes,
        taken,
        frame: Some(Arc::new(frame)),
        state: State::Waiting,
    }
}

fn binding(id: BatchId) -> Binding {
    let mut bytes = [0; 32];
    let numbers = [id.epoch.0.to_le_bytes(), id.sequence.0.to_le_bytes()].concat();
    for (byte, number) in bytes.iter_mut().zip(numbers) {
        *byte = number;
    }
    Binding(bytes)
}

/// Returns the length of a segment: a sixteenth of the whole, within bounds.
fn segment_bytes(bytes_max: u64) -> u64 {
    (bytes_max / 16).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX) / 4_096 * 4_096
}

/// Runs what blocks on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Stopping)
}

/// What the log's holds call whoever sends.
const READER: &str = "sender";
const SEGMENT_BYTES_MIN: u64 = 1 << 20;
const SEGMENT_BYTES_MAX: u64 = 8 << 20;
const ATTEMPTS_MAX: u32 = 8;
