//! Log records, read and applied to an empty store, as a replay does.

use schema::{Lsn, Timestamp};
use wire::{BatchFrame, Limits, TableBuilder, v1};

use super::Seed;
use crate::Settings;
use crate::apply::{Change, Place, apply};
use crate::catalogue::CatalogueEdit;
use crate::dedup::{DedupLimits, Windows};
use crate::state::State;

/// Reads a record, and applies it twice.
pub fn record(data: &[u8]) -> bool {
    let Ok(change) = Change::from_record(data) else {
        return false;
    };
    if let Change::Batch(batch) = &change {
        // What admission does not let in is not in a log: rows that are equal take no bytes.
        let is_small = batch.bytes <= UNPACKED_BYTES_MAX;
        let is_in_limits = BatchFrame::from_slice(data, &Limits::default()).is_ok();
        if !is_small || !is_in_limits {
            return false;
        }
    }
    let (mut state, mut windows) = (State::default(), Windows::default());
    let limits = DedupLimits::of(&Settings::default());
    let mut lsn = 1;
    let mut once = || {
        let place = Place {
            lsn: Lsn::new(lsn),
            end: Lsn::new(lsn + 1),
            time: Timestamp::from_nanos(1),
        };
        lsn += 1;
        apply(&mut state, &mut windows, &limits, &change, place).is_ok()
    };
    // What applies to an empty store applies to one that has it already, or is an edit refused.
    once() | once()
}

pub(super) fn seeds() -> Vec<Seed> {
    use schema::{ColumnDefinition, FieldType};
    let mut table = TableBuilder::new("cpu");
    for n in 0..9 {
        table.begin_row(1_000 - n);
        let host = if n % 2 == 0 { "a" } else { "b" };
        let tag = table.column(&ColumnDefinition::tag("host")).push_text(host);
        let field = ColumnDefinition::field("usage", FieldType::F64);
        assert!(tag && table.column(&field).push_f64(0.5), "the types fit");
    }
    let batch = v1::Batch {
        collector: "collector".into(),
        epoch: 1,
        sequence: 1,
        tables: vec![table.finish()],
    };
    let frame = BatchFrame::encode(&batch, &Limits::default()).expect("it keeps the limits");
    let edit = CatalogueEdit::PutSetting {
        name: "name".into(),
        value: Some("value".into()),
    };
    vec![
        ("record", "batch".into(), frame.bytes().to_vec()),
        ("record", "edit".into(), edit.to_record()),
    ]
}

const UNPACKED_BYTES_MAX: u64 = 16 << 20;
