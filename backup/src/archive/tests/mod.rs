//! An archiver over a log alone: what is shipped, when, and what it holds.

mod refusing;

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use platform::{OsEntropy, RealDisk, SimClock, SimEntropy, UnixNanos};
use schema::Lsn;
use seal::{ClusterId, FileKind, Keyring, MasterKey};
use wal::{Binding, Log, Start};

use self::refusing::Refusing;
use super::{ArchiveEnvironment, Archiver};
use crate::layout::{Folder, SegmentName};
use crate::{Error, Location, Metrics, Repository, Settings};

struct Fixture {
    dir: tempfile::TempDir,
    environment: ArchiveEnvironment,
    repository: Repository,
}

impl Fixture {
    fn new() -> Self {
        Self::over(quick())
    }

    fn over(settings: Settings) -> Self {
        Self::in_store(Arc::new(InMemory::new()), settings)
    }

    fn in_store(store: Arc<dyn ObjectStore>, settings: Settings) -> Self {
        let (dir, entropy) = (tempfile::tempdir().unwrap(), SimEntropy::new(1));
        let (master, cluster) = (MasterKey::generate(&entropy), ClusterId::generate(&entropy));
        let path = dir.path().join("keyring");
        let keyring = Keyring::create(&RealDisk, &path, &master, cluster, &entropy).unwrap();
        let location = Location::of_store(store, Path::from("p"));
        Self {
            dir,
            environment: ArchiveEnvironment {
                disk: Arc::new(RealDisk),
                clock: Arc::new(SimClock::new(UnixNanos(1_000))),
                keyring: Arc::new(keyring),
            },
            repository: Repository::new(location, settings, Arc::new(entropy)),
        }
    }

    fn log(&self) -> Arc<Log> {
        let environment = wal::Environment {
            disk: Arc::clone(&self.environment.disk),
            clock: Arc::clone(&self.environment.clock),
            // Random, so that a log that is opened again has other salts.
            entropy: Arc::new(OsEntropy),
            keyring: Arc::clone(&self.environment.keyring),
            dir: self.dir.path().join("wal"),
            kind: FileKind::LogSegment,
        };
        let settings = wal::Settings {
            segment_bytes: 64 << 10,
            spare_segments: 1,
            ..wal::Settings::default()
        };
        let start = Start::at(Lsn::ZERO);
        let (log, _) = Log::open(environment, settings, start, &mut |_| Ok(())).unwrap();
        Arc::new(log)
    }

    fn archiver(&self, log: &Arc<Log>) -> Archiver {
        let source = Arc::clone(log);
        let (environment, repository) = (self.environment.clone(), self.repository.clone());
        Archiver::start(
            source,
            environment,
            repository,
            Arc::new(Metrics::default()),
        )
    }

    async fn names(&self) -> Vec<SegmentName> {
        let listed = self.repository.list(Folder::Wal).await.unwrap();
        listed
            .iter()
            .map(|l| SegmentName::parse(&l.object).unwrap())
            .collect()
    }
}

/// Settings under which nothing waits long.
fn quick() -> Settings {
    Settings {
        archive_interval_ms: 10,
        backoff_ms: 1,
        backoff_ms_max: 5,
        ..Settings::default()
    }
}

async fn write(log: &Log, payload: &[u8]) {
    let prepared = log.prepare(Binding([7; 32]), payload).unwrap();
    log.submit(prepared).unwrap().await.unwrap();
}

