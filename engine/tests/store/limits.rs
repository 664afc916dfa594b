//! E-3: what a client may not do is refused by name, and nothing of it is stored.

use engine::{Error, Kind};
use schema::{ColumnDefinition, FieldType};
use wire::{TableBuilder, v1};

use crate::deletes::predicate;
use crate::harness::{Machine, Row, SECOND, START, batch, everything, frame, lines, scan, write};

fn refusal(engine: &engine::Engine, batch: &v1::Batch) -> Error {
    engine.commit(frame(batch)).unwrap_err()
}

#[test]
fn a_column_of_another_type_refuses_the_whole_batch_by_name() {
    let engine = Machine::new(1).open();
    write(&engine, &batch("cpu", &[Row::new("a", START, 1)]));
    let mut other = TableBuilder::new("cpu");
    other.begin_row(START + 1);
    let count = ColumnDefinition::field("count", FieldType::F64);
    assert!(other.column(&count).push_f64(0.5));
    let mut both = batch("disk", &[Row::new("a", START, 1)]);
    both.tables.push(other.finish());
    let refusal = refusal(&engine, &both);
    assert_eq!(refusal.kind(), Kind::Invalid);
    assert!(refusal.to_string().contains("\"count\""), "{refusal}");
    assert!(
        engine.view().table("disk").is_none(),
        "a batch is taken as a whole or not at all"
    );
    assert_eq!(lines(&engine, "cpu").len(), 1);
}

#[test]
fn a_tag_that_comes_as_a_field_is_refused_within_one_batch_too() {
    let engine = Machine::new(2).open();
    let mut second = TableBuilder::new("cpu");
    second.begin_row(START);
    assert!(
        second
            .column(&ColumnDefinition::field("host", FieldType::Text))
            .push_text("a")
    );
    let mut twice = batch("cpu", &[Row::new("a", START, 1)]);
    twice.tables.push(second.finish());
    assert!(refusal(&engine, &twice).to_string().contains("\"host\""));
    assert!(engine.view().table("cpu").is_none());
}

#[test]
fn rows_of_the_future_are_refused() {
    let engine = Machine::new(3).open();
    let at = |seconds| batch("cpu", &[Row::new("a", START + seconds * SECOND, 1)]);
    let refusal = refusal(&engine, &at(601));
    assert!(matches!(refusal, Error::Future { .. }), "{refusal}");
    write(&engine, &at(600));
    assert_eq!(lines(&engine, "cpu").len(), 1);
}

#[test]
fn rows_from_the_beginning_of_all_time_are_refused() {
    let machine = Machine::new(8);
    let engine = machine.open();
    let day = 86_400 * SECOND;
    for time in [i64::MIN, i64::MIN + day - 1] {
        let refusal = refusal(&engine, &batch("cpu", &[Row::new("a", time, 1)]));
        assert!(matches!(refusal, Error::Past { .. }), "{refusal}");
        assert_eq!(refusal.kind(), Kind::Invalid);
        assert!(refusal.to_string().contains("1677-09-2"), "{refusal}");
    }
    let first = [i64::MIN + day, i64::MIN + 2 * day];
    let rows = first.map(|time| Row::new("a", time, 1));
    write(&engine, &batch("cpu", &rows));
    engine.flush().unwrap();
    engine.compact().unwrap();
    assert_eq!(engine.status().memtable_bytes, 0);
    assert_eq!(lines(&machine.crash().open(), "cpu").len(), 2);
}

#[test]
fn tables_columns_and_series_have_limits() {
    let mut machine = Machine::new(4);
    machine.settings.tables_max = 1;
    machine.settings.columns_max = 4;
    machine.settings.series_max = 2;
    let engine = machine.open();
    write(
        &engine,
        &batch("cpu", &[Row::new("a", START, 1), Row::new("b", START, 1)]),
    );
    assert!(
        refusal(&engine, &batch("disk", &[Row::new("a", START, 1)]))
            .to_string()
            .contains("tables_max")
    );
    let wide = Row {
        usage: Some(1.0),
        up: Some(true),
        ..Row::new("a", START, 1)
    };
    assert!(
        refusal(&engine, &batch("cpu", &[wide]))
            .to_string()
            .contains("more than 4 columns")
    );
    assert!(
        refusal(&engine, &batch("cpu", &[Row::new("c", START, 1)]))
            .to_string()
            .contains("series_max")
    );
    // Near the limit series are counted, and those that are known still pass.
    write(
        &engine,
        &batch(
            "cpu",
            &[Row::new("a", START + 1, 1), Row::new("b", START + 1, 1)],
        ),
    );
    assert_eq!(lines(&engine, "cpu").len(), 4);
}

