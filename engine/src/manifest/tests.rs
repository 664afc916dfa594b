//! Goal: an edit that contradicts the manifest is refused, and one that does not does what it says.

use std::collections::BTreeMap;
use std::path::Path;

use platform::{SimDisk, SimEntropy};
use schema::{Lsn, TimeRange, Timestamp};
use seal::{ClusterId, FileKind, Keyring, MasterKey, envelope};

use super::apply::mix;
use super::{Edit, FlushPoint, LatestChange, LatestParts, Manifest, PartEntry, decode, encode};
use crate::catalogue::Catalogue;
use crate::dedup::Windows;
use crate::part::{Heat, PartId, PartMeta};
use crate::tombstone::{RowPredicate, Tombstone};
use crate::{Error, Kind};

fn entry(number: u8, time: i64, first: u64, last: u64) -> PartEntry {
    let at = Timestamp::from_nanos;
    PartEntry {
        meta: PartMeta {
            id: PartId::from_bytes([number; 16]),
            table: "cpu".into(),
            rows: 1,
            series: 1,
            time_min: at(time),
            time_max: at(time),
            window: TimeRange {
                start: at(0),
                end: at(100),
            },
            first_lsn: Lsn::new(first),
            last_lsn: Lsn::new(last),
            bytes: 10,
            level: 0,
            heat: Heat::Hot,
            committed: at(0),
            deletes_lsn: Lsn::new(last),
        },
        is_unique: true,
    }
}

fn flush(added: Vec<PartEntry>, end: u64) -> Edit {
    let point = FlushPoint {
        end: Lsn::new(end),
        last_lsn: Lsn::new(end.saturating_sub(1)),
        time: Timestamp::from_nanos(7),
        tombstones: BTreeMap::new(),
        windows: Windows::default(),
        catalogue: Catalogue::default(),
    };
    let latest = LatestParts::new();
    Edit::Flush {
        added,
        latest,
        point: Box::new(point),
    }
}

fn latest(table: &str, entry: PartEntry) -> Edit {
    latest_after(None, table, Some(entry))
}

fn latest_after(before: Option<u8>, table: &str, after: Option<PartEntry>) -> Edit {
    let before = before.map(|number| PartId::from_bytes([number; 16]));
    let change = LatestChange { before, after };
    Edit::Latest(LatestParts::from([(table.to_owned(), change)]))
}

fn ids(numbers: &[u8]) -> Vec<PartId> {
    numbers
        .iter()
        .map(|number| PartId::from_bytes([*number; 16]))
        .collect()
}

/// Two parts of two flushes that share a moment.
fn two() -> Manifest {
    let first = Manifest::new()
        .apply(flush(vec![entry(1, 5, 0, 9)], 10))
        .unwrap();
    first.apply(flush(vec![entry(2, 5, 10, 19)], 20)).unwrap()
}

#[test]
fn a_flush_moves_the_point_and_adds_its_parts() {
    let manifest = two();
    assert_eq!(
        (manifest.flushed_lsn, manifest.parts.len()),
        (Lsn::new(20), 2)
    );
    assert!(manifest.part(&ids(&[2])[0]).is_some());
}

#[test]
fn edits_that_contradict_the_manifest_are_refused() {
    let compact = |removed: &[u8], added| Edit::Compact {
        removed: ids(removed),
        added,
    };
    let mut more_rows = entry(3, 5, 0, 19);
    more_rows.meta.rows = 3;
    let mut other_table = entry(3, 5, 0, 19);
    other_table.meta.table = "disk".into();
    let contradictions = [
        ("the point goes back", flush(vec![], 19)),
        (
            "a part below the point",
            flush(vec![entry(3, 5, 19, 25)], 30),
        ),
        (
            "a part beyond the point",
            flush(vec![entry(3, 5, 25, 30)], 30),
        ),
        (
            "a part twice",
            flush(vec![entry(3, 5, 20, 21), entry(3, 6, 20, 21)], 30),
        ),
        (
            "parts that mix",
            flush(vec![entry(3, 5, 20, 22), entry(4, 5, 21, 23)], 30),
        ),
        (
            "a part that is not there",
            Edit::Expire {
                removed: ids(&[9]),
                latest: LatestParts::new(),
            },
        ),
        (
            "a latest part that is another part",
            latest("cpu", entry(2, 5, 0, 19)),
        ),
        (
            "a latest part of another table",
            latest("disk", entry(3, 5, 0, 19)),
        ),
        ("rows out of nothing", compact(&[1, 2], vec![more_rows])),
        ("another table", compact(&[1, 2], vec![other_table])),
        (
            "a merge over what stays",
            compact(&[1], vec![entry(3, 5, 0, 15)]),
        ),
        ("an old timeline", Edit::Timeline(0)),
    ];
    for (what, edit) in contradictions {
        let refusal = two().apply(edit).expect_err(what);
        assert_eq!(refusal.kind(), Kind::Internal, "{what}");
    }
}

