//! The formats of a result: how record batches become the bytes of a body.
//!
//! An [`Encoder`] is fed batches and gives chunks; it never holds more than a batch, except for
//! Parquet, which holds one row group (bounded by [`parquet`]).

mod arrow_stream;
mod csv;
mod json;
mod json_lines;
mod parquet;
mod timestamp;

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The format of a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One array of row objects.
    #[default]
    Json,
    /// One row object per line.
    #[serde(rename = "jsonl")]
    JsonLines,
    /// RFC 4180 with a header; null is the empty field.
    Csv,
    /// Arrow's IPC stream.
    Arrow,
    /// One Parquet file, zstd inside.
    Parquet,
}

impl Format {
    /// Returns the media type of the body.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// Returns the format that an `Accept` header asks for first, if it names one of ours.
    pub fn from_accept(accept: &str) -> Option<Self> {
        accept.split(',').find_map(|range| {
            let media = range.split(';').next().unwrap_or_default().trim();
            match media.to_ascii_lowercase().as_str() {
                "application/json" => Some(Self::Json),
                "application/x-ndjson" | "application/jsonl" | "application/ndjson" => {
                    Some(Self::JsonLines)
                }
                "text/csv" => Some(Self::Csv),
                "application/vnd.apache.arrow.stream" => Some(Self::Arrow),
                "application/vnd.apache.parquet" => Some(Self::Parquet),
                _ => None,
            }
        })
    }

    /// Returns an encoder for rows of this schema.
    pub(crate) fn encoder(self, schema: &SchemaRef) -> Result<Box<dyn Encoder>, ArrowError> {
        Ok(match self {
            Self::Json => Box::new(json::JsonEncoder::new()),
            Self::JsonLines => Box::new(json_lines::JsonLinesEncoder::new()),
            Self::Csv => Box::new(csv::CsvEncoder::new(schema)?),
            Self::Arrow => Box::new(arrow_stream::ArrowEncoder::new(schema)?),
            Self::Parquet => Box::new(parquet::ParquetEncoder::new(schema)?),
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name.to_ascii_lowercase().as_str() {
            "json" => Ok(Self::Json),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            "csv" => Ok(Self::Csv),
            "arrow" => Ok(Self::Arrow),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::Format {
                name: name.chars().take(32).collect(),
            }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        })
    }
}

/// Turns batches into the bytes of one body.
pub(crate) trait Encoder: Send {
    /// Encodes a batch.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError>;

    /// Writes what closes the body; nothing is written after it.
    fn finish(&mut self) -> Result<(), ArrowError>;

    /// Takes the bytes that are ready to be sent; empty when there are none yet.
    fn take(&mut self) -> Bytes;
}

#[cfg(test)]
mod tests;
