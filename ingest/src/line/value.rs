//! Field values: numbers, truth values and texts.

use std::borrow::Cow;

use super::Refused;
use super::scanner::{BARE, Scanner};
use crate::door::Value;

/// A field's value as it stands in the body.
#[derive(Debug, PartialEq)]
pub(super) enum FieldValue<'a> {
    Number(Value<'static>),
    Text(Cow<'a, str>),
}

impl FieldValue<'_> {
    pub(super) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Number(value) => *value,
            Self::Text(text) => Value::Text(text),
        }
    }
}

/// Takes the value of the field `key`.
pub(super) fn read_value<'a>(
    scanner: &mut Scanner<'a>,
    key: &str,
) -> Result<FieldValue<'a>, Refused> {
    let offset = scanner.offset();
    if scanner.peek() == Some(b'"') {
        let text = scanner.quoted();
        return text
            .map(FieldValue::Text)
            .ok_or_else(|| Refused::new(offset, format!("the text of {key:?} is never closed")));
    }
    let word = scanner.word(BARE);
    bare(&word)
        .map(FieldValue::Number)
        .map_err(|reason| Refused::new(offset, format!("field {key:?}: {reason}")))
}

fn bare(word: &str) -> Result<Value<'static>, String> {
    match word {
        "" => return Err("it has no value".to_owned()),
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if let Some(digits) = word.strip_suffix('i') {
        let number = digits.parse().map(Value::I64);
        return number.map_err(|_| format!("{} is not a 64-bit integer", shown(word)));
    }
    if let Some(digits) = word.strip_suffix('u') {
        return unsigned(word, digits);
    }
    float(word)
}

fn unsigned(word: &str, digits: &str) -> Result<Value<'static>, String> {
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{} is not an unsigned 64-bit integer", shown(word)))?;
    i64::try_from(number)
        .map(Value::I64)
        .map_err(|_| format!("{word} exceeds {}, the largest BIGINT", i64::MAX))
}

fn float(word: &str) -> Result<Value<'static>, String> {
    let refusal = || {
        format!(
            "{} is neither a number, true or false, nor a text in quotation marks",
            shown(word)
        )
    };
    // `f64::from_str` also reads words such as "inf" and "NaN", which the protocol does not have.
    if !word
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
    {
        return Err(refusal());
    }
    let number: f64 = word.parse().map_err(|_| refusal())?;
    if number.is_infinite() {
        return Err(format!("{} exceeds the range of DOUBLE", shown(word)));
    }
    Ok(Value::F64(number))
}

fn shown(word: &str) -> String {
    format!("{:?}", word.chars().take(64).collect::<String>())
}