#[test]
fn deletes_that_no_merge_has_made_real_are_so_many_and_no_more() {
    let mut machine = Machine::new(9);
    machine.settings.tombstones_max = 8;
    let engine = machine.open();
    let rows = [Row::new("a", START, 1), Row::new("b", START, 1)];
    write(&engine, &batch("cpu", &rows));
    engine.flush().unwrap();
    let try_delete = |host| engine.delete_rows("cpu", predicate(0, 1, Some(host)));
    for _ in 0..8 {
        try_delete("a").unwrap().wait().unwrap();
    }
    let refusal = try_delete("b").unwrap_err();
    assert_eq!(refusal.kind(), Kind::Overloaded);
    assert!(refusal.to_string().contains("tombstones_max"), "{refusal}");
    assert_eq!(lines(&engine, "cpu").len(), 1);
    engine.flush().unwrap();
    engine.compact().unwrap();
    try_delete("b").unwrap().wait().unwrap();
    assert!(lines(&engine, "cpu").is_empty());
    let mut long = predicate(0, 1, None);
    long.tags.insert("host".into(), "x".repeat(70_000));
    let refusal = engine.delete_rows("cpu", long).unwrap_err();
    assert_eq!(refusal.kind(), Kind::Invalid, "{refusal}");
}

#[test]
fn a_full_memory_asks_to_come_again_and_a_flush_makes_room() {
    let mut machine = Machine::new(5);
    machine.settings.memtable_bytes_max = 100_000;
    machine.settings.flush_bytes = 50_000;
    // Writing no part keeps the flush of the background from making room by itself.
    let full = platform::Rule::new(platform::Operation::Create, platform::Fault::NoSpace);
    let engine = machine.open();
    machine.disk.inject(full.under("/data/parts"));
    let note = Some("x".repeat(5_000));
    let mut refused = None;
    for n in 0..40 {
        let row = Row {
            note: note.clone(),
            ..Row::new("a", START + n, n)
        };
        match engine.commit(frame(&batch("cpu", &[row]))) {
            Ok(commit) => drop(commit.wait().unwrap()),
            Err(error) => refused = Some(error),
        }
    }
    let refused = refused.expect("a hundred kilobytes hold no forty rows of five");
    assert_eq!(refused.kind(), Kind::Overloaded);
    assert!(refused.retry_after_ms().is_some_and(|ms| ms > 0));
    let before = lines(&engine, "cpu").len();
    assert!(engine.flush().is_err());
    machine.disk.clear_rules();
    engine.flush().unwrap();
    write(&engine, &batch("cpu", &[Row::new("a", START + 100, 1)]));
    assert_eq!(lines(&engine, "cpu").len(), before + 1);
    assert_eq!(lines(&machine.crash().open(), "cpu").len(), before + 1);
}

#[test]
fn a_batch_that_unpacks_to_more_than_memory_is_refused() {
    let mut machine = Machine::new(6);
    machine.settings.memtable_bytes_max = 1 << 20;
    machine.settings.flush_bytes = 1 << 19;
    let engine = machine.open();
    // By code the text travels once, in memory it would be there a thousand times.
    let note = Some("x".repeat(10_000));
    let rows: Vec<Row> = (0..1_000)
        .map(|n| Row {
            note: note.clone(),
            ..Row::new("a", START + n, n)
        })
        .collect();
    let refusal = refusal(&engine, &batch("cpu", &rows));
    assert!(matches!(refusal, Error::Limit { .. }), "{refusal}");
}

#[test]
fn a_long_value_of_a_tag_is_refused_by_the_name_of_its_column() {
    let mut machine = Machine::new(9);
    machine.settings.tag_bytes_max = 8;
    let engine = machine.open();
    let with_core = |core: &str, time| {
        let row = Row {
            core: Some(core.to_owned()),
            ..Row::new("a", time, 1)
        };
        batch("cpu", &[Row::new("a", time, 1), row])
    };
    let refusal = refusal(&engine, &with_core("123456789", START));
    assert_eq!(refusal.kind(), Kind::Invalid);
    for part in ["\"core\"", "\"cpu\"", "tag_bytes_max", "9 bytes"] {
        assert!(refusal.to_string().contains(part), "{refusal}");
    }
    assert!(engine.view().table("cpu").is_none());
    write(&engine, &with_core("12345678", START));
    assert_eq!(lines(&engine, "cpu").len(), 2);
}

