//! The one thread that writes: drains the queue, writes a group, syncs it, tells its waiters.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use platform::FailPoint;

use super::SegmentStatus;
use super::queue::{Next, Queued, Waiter};
use super::shared::{Phase, SegmentEntry, Shared, Shortage, State};
use super::writer::Writer;
use crate::Error;

/// The committer and its end of the log.
#[derive(Debug)]
pub(crate) struct Committer {
    shared: Arc<Shared>,
    writer: Writer,
}

/// What the committer was woken for.
enum Work {
    Next(Next),
    /// The log has been idle for as long as its last group may go without a marker.
    Idle,
    Stop,
}

impl Committer {
    pub(crate) const fn new(shared: Arc<Shared>, writer: Writer) -> Self {
        Self { shared, writer }
    }

    /// Runs until the log is closed or poisoned.
    pub(crate) fn run(mut self) {
        // W-3: whatever ends this thread early, a panic too, leaves nobody waiting and nobody acked.
        let _poison = PoisonOnPanic(Arc::clone(&self.shared));
        while self.perform() == Some(Progress::Goes) {}
    }

    /// Does one thing that waits, or ends a log that is closing; returns whether it did and may go on.
    pub(crate) fn perform_ready(&mut self) -> bool {
        let work = self.ready_work(&mut self.shared.state.lock());
        work.is_some_and(|work| self.act(work) == Some(Progress::Goes))
    }

    /// Does one thing; `None` when it failed and the log is poisoned.
    fn perform(&mut self) -> Option<Progress> {
        let work = self.next_work();
        self.act(work)
    }

    fn act(&mut self, work: Work) -> Option<Progress> {
        match work {
            Work::Next(Next::Nothing) => {}
            Work::Next(Next::Group(group)) => self.commit(group)?,
            Work::Next(Next::Full) => self.rotate()?,
            Work::Next(Next::Rotate(waiter)) => {
                let done = self.rotate_if_used();
                tell(done?, waiter);
            }
            Work::Next(Next::Vouch(waiter)) => {
                let done = self.vouch();
                tell(done?, waiter);
            }
            Work::Idle => self.vouch()?,
            Work::Stop => {
                self.stop();
                return Some(Progress::Ends);
            }
        }
        Some(Progress::Goes)
    }

    /// Poisons the log when something failed (W-3). Called while those who wait for it still do,
    /// so that whoever hears that the outcome is unknown finds the log poisoned.
    fn check<T>(&self, done: Result<T, Error>) -> Option<T> {
        done.map_err(|error| self.shared.poison(describe(&error)))
            .ok()
    }

    /// Waits for something to do.
    fn next_work(&self) -> Work {
        let mut state = self.shared.state.lock();
        loop {
            if let Some(work) = self.ready_work(&mut state) {
                return work;
            }
            if self.wait(&mut state) {
                return Work::Idle;
            }
        }
    }

    /// Returns what there is to do without waiting.
    fn ready_work(&self, state: &mut State) -> Option<Work> {
        let settings = &self.shared.settings;
        let used = self.writer.used();
        let next = state
            .queue
            .take(settings.segment_bytes, used, settings.group_bytes_max);
        match next {
            Next::Nothing if state.phase == Phase::Open => None,
            Next::Nothing => Some(Work::Stop),
            next => Some(Work::Next(next)),
        }
    }

    /// Waits to be woken; returns whether a marker is due instead.
    fn wait(&self, state: &mut MutexGuard<'_, State>) -> bool {
        let work = &self.shared.work;
        if !self.writer.owes_marker {
            work.wait(state);
            return false;
        }
        let idle = Duration::from_millis(self.shared.settings.idle_marker_ms);
        work.wait_for(state, idle).timed_out() && state.queue.is_empty()
    }

    /// Puts a group on disk and tells its waiters.
    fn commit(&mut self, mut group: Vec<Queued>) -> Option<()> {
        let bytes = group.iter().map(|queued| queued.body.record_bytes()).sum();
        let written = self.writer.write(&mut group, &self.shared);
        let written = self.check(written)?;
        let mut state = self.shared.state.lock();
        state.end_lsn = written.end;
        state.durable_lsn = written.end;
        state.last_commit_time = written.commit_time;
        state.room = self.writer.room();
        state.queue.done(bytes);
        if let Some(active) = state.segments.back_mut() {
            active.status.extend(written.end);
        }
        state.settle_admission();
        self.shared
            .metrics
            .queue_bytes
            .set(state.queue.bytes().cast_signed());
        drop(state);
        // W-1: nobody hears of a group before its sync has returned.
        for (queued, durable) in group.into_iter().zip(written.durables) {
            // Whoever dropped the ticket does not want to know.
            let _ = queued.waiter.send(durable);
        }
        Some(())
    }

    /// Writes an idle marker, if the last group has nothing behind it.
    fn vouch(&mut self) -> Option<()> {
        if self.writer.owes_marker {
            self.commit(Vec::new())
        } else {
            Some(())
        }
    }

    fn rotate_if_used(&mut self) -> Option<()> {
        if !self.writer.is_unused() {
            self.rotate()?;
        }
        self.shared.state.lock().settle_admission();
        Some(())
    }

    /// Goes on in a new segment.
    fn rotate(&mut self) -> Option<()> {
        let (spare, ordinal) = self.shared.state.lock().begin_rotation();
        let environment = &self.shared.environment;
        let file_bytes = self.shared.settings.segment_bytes;
        let beginning = self.writer.next_beginning(&*environment.clock, file_bytes);
        let next = self.check(Writer::begin(environment, &spare, beginning, ordinal))?;
        environment.disk.pass(FailPoint::WalSegmentBegun);
        let full = std::mem::replace(&mut self.writer, next);
        let full_bytes = full.trim();
        *self.shared.key.write() = Arc::clone(&self.writer.key);
        let mut state = self.shared.state.lock();
        if let Some(last) = state.segments.back_mut() {
            last.status.is_sealed = true;
            last.file_bytes = full_bytes;
        }
        let status = SegmentStatus::begun(&beginning, self.writer.path().clone());
        state
            .segments
            .push_back(SegmentEntry { status, file_bytes });
        state.is_rotating = false;
        state.shortage = Shortage::Pending;
        self.shared
            .metrics
            .segments
            .set(state.segments.len() as i64);
        drop(state);
        self.shared.spares_wanted.notify_all();
        Some(())
    }

    /// Ends in order: everything that was taken is on disk, with a marker behind it.
    fn stop(&mut self) {
        if self.shared.state.lock().phase != Phase::Closing {
            return;
        }
        if self.vouch().is_some() {
            self.shared.state.lock().phase = Phase::Closed;
        }
    }
}

/// Whether there is more to do.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Goes,
    Ends,
}

/// Poisons the log when the thread that holds it panics.
struct PoisonOnPanic(Arc<Shared>);

impl Drop for PoisonOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison("the committer panicked".to_owned());
        }
    }
}

fn tell<T>(done: T, waiter: Waiter<T>) {
    // Whoever gave up waiting does not want to know.
    let _ = waiter.send(done);
}

/// Returns an error with its cause, for those who are told of it later.
fn describe(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
