//! The one checker: acked ⊆ recovered ⊆ sent, nothing twice, verify clean, recovering twice the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use engine::{Engine, ScanRequest, offline};

use crate::ledger::Ledger;
use crate::load::{ROWS, SLOTS, WRITERS, slot_time, text};
use crate::store;
use crate::worker::SETTING;

/// Recovers the store of a directory and holds it against what was sent and acknowledged.
///
/// Returns the sequences that are there, by writer.
///
/// # Errors
/// The promise that was broken, in words.
pub(crate) fn check(dir: &Path, ledger: &Ledger) -> Result<Vec<BTreeSet<u64>>, String> {
    verify(dir, "before recovery")?;
    let engine = open(dir)?;
    let recovered = recovered(&engine)?;
    for (writer, there) in recovered.iter().enumerate() {
        let (sent, acked) = (ledger.sent.get(writer), ledger.acked.get(writer));
        let (sent, acked) = (sent.copied().unwrap_or(0), acked.into_iter().flatten());
        let lost: Vec<&u64> = acked.filter(|sequence| !there.contains(sequence)).collect();
        if !lost.is_empty() {
            return Err(format!(
                "W-2: writer {writer} was acked {lost:?}, not recovered"
            ));
        }
        if let Some(foreign) = there.iter().find(|sequence| **sequence > sent) {
            return Err(format!("W-2: writer {writer} never sent {foreign}"));
        }
    }
    check_state(&engine, &recovered)?;
    check_edits(&engine, ledger)?;
    let digest = digest(&engine)?;
    engine.close().map_err(told("close"))?;
    drop(engine);
    verify(dir, "after recovery")?;
    let again = open(dir)?;
    let second = self::digest(&again)?;
    again.close().map_err(told("close"))?;
    if digest != second {
        return Err(format!("W-2: recovered twice, {digest:x} and {second:x}"));
    }
    Ok(recovered)
}

/// Reads every byte of the directory.
fn verify(dir: &Path, when: &str) -> Result<(), String> {
    let environment = store::environment(dir)?;
    if !dir.join("manifest").exists() {
        return Ok(());
    }
    let found = offline::verify(&environment, &mut |_, _| {});
    let found = found.map_err(|error| format!("verify {when}: {}", in_words(&error)))?;
    // A store that was killed before its first manifest was whole has nothing to verify.
    let is_unborn = |error: &engine::Error| error.to_string().contains("there is no manifest");
    if found.damage.iter().any(is_unborn) {
        return Ok(());
    }
    let damage: Vec<String> = found.damage.iter().map(|error| in_words(error)).collect();
    match damage.is_empty() {
        true => Ok(()),
        false => Err(format!("verify {when}: {}", damage.join("; "))),
    }
}

fn open(dir: &Path) -> Result<Engine, String> {
    store::open_quietly(store::environment(dir)?).map_err(told("recovery"))
}

/// Returns the sequences in `events`, each there once with all its rows.
fn recovered(engine: &Engine) -> Result<Vec<BTreeSet<u64>>, String> {
    let mut rows: BTreeMap<(usize, i64), u64> = BTreeMap::new();
    for (writer, _, number, note) in rows_of(engine, "events", &["writer", "time", "n", "text"])? {
        if note.as_deref() != Some(&text(writer, number)) {
            return Err(format!(
                "writer {writer}, row {number}: its text is {note:?}"
            ));
        }
        *rows.entry((writer, number)).or_default() += 1;
    }
    let mut counts: Vec<BTreeMap<u64, u64>> = vec![BTreeMap::new(); WRITERS];
    for ((writer, number), times) in rows {
        if times != 1 {
            return Err(format!(
                "W-2: writer {writer}, row {number} is there {times} times"
            ));
        }
        let of_writer = counts.get_mut(writer).ok_or("a writer that there is not")?;
        *of_writer.entry(number.cast_unsigned() / ROWS).or_default() += 1;
    }
    for (writer, sequences) in counts.iter().enumerate() {
        if let Some((sequence, rows)) = sequences.iter().find(|(_, rows)| **rows != ROWS) {
            return Err(format!(
                "writer {writer}, batch {sequence}: {rows} of {ROWS} rows"
            ));
        }
    }
    Ok(counts
        .into_iter()
        .map(|of| of.into_keys().collect())
        .collect())
}

