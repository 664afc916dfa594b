//! Files to be imported: Parquet and CSV from the local disk, as record batches.
//!
//! This is for the command line alone. A [`crate::QueryEngine`] shares nothing with it: its sessions
//! have neither file formats nor object stores.

use std::path::Path;
use std::pin::Pin;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::prelude::{
    CsvReadOptions, DataFrame, ParquetReadOptions, SessionConfig, SessionContext,
};
use futures::{Stream, StreamExt};

use crate::Error;

/// The rows of a file, in its order.
pub struct FileRows {
    path: String,
    schema: SchemaRef,
    rows: SendableRecordBatchStream,
}

impl FileRows {
    /// Returns the columns; those of a CSV file are guessed from its first rows.
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}

impl std::fmt::Debug for FileRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileRows")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Stream for FileRows {
    type Item = Result<RecordBatch, Error>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let this = &mut *self;
        let batch = this.rows.poll_next_unpin(context);
        batch.map(|batch| batch.map(|b| b.map_err(|error| unreadable(&this.path, &error))))
    }
}

/// Opens a Parquet or CSV file by its ending (`.parquet`, `.csv`, `.csv.gz` is not read).
///
/// # Errors
/// [`Error::File`] for a file of another kind, one that is not there, or one that is damaged.
pub async fn read_file(path: &Path) -> Result<FileRows, Error> {
    let name = path.display().to_string();
    let frame = open(path, &name).await?;
    let schema = SchemaRef::clone(frame.schema().inner());
    let rows = frame
        .execute_stream()
        .await
        .map_err(|error| unreadable(&name, &error))?;
    Ok(FileRows {
        path: name,
        schema,
        rows,
    })
}

async fn open(path: &Path, name: &str) -> Result<DataFrame, Error> {
    // One partition, so that the rows come in the order of the file.
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(BATCH_ROWS);
    let context = SessionContext::new_with_config(config);
    let ending = path.extension().and_then(|ending| ending.to_str());
    let frame = match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("parquet") => {
            let options = ParquetReadOptions::default().file_extension("");
            context.read_parquet(name, options).await
        }
        Some("csv") => {
            let options = CsvReadOptions::new()
                .file_extension("")
                .newlines_in_values(true);
            context.read_csv(name, options).await
        }
        _ => {
            return Err(Error::File {
                path: name.to_owned(),
                detail: "its name ends neither in .parquet nor in .csv".into(),
            });
        }
    };
    frame.map_err(|error| unreadable(name, &error))
}

fn unreadable(path: &str, error: &DataFusionError) -> Error {
    Error::File {
        path: path.to_owned(),
        detail: error.strip_backtrace(),
    }
}

const BATCH_ROWS: usize = 8_192;
