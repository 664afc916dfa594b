//! Merging parts and dropping old ones changes files, not answers.

use engine::TableChange;
use schema::Span;

use crate::harness::{Machine, Row, SECOND, START, batch, everything, lines, scan, write};

const HOUR: i64 = 3_600 * SECOND;

#[test]
fn late_rows_win_over_what_was_merged_before() {
    let machine = Machine::new(1);
    let engine = machine.open();
    for count in 0..4 {
        write(
            &engine,
            &batch(
                "cpu",
                &[
                    Row::new("a", START, count),
                    Row::new("b", START + count, count),
                ],
            ),
        );
        engine.flush().unwrap();
    }
    engine.compact().unwrap();
    write(
        &engine,
        &batch(
            "cpu",
            &[Row {
                usage: Some(0.5),
                count: None,
                ..Row::new("a", START, 0)
            }],
        ),
    );
    engine.flush().unwrap();
    let expected = [
        "time=0 host=a count=3 usage=0.5",
        "time=0 host=b count=0",
        "time=1 host=b count=1",
        "time=2 host=b count=2",
        "time=3 host=b count=3",
    ];
    assert_eq!(lines(&engine, "cpu"), expected);
    engine.compact().unwrap();
    assert_eq!(lines(&engine, "cpu"), expected);
    let status = engine.status();
    assert_eq!((status.parts.len(), status.parts[0].meta.level), (1, 2));
    assert_eq!(lines(&machine.crash().open(), "cpu"), expected);
}

#[test]
fn rows_of_many_windows_become_a_part_for_each_and_then_one_for_each_day() {
    let machine = Machine::new(2);
    let engine = machine.open();
    let rows: Vec<Row> = (0..48)
        .map(|n| Row::new("a", START - n * HOUR, n))
        .collect();
    write(&engine, &batch("cpu", &rows));
    engine.flush().unwrap();
    let before = lines(&engine, "cpu");
    assert_eq!((before.len(), engine.status().parts.len()), (48, 25));
    engine.compact().unwrap();
    assert_eq!(engine.status().parts.len(), 3);
    assert_eq!(lines(&engine, "cpu"), before);
    let table = engine.view().table("cpu").unwrap();
    assert_eq!(table.exact_row_count(), Some(48));
}

#[test]
fn an_import_of_years_makes_a_part_for_each_day_at_most() {
    let engine = Machine::new(3).open();
    let rows: Vec<Row> = (0..500)
        .map(|n| Row::new("a", START - n * HOUR, n))
        .collect();
    write(&engine, &batch("cpu", &rows));
    engine.flush().unwrap();
    assert!(
        engine.status().parts.len() <= 22,
        "{}",
        engine.status().parts.len()
    );
    assert_eq!(lines(&engine, "cpu").len(), 500);
}

#[test]
fn retention_drops_whole_parts_by_the_clock() {
    let machine = Machine::new(4);
    let engine = machine.open();
    write(
        &engine,
        &batch(
            "cpu",
            &[Row::new("a", START - 50 * HOUR, 1), Row::new("a", START, 2)],
        ),
    );
    engine.flush().unwrap();
    let change = TableChange {
        retention: Some(Some(Span::from_days(2))),
        append_only: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    let table = engine.view().table("cpu").unwrap();
    engine.compact().unwrap();
    assert_eq!(lines(&engine, "cpu"), ["time=0 host=a count=2"]);
    assert_eq!(
        scan(&table, &everything(&table)).len(),
        2,
        "E-2: an older view still has it"
    );
    drop(table);
    assert_eq!(machine.parts().len(), 1);
    machine.advance(3 * 86_400);
    engine.compact().unwrap();
    assert!(lines(&engine, "cpu").is_empty());
    assert!(lines(&machine.crash().open(), "cpu").is_empty());
}

#[test]
fn series_whose_rows_are_gone_make_room_for_others() {
    let machine = Machine::new(5);
    let engine = machine.open();
    let old = |n: i64| Row {
        core: Some(format!("{n:05}")),
        ..Row::new("a", START - 50 * HOUR, n)
    };
    write(
        &engine,
        &batch("cpu", &(0..5_000).map(old).collect::<Vec<_>>()),
    );
    let new = |n: i64| Row {
        core: Some(format!("x{n}")),
        ..Row::new("b", START, n)
    };
    write(
        &engine,
        &batch("cpu", &(0..20).rev().map(new).collect::<Vec<_>>()),
    );
    engine.flush().unwrap();
    // Rows in memory, of a series in a part and of one that is not, keep their tags.
    write(
        &engine,
        &batch(
            "cpu",
            &[
                Row {
                    time: START + 1,
                    ..new(7)
                },
                Row {
                    time: START + 1,
                    ..new(21)
                },
            ],
        ),
    );
    let change = TableChange {
        retention: Some(Some(Span::from_days(2))),
        append_only: None,
    };
    engine.set_table("cpu", change).unwrap().wait().unwrap();
    let view = engine.view().table("cpu").unwrap();
    let before = scan(&view, &everything(&view));
    assert_eq!(engine.status().series, 5_021);
    engine.compact().unwrap();
    assert_eq!(engine.status().series, 21);
    assert_eq!(
        scan(&view, &everything(&view)),
        before,
        "a view keeps its numbers"
    );
    let rest: Vec<_> = before
        .into_iter()
        .filter(|line| line.contains("host=b"))
        .collect();
    assert_eq!((lines(&engine, "cpu"), rest.len()), (rest, 22));
    write(
        &engine,
        &batch(
            "cpu",
            &[
                Row {
                    time: START + 2,
                    ..new(7)
                },
                Row {
                    time: START + 2,
                    ..new(99)
                },
            ],
        ),
    );
    engine.flush().unwrap();
    let digest = engine.digest().unwrap();
    assert_eq!(lines(&engine, "cpu").len(), 24);
    assert_eq!(machine.crash().open().digest().unwrap(), digest);
}
