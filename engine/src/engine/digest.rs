//! One number for everything that a store says: equal states have equal digests (W-2).

use std::hash::{DefaultHasher, Hash, Hasher};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use super::Engine;
use crate::{Error, ScanRequest, TableView};

impl Engine {
    /// Returns a digest of catalogue, rows and windows, however they are spread over memory and
    /// parts. It is comparable only between runs of the same build. Reads everything.
    ///
    /// # Errors
    /// Those of a scan.
    pub fn digest(&self) -> Result<u64, Error> {
        let store = self.store();
        let (view, windows) = {
            // Windows and state must be of one moment.
            let mut writer = store.state.write();
            (self.view(), writer.windows().clone())
        };
        let mut hasher = DefaultHasher::new();
        let mut windows = windows;
        windows.expire(view.applied_time(), &store.dedup);
        windows.hash(&mut hasher);
        let catalogue = serde_json::to_vec(&**view.catalogue());
        catalogue
            .expect("a catalogue has text keys")
            .hash(&mut hasher);
        for table in view.tables() {
            hash_table(&table, &mut hasher)?;
        }
        Ok(hasher.finish())
    }
}

fn hash_table(table: &TableView, hasher: &mut DefaultHasher) -> Result<(), Error> {
    table.definition().name.hash(hasher);
    let request = ScanRequest {
        projection: (0..table.schema().fields().len()).collect(),
        ..ScanRequest::default()
    };
    for partition in table.scan(&request)? {
        for batch in partition {
            hash_batch(&batch?, hasher);
        }
    }
    Ok(())
}

/// Hashes row by row, so that it does not matter where batches are cut.
fn hash_batch(batch: &RecordBatch, hasher: &mut DefaultHasher) {
    for row in 0..batch.num_rows() {
        for column in batch.columns() {
            if column.is_null(row) {
                0u8.hash(hasher);
                continue;
            }
            1u8.hash(hasher);
            match column.data_type() {
                DataType::Int64 => column.as_primitive::<Int64Type>().value(row).hash(hasher),
                DataType::Float64 => {
                    column
                        .as_primitive::<Float64Type>()
                        .value(row)
                        .to_bits()
                        .hash(hasher);
                }
                DataType::Boolean => column.as_boolean().value(row).hash(hasher),
                DataType::Timestamp(..) => {
                    column
                        .as_primitive::<TimestampNanosecondType>()
                        .value(row)
                        .hash(hasher);
                }
                _ => column.as_string_view().value(row).hash(hasher),
            }
        }
    }
}
