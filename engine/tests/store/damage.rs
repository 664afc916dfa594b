//! E-4 and the cases of `manifest::store`: damage is named, and everything else goes on.

use std::path::{Path, PathBuf};

use engine::{Error, Kind, offline};
use platform::{Disk, OpenMode, durable};

use crate::harness::{Machine, Row, SECOND, START, batch, everything, lines, write};

fn manifests(machine: &Machine) -> Vec<PathBuf> {
    let dir = Path::new("/data/manifest");
    let entries = machine.disk.list(dir).unwrap();
    entries.iter().map(|entry| dir.join(&entry.name)).collect()
}

/// Returns a machine whose store has two tables in two parts, and was closed.
fn two_parts(seed: u64) -> Machine {
    let machine = Machine::new(seed);
    let engine = machine.open();
    let notes = |n: i64| Row {
        note: Some(format!("note {}", n * 7 % 31)),
        ..Row::new("a", START + n, n * n)
    };
    let rows: Vec<Row> = (0..2_000).map(notes).collect();
    write(&engine, &batch("cpu", &rows));
    write(&engine, &batch("disk", &[Row::new("a", START, 1)]));
    engine.flush_and_close().unwrap();
    machine
}

#[test]
fn a_damaged_page_fails_only_the_queries_that_touch_it() {
    let machine = two_parts(1);
    let engine = machine.open();
    let part = engine
        .status()
        .parts
        .into_iter()
        .find(|part| part.meta.table == "cpu")
        .unwrap();
    let path = Path::new("/data/parts").join(part.meta.id.file_name());
    let table = engine.view().table("cpu").unwrap();
    let field = |name: &str| table.schema().index_of(name).unwrap();
    let page = {
        let part = table.open_part(&part.meta.id).unwrap();
        let index = part
            .fields()
            .iter()
            .position(|field| field.name == "note")
            .unwrap();
        part.page(engine::part::PageColumn::Field(index), 0).clone()
    };
    machine.disk.flip_bit(&path, page.offset + 20, 3).unwrap();
    let mut request = everything(&table);
    let outcome: Vec<_> = table.scan(&request).unwrap().remove(0).collect();
    let error = outcome.last().unwrap().as_ref().unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
    assert!(
        error.to_string().contains(&part.meta.id.to_string()),
        "{error}"
    );
    request.projection = vec![0, field("host"), field("count")];
    let rows = table
        .scan(&request)
        .unwrap()
        .remove(0)
        .map(|batch| batch.unwrap().num_rows());
    assert_eq!(rows.sum::<usize>(), 2_000);
    assert_eq!(lines(&engine, "disk").len(), 1);
    assert_eq!(engine.status().quarantined_pages, 1);
    write(&engine, &batch("cpu", &[Row::new("b", START, 1)]));
    engine.flush().unwrap();
}

#[test]
fn a_damaged_page_keeps_no_other_window_from_being_merged() {
    const DAY: i64 = 86_400 * SECOND;
    let machine = Machine::new(8);
    let engine = machine.open();
    let days = [9, 5, 3];
    for n in 0..2 {
        let row = |at: i64| Row {
            note: Some(format!("note {}", at * 7 % 31)),
            ..Row::new("a", START + n, n)
        };
        let of = |day: i64| {
            (0..200).map(move |at| Row {
                time: START - day * DAY + 2 * at + n,
                ..row(at)
            })
        };
        let rows: Vec<Row> = days.into_iter().flat_map(of).collect();
        write(&engine, &batch("cpu", &rows));
        engine.flush().unwrap();
    }
    let before = engine.status();
    assert_eq!(before.parts.len(), 6);
    let damaged = before.parts.iter().min_by_key(|part| part.meta.time_min);
    let damaged = damaged.unwrap().meta.clone();
    let table = engine.view().table("cpu").unwrap();
    let offset = {
        let part = table.open_part(&damaged.id).unwrap();
        let index = part.fields().iter().position(|field| field.name == "note");
        let column = engine::part::PageColumn::Field(index.unwrap());
        part.page(column, 0).offset
    };
    let path = Path::new("/data/parts").join(damaged.id.file_name());
    machine.disk.flip_bit(&path, offset + 20, 3).unwrap();
    assert_eq!(engine.compact().unwrap_err().kind(), Kind::Corrupt);
    let after = engine.status();
    let count = |day: i64| {
        let is_there = |part: &&engine::PartStatus| {
            (START - day * DAY..START - day * DAY + 400).contains(&part.meta.time_min.nanos())
        };
        after.parts.iter().filter(is_there).count()
    };
    assert_eq!(
        days.map(count),
        [2, 1, 1],
        "the earliest is damaged, the others are merged"
    );
    assert!(machine.disk.metadata(&path).unwrap().is_some());
}

#[test]
fn a_damaged_newest_manifest_is_refused_by_name() {
    let machine = two_parts(2);
    let newest = manifests(&machine).pop().unwrap();
    let bytes = durable::read_file(&machine.disk, &newest).unwrap().len();
    for at in [0, 40, bytes / 2, bytes - 1] {
        machine.disk.flip_bit(&newest, at as u64, 1).unwrap();
        let refusal = machine.try_open().unwrap_err();
        assert_ne!(refusal.kind(), Kind::Internal, "{refusal}");
        assert!(
            format!("{refusal} {refusal:?}")
                .contains(newest.file_name().unwrap().to_str().unwrap())
        );
        machine.disk.flip_bit(&newest, at as u64, 1).unwrap();
    }
    assert_eq!(lines(&machine.open(), "cpu").len(), 2_000);
}

