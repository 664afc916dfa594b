//! Goal: the newest rows are the last ones of a scan, whatever is done to a table. Method: random histories
//! with changes of the mode and of the retention, deletes, flushes that fail and restarts; after each step
//! both are compared. What a scan gives is the matter of `model.rs`.

use std::collections::BTreeMap;

use engine::{Commit, Engine, Recovery, TableChange};
use platform::{Fault, Operation, Rule};
use proptest::prelude::*;
use schema::Span;

use crate::deletes::predicate;
use crate::harness::{Line, Machine, Row, SECOND, START, batch, everything, frame, scan};

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(&'static str, i64, Option<i64>, bool)>),
    Delete(i64, i64, Option<&'static str>),
    AppendOnly(bool),
    /// For so many hours, or for ever.
    Retain(Option<u32>),
    Flush,
    /// Everything is written but for the manifest.
    FailFlush,
    Compact,
    /// So many hours.
    Wait(u32),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let host = || prop::sample::select(vec!["a", "b", "c"]);
    let row = (host(), 0i64..12, prop::option::of(0i64..9), any::<bool>());
    let delete = (0i64..13, 1i64..6, prop::option::of(host()));
    prop_oneof![
        8 => prop::collection::vec(row, 1..6).prop_map(Step::Write),
        2 => delete.prop_map(|(ago, length, host)| Step::Delete(ago, ago - length, host)),
        2 => any::<bool>().prop_map(Step::AppendOnly),
        1 => prop::option::of(1u32..8).prop_map(Step::Retain),
        4 => Just(Step::Flush),
        1 => Just(Step::FailFlush),
        3 => Just(Step::Compact),
        2 => (1u32..4).prop_map(Step::Wait),
        2 => Just(Step::Restart),
    ]
}

/// Returns what comes last of each series in a scan, and the newest rows.
fn both(engine: &Engine) -> (Vec<Line>, Vec<Line>) {
    let Some(table) = engine.view().table("cpu") else {
        return (Vec::new(), Vec::new());
    };
    let host = |line: &Line| line.split(' ').nth(1).map(str::to_owned);
    let last: BTreeMap<_, Line> = scan(&table, &everything(&table))
        .into_iter()
        .map(|line| (host(&line), line))
        .collect();
    let latest = table.latest(u64::MAX).unwrap();
    (
        last.into_values().collect(),
        scan(&latest, &everything(&latest)),
    )
}

/// Opens the store without threads of its own: no flush comes by itself.
fn open(machine: &Machine) -> Engine {
    let settings = machine.settings.clone();
    Engine::open_by_hand(machine.environment(), settings, Recovery::default()).unwrap()
}

fn wait(engine: &Engine, commit: Commit) {
    engine.step();
    commit.wait().unwrap();
}

fn write(engine: &Engine, rows: &[Row]) {
    let commit = engine.commit(frame(&batch("cpu", rows)));
    wait(engine, commit.unwrap());
}

fn change(engine: &Engine, change: TableChange) {
    wait(engine, engine.set_table("cpu", change).unwrap());
}

fn run(steps: Vec<Step>) {
    let mut machine = Machine::new(31);
    machine.settings.compaction.fan_in = 2;
    let mut engine = open(&machine);
    write(&engine, &[Row::new("a", START, 1)]);
    let mut now = 0;
    for step in steps {
        match &step {
            Step::Write(rows) => {
                let row = |(host, ago, count, has_usage): &(_, i64, _, bool)| Row {
                    host: Some(*host),
                    time: START + (now * 2 - ago) * 1_800 * SECOND,
                    count: *count,
                    usage: has_usage.then_some(0.5),
                    ..Row::default()
                };
                let rows: Vec<Row> = rows.iter().map(row).collect();
                write(&engine, &rows);
            }
            Step::Delete(from, to, host) => {
                let half_hours = |ago: i64| -ago * 1_800 * SECOND;
                let rows = predicate(half_hours(*from), half_hours(*to), *host);
                wait(&engine, engine.delete_rows("cpu", rows).unwrap());
            }
            Step::AppendOnly(append_only) => change(
                &engine,
                TableChange {
                    append_only: Some(*append_only),
                    ..TableChange::default()
                },
            ),
            Step::Retain(hours) => change(
                &engine,
                TableChange {
                    retention: Some(hours.map(|hours| Span::from_secs(hours * 3_600))),
                    ..TableChange::default()
                },
            ),
            Step::Flush => engine.flush().unwrap(),
            Step::FailFlush => {
                let full = Rule::new(Operation::Create, Fault::NoSpace).under("/data/manifest");
                machine.disk.inject(full);
                engine.flush().ok();
                machine.disk.clear_rules();
            }
            Step::Compact => engine.compact().unwrap(),
            Step::Wait(hours) => {
                machine.advance(u64::from(*hours) * 3_600);
                now += i64::from(*hours);
            }
            Step::Restart => {
                drop(engine);
                machine = machine.crash();
                engine = open(&machine);
            }
        }
        let (last, latest) = both(&engine);
        assert_eq!(latest, last, "after {step:?}");
        // What a backup copies is what its manifest names.
        let named = engine::offline::inspect_manifest(&machine.environment(), None).unwrap();
        let named = named.parts.iter().chain(&named.latest).map(|meta| meta.id);
        let snapshot = engine.snapshot();
        let copied = snapshot.parts().iter().map(|part| part.id());
        assert_eq!(sorted(copied), sorted(named), "after {step:?}");
    }
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn newest_rows_are_the_last_of_a_scan(steps in prop::collection::vec(step(), 1..40)) {
        run(steps);
    }
}