async fn rotate(log: &Arc<Log>) {
    let log = Arc::clone(log);
    let rotate = move || {
        log.wait_for_spares();
        log.rotate()
    };
    tokio::task::spawn_blocking(rotate).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_durable_beginning_and_then_the_whole_segment_are_stored() {
    let fixture = Fixture::new();
    let log = fixture.log();
    let archiver = fixture.archiver(&log);
    write(&log, b"first").await;
    let durable = log.durable_lsn();
    archiver.archive().wait_for(durable).await.unwrap();
    assert!(
        fixture
            .names()
            .await
            .iter()
            .any(|name| name.partial >= Some(durable))
    );
    rotate(&log).await;
    write(&log, b"second").await;
    archiver
        .archive()
        .wait_for(log.durable_lsn())
        .await
        .unwrap();
    archiver.stop().await.unwrap();
    let names = fixture.names().await;
    let first = log.segments()[0].number;
    let of_first: Vec<_> = names.iter().filter(|name| name.segment == first).collect();
    assert_eq!(of_first.len(), 1, "its beginnings are gone: {names:?}");
    assert_eq!(of_first[0].partial, None);
    log.close().unwrap();
}

#[tokio::test]
async fn the_log_is_held_until_it_is_stored() {
    let fixture = Fixture::new();
    let log = fixture.log();
    let archiver = fixture.archiver(&log);
    assert_eq!(log.holds(), [("archive".to_owned(), Lsn::ZERO)]);
    write(&log, b"first").await;
    rotate(&log).await;
    let sealed = log.segments()[0].end_lsn;
    write(&log, b"second").await;
    let archive = archiver.archive();
    archive.wait_for(log.durable_lsn()).await.unwrap();
    assert_eq!(log.release_before(sealed).unwrap(), 1);
    archiver.stop().await.unwrap();
    assert!(log.holds().is_empty());
    log.close().unwrap();
}

#[tokio::test]
async fn a_segment_is_held_while_only_its_beginning_is_stored() {
    let fixture = Fixture::new();
    let log = fixture.log();
    let archiver = fixture.archiver(&log);
    write(&log, b"first").await;
    let archive = archiver.archive();
    archive.wait_for(log.durable_lsn()).await.unwrap();
    // Closing the segment now would let a flush release it before it is shipped whole.
    assert_eq!(log.holds(), [("archive".to_owned(), Lsn::ZERO)]);
    archiver.stop().await.unwrap();
    log.close().unwrap();
}

/// Every start of a log leaves a segment behind; here two of them without groups, one after the other.
#[tokio::test]
async fn segments_without_groups_are_held_until_they_are_stored() {
    let store = Refusing::new(Arc::new(InMemory::new()));
    let fixture = Fixture::in_store(Arc::clone(&store) as _, quick());
    let log = fixture.log();
    let archiver = fixture.archiver(&log);
    write(&log, b"first").await;
    rotate(&log).await;
    archiver.stop().await.unwrap();
    let (first, sealed) = (log.segments()[0].number, log.segments()[0].end_lsn);
    log.close().unwrap();
    drop(log);
    fixture.log().close().unwrap();
    let log = fixture.log();
    assert_eq!(log.segments().len(), 4);

    store.refuse("/wal/");
    let archiver = fixture.archiver(&log);
    archiver.archive().wait_for(sealed).await.unwrap();
    log.release_before(sealed).unwrap();
    let kept: Vec<_> = log.segments().iter().map(|s| s.number).collect();
    assert_eq!(kept, [first, first + 1, first + 2, first + 3]);
    store.heal();
    write(&log, b"second").await;
    archiver
        .archive()
        .wait_for(log.durable_lsn())
        .await
        .unwrap();
    assert_eq!(log.release_before(sealed).unwrap(), 3);
    archiver.stop().await.unwrap();
    let mut stored: Vec<_> = fixture.names().await.iter().map(|n| n.segment).collect();
    stored.dedup();
    assert_eq!(stored, kept);
    log.close().unwrap();
}

#[tokio::test]
async fn a_restarted_archiver_goes_on_where_the_first_ended() {
    let fixture = Fixture::new();
    let log = fixture.log();
    let archiver = fixture.archiver(&log);
    write(&log, b"first").await;
    rotate(&log).await;
    archiver
        .archive()
        .wait_for(log.durable_lsn())
        .await
        .unwrap();
    archiver.stop().await.unwrap();
    let before = fixture.names().await;
    let archiver = fixture.archiver(&log);
    archiver
        .archive()
        .wait_for(log.segments()[0].end_lsn)
        .await
        .unwrap();
    archiver.stop().await.unwrap();
    let whole = |names: &[SegmentName]| names.iter().filter(|n| n.partial.is_none()).count();
    assert_eq!(whole(&fixture.names().await), whole(&before));
    log.close().unwrap();
}

#[tokio::test]
async fn a_writer_that_was_replaced_stops_and_tells_nobody_that_it_archived() {
    let fixture = Fixture::new();
    let log = fixture.log();
    let first = fixture.archiver(&log);
    write(&log, b"first").await;
    first.archive().wait_for(log.durable_lsn()).await.unwrap();
    let second = fixture.archiver(&log);
    second.archive().wait_for(log.durable_lsn()).await.unwrap();
    let archived = first.archive().lsn();
    write(&log, b"second").await;
    let refused = first.archive().wait_for(log.durable_lsn()).await;
    assert!(matches!(refused, Err(Error::ArchiverStopped { .. })));
    assert_eq!(first.archive().lsn(), archived);
    assert!(matches!(first.stop().await, Err(Error::Fenced { .. })));
    second.archive().wait_for(log.durable_lsn()).await.unwrap();
    second.stop().await.unwrap();
    log.close().unwrap();
}

/// What an archiver that has ended did not ship is nowhere else.
#[tokio::test]
async fn the_log_is_held_on_after_the_archiver_has_ended() {
    let fixture = Fixture::new();
    let log = fixture.log();
    let first = fixture.archiver(&log);
    write(&log, b"first").await;
    first.archive().wait_for(log.durable_lsn()).await.unwrap();
    let second = fixture.archiver(&log);
    second.archive().wait_for(log.durable_lsn()).await.unwrap();
    second.stop().await.unwrap();
    write(&log, b"second").await;
    let refused = first.archive().wait_for(log.durable_lsn()).await;
    assert!(matches!(refused, Err(Error::ArchiverStopped { .. })));
    rotate(&log).await;
    let hold = first.hold();
    assert!(matches!(first.stop().await, Err(Error::Fenced { .. })));
    assert_eq!(log.release_before(Lsn::MAX).unwrap(), 0);
    drop(hold);
    assert_eq!(log.release_before(Lsn::MAX).unwrap(), 1);
    log.close().unwrap();
}

#[tokio::test]
async fn a_large_open_segment_is_closed_rather_than_sent_again() {
    let fixture = Fixture::over(Settings {
        archive_interval_ms: 10,
        partial_bytes_max: 8_192,
        ..Settings::default()
    });
    let log = fixture.log();
    assert!(log.wait_for_spares());
    let archiver = fixture.archiver(&log);
    write(&log, &[7; 16_384]).await;
    archiver
        .archive()
        .wait_for(log.durable_lsn())
        .await
        .unwrap();
    archiver.stop().await.unwrap();
    let sealed = log
        .segments()
        .iter()
        .filter(|segment| segment.is_sealed)
        .count();
    assert_eq!(sealed, 1);
    assert!(
        fixture
            .names()
            .await
            .iter()
            .all(|name| name.partial.is_none())
    );
    log.close().unwrap();
}