/// Every slot of `state` holds the latest batch that wrote to it.
fn check_state(engine: &Engine, recovered: &[BTreeSet<u64>]) -> Result<(), String> {
    let mut found: BTreeMap<(usize, i64), u64> = BTreeMap::new();
    for (writer, time, value, _) in rows_of(engine, "state", &["writer", "time", "value"])? {
        if found
            .insert((writer, time), value.cast_unsigned())
            .is_some()
        {
            return Err(format!("writer {writer}, slot {time} is there twice"));
        }
    }
    for (writer, sequences) in recovered.iter().enumerate() {
        for slot in 0..SLOTS {
            let latest = sequences
                .iter()
                .rev()
                .find(|sequence| **sequence % SLOTS == slot);
            let there = found.get(&(writer, slot_time(slot)));
            if latest != there {
                return Err(format!(
                    "writer {writer}, slot {slot}: {there:?} is there, {latest:?} was written last"
                ));
            }
        }
    }
    Ok(())
}

fn check_edits(engine: &Engine, ledger: &Ledger) -> Result<(), String> {
    let catalogue = engine.catalogue();
    let value = catalogue.settings().find(|(name, _)| *name == SETTING);
    let value = value.map_or(Ok(0), |(_, value)| value.parse::<u64>());
    let value = value.map_err(|_| "the setting is not a number".to_owned())?;
    if value < ledger.edit_acked || value > ledger.edit_sent {
        let (acked, sent) = (ledger.edit_acked, ledger.edit_sent);
        return Err(format!(
            "W-2: change {value} is there, {acked} was acked, {sent} sent"
        ));
    }
    Ok(())
}

/// A writer, a time, a number and a text.
type Row = (usize, i64, i64, Option<String>);

/// Returns all rows of a table; none where there is no such table.
fn rows_of(engine: &Engine, table: &str, columns: &[&str]) -> Result<Vec<Row>, String> {
    let Some(table) = engine.view().table(table) else {
        return Ok(Vec::new());
    };
    let schema = table.schema();
    let position = |name: &&str| {
        schema
            .fields()
            .iter()
            .position(|field| field.name() == *name)
    };
    let request = ScanRequest {
        projection: columns.iter().filter_map(position).collect(),
        ..ScanRequest::default()
    };
    let mut rows = Vec::new();
    for partition in table.scan(&request).map_err(told("scan"))? {
        for batch in partition {
            let batch = batch.map_err(told("scan"))?;
            let column = |index: usize| batch.columns().get(index);
            let (Some(writers), Some(times), Some(numbers)) = (column(0), column(1), column(2))
            else {
                return Err("a column is missing".into());
            };
            for row in 0..batch.num_rows() {
                let writer = writers.as_string_view().value(row).parse();
                let writer = writer.map_err(|_| "a writer that is no number".to_owned())?;
                let time = times.as_primitive::<TimestampNanosecondType>().value(row);
                let number = numbers.as_primitive::<Int64Type>().value(row);
                let note = column(3).map(|texts| texts.as_string_view().value(row).to_owned());
                rows.push((writer, time, number, note));
            }
        }
    }
    Ok(rows)
}

fn digest(engine: &Engine) -> Result<u64, String> {
    engine.digest().map_err(told("digest"))
}

fn told<E: std::error::Error>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {}", in_words(&error))
}

/// Returns an error and what it came from.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let words: Vec<String> = causes.map(ToString::to_string).collect();
    words.join(": ")
}
