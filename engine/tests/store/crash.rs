//! W-2: after a crash at any moment, acked ⊆ recovered ⊆ sent, nothing twice, and twice the same.
//!
//! Method: a short history with flushes, a compaction and an edit is run once to count the changes
//! that it makes to the disk, then again and again with the power cut after each of them.

use std::collections::BTreeSet;

use engine::{CatalogueEdit, Engine, offline};
use platform::SimDisk;

use crate::harness::{Machine, Row, START, batch, frame, lines, numbered, samples};

/// What a history has sent, and what of it was acked.
#[derive(Debug, Default)]
struct Told {
    sent: BTreeSet<String>,
    acked: BTreeSet<String>,
    edited: bool,
}

impl Told {
    /// Sends one row as a numbered batch, to a table that would show it twice.
    fn send(&mut self, engine: &Engine, n: i64) {
        let line = format!("time={n} host=a count={n}");
        let sequence = u64::try_from(n).unwrap();
        let batch = samples("events", &[Row::new("a", START + n, n)]);
        self.sent.insert(line.clone());
        let commit = engine.commit(frame(&numbered(batch, "c", 1, sequence)));
        if commit.is_ok_and(|commit| commit.wait().is_ok()) {
            self.acked.insert(line);
        }
    }
}

/// Runs as much of the history as the disk lets it.
fn history(machine: &Machine) -> Told {
    let mut told = Told::default();
    let Ok(engine) = machine.try_open() else {
        return told;
    };
    for n in 1..=3 {
        told.send(&engine, n);
    }
    engine.flush().ok();
    told.send(&engine, 4);
    let edit = CatalogueEdit::PutSetting {
        name: "key".into(),
        value: Some("value".into()),
    };
    told.edited = engine.edit(edit).is_ok_and(|commit| commit.wait().is_ok());
    engine.flush().ok();
    told.send(&engine, 5);
    engine.compact().ok();
    told.send(&engine, 6);
    engine.close().ok();
    told
}

fn check(machine: &Machine, told: &Told, crash_seed: u64, what: &str) {
    let machine = machine.with(machine.disk.crash_with(crash_seed));
    let engine = machine.open();
    let rows = lines(&engine, "events");
    let recovered: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(recovered.len(), rows.len(), "{what}: a row is there twice");
    assert!(
        told.acked.is_subset(&recovered),
        "{what}: an acked row is lost: {told:?} {rows:?}"
    );
    assert!(
        recovered.is_subset(&told.sent),
        "{what}: a row that nobody sent"
    );
    let setting = engine
        .catalogue()
        .settings()
        .any(|setting| setting == ("key", "value"));
    assert!(setting || !told.edited, "{what}: an acked edit is lost");
    let digest = engine.digest().unwrap();
    // What was not acked is sent again, as a collector does, and is stored once.
    let again = machine.crash();
    drop(engine);
    let engine = again.open();
    assert_eq!(
        engine.digest().unwrap(),
        digest,
        "{what}: recovering twice differs"
    );
    let mut told = Told::default();
    for n in 1..=6 {
        told.send(&engine, n);
    }
    assert_eq!(
        lines(&engine, "events").len(),
        6,
        "{what}: resending does not end at six rows"
    );
    engine.flush().unwrap();
    assert_eq!(lines(&engine, "events").len(), 6);
}

fn machine(seed: u64) -> Machine {
    let mut machine = Machine::new(seed);
    machine.settings.log.segment_bytes = 16 << 10;
    machine.settings.compaction.fan_in = 2;
    machine
}

fn crash_points(seed: u64, stride: usize) {
    let whole = machine(seed);
    let before = whole.disk.change_count();
    let told = history(&whole);
    assert_eq!(told.acked.len(), 6);
    let changes = whole.disk.change_count();
    assert!(
        changes > before + 50,
        "the history is too short to say anything"
    );
    for point in (before..changes).step_by(stride) {
        let machine = machine(seed);
        machine.disk.freeze_after(point);
        let told = history(&machine);
        check(
            &machine,
            &told,
            point,
            &format!("seed {seed}, change {point}"),
        );
    }
}

#[test]
fn a_crash_after_any_change_loses_nothing_acked() {
    crash_points(1, 1);
}

#[test]
fn crashes_of_other_seeds_lose_nothing_acked() {
    for seed in 2..6 {
        crash_points(seed, 7);
    }
}

#[test]
fn a_crash_in_the_first_moments_leaves_a_directory_that_opens() {
    let disk = SimDisk::new(9);
    let machine = Machine::new(9);
    drop(disk);
    let before = machine.disk.change_count();
    machine.open().close().unwrap();
    let changes = machine.disk.change_count();
    for point in before..changes {
        let machine = self::machine(9);
        machine.disk.freeze_after(point);
        machine.try_open().map(|engine| engine.close().ok()).ok();
        let machine = machine.crash();
        // Before its first manifest there is nothing to verify; with it everything is whole.
        if machine.has_manifest() {
            let found = offline::verify(&machine.environment(), &mut |_, _| {}).unwrap();
            assert!(found.is_whole(), "change {point}: {found:?}");
        }
        let engine = machine.open();
        assert_eq!(engine.view().tables().len(), 0, "change {point}");
        let commit = engine.commit(frame(&batch("cpu", &[Row::new("a", START, 1)])));
        assert!(commit.unwrap().wait().is_ok());
    }
}