#[test]
fn a_latest_part_is_beside_the_parts_until_it_is_replaced_or_left_out() {
    let with = two().apply(latest("cpu", entry(3, 5, 0, 19))).unwrap();
    let files = |manifest: &Manifest| manifest.files().map(|e| e.meta.id).collect::<Vec<_>>();
    assert_eq!((files(&with), with.parts.len()), (ids(&[1, 2, 3]), 2));
    let another = latest_after(Some(3), "cpu", Some(entry(4, 5, 0, 19)));
    let next = with.apply(another).unwrap();
    assert_eq!(files(&next), ids(&[1, 2, 4]));
    let none = latest_after(Some(4), "cpu", None);
    assert_eq!(files(&next.apply(none).unwrap()), ids(&[1, 2]));
}

#[test]
fn a_latest_part_takes_the_place_of_none_but_that_which_it_was_made_from() {
    let with = two().apply(latest("cpu", entry(3, 5, 0, 19))).unwrap();
    for (before, after) in [(None, 4), (Some(2), 4), (Some(4), 4)] {
        let edit = latest_after(before, "cpu", Some(entry(after, 5, 0, 19)));
        let refusal = with.apply(edit).expect_err("made from another");
        assert_eq!(refusal.kind(), Kind::Internal, "{before:?}");
    }
    let Edit::Latest(changes) = latest_after(None, "cpu", None) else {
        panic!("it is that edit")
    };
    let expire = Edit::Expire {
        removed: ids(&[1]),
        latest: changes.clone(),
    };
    let Edit::Flush { added, point, .. } = flush(vec![], 20) else {
        panic!("it is that edit")
    };
    let flush = Edit::Flush {
        added,
        latest: changes,
        point,
    };
    for edit in [expire, flush] {
        assert_eq!(with.apply(edit).unwrap_err().kind(), Kind::Internal);
    }
}

#[test]
fn a_latest_part_goes_with_a_flush_that_brings_its_table_another_mode_or_a_tombstone() {
    let definition = |append_only| {
        let mut table = schema::TableDefinition::new("cpu");
        table.append_only = append_only;
        table
    };
    let flushed = |append_only: bool, is_deleted: bool, end: u64| {
        let mut edit = flush(vec![], end);
        if let Edit::Flush { point, .. } = &mut edit {
            let table = definition(append_only);
            point.catalogue.put_table(table.into());
            let rows = RowPredicate {
                time: TimeRange::ALL,
                tags: BTreeMap::new(),
            };
            let tombstone = Tombstone {
                lsn: Lsn::new(end - 1),
                committed: Timestamp::from_nanos(0),
                rows,
            };
            let tombstones = is_deleted.then(|| ("cpu".to_owned(), vec![tombstone]));
            point.tombstones.extend(tombstones);
        }
        edit
    };
    let with = two().apply(flushed(false, false, 20)).unwrap();
    let with = with.apply(latest("cpu", entry(3, 5, 0, 19))).unwrap();
    for (append_only, is_deleted, stays) in [
        (false, false, true),
        (true, false, false),
        (false, true, false),
    ] {
        let next = with.apply(flushed(append_only, is_deleted, 30)).unwrap();
        let what = format!("{append_only} {is_deleted}");
        assert_eq!(next.latest.contains_key("cpu"), stays, "{what}");
    }
}

#[test]
fn a_compaction_replaces_parts() {
    let edit = Edit::Compact {
        removed: ids(&[1, 2]),
        added: vec![entry(3, 5, 0, 19)],
    };
    let manifest = two().apply(edit).unwrap();
    assert_eq!(manifest.parts, [entry(3, 5, 0, 19)]);
    assert_eq!(manifest.flushed_lsn, Lsn::new(20));
}

#[test]
fn an_edit_that_moves_nothing_is_taken() {
    let flushed = two().apply(flush(vec![], 20)).unwrap();
    assert_eq!(flushed.flushed_lsn, Lsn::new(20));
    assert_eq!(two().apply(Edit::Timeline(1)).unwrap(), two());
    let mut as_many_rows = entry(3, 5, 0, 19);
    as_many_rows.meta.rows = 2;
    let edit = Edit::Compact {
        removed: ids(&[1, 2]),
        added: vec![as_many_rows.clone()],
    };
    assert_eq!(two().apply(edit).unwrap().parts, [as_many_rows]);
}

/// Returns the deletion, at an lsn, of all rows of a stretch of time.
fn deletion(lsn: u64, start: i64, end: i64) -> Tombstone {
    let [start, end] = [start, end].map(Timestamp::from_nanos);
    Tombstone {
        lsn: Lsn::new(lsn),
        committed: Timestamp::from_nanos(0),
        rows: RowPredicate {
            time: TimeRange { start, end },
            tags: BTreeMap::new(),
        },
    }
}

