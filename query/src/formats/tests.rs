//! Golden bodies: the same rows in every format.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringViewArray,
    TimestampNanosecondArray,
};
use datafusion::arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use super::Format;

fn rows() -> RecordBatch {
    let time = TimestampNanosecondArray::from(vec![0, 1_500_000_000, 1_795_372_502_000_000_001])
        .with_timezone("UTC");
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]);
    RecordBatch::try_from_iter([
        ("time", Arc::new(time) as ArrayRef),
        (
            "host",
            Arc::new(StringViewArray::from(vec![
                Some("a,\"b\""),
                None,
                Some("ü"),
            ])),
        ),
        (
            "calls",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(-1)])),
        ),
        (
            "load",
            Arc::new(Float64Array::from(vec![0.5, f64::NAN, f64::INFINITY])),
        ),
        (
            "up",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
        ("list", Arc::new(list)),
    ])
    .unwrap()
}

fn body(format: Format, batches: &[RecordBatch], schema: &SchemaRef) -> Vec<u8> {
    let mut encoder = format.encoder(schema).unwrap();
    let mut body = Vec::new();
    for batch in batches {
        encoder.write(batch).unwrap();
        body.extend_from_slice(&encoder.take());
    }
    encoder.finish().unwrap();
    body.extend_from_slice(&encoder.take());
    body
}

fn text(format: Format, batches: &[RecordBatch]) -> String {
    String::from_utf8(body(format, batches, &rows().schema())).unwrap()
}

#[test]
fn json_lines_print_times_with_the_digits_they_need_and_no_nan() {
    let expected = concat!(
        r#"{"time":"1970-01-01T00:00:00Z","host":"a,\"b\"","calls":9223372036854775807,"load":0.5,"up":true,"list":[1,null]}"#,
        "\n",
        r#"{"time":"1970-01-01T00:00:01.5Z","host":null,"calls":null,"load":null,"up":false,"list":null}"#,
        "\n",
        r#"{"time":"2026-11-22T18:35:02.000000001Z","host":"ü","calls":-1,"load":null,"up":null,"list":[]}"#,
        "\n",
    );
    assert_eq!(text(Format::JsonLines, &[rows()]), expected);
}

#[test]
fn json_is_one_array_over_all_batches() {
    let parsed: serde_json::Value =
        serde_json::from_str(&text(Format::Json, &[rows(), rows()])).unwrap();
    assert_eq!(parsed.as_array().unwrap().len(), 6);
    assert_eq!(parsed[3]["calls"], serde_json::json!(i64::MAX));
    assert_eq!(text(Format::Json, &[]), "[]\n");
}

#[test]
fn csv_has_a_header_also_without_rows() {
    let expected = "time,host,calls,load,up,list\n\
        1970-01-01T00:00:00Z,\"a,\"\"b\"\"\",9223372036854775807,0.5,true,\"[1,null]\"\n\
        1970-01-01T00:00:01.5Z,,,,false,\n\
        2026-11-22T18:35:02.000000001Z,ü,-1,,,[]\n";
    assert_eq!(text(Format::Csv, &[rows()]), expected);
    assert_eq!(text(Format::Csv, &[]), "time,host,calls,load,up,list\n");
    let twice = text(Format::Csv, &[rows(), rows()]);
    assert_eq!(twice.matches("time,host").count(), 1);
}

#[test]
fn arrow_and_parquet_read_back_as_the_same_rows() {
    let batches = [rows(), rows()];
    let stream = body(Format::Arrow, &batches, &rows().schema());
    let read: Vec<_> = StreamReader::try_new(stream.as_slice(), None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, batches);

    let file = bytes::Bytes::from(body(Format::Parquet, &batches, &rows().schema()));
    let read: Vec<_> = ParquetRecordBatchReader::try_new(file, 3)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, batches);
}

#[test]
fn formats_are_found_by_name_and_by_accept_header() {
    for format in [
        Format::Json,
        Format::JsonLines,
        Format::Csv,
        Format::Arrow,
        Format::Parquet,
    ] {
        assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        assert_eq!(Format::from_accept(format.content_type()), Some(format));
    }
    assert!("xml".parse::<Format>().is_err());
    assert_eq!(
        Format::from_accept("text/html, text/csv;q=0.5"),
        Some(Format::Csv)
    );
    assert_eq!(Format::from_accept("*/*"), None);
}
