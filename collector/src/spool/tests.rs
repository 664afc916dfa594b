//! The spool over a simulated disk: restarts, power cuts, fullness, answers out of order.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use platform::{
    Disk, Entropy, Fault, Operation, RealDisk, Rule, SimClock, SimDisk, SimEntropy, UnixNanos,
};
use schema::{CollectorName, ColumnDefinition, Epoch, FieldType, Lsn, Sequence};
use wire::v1::{Batch, Table};
use wire::{BatchFrame, Limits, TableBuilder};

use super::ledger::{Entry, Ledger, Next, State};
use super::{BatchId, Spool, SpoolSettings, open_keyring};
use crate::Error;
use crate::instance::Outlet as _;

const MIB: u64 = 1 << 20;

fn settings(disk: Arc<dyn Disk>, seed: u64) -> SpoolSettings {
    let entropy: Arc<dyn Entropy> = Arc::new(SimEntropy::new(seed));
    let keyring = open_keyring(&*disk, &*entropy, &PathBuf::from("/state")).unwrap();
    SpoolSettings {
        disk,
        clock: Arc::new(SimClock::new(UnixNanos(1_000_000_000_000))),
        entropy,
        keyring: Arc::new(keyring),
        dir: "/state/spool".into(),
        collector: CollectorName::new("c").unwrap(),
        bytes_max: 16 * MIB,
        cache_bytes_max: 4 * MIB,
    }
}

/// Opens off the runtime's threads, as [`crate::run()`] does.
async fn open(settings: &SpoolSettings) -> Spool {
    let settings = settings.clone();
    tokio::task::spawn_blocking(move || Spool::open(settings))
        .await
        .unwrap()
        .unwrap()
}

/// A table whose frame has about this many bytes.
fn table(bytes: usize) -> Vec<Table> {
    let mut table = TableBuilder::new("t");
    table.begin_row(1);
    let column = ColumnDefinition::field("text", FieldType::Text);
    assert!(table.column(&column).push_text(&"x".repeat(bytes)));
    vec![table.finish()]
}

async fn drain(spool: &Spool) -> Vec<BatchId> {
    let mut ids = Vec::new();
    while let Some((id, frame)) = spool.next().await.unwrap() {
        assert_eq!(frame.view().sequence(), id.sequence.0);
        assert_eq!(frame.view().collector(), "c");
        ids.push(id);
    }
    ids
}

fn sequences(ids: &[BatchId]) -> Vec<u64> {
    ids.iter().map(|id| id.sequence.0).collect()
}

#[tokio::test]
async fn batches_come_in_order_and_go_when_they_are_acknowledged() {
    let spool = open(&settings(Arc::new(SimDisk::new(1)), 1)).await;
    for _ in 0..3 {
        spool.put(table(10)).await.unwrap();
    }
    let ids = drain(&spool).await;
    assert_eq!(sequences(&ids), [1, 2, 3]);
    // Out of order, and one comes back.
    spool.acknowledged(ids[2], Lsn::new(1), false).await;
    spool.returned(ids[1]);
    assert_eq!(sequences(&drain(&spool).await), [2]);
    spool.acknowledged(ids[1], Lsn::new(2), false).await;
    assert_eq!(spool.level().batches, 1);
    spool.refused(ids[0]).await;
    assert_eq!((spool.level().batches, spool.level().bytes), (0, 0));
    assert_eq!(spool.counters().sent.load(Relaxed), 2);
    assert_eq!(spool.counters().refused.load(Relaxed), 1);
    spool.close().await.unwrap();
}

#[tokio::test]
async fn what_remains_is_sent_under_its_own_number_after_an_orderly_restart() {
    let disk = Arc::new(SimDisk::new(2));
    let settings = settings(Arc::clone(&disk) as Arc<dyn Disk>, 2);
    let spool = open(&settings).await;
    for _ in 0..4 {
        spool.put(table(10)).await.unwrap();
    }
    let ids = drain(&spool).await;
    spool.acknowledged(ids[0], Lsn::new(1), false).await;
    spool.acknowledged(ids[1], Lsn::new(2), false).await;
    spool.close().await.unwrap();

    let again = open(&settings).await;
    assert!(
        again.epoch() > spool.epoch(),
        "a clock that stands still gives no epoch twice"
    );
    again.put(table(10)).await.unwrap();
    let later = drain(&again).await;
    assert_eq!(later[..2], ids[2..]);
    assert_eq!((later[2].epoch, later[2].sequence.0), (again.epoch(), 1));
}

