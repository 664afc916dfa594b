//! One line: measurement, tags, fields and time.

use std::borrow::Cow;

use super::scanner::{BARE, KEY, MEASUREMENT, Scanner, TAG_VALUE};
use super::value::{FieldValue, read_value};
use super::{Precision, Refused};

/// A line, read; reused from line to line, so that its lists are allocated once.
#[derive(Debug, Default)]
pub(super) struct Point<'a> {
    pub(super) offset: usize,
    pub(super) measurement: Cow<'a, str>,
    pub(super) tags: Vec<Pair<'a, Cow<'a, str>>>,
    pub(super) fields: Vec<Pair<'a, FieldValue<'a>>>,
    pub(super) time: Option<i64>,
}

/// A key, its value, and where the key stands in the body.
#[derive(Debug)]
pub(super) struct Pair<'a, V> {
    pub(super) offset: usize,
    pub(super) key: Cow<'a, str>,
    pub(super) value: V,
}

/// Reads the line at which the scanner stands, up to its end.
pub(super) fn read_point<'a>(
    scanner: &mut Scanner<'a>,
    precision: Precision,
    point: &mut Point<'a>,
) -> Result<(), Refused> {
    point.tags.clear();
    point.fields.clear();
    point.offset = scanner.offset();
    point.measurement = scanner.word(MEASUREMENT);
    if point.measurement.is_empty() {
        return Err(Refused::new(point.offset, "the measurement has no name"));
    }
    while scanner.take(b',') {
        point.tags.push(read_tag(scanner)?);
    }
    scanner.skip_spaces();
    if scanner.at_line_end() {
        return Err(Refused::new(scanner.offset(), "the line has no fields"));
    }
    point.fields.push(read_field(scanner)?);
    while scanner.take(b',') {
        point.fields.push(read_field(scanner)?);
    }
    point.time = read_time(scanner, precision)?;
    Ok(())
}

fn read_tag<'a>(scanner: &mut Scanner<'a>) -> Result<Pair<'a, Cow<'a, str>>, Refused> {
    let (offset, key) = read_key(scanner, "tag")?;
    let value_offset = scanner.offset();
    let value = scanner.word(TAG_VALUE);
    if value.is_empty() {
        return Err(Refused::new(
            value_offset,
            format!("tag {key:?} has no value"),
        ));
    }
    Ok(Pair { offset, key, value })
}

fn read_field<'a>(scanner: &mut Scanner<'a>) -> Result<Pair<'a, FieldValue<'a>>, Refused> {
    let (offset, key) = read_key(scanner, "field")?;
    let value = read_value(scanner, &key)?;
    Ok(Pair { offset, key, value })
}

fn read_key<'a>(scanner: &mut Scanner<'a>, what: &str) -> Result<(usize, Cow<'a, str>), Refused> {
    let offset = scanner.offset();
    let key = scanner.word(KEY);
    if key.is_empty() {
        return Err(Refused::new(offset, format!("a {what} has no name")));
    }
    if !scanner.take(b'=') {
        let reason = format!("{what} {:?} has no value: write name=value", shown(&key));
        return Err(Refused::new(scanner.offset(), reason));
    }
    Ok((offset, key))
}

fn read_time(scanner: &mut Scanner<'_>, precision: Precision) -> Result<Option<i64>, Refused> {
    let has_space = scanner.skip_spaces();
    if scanner.at_line_end() {
        return Ok(None);
    }
    let offset = scanner.offset();
    if !has_space {
        let reason = "a comma, a space or the end of the line belongs here";
        return Err(Refused::new(offset, reason));
    }
    let word = scanner.word(BARE);
    let time: i64 = word.parse().map_err(|_| {
        let reason = format!("{:?} is not a time: write an integer", shown(&word));
        Refused::new(offset, reason)
    })?;
    let nanos = precision.to_nanos(time).ok_or_else(|| {
        let reason = format!("{time} lies outside the years 1677 to 2262: check the precision");
        Refused::new(offset, reason)
    })?;
    scanner.skip_spaces();
    if !scanner.at_line_end() {
        return Err(Refused::new(
            scanner.offset(),
            "the line goes on after its time",
        ));
    }
    Ok(Some(nanos))
}

fn shown(word: &str) -> String {
    word.chars().take(64).collect()
}
