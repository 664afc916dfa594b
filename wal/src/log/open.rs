//! Opens a log: recovery, then a first segment of its own, then the threads.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex, RwLock};
use platform::durable;
use schema::Timestamp;

use super::admission::{Admission, Room};
use super::committer::Committer;
use super::hands::{Drive, Hands};
use super::holds::Holds;
use super::queue::Queue;
use super::shared::{Phase, SegmentEntry, Shared, Shortage, State};
use super::spares::Maker;
use super::writer::Writer;
use super::{Log, SegmentStatus};
use crate::metrics::Metrics;
use crate::recovery::{self, Apply, Findings, LastGroup, Reading};
use crate::segment::Beginning;
use crate::{Environment, Error, RecoveryReport, Settings, Start};

/// Recovers the log in a directory and begins a new segment.
pub(crate) fn open(
    environment: Environment,
    settings: Settings,
    start: Start,
    replay: Apply<'_>,
    drive: Drive,
) -> Result<(Log, RecoveryReport), Error> {
    settings.check()?;
    let dir = &environment.dir;
    durable::create_dir_all(&*environment.disk, dir).map_err(|source| Error::Io {
        path: dir.clone(),
        source,
    })?;
    let reading = match drive {
        Drive::Threads => Reading::Ahead,
        Drive::ByHand => Reading::InStep,
    };
    let findings = recovery::examine(&environment, start, LastGroup::Secure, reading, replay)?;
    let mut settled = recovery::settle(&environment, &findings, settings.segment_bytes)?;
    let mut ready = VecDeque::from(std::mem::take(&mut settled.spares));
    let mut maker = Maker::new(findings.next_spare_number());
    let spare = first_spare(&environment, &settings, &mut ready, &mut maker)?;
    let beginning = beginning(&environment, &settings, &findings);
    let writer = Writer::begin(&environment, &spare, beginning, 0)?;
    recovery::remove_abandoned(&environment, &findings.abandoned, &mut settled.removed)?;
    let report = findings.report(settled.removed);
    let segments = entries(&findings, &writer, &beginning, &settings);
    let shared = share(environment, settings, &writer, beginning, segments, ready);
    let committer = Committer::new(Arc::clone(&shared), writer);
    let mut log = Log {
        shared,
        threads: Mutex::new(Vec::new()),
        hands: None,
    };
    match drive {
        Drive::Threads => run(&log, committer, maker)?,
        Drive::ByHand => {
            let hands = Hands::new(Arc::clone(&log.shared), committer, maker);
            log.hands = Some(Mutex::new(hands));
        }
    }
    Ok((log, report))
}

/// Returns a spare for the first segment, making one when none was left.
fn first_spare(
    environment: &Environment,
    settings: &Settings,
    ready: &mut VecDeque<PathBuf>,
    maker: &mut Maker,
) -> Result<PathBuf, Error> {
    if let Some(spare) = ready.pop_front() {
        return Ok(spare);
    }
    let dir = &environment.dir;
    let made = maker.make_file(environment, settings.segment_bytes);
    made.map_err(|source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::DiskFull { dir: dir.clone() }
        }
        _ => Error::Io {
            path: dir.clone(),
            source,
        },
    })
}

fn beginning(environment: &Environment, settings: &Settings, findings: &Findings) -> Beginning {
    let now = Timestamp::from_nanos(environment.clock.now().0);
    Beginning {
        number: findings.next_number(),
        timeline: findings.timeline,
        base_lsn: findings.end.lsn,
        previous: findings.end.segment,
        chain: findings.end.chain,
        created: findings.end.commit_time.max(now),
        file_bytes: settings.segment_bytes,
    }
}

/// Returns the recovered segments and the new one.
fn entries(
    findings: &Findings,
    writer: &Writer,
    beginning: &Beginning,
    settings: &Settings,
) -> VecDeque<SegmentEntry> {
    let ends = findings
        .segments
        .iter()
        .skip(1)
        .map(|next| next.header.base_lsn);
    let ends = ends.chain([findings.end.lsn]);
    let recovered = findings.segments.iter().zip(ends).map(|(segment, end)| {
        let status = SegmentStatus::recovered(&segment.header, segment.path.clone(), end);
        let file_bytes = status.durable_bytes;
        SegmentEntry { status, file_bytes }
    });
    let begun = SegmentEntry {
        status: SegmentStatus::begun(beginning, writer.path().clone()),
        file_bytes: settings.segment_bytes,
    };
    recovered.chain([begun]).collect()
}

fn share(
    environment: Environment,
    settings: Settings,
    writer: &Writer,
    beginning: Beginning,
    segments: VecDeque<SegmentEntry>,
    spares: VecDeque<PathBuf>,
) -> Arc<Shared> {
    let metrics = Metrics::new();
    metrics.segments.set(segments.len() as i64);
    metrics.spares.set(spares.len() as i64);
    let room = Room::at_start_of(0);
    let state = State {
        phase: Phase::Open,
        queue: Queue::default(),
        admission: Admission::new(settings.segment_bytes, room),
        segments,
        room,
        is_rotating: false,
        spares,
        shortage: Shortage::Pending,
        durable_lsn: beginning.base_lsn,
        end_lsn: beginning.base_lsn,
        last_commit_time: beginning.created,
        holds: Holds::default(),
    };
    Arc::new(Shared {
        environment,
        settings,
        metrics,
        key: RwLock::new(Arc::clone(&writer.key)),
        state: Mutex::new(state),
        work: Condvar::new(),
        spares_wanted: Condvar::new(),
        spares_changed: Condvar::new(),
        release: Mutex::new(()),
    })
}

/// Starts the threads; [`Log::close`] joins them.
fn run(log: &Log, committer: Committer, maker: Maker) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: log.shared.environment.dir.clone(),
        source,
    };
    let shared = Arc::clone(&log.shared);
    let mut threads = log.threads.lock();
    let thread = thread::Builder::new().name("wal-committer".to_owned());
    threads.push(thread.spawn(move || committer.run()).map_err(failed)?);
    let thread = thread::Builder::new().name("wal-spares".to_owned());
    threads.push(thread.spawn(move || maker.run(&shared)).map_err(failed)?);
    Ok(())
}
