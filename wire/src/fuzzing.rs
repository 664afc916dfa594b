//! What a fuzzer calls: every decoder of this crate, on any bytes.
//!
//! Each function takes bytes, panics when a law is broken, and says whether they were accepted.
//! The programs around them are in `fuzz/`; the corpus that they keep is replayed by a unit test.

use crate::v1::{Ack, Archived, Batch, Enrol, Enrolled, Hello, Refusal, RefusalCode};
use crate::v1::{Status, Welcome};
use crate::{BatchFrame, BatchView, FieldView, Frame, FrameDecoder, FrameHeader, FrameKind};
use crate::{IntegersView, Limits, Message, Secret, TableBuilder, Token, TokenKind, ValuesView};

/// A valid input to begin with: the target's name, the input's own, its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// Cuts bytes into frames and decodes their messages. The first byte says how the stream is cut.
pub fn frame(data: &[u8]) -> bool {
    let Some((step, stream)) = data.split_first() else {
        return false;
    };
    let mut decoder = FrameDecoder::new(Limits::default());
    let mut decoded = 0;
    for mut chunk in stream.chunks(1 + usize::from(*step)) {
        loop {
            match decoder.push(&mut chunk) {
                Ok(Some(frame)) => decoded += usize::from(message(&frame)),
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        assert!(
            chunk.is_empty(),
            "a decoder that wants more took everything"
        );
    }
    decoder.finish().is_ok() && decoded > 0
}

/// Validates a batch. After a first byte that is odd, the bytes are a body and its header is right.
pub fn batch(data: &[u8]) -> bool {
    let Some((mode, bytes)) = data.split_first() else {
        return false;
    };
    let header = FrameHeader {
        kind: FrameKind::Batch,
        body_bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
    };
    let framed = match mode % 2 {
        0 => BatchFrame::from_slice(bytes, &Limits::default()),
        _ => BatchFrame::from_slice(&[&header.to_bytes(), bytes].concat(), &Limits::default()),
    };
    framed.is_ok_and(|frame| {
        read(&frame.view());
        true
    })
}

/// Reads the text of a token.
pub fn token(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    Token::from_text(text).is_ok_and(|token| {
        assert_eq!(Token::from_text(&token.to_text()), Ok(token));
        true
    })
}

/// What decodes is encoded to a frame that decodes to the same.
fn message(frame: &Frame) -> bool {
    let Ok(message) = Message::decode(frame) else {
        return false;
    };
    let again = message.encode().expect("what came in a frame fits one");
    assert_eq!(Message::decode(&again), Ok(message));
    true
}

/// Reads every value of a validated batch.
fn read(batch: &BatchView<'_>) {
    let mut rows = 0;
    for table in batch.tables() {
        rows += table.rows();
        if table.rows() > ROWS_READ_MAX {
            continue;
        }
        read_integers(&table.time(), table.rows());
        read_integers(&table.series_of_row(), table.rows());
        for tag in table.tags() {
            (0..table.series()).for_each(|series| {
                let value = tag.value(series);
                assert_eq!(value.is_some(), tag.codes().code(series) > 0);
            });
        }
        for field in table.fields() {
            read_field(&field, table.rows());
        }
    }
    assert_eq!(batch.rows(), rows);
}

fn read_field(field: &FieldView<'_>, rows: usize) {
    match field.values() {
        ValuesView::I64(values) | ValuesView::Time(values) | ValuesView::F64(values) => {
            read_integers(&values, rows);
        }
        ValuesView::Bool(bits) => assert_eq!(bits.len(), rows.div_ceil(8)),
        ValuesView::Text(text) => {
            let bytes = (0..rows).map(|row| text.value(row).len()).sum::<usize>();
            assert_eq!(bytes, text.bytes().len(), "the texts are all there");
        }
        ValuesView::Dictionary(dictionary) => {
            read_integers(&dictionary.codes, rows);
            let count = dictionary.values.len() as u64;
            let valid = (0..rows).filter(|row| field.is_valid(*row));
            let codes = valid.map(|row| dictionary.codes.code(row));
            codes.for_each(|code| assert!(code < count));
        }
    }
}

/// Integers come out the same one by one, as a slice and as a choice of rows.
fn read_integers(integers: &IntegersView<'_>, rows: usize) {
    let all = integers.to_vec();
    assert_eq!((integers.len(), all.len()), (rows, rows));
    let one_by_one = (0..rows).map(|row| integers.value(row));
    assert!(
        one_by_one.eq(all.iter().copied()),
        "by the slice and one by one"
    );
    let (least, most) = (all.iter().min(), all.iter().max());
    assert_eq!(integers.bounds(), least.copied().zip(most.copied()));
    let mut chosen = Vec::new();
    let backwards: Vec<u32> = (0..u32::try_from(rows).unwrap_or(0)).rev().collect();
    integers.gather_into(&backwards, &mut chosen);
    assert!(chosen.iter().rev().eq(&all), "by the slice and by choice");
}

/// Rows that are all the same take no bytes: more of them show nothing.
const ROWS_READ_MAX: usize = 1 << 14;

/// Returns a valid input of each shape.
///
/// # Panics
/// When what this crate encodes does not encode.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (step, message) in (0..).zip(messages()) {
        let frame = message.encode().expect("a small message fits a frame");
        let stream = [&[step * 17], frame.bytes(), frame.bytes()].concat();
        seeds.push(("frame", format!("message-{step}"), stream));
    }
    for (name, batch) in batches() {
        let frame = BatchFrame::encode(&batch, &Limits::default()).expect("it keeps the limits");
        seeds.push((
            "batch",
            format!("whole-{name}"),
            [&[0], frame.bytes()].concat(),
        ));
        let body = frame.bytes().get(crate::HEADER_BYTES..).unwrap_or_default();
        seeds.push(("batch", format!("body-{name}"), [&[1], body].concat()));
    }
    let token = Token {
        kind: TokenKind::Api,
        id: "t1".into(),
        secret: Secret::new([7; 32]),
        authority: [9; 32],
        http: vec!["https://127.0.0.1:8080".into()],
        quic: vec!["[::1]:7443".into()],
    };
    seeds.push(("token", "api".into(), token.to_text().into_bytes()));
    seeds
}

