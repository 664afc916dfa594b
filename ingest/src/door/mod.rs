//! What the doors that take text share: decompression, and a batch under construction.
//!
//! A door turns the bytes of one request into a [`wire::v1::Batch`]; it knows no HTTP and no store.

mod draft;
mod gzip;

pub(crate) use draft::{Draft, Row, Value};
pub use gzip::gunzip;