#[tokio::test]
async fn what_was_put_survives_a_power_cut() {
    let disk = SimDisk::new(3);
    let settings_before = settings(Arc::new(disk.clone()), 3);
    let spool = open(&settings_before).await;
    for _ in 0..5 {
        spool.put(table(1_000)).await.unwrap();
    }
    let crashed: Arc<dyn Disk> = Arc::new(disk.crash());
    let spool = open(&SpoolSettings {
        disk: crashed,
        ..settings_before
    })
    .await;
    assert_eq!(sequences(&drain(&spool).await), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_full_spool_drops_its_oldest_batches_and_counts_them() {
    let mut settings = settings(Arc::new(SimDisk::new(4)), 4);
    settings.bytes_max = 4 * MIB;
    let spool = open(&settings).await;
    for _ in 0..10 {
        spool.put(table(250_000)).await.unwrap();
    }
    let dropped = spool.counters().dropped.load(Relaxed);
    assert!(
        spool.level().bytes <= settings.bytes_max,
        "{:?}",
        spool.level()
    );
    assert!(dropped > 5, "{dropped}");
    assert_eq!(dropped + spool.level().batches, 10);
    let ids = sequences(&drain(&spool).await);
    assert_eq!(
        ids,
        (dropped + 1..=10).collect::<Vec<_>>(),
        "the newest are all there"
    );
}

#[tokio::test]
async fn a_backlog_larger_than_memory_is_read_from_disk() {
    let mut settings = settings(Arc::new(SimDisk::new(5)), 5);
    settings.cache_bytes_max = 30_000;
    let spool = open(&settings).await;
    for _ in 0..8 {
        spool.put(table(10_000)).await.unwrap();
    }
    let mut seen = Vec::new();
    while let Some((id, _)) = spool.next().await.unwrap() {
        seen.push(id.sequence.0);
        spool.acknowledged(id, Lsn::new(1), false).await;
    }
    assert_eq!(seen, (1..=8).collect::<Vec<_>>());
    assert_eq!(spool.level().batches, 0);
}

#[tokio::test]
async fn a_backlog_of_an_earlier_run_is_read_from_all_its_segments() {
    let mut settings = settings(Arc::new(SimDisk::new(8)), 8);
    settings.cache_bytes_max = 700_000;
    let spool = open(&settings).await;
    for _ in 0..8 {
        spool.put(table(300_000)).await.unwrap();
    }
    spool.close().await.unwrap();
    let again = open(&settings).await;
    again.put(table(300_000)).await.unwrap();
    assert_eq!(sequences(&drain(&again).await), [1, 2, 3, 4, 5, 6, 7, 8, 1]);
}

#[tokio::test]
async fn batches_that_wait_for_the_archive_keep_nobody_behind_them_from_being_read() {
    let disk = SimDisk::new(9);
    let mut settings = settings(Arc::new(disk.clone()), 9);
    settings.cache_bytes_max = 30_000;
    let spool = open(&settings).await;
    for _ in 0..9 {
        spool.put(table(10_000)).await.unwrap();
    }
    let openings = disk.operation_count(Operation::List);
    let mut seen = Vec::new();
    while let Some((id, _)) = spool.next().await.unwrap() {
        seen.push(id.sequence.0);
        spool.acknowledged(id, Lsn::new(id.sequence.0), true).await;
    }
    assert_eq!(seen, (1..=9).collect::<Vec<_>>());
    assert_eq!(spool.level().batches, 9);
    assert_eq!(
        disk.operation_count(Operation::List),
        openings,
        "reading opens no log again"
    );
}

#[tokio::test]
async fn later_batches_in_memory_give_way_to_the_oldest_on_disk() {
    let mut settings = settings(Arc::new(SimDisk::new(10)), 10);
    settings.cache_bytes_max = 30_000;
    let spool = open(&settings).await;
    for _ in 0..2 {
        spool.put(table(10_000)).await.unwrap();
    }
    for id in drain(&spool).await {
        spool.acknowledged(id, Lsn::new(1), true).await;
    }
    for _ in 0..2 {
        spool.put(table(14_000)).await.unwrap();
    }
    spool.send_again();
    assert_eq!(sequences(&drain(&spool).await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn only_a_batch_that_waits_gets_its_frame_back() {
    let id = BatchId {
        epoch: Epoch(1),
        sequence: Sequence(1),
    };
    let batch = Batch::default();
    let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
    let (at, mut ledger) = (Lsn::new(8), Ledger::default());
    let entry = Entry {
        id,
        bytes: 100,
        taken: 0,
        frame: None,
        state: State::Durable(Lsn::new(1)),
    };
    ledger.add(at, entry, 1_000);
    assert!(ledger.absent_frames(1_000).is_empty());
    ledger.cache(at, frame.clone());
    ledger.send_again();
    assert!(matches!(ledger.next(), Next::OnDisk));
    assert_eq!(ledger.absent_frames(1_000), [at]);
    ledger.cache(at, frame);
    assert!(matches!(ledger.next(), Next::Batch(found, _) if found == id));
}

/// The first segment of a spool that was opened once.
const SEGMENT: &str = "/state/spool/00000000000000000001.log";

#[tokio::test]
async fn a_batch_of_unknown_outcome_is_found_on_disk_however_small_the_memory_is() {
    let disk = SimDisk::new(11);
    let mut settings = settings(Arc::new(disk.clone()), 11);
    settings.cache_bytes_max = 1_000;
    let spool = open(&settings).await;
    disk.inject(
        Rule::new(Operation::Sync, Fault::SyncLost)
            .under(SEGMENT)
            .nth(1),
    );
    // Whoever is told that this failed puts the same counts again.
    spool.put(table(10_000)).await.unwrap();
    spool.put(table(10_000)).await.unwrap();
    assert_eq!(spool.level().batches, 2);
    assert_eq!(sequences(&drain(&spool).await), [1, 2]);
}

#[tokio::test]
async fn a_log_that_could_not_be_opened_again_is_opened_by_the_next_batch() {
    let disk = SimDisk::new(12);
    let spool = Arc::new(open(&settings(Arc::new(disk.clone()), 12)).await);
    disk.inject(
        Rule::new(Operation::Sync, Fault::SyncLost)
            .under(SEGMENT)
            .nth(1),
    );
    disk.inject(
        Rule::new(Operation::List, Fault::Io)
            .under("/state/spool")
            .nth(1),
    );
    let openings = disk.operation_count(Operation::List);
    let first = Arc::clone(&spool);
    let first = tokio::spawn(async move { first.put(table(10)).await });
    while disk.operation_count(Operation::List) == openings {
        tokio::task::yield_now().await;
    }
    spool.put(table(10)).await.unwrap();
    // The one before it was decided by the same opening.
    first.await.unwrap().unwrap();
    assert_eq!(sequences(&drain(&spool).await), [1, 2]);
    assert_eq!(spool.level().batches, 2);
}

#[tokio::test]
async fn a_batch_waits_for_the_archive_and_is_sent_again_after_a_new_connection() {
    let spool = open(&settings(Arc::new(SimDisk::new(6)), 6)).await;
    spool.put(table(10)).await.unwrap();
    spool.put(table(10)).await.unwrap();
    let ids = drain(&spool).await;
    spool.acknowledged(ids[0], Lsn::new(100), true).await;
    spool.acknowledged(ids[1], Lsn::new(200), true).await;
    assert_eq!(spool.level().batches, 2);
    // Frames of batches on the server's disk are not kept in memory.
    spool.archived(Lsn::new(200)).await;
    assert_eq!(spool.level().batches, 1);
    spool.send_again();
    assert_eq!(sequences(&drain(&spool).await), [2]);
    spool.acknowledged(ids[1], Lsn::new(200), true).await;
    spool.archived(Lsn::new(201)).await;
    assert_eq!(spool.level().batches, 0);
}

#[tokio::test]
async fn a_full_disk_refuses_and_keeps_what_there_is() {
    let disk = SimDisk::new(7);
    let spool = open(&settings(Arc::new(disk.clone()), 7)).await;
    spool.put(table(10)).await.unwrap();
    disk.limit_capacity(disk.used_bytes());
    let mut refused = None;
    for _ in 0..40 {
        if let Err(error) = spool.put(table(200_000)).await {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(Error::Log(_))), "{refused:?}");
    disk.lift_capacity();
    assert_eq!(sequences(&drain(&spool).await)[0], 1);
}

#[tokio::test]
async fn the_key_is_for_its_owner_only_and_nothing_is_readable_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let entropy: Arc<dyn Entropy> = Arc::new(platform::OsEntropy);
    let keyring = Arc::new(open_keyring(&*disk, &*entropy, dir.path()).unwrap());
    let clock = Arc::new(SimClock::new(UnixNanos(5)));
    clock.advance(Duration::from_secs(1));
    let settings = SpoolSettings {
        disk: Arc::clone(&disk),
        clock,
        entropy,
        keyring,
        dir: dir.path().join("spool"),
        collector: CollectorName::new("c").unwrap(),
        bytes_max: 16 * MIB,
        cache_bytes_max: MIB,
    };
    let spool = open(&settings).await;
    spool.put(table(100)).await.unwrap();
    spool.close().await.unwrap();
    assert_eq!(
        disk.metadata(&dir.path().join("key"))
            .unwrap()
            .unwrap()
            .mode,
        Some(0o400)
    );
    let mut found = HashMap::new();
    for entry in disk.list(&settings.dir).unwrap() {
        let bytes = platform::durable::read_file(&*disk, &settings.dir.join(&entry.name)).unwrap();
        found.insert(
            entry.name,
            bytes.windows(8).any(|window| window == b"xxxxxxxx"),
        );
    }
    assert!(
        !found.is_empty() && found.values().all(|is_readable| !is_readable),
        "{found:?}"
    );
}
