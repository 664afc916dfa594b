//! Times as RFC 3339 in UTC, with as many digits as the value needs.

use std::fmt::Write;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringBuilder, TimestampNanosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use datafusion::arrow::error::ArrowError;
use schema::Timestamp;

/// Tells whether the type is a moment that we print ourselves.
pub(crate) const fn is_timestamp(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, _))
}

/// Returns the moments in nanoseconds, whatever their unit.
pub(crate) fn nanoseconds(array: &dyn Array) -> Result<TimestampNanosecondArray, ArrowError> {
    let zone = match array.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let nanos = cast(array, &DataType::Timestamp(TimeUnit::Nanosecond, zone))?;
    Ok(nanos.as_primitive::<TimestampNanosecondType>().clone())
}

/// Returns the texts of the moments; null stays null.
pub(crate) fn texts(array: &dyn Array) -> Result<ArrayRef, ArrowError> {
    let nanos = nanoseconds(array)?;
    let mut builder = StringBuilder::with_capacity(nanos.len(), nanos.len() * TEXT_BYTES);
    for moment in &nanos {
        match moment {
            Some(nanos) => {
                write!(builder, "{}", Timestamp::from_nanos(nanos))
                    .map_err(|error| ArrowError::CastError(error.to_string()))?;
                builder.append_value("");
            }
            None => builder.append_null(),
        }
    }
    Ok(std::sync::Arc::new(builder.finish()))
}

const TEXT_BYTES: usize = 30;