#[test]
fn series_that_fill_their_memory_keep_new_ones_out_and_known_ones_pass() {
    let mut machine = Machine::new(10);
    machine.settings.shares.index_bytes_max = 20_000;
    let engine = machine.open();
    let of_core = |core: usize, time| {
        let row = Row {
            core: Some(format!("{core:->60}")),
            ..Row::new("a", time, 1)
        };
        batch("cpu", &[row])
    };
    let is_taken = |core: &usize| match engine.commit(frame(&of_core(*core, START))) {
        Ok(commit) => commit.wait().is_ok(),
        Err(error) => {
            assert!(matches!(error, Error::Limit { .. }), "{error}");
            assert!(error.to_string().contains("memory_bytes_max"), "{error}");
            false
        }
    };
    let taken = (0..1_000).take_while(is_taken).count();
    assert!((20..200).contains(&taken), "{taken}");
    assert!(engine.status().series_bytes <= 20_000);
    // What is known already takes nothing more.
    write(&engine, &of_core(taken - 1, START + SECOND));
    assert_eq!(lines(&engine, "cpu").len(), taken + 1);
    let index = engine
        .memory()
        .into_iter()
        .find(|share| share.name == "index");
    assert!(index.is_some_and(|share| share.bytes > 15_000 && share.bytes_max == 20_000));
}

#[test]
fn who_can_wait_is_told_when_there_is_no_room() {
    let mut machine = Machine::new(11);
    machine.settings.memtable_bytes_max = 100_000;
    machine.settings.flush_bytes = 50_000;
    let engine = machine.open();
    let full = platform::Rule::new(platform::Operation::Create, platform::Fault::NoSpace);
    machine.disk.inject(full.under("/data/parts"));
    assert!(engine.has_room());
    let note = Some("x".repeat(22_500));
    for n in 0..4 {
        let row = Row {
            note: note.clone(),
            ..Row::new("a", START + n, n)
        };
        write(&engine, &batch("cpu", &[row]));
    }
    assert!(!engine.has_room());
    machine.disk.clear_rules();
    engine.flush().unwrap();
    assert!(engine.has_room());
}

/// Writes a part for each of some days before the start, a row in each.
fn parts_of_days(engine: &engine::Engine, days: i64) {
    for day in 0..days {
        let time = START - day * 86_400 * SECOND;
        write(engine, &batch("cpu", &[Row::new("a", time, day)]));
        engine.flush().unwrap();
    }
}

#[test]
fn a_store_has_more_parts_than_open_files() {
    let mut machine = Machine::new(12);
    machine.settings.open_files_max = 4;
    let engine = machine.open();
    parts_of_days(&engine, 30);
    for engine in [engine, machine.crash().open()] {
        assert_eq!(lines(&engine, "cpu").len(), 30);
        let status = engine.status();
        assert_eq!(status.parts.len(), 30);
        assert!(status.page_cache.files <= 4, "{:?}", status.page_cache);
    }
}

#[test]
fn footers_that_fill_their_memory_keep_a_query_out_that_needs_more() {
    let mut machine = Machine::new(13);
    machine.settings.shares.footer_bytes_max = 20_000;
    let engine = machine.open();
    parts_of_days(&engine, 30);
    let table = engine.view().table("cpu").unwrap();
    let mut request = everything(&table);
    let refusal = table.scan(&request).unwrap_err();
    assert_eq!(refusal.kind(), Kind::Overloaded);
    assert!(
        refusal.to_string().contains("shorter stretch of time"),
        "{refusal}"
    );
    request.time.start = schema::Timestamp::from_nanos(START - 2 * 86_400 * SECOND);
    assert_eq!(scan(&table, &request).len(), 3);
    let footers = engine
        .memory()
        .into_iter()
        .find(|share| share.name == "footers");
    assert!(
        footers.is_some_and(|share| share.bytes > 0 && share.bytes <= 10_000),
        "{footers:?}"
    );
    // Merging is not a query: it is what makes parts fewer.
    engine.compact().unwrap();
    assert!(machine.crash().try_open().is_ok());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let mut machine = Machine::new(7);
    machine.settings.flush_bytes = machine.settings.memtable_bytes_max;
    assert!(matches!(machine.try_open(), Err(Error::Setting { .. })));
}
