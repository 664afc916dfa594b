//! W-2: after any crash, acked ⊆ recovered ⊆ sent, in order, once; recovering twice is the same.
//!
//! Goal: no operation of the disk is a bad moment to lose power.
//! Method: a short history is run once to count its changes of the disk, then again on a fresh
//! machine for each of them, frozen there; what a power cut leaves is opened, twice.

use proptest::prelude::*;
use wal::{Error, Lsn, Settings, Start, Ticket};

use crate::fixture::{Machine, binding, payloads, put_by_hand, small};

/// What a run of a history submitted, and what it was told is durable.
#[derive(Default, Debug)]
struct Witness {
    sent: Vec<Vec<u8>>,
    acked: Vec<(Lsn, Vec<u8>)>,
    /// Everything before this was let go, and is not asked for again.
    released: Lsn,
}

/// A step of a history.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Submits this many payloads of this length at once, then waits for all.
    Put {
        count: u8,
        bytes: u16,
    },
    Rotate,
    Vouch,
    /// Lets go of everything durable.
    Release,
    /// Closes the log and opens it again.
    Reopen,
}

/// Runs a history until it ends or the disk fails.
fn run(
    machine: &Machine,
    settings: &Settings,
    steps: &[Step],
    witness: &mut Witness,
) -> Result<(), Error> {
    let mut opened = machine.open_quietly(settings.clone())?;
    for step in steps {
        let log = &opened.log;
        match *step {
            Step::Put { count, bytes } => {
                let mut tickets: Vec<(Vec<u8>, Ticket)> = Vec::new();
                for _ in 0..count {
                    let mut payload = vec![7; usize::from(bytes)];
                    payload.extend(witness.sent.len().to_string().bytes());
                    let prepared = log.prepare(binding(&payload), &payload)?;
                    witness.sent.push(payload.clone());
                    tickets.push((payload, log.submit(prepared)?));
                }
                for (payload, ticket) in tickets {
                    witness.acked.push((ticket.wait()?.lsn, payload));
                }
            }
            Step::Rotate => log.rotate()?,
            Step::Vouch => log.vouch()?,
            Step::Release => {
                witness.released = log.durable_lsn();
                log.release_before(witness.released)?;
            }
            Step::Reopen => {
                log.close()?;
                drop(opened);
                let start = Start::at(witness.released);
                opened = machine.open(settings.clone(), start)?;
            }
        }
        opened.log.wait_for_spares();
    }
    opened.log.close()
}

/// Checks what a crashed disk gives, and that it gives it again.
fn check(machine: &Machine, settings: &Settings, witness: &Witness, case: &str) {
    let start = Start::at(witness.released);
    let first = machine
        .open(settings.clone(), start)
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    let found = payloads(&first.records);
    let mut acked = witness
        .acked
        .iter()
        .filter(|(lsn, _)| *lsn >= witness.released);
    assert!(
        acked.all(|(_, payload)| found.contains(payload)),
        "{case}: an acked record is gone"
    );
    // What was sent is numbered, so that equality of a run of it means: in order, once, no gap.
    let first_found = witness
        .sent
        .iter()
        .position(|sent| found.first() == Some(sent));
    let begin = first_found.unwrap_or(witness.sent.len());
    assert_eq!(found, witness.sent[begin..begin + found.len()], "{case}");
    drop(first);
    // In step this time, rather than ahead: that must make no difference either.
    let again = machine
        .open_by_hand(settings.clone(), start)
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(
        payloads(&again.records),
        found,
        "{case}: the second recovery differs"
    );
    put_by_hand(&again.log, b"a recovered log takes payloads").unwrap();
}

fn crash_everywhere(settings: &Settings, steps: &[Step], seeds: u64) {
    let whole = Machine::new(5);
    let before = whole.disk.change_count();
    let mut witness = Witness::default();
    run(&whole, settings, steps, &mut witness).unwrap();
    assert_eq!(witness.acked.len(), witness.sent.len());
    for changes in before..=whole.disk.change_count() {
        let machine = Machine::new(5);
        machine.disk.freeze_after(changes);
        let mut witness = Witness::default();
        let _ = run(&machine, settings, steps, &mut witness);
        for seed in 0..seeds {
            let case = format!("frozen after {changes}, seed {seed}");
            check(
                &machine.with_disk(machine.disk.crash_with(seed)),
                settings,
                &witness,
                &case,
            );
        }
    }
}

#[test]
fn w2_crash_at_every_change_of_a_short_history() {
    let steps = [
        Step::Put {
            count: 1,
            bytes: 30,
        },
        Step::Put {
            count: 3,
            bytes: 700,
        },
        Step::Vouch,
        Step::Put {
            count: 2,
            bytes: 1500,
        },
        Step::Rotate,
        Step::Put {
            count: 1,
            bytes: 10,
        },
        Step::Reopen,
        Step::Put {
            count: 2,
            bytes: 2000,
        },
    ];
    crash_everywhere(&small(), &steps, 4);
}

#[test]
fn w2_crash_at_every_change_while_segments_are_released() {
    let steps = [
        Step::Put {
            count: 1,
            bytes: 3000,
        },
        Step::Put {
            count: 1,
            bytes: 3000,
        },
        Step::Put {
            count: 1,
            bytes: 3000,
        },
        Step::Release,
        Step::Put {
            count: 1,
            bytes: 3000,
        },
        Step::Reopen,
        Step::Release,
    ];
    crash_everywhere(&small(), &steps, 4);
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..6u8, 0..3000u16).prop_map(|(count, bytes)| Step::Put { count, bytes }),
        1 => Just(Step::Rotate),
        1 => Just(Step::Vouch),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn w2_random_histories_and_crashes(
        steps in prop::collection::vec(step(), 1..8),
        permille in 0..1000u64,
        spare_segments in 1..4u32,
        seed: u64,
    ) {
        let settings = Settings { spare_segments, ..small() };
        let whole = Machine::new(seed);
        let _ = run(&whole, &settings, &steps, &mut Witness::default());
        let changes = whole.disk.change_count() * permille / 1000;
        let machine = Machine::new(seed);
        machine.disk.freeze_after(changes.max(machine.disk.change_count()));
        let mut witness = Witness::default();
        let _ = run(&machine, &settings, &steps, &mut witness);
        let crashed = machine.with_disk(machine.disk.crash_with(seed));
        check(&crashed, &settings, &witness, "random");
    }
}