#[test]
fn a_manifest_that_is_lost_is_not_taken_for_a_new_store() {
    let machine = two_parts(3);
    for path in manifests(&machine) {
        machine.disk.remove(&path).unwrap();
    }
    assert_eq!(machine.try_open().unwrap_err().kind(), Kind::Corrupt);
    // Without a manifest, the two latest parts are parts like the others.
    assert_eq!(machine.parts().len(), 4, "nothing was removed");
}

#[test]
fn a_part_that_is_missing_or_another_is_refused_by_name() {
    let machine = two_parts(4);
    let parts = machine.parts();
    let bytes = durable::read_file(&machine.disk, &parts[0]).unwrap();
    machine.disk.remove(&parts[0]).unwrap();
    let refusal = machine.try_open().unwrap_err();
    assert!(
        matches!(&refusal, Error::Corrupt { path, .. } if *path == parts[0]),
        "{refusal}"
    );
    let other = durable::read_file(&machine.disk, &parts[1]).unwrap();
    durable::write_file(&machine.disk, &parts[0], &other).unwrap();
    assert_eq!(machine.try_open().unwrap_err().kind(), Kind::Corrupt);
    durable::write_file(&machine.disk, &parts[0], &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(machine.try_open().unwrap_err().kind(), Kind::Corrupt);
    durable::write_file(&machine.disk, &parts[0], &bytes).unwrap();
    assert_eq!(lines(&machine.open(), "cpu").len(), 2_000);
}

#[test]
fn leftovers_are_removed_and_what_is_not_ours_stays() {
    let machine = two_parts(5);
    let orphan = Path::new("/data/parts/000102030405060708090a0b0c0d0e0f.part");
    let unfinished = Path::new("/data/manifest/00000000000000000099.tmp");
    let foreign = Path::new("/data/parts/README");
    for path in [orphan, unfinished, foreign] {
        durable::write_file(&machine.disk, path, b"left").unwrap();
    }
    let engine = machine.open();
    assert_eq!(engine.recovery().removed_parts, 1);
    assert!(machine.disk.metadata(orphan).unwrap().is_none());
    assert!(machine.disk.metadata(unfinished).unwrap().is_none());
    assert!(machine.disk.open(foreign, OpenMode::Read).is_ok());
    assert!(manifests(&machine).len() <= 2);
}

#[test]
fn a_store_does_not_open_under_another_key() {
    let machine = two_parts(6);
    let other = Machine::new(6_000);
    let keyring = durable::read_file(&other.disk, Path::new("/data/keyring")).unwrap();
    durable::write_file(&machine.disk, Path::new("/data/keyring"), &keyring).unwrap();
    assert_eq!(machine.try_open().unwrap_err().kind(), Kind::Denied);
}

#[test]
fn verifying_reads_everything_and_names_all_damage() {
    let machine = two_parts(7);
    let environment = machine.environment();
    let mut steps = Vec::new();
    let found = offline::verify(&environment, &mut |done, all| steps.push((done, all))).unwrap();
    assert!(found.is_whole(), "{:?}", found.damage);
    // Each table has a part and its latest part.
    let all = vec![(1, 4), (2, 4), (3, 4), (4, 4)];
    assert_eq!((found.parts, steps), (4, all));
    assert!(found.log.is_some() && found.pages > 2);
    let report = offline::inspect_manifest(&environment, None).unwrap();
    assert_eq!((report.parts.len(), report.tables.len()), (2, 2));
    assert_eq!(report.latest.len(), 2);
    for meta in report.parts.iter().chain(&report.latest) {
        let path = Path::new("/data/parts").join(meta.id.file_name());
        let part = offline::inspect_part(&environment, &path).unwrap();
        assert!(part.page_count() > 0);
    }
    for path in machine.parts() {
        machine.disk.flip_bit(&path, 200, 1).unwrap();
    }
    let found = offline::verify(&environment, &mut |_, _| {}).unwrap();
    assert_eq!(found.damage.len(), 2, "{:?}", found.damage);
    let engine = machine.try_open();
    assert!(
        matches!(
            offline::verify(&environment, &mut |_, _| {}),
            Err(Error::Locked { .. })
        ) || engine.is_err()
    );
}

#[test]
fn verifying_names_where_damage_is_in_an_older_manifest_too() {
    let machine = two_parts(9);
    let (part, older) = (machine.parts().remove(0), manifests(&machine).remove(0));
    assert_eq!(manifests(&machine).len(), 2);
    let bytes = durable::read_file(&machine.disk, &part).unwrap();
    let trailer = bytes.len() as u64 - 16;
    let (_, end) = bytes.split_last_chunk::<16>().unwrap();
    let footer = u64::from_le_bytes(*end.first_chunk().unwrap());
    for (path, at, piece) in [
        (&part, 70, 0),
        (&part, footer + 5, footer),
        (&part, trailer + 13, trailer),
        (&older, 200, 0),
    ] {
        machine.disk.flip_bit(path, at, 4).unwrap();
        let found = offline::verify(&machine.environment(), &mut |_, _| {}).unwrap();
        assert_eq!(found.damage.len(), 1, "{:?}", found.damage);
        let text = found.damage[0].to_string();
        let place = format!("at byte {piece}");
        assert!(
            text.contains(path.to_str().unwrap()) && text.contains(&place),
            "{text}"
        );
        machine.disk.flip_bit(path, at, 4).unwrap();
    }
}
