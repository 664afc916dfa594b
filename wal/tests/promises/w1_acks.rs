//! W-1: an ack is sent only after `fdatasync` of its record returned.

use platform::{Fault, Operation, Rule};
use wal::{Error, Lsn, Start};

use crate::fixture::{DIR, Machine, binding, payloads, put, small};

/// Every record whose ticket resolved is there after a power cut, whatever the cut leaves of
/// everything that was not synced.
#[test]
fn w1_acked_records_survive_power_loss() {
    let machine = Machine::new(1);
    let opened = machine.open_quietly(small()).unwrap();
    let sent: Vec<Vec<u8>> = (0..20u8).map(|n| vec![n; 100 + usize::from(n)]).collect();
    for payload in &sent {
        put(&opened.log, payload).unwrap();
        opened.log.wait_for_spares();
    }
    for seed in 0..20 {
        let after = machine.with_disk(machine.disk.crash_with(seed));
        let recovered = after.open(small(), Start::at(Lsn::ZERO)).unwrap();
        assert_eq!(payloads(&recovered.records), sent, "seed {seed}");
    }
}

#[test]
fn w1_ticket_tells_where_and_when_and_replay_agrees() {
    let machine = Machine::new(1);
    let opened = machine.open_quietly(small()).unwrap();
    let acks: Vec<_> = (0..5u8)
        .map(|n| put(&opened.log, &[n; 50]).unwrap())
        .collect();
    let last = acks.last().unwrap();
    assert_eq!(opened.log.durable_lsn(), last.next);
    assert_eq!(opened.log.end_lsn(), last.next);
    assert_eq!(opened.log.last_commit_time(), last.commit_time);
    opened.log.close().unwrap();
    let again = machine.open_quietly(small()).unwrap();
    let replayed: Vec<_> = again
        .records
        .iter()
        .map(|r| (r.lsn, r.next, r.commit_time))
        .collect();
    let told: Vec<_> = acks
        .iter()
        .map(|a| (a.lsn, a.next, a.commit_time))
        .collect();
    assert_eq!(replayed, told);
    assert!(
        again
            .records
            .iter()
            .all(|record| record.binding == binding(&record.payload))
    );
}

#[test]
fn w1_no_ack_without_a_sync() {
    let machine = Machine::new(1);
    let opened = machine.open_quietly(small()).unwrap();
    put(&opened.log, b"before").unwrap();
    machine
        .disk
        .inject(Rule::new(Operation::Sync, Fault::Io).under(DIR));
    let outcome = put(&opened.log, b"after");
    assert!(matches!(outcome, Err(Error::Unknown)), "{outcome:?}");
}

/// Group commit: what waits while one sync runs goes down with the next one.
#[test]
fn w1_many_submitters_share_few_syncs() {
    let machine = Machine::new(1);
    let settings = wal::Settings {
        segment_bytes: 1 << 20,
        group_bytes_max: 1 << 20,
        ..small()
    };
    let opened = machine.open_quietly(settings).unwrap();
    let syncs = machine.disk.operation_count(Operation::Sync);
    let tickets: Vec<_> = (0..1000u32)
        .map(|n| opened.log.prepare(binding(b"x"), n.to_le_bytes()).unwrap())
        .collect::<Vec<_>>()
        .into_iter()
        .map(|prepared| opened.log.submit(prepared).unwrap())
        .collect();
    let acks: Vec<_> = tickets
        .into_iter()
        .map(|ticket| ticket.wait().unwrap())
        .collect();
    assert!(acks.is_sorted_by(|a, b| a.lsn < b.lsn && a.commit_time <= b.commit_time));
    let syncs = machine.disk.operation_count(Operation::Sync) - syncs;
    assert!(syncs < 500, "{syncs} syncs for 1000 records");
}

/// A group is as long as is allowed, to the byte; a payload that is longer goes alone.
#[test]
fn a_group_takes_what_fits_its_limit_and_a_longer_payload_goes_alone() {
    let groups = |lengths: &[usize]| -> Vec<usize> {
        let machine = Machine::new(1);
        let settings = wal::Settings {
            segment_bytes: 1 << 20,
            group_bytes_max: 4096,
            ..small()
        };
        let opened = machine.open_by_hand(settings, Start::at(Lsn::ZERO));
        let log = opened.unwrap().log;
        for length in lengths {
            let payload = vec![1; *length];
            let prepared = log.prepare(binding(&payload), &payload).unwrap();
            drop(log.submit(prepared).unwrap());
        }
        log.step();
        let path = &log.segments()[0].path;
        let groups = wal::inspect::groups(&machine.environment(), path).unwrap();
        groups.iter().map(|group| group.payloads.len()).collect()
    };
    // A list of two takes 240 bytes, and 76 go around each payload: 2 × 1928 are left.
    let half = 1928 - 76;
    assert_eq!(groups(&[half; 4]), [2, 2]);
    assert_eq!(groups(&[half, half + 8, half]), [1, 1, 1]);
    assert_eq!(groups(&[10, 5000, 10, 10]), [1, 1, 2]);
    assert_eq!(groups(&[100; 12]), [12]);
}

#[test]
fn w1_submitters_on_many_threads_all_get_their_own_position() {
    let machine = Machine::new(1);
    let settings = wal::Settings {
        segment_bytes: 1 << 20,
        ..small()
    };
    let opened = machine.open_quietly(settings.clone()).unwrap();
    let log = &opened.log;
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            scope.spawn(move || {
                let mut last = Lsn::ZERO;
                for n in 0..50u8 {
                    let ack = put(log, &[thread, n]).unwrap();
                    assert!(ack.lsn > last, "a thread's own acks are in its order");
                    last = ack.lsn;
                }
            });
        }
    });
    log.close().unwrap();
    let again = machine.open_quietly(settings).unwrap();
    let mut found = payloads(&again.records);
    assert!(
        again
            .records
            .is_sorted_by(|a, b| a.next <= b.lsn && a.commit_time <= b.commit_time)
    );
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 200);
}