fn messages() -> Vec<Message> {
    vec![
        Message::Hello(Hello {
            collector: "collector".into(),
            epoch: 7,
            ..Hello::default()
        }),
        Message::Welcome(Welcome {
            now: -1,
            archives: true,
            ..Welcome::default()
        }),
        Message::Enrol(Enrol {
            token: "token".into(),
            signing_request: vec![1, 2, 3],
        }),
        Message::Enrolled(Enrolled {
            collector: "collector".into(),
            ..Enrolled::default()
        }),
        Message::Ack(Ack {
            sequence: 9,
            lsn: u64::MAX,
            ..Ack::default()
        }),
        Message::Refusal(Refusal {
            code: RefusalCode::Overloaded,
            reason: "later".into(),
            retry_after_ms: 250,
        }),
        Message::Archived(Archived { lsn: 5 }),
        Message::Status(Status::default()),
    ]
}

/// Batches of every type of column, with and without nulls, empty and not.
fn batches() -> Vec<(&'static str, Batch)> {
    let rows = |count: i64, has_nulls: bool| {
        let mut table = TableBuilder::new("cpu");
        for n in 0..count {
            table.begin_row(n * 1_000);
            let is_null = has_nulls && n % 3 == 0;
            fill(&mut table, n, is_null);
        }
        Batch {
            collector: "collector".into(),
            epoch: 1,
            sequence: 1,
            tables: vec![table.finish()],
        }
    };
    vec![
        ("empty", Batch::default()),
        ("one", rows(1, false)),
        ("full", rows(20, false)),
        ("nulls", rows(20, true)),
    ]
}

fn fill(table: &mut TableBuilder, n: i64, is_null: bool) {
    use schema::{ColumnDefinition, FieldType};
    let host = match n % 3 {
        0 => "a",
        1 => "b",
        _ => "ä",
    };
    let mut fits = table.column(&ColumnDefinition::tag("host")).push_text(host);
    if !is_null {
        let field = ColumnDefinition::field;
        fits &= table.column(&field("i", FieldType::I64)).push_i64(n * n);
        fits &= table.column(&field("d", FieldType::F64)).push_f64(0.5);
        fits &= table.column(&field("b", FieldType::Bool)).push_bool(n > 5);
        fits &= table.column(&field("s", FieldType::Text)).push_text("text");
    }
    assert!(fits, "values have the types of their columns");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn target(name: &str) -> fn(&[u8]) -> bool {
        match name {
            "frame" => super::frame,
            "batch" => super::batch,
            "token" => super::token,
            other => panic!("{other} is no target of this crate"),
        }
    }

    #[test]
    fn every_seed_is_accepted() {
        for (name, seed, bytes) in super::seeds() {
            assert!(target(name)(&bytes), "{name}/{seed}");
        }
    }

    #[test]
    fn what_fuzzing_found_is_decoded_without_a_panic() {
        for name in ["frame", "batch", "token"] {
            let corpus = Path::new("../fuzz/corpus");
            let entries = std::fs::read_dir(corpus.join(name)).unwrap();
            let inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            assert!(!inputs.is_empty(), "the corpus of {name} is kept");
            for input in inputs {
                target(name)(&std::fs::read(input).unwrap());
            }
        }
    }
}
