//! What a worker writes: batches that follow from their writer and sequence, so that a checker knows
//! every row that can be there.
//!
//! ```text
//!   events   keeps every row: 8 rows a batch, n = 8 · sequence + i, so that one stored twice shows
//!   state    keeps the latest: a batch replaces the value of slot sequence mod 5
//! ```

use schema::{ColumnDefinition, FieldType};
use wire::{BatchFrame, Limits, TableBuilder, v1};

/// Writers of a worker.
pub(crate) const WRITERS: usize = 3;
/// Rows of a batch in `events`.
pub(crate) const ROWS: u64 = 8;
/// Values of a writer in `state`.
pub(crate) const SLOTS: u64 = 5;
/// Batches of one writer that are under way at once; fewer than slots, so that a batch that is sent
/// again never comes after one of the same slot.
pub(crate) const IN_FLIGHT: u64 = 4;

/// Returns the batch with this sequence.
pub(crate) fn batch(writer: usize, sequence: u64) -> BatchFrame {
    let mut events = TableBuilder::new("events").append_only();
    for i in 0..ROWS {
        events.begin_row(time(sequence) + i.cast_signed());
        push_tag(&mut events, writer);
        let number = (sequence * ROWS + i).cast_signed();
        let field = |name, field_type| ColumnDefinition::field(name, field_type);
        let fits = events.column(&field("n", FieldType::I64)).push_i64(number)
            && events
                .column(&field("text", FieldType::Text))
                .push_text(&text(writer, number));
        assert!(fits, "values have the types of their columns");
    }
    let mut state = TableBuilder::new("state");
    state.begin_row(slot_time(sequence % SLOTS));
    push_tag(&mut state, writer);
    let value = ColumnDefinition::field("value", FieldType::I64);
    assert!(state.column(&value).push_i64(sequence.cast_signed()));
    let batch = v1::Batch {
        collector: format!("writer-{writer}"),
        epoch: 1,
        sequence,
        tables: vec![events.finish(), state.finish()],
    };
    BatchFrame::encode(&batch, &Limits::default()).expect("a small batch keeps the limits")
}

/// Returns what stands beside a number: as long as a log line now and then, and hard to compress.
pub(crate) fn text(writer: usize, number: i64) -> String {
    let hash = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed());
    let length = usize::try_from(hash.rem_euclid(13)).unwrap_or(0);
    format!("{writer}:{hash:x}:").repeat(1 + length)
}

/// Returns when the batch's first row was: two hours, a part's window, are 120 batches.
fn time(sequence: u64) -> i64 {
    START + sequence.cast_signed() * 60_000_000_000
}

/// Returns the time of a slot of `state`.
pub(crate) fn slot_time(slot: u64) -> i64 {
    START + slot.cast_signed()
}

fn push_tag(table: &mut TableBuilder, writer: usize) {
    let tag = ColumnDefinition::tag("writer");
    assert!(table.column(&tag).push_text(&writer.to_string()));
}

/// 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000_000_000_000;
