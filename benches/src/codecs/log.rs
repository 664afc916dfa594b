//! The log: how many payloads a second become durable, and how long each waits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use platform::{Clock, OsEntropy, RealClock, RealDisk};
use seal::{FileKind, Keyring};
use serde::Serialize;
use wal::{Binding, Environment, Kind, Log, Lsn, Settings, Start};

use crate::failure::{Failure, Outcome};
use crate::ingest::number;
use crate::latency::Latency;

/// How the log is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    /// Threads that each wait for their payload before they give the next.
    pub(super) threads: usize,
    /// Bytes of a payload.
    pub(super) payload_bytes: usize,
    /// Payloads of each thread.
    pub(super) commits: usize,
}

/// One writer alone, several small ones, and what an ingest of large batches does.
pub(super) const CASES: [Case; 4] = [
    Case {
        threads: 1,
        payload_bytes: 16 << 10,
        commits: 500,
    },
    Case {
        threads: 16,
        payload_bytes: 16 << 10,
        commits: 500,
    },
    Case {
        threads: 8,
        payload_bytes: 640 << 10,
        commits: 100,
    },
    Case {
        threads: 32,
        payload_bytes: 640 << 10,
        commits: 25,
    },
];

/// What the log did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LogFigures {
    /// Threads at once.
    pub(crate) threads: usize,
    /// Bytes of a payload.
    pub(crate) payload_bytes: usize,
    /// Payloads made durable a second, over all threads.
    pub(crate) commits_per_s: f64,
    /// Bytes of payload made durable a second.
    pub(crate) bytes_per_s: f64,
    /// From before a payload was sealed until it was durable.
    pub(crate) latency: Latency,
}

/// Uses a new log as a case says.
///
/// # Errors
/// When the disk refuses.
pub(super) fn measure(dir: &Path, keyring: &Arc<Keyring>, case: &Case) -> Outcome<LogFigures> {
    let name = format!("log-{}-{}", case.threads, case.payload_bytes);
    let environment = Environment {
        disk: Arc::new(RealDisk),
        clock: Arc::new(RealClock),
        entropy: Arc::new(OsEntropy),
        keyring: Arc::clone(keyring),
        dir: dir.join(name),
        kind: FileKind::LogSegment,
    };
    let opened = Log::open(
        environment,
        Settings::default(),
        Start::at(Lsn::ZERO),
        &mut |_| Ok(()),
    );
    let (log, _) = opened.map_err(failed)?;
    log.wait_for_spares();
    let started = RealClock.monotonic();
    let durations = commit_all(&log, case)?;
    let seconds = RealClock.monotonic().since(started).as_secs_f64();
    log.close().map_err(failed)?;
    let commits = number(durations.len() as u64);
    Ok(LogFigures {
        threads: case.threads,
        payload_bytes: case.payload_bytes,
        commits_per_s: commits / seconds,
        bytes_per_s: commits * number(case.payload_bytes as u64) / seconds,
        latency: Latency::of(durations),
    })
}

fn commit_all(log: &Log, case: &Case) -> Outcome<Vec<Duration>> {
    let payload = vec![0xA5; case.payload_bytes];
    std::thread::scope(|scope| {
        let commit = || {
            (0..case.commits)
                .map(|_| commit_one(log, &payload))
                .collect()
        };
        let threads: Vec<_> = (0..case.threads).map(|_| scope.spawn(commit)).collect();
        let mut durations = Vec::new();
        for thread in threads {
            let defect = |_| Failure::new("the log panicked", "please report this defect");
            let of_thread: Outcome<Vec<Duration>> = thread.join().map_err(defect)?;
            durations.extend(of_thread?);
        }
        Ok(durations)
    })
}

/// Commits a payload, again and again while a segment is made ready on another thread: that is part of how
/// long it takes.
fn commit_one(log: &Log, payload: &[u8]) -> Outcome<Duration> {
    let started = RealClock.monotonic();
    loop {
        let prepared = log.prepare(Binding([7; 32]), payload).map_err(failed)?;
        let outcome = log.submit(prepared).and_then(|ticket| ticket.wait());
        match outcome {
            Err(error) if error.kind() == Kind::Overloaded => std::thread::yield_now(),
            Err(error) => return Err(failed(error)),
            Ok(_) => return Ok(RealClock.monotonic().since(started)),
        }
    }
}

fn failed(error: wal::Error) -> Failure {
    Failure::new(
        error,
        "look at the disk's room, or choose another place with --data",
    )
}
