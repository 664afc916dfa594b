//! Columns become Arrow arrays; buffers of numbers and bits are handed over, not copied.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, StringViewArray,
    TimestampNanosecondArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

use crate::column::{Bitmap, Column, TextValues, Values};

/// Returns a column as an array.
pub(super) fn array_of(column: Column) -> ArrayRef {
    let nulls = column
        .validity
        .map(|validity| NullBuffer::new(bits(validity)));
    match column.values {
        Values::I64(values) => Arc::new(Int64Array::new(values.into(), nulls)),
        Values::F64(values) => Arc::new(Float64Array::new(values.into(), nulls)),
        Values::Bool(values) => Arc::new(BooleanArray::new(bits(values), nulls)),
        Values::Time(values) => Arc::new(times(values, nulls)),
        Values::Text(texts) => Arc::new(views(texts, nulls)),
    }
}

/// Returns times as an array.
pub(super) fn times(values: Vec<i64>, nulls: Option<NullBuffer>) -> TimestampNanosecondArray {
    TimestampNanosecondArray::new(values.into(), nulls).with_timezone("UTC")
}

fn bits(bitmap: Bitmap) -> BooleanBuffer {
    let len = bitmap.len();
    BooleanBuffer::new(Buffer::from_vec(bitmap.into_words()), 0, len)
}

fn views(texts: TextValues, nulls: Option<NullBuffer>) -> StringViewArray {
    if texts.is_empty() {
        return StringViewArray::new_null(0);
    }
    let offsets: Option<Vec<i32>> = texts
        .offsets
        .iter()
        .map(|o| i32::try_from(*o).ok())
        .collect();
    let Some(offsets) = offsets else {
        // More than 2 GiB of text in one batch: value by value, since Arrow's offsets end there.
        let value = |(row, text)| {
            nulls
                .as_ref()
                .is_none_or(|n| n.is_valid(row))
                .then_some(text)
        };
        return texts.iter().enumerate().map(value).collect();
    };
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let array = StringArray::new(offsets, Buffer::from_vec(texts.bytes), nulls);
    StringViewArray::from(&array)
}