#[test]
fn a_tombstone_stays_as_long_as_a_part_of_its_table_may_have_its_rows() {
    let mut edit = flush(vec![], 30);
    let Edit::Flush { point, .. } = &mut edit else {
        panic!("it is a flush")
    };
    let (met, missed) = (deletion(25, 0, 6), deletion(26, 6, 9));
    point.tombstones = BTreeMap::from([
        ("cpu".to_owned(), vec![missed, met.clone()]),
        ("disk".to_owned(), vec![met.clone()]),
    ]);
    let with = two().apply(edit).unwrap();
    let kept = BTreeMap::from([("cpu".to_owned(), vec![met])]);
    assert_eq!(with.tombstones, kept);
    let compact = |removed: &[u8], number, deletes| {
        let mut merged = entry(number, 5, 0, 19);
        merged.meta.deletes_lsn = Lsn::new(deletes);
        Edit::Compact {
            removed: ids(removed),
            added: vec![merged],
        }
    };
    let merged = with.apply(compact(&[1, 2], 3, 25)).unwrap();
    assert_eq!(merged.tombstones, kept, "merged without it");
    let without = merged.apply(compact(&[3], 4, 26)).unwrap();
    assert_eq!(without.tombstones, BTreeMap::new());
}

#[test]
fn a_later_timeline_is_taken() {
    let manifest = two().apply(Edit::Timeline(3)).unwrap();
    assert_eq!(manifest.timeline, 3);
    assert_eq!(manifest.parts, two().parts);
}

#[test]
fn parts_mix_where_table_and_time_and_log_meet_and_nowhere_else() {
    let part = |table: &str, (from, to): (i64, i64), (first, last): (u64, u64)| {
        let mut meta = entry(1, from, first, last).meta;
        meta.table = table.into();
        meta.time_max = Timestamp::from_nanos(to);
        meta
    };
    let one = part("cpu", (10, 20), (100, 200));
    let meets = [
        ((20, 30), (200, 300)),
        ((0, 10), (0, 100)),
        ((12, 13), (120, 130)),
        ((0, 99), (0, 999)),
    ];
    for (time, log) in meets {
        let other = part("cpu", time, log);
        assert!(mix(&one, &other) && mix(&other, &one), "{time:?} {log:?}");
    }
    let passes = [
        ("disk", (10, 20), (100, 200)),
        ("cpu", (21, 30), (100, 200)),
        ("cpu", (0, 9), (100, 200)),
        ("cpu", (10, 20), (201, 300)),
        ("cpu", (10, 20), (0, 99)),
    ];
    for (table, time, log) in passes {
        let other = part(table, time, log);
        let what = format!("{table} {time:?} {log:?}");
        assert!(!mix(&one, &other) && !mix(&other, &one), "{what}");
    }
}

#[test]
fn a_manifest_survives_its_bytes_and_damage_is_noticed_at_every_byte() {
    let (keyring, bytes) = sealed();
    let read = |bytes: &[u8]| decode(Path::new("m"), bytes, &keyring);
    assert_eq!(read(&bytes).unwrap(), two());
    for at in 0..bytes.len() {
        assert!(read(&bytes[..at]).is_err(), "cut at {at}");
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(read(&flipped).is_err(), "flipped at {at}");
    }
}

#[test]
fn damage_is_told_from_a_later_version_and_from_another_key() {
    let (keyring, bytes) = sealed();
    let kind = |bytes: &[u8]| {
        let refusal = decode(Path::new("newest"), bytes, &keyring).unwrap_err();
        assert!(refusal.to_string().contains("newest"), "{refusal}");
        refusal.kind()
    };
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    assert_eq!(kind(&flipped), Kind::Corrupt);
    let damaged = decode(Path::new("newest"), &flipped, &keyring);
    assert!(matches!(damaged, Err(Error::Corrupt { .. })), "{damaged:?}");
    // Whoever holds the key may have sealed something else.
    let plain = envelope::open(&keyring, FileKind::Manifest, &bytes).unwrap();
    let resealed = |at: usize| {
        let mut other = plain.clone();
        other[at] ^= 1;
        envelope::seal(&keyring, FileKind::Manifest, &SimEntropy::new(2), &other)
    };
    let (magic, version, length) = (0, 4, 15);
    assert_eq!(kind(&resealed(magic)), Kind::Corrupt);
    assert_eq!(kind(&resealed(version)), Kind::Invalid);
    assert_eq!(kind(&resealed(length)), Kind::Corrupt);
    let (_, foreign) = sealed_by(9);
    assert_eq!(kind(&foreign), Kind::Denied);
}

/// Returns a keyring and the manifest of two parts sealed with it.
fn sealed() -> (Keyring, Vec<u8>) {
    sealed_by(1)
}

fn sealed_by(seed: u64) -> (Keyring, Vec<u8>) {
    let (disk, entropy) = (SimDisk::new(1), SimEntropy::new(seed));
    let (master, cluster) = (
        MasterKey::from_bytes(&[1; 32]),
        ClusterId::generate(&entropy),
    );
    let keyring = Keyring::create(&disk, Path::new("/k"), &master, cluster, &entropy).unwrap();
    let bytes = encode(&two(), &keyring, &entropy);
    (keyring, bytes)
}
