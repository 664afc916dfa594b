//! A digest of a data set, for the tests that keep data sets as they are.

use wire::v1::{Table, Values};

use super::Rows;

/// Returns FNV-1a over every time and value, whichever way the rows are cut into batches.
///
/// Columns are digested one by one, and their digests in order.
pub(super) fn digest(rows: &mut dyn Rows, rows_max: usize) -> u64 {
    let mut digests: Vec<u64> = Vec::new();
    while let Some(table) = rows.next_table(rows_max) {
        digests.resize(table.columns.len() + 1, OFFSET);
        for (row, time) in table.time.iter().enumerate() {
            feed(&mut digests[0], &time.to_le_bytes());
            for (column, digest) in (0..table.columns.len()).zip(digests[1..].iter_mut()) {
                feed_value(digest, &table, column, row);
            }
        }
    }
    let mut whole = OFFSET;
    digests
        .iter()
        .for_each(|digest| feed(&mut whole, &digest.to_le_bytes()));
    whole
}

fn feed_value(digest: &mut u64, table: &Table, column: usize, row: usize) {
    let column = &table.columns[column];
    let bits = &column.validity;
    if !bits.is_empty() && bits[row / 8] >> (row % 8) & 1 == 0 {
        return feed(digest, &[0]);
    }
    match &column.values {
        Values::I64(values) | Values::Time(values) => feed(digest, &values[row].to_le_bytes()),
        Values::F64(values) => feed(digest, &values[row].to_bits().to_le_bytes()),
        Values::Bool(values) => feed(digest, &[values[row]]),
        Values::Text(text) => feed(digest, slice(&text.offsets, &text.bytes, row)),
        Values::Dictionary(dictionary) => {
            let text = &dictionary.values;
            let code = dictionary.codes[row] as usize;
            feed(digest, slice(&text.offsets, &text.bytes, code));
        }
    }
}

fn slice<'a>(offsets: &[u32], bytes: &'a [u8], index: usize) -> &'a [u8] {
    &bytes[offsets[index] as usize..offsets[index + 1] as usize]
}

fn feed(digest: &mut u64, bytes: &[u8]) {
    for byte in bytes {
        *digest = (*digest ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x100_0000_01b3;
