//! What a worker writes: batches that follow from their writer and sequence, so that a checker knows
//! every row that can be there.
//!
//! ```text
//!   events   keeps every row: 8 rows a batch, n = 8 · sequence + i, so that one stored twice shows
//!   state    keeps the latest, but for stretches in which it keeps every row: a batch writes slot
//!            sequence mod 5
//!   aging    past any retention, and deleted now and then
//! ```

use torture::rows::{Batch, Row, TableRows, Value};
pub(crate) use torture::workload::AGING;

/// Writers of a worker.
pub(crate) const WRITERS: usize = 3;
/// The table that tells which batches are there.
pub(crate) const EVENTS: &str = "events";
/// The table whose rows are written over, and kept now and then.
pub(crate) const STATE: &str = "state";
/// Batches of one writer that are under way at once; fewer than slots, so that a batch that is sent
/// again never comes after one of the same slot.
pub(crate) const IN_FLIGHT: u64 = 4;

/// Returns the batch with this sequence.
pub(crate) fn batch(writer: usize, sequence: u64) -> Batch {
    let row = |time, number: u64| Row {
        time,
        tags: [("writer", writer.to_string())].into(),
        fields: [("n", Value::I64(number.cast_signed()))].into(),
    };
    let event = |i: u64| {
        let mut event = row(time(sequence) + i.cast_signed(), sequence * ROWS + i);
        let text = text(writer, (sequence * ROWS + i).cast_signed());
        event.fields.insert("text", Value::Text(text));
        event
    };
    let slot = START + (sequence % SLOTS).cast_signed();
    let table = |name, append_only, rows| TableRows {
        name,
        append_only,
        rows,
    };
    Batch {
        collector: COLLECTORS.get(writer).copied().unwrap_or("writer"),
        epoch: 1,
        sequence,
        tables: vec![
            table(EVENTS, true, (0..ROWS).map(event).collect()),
            table(STATE, false, vec![row(slot, sequence)]),
            table(AGING, true, vec![row(time(sequence), sequence)]),
        ],
    }
}

/// Returns what stands beside a number: as long as a log line now and then, and hard to compress.
fn text(writer: usize, number: i64) -> String {
    let hash = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
    let length = usize::try_from(hash.rem_euclid(13)).unwrap_or(0);
    format!("{writer}:{hash:x}:").repeat(1 + length)
}

/// Returns when the batch's first row was: two hours, a part's window, are 120 batches.
fn time(sequence: u64) -> i64 {
    START + sequence.cast_signed() * 60_000_000_000
}

const COLLECTORS: [&str; WRITERS] = ["writer-0", "writer-1", "writer-2"];
/// Rows of a batch in `events`.
const ROWS: u64 = 8;
/// Values of a writer in `state`.
const SLOTS: u64 = 5;
/// 2023-11-14T22:13:20Z.
const START: i64 = 1_700_000_000_000_000_000;
