//! From JSON values to the scalars that stand for `$1`, `$2`, ….

use datafusion::scalar::ScalarValue;
use serde_json::Value;

use crate::Error;

/// Returns the scalars in the order of the values.
///
/// A text stays a text: compared with a time, DataFusion reads it as RFC 3339; compared with a number,
/// as a number.
///
/// # Errors
/// [`Error::Parameter`] for an array or an object, and for a whole number beyond 64 bits.
pub(crate) fn parameters(values: &[Value]) -> Result<Vec<ScalarValue>, Error> {
    values
        .iter()
        .enumerate()
        .map(|(index, value)| scalar(index + 1, value))
        .collect()
}

fn scalar(number: usize, value: &Value) -> Result<ScalarValue, Error> {
    match value {
        Value::Null => Ok(ScalarValue::Null),
        Value::Bool(value) => Ok(ScalarValue::Boolean(Some(*value))),
        Value::String(text) => Ok(ScalarValue::Utf8(Some(text.clone()))),
        Value::Number(value) => value
            .as_i64()
            .map(|whole| ScalarValue::Int64(Some(whole)))
            .or_else(|| value.as_u64().map(|whole| ScalarValue::UInt64(Some(whole))))
            .or_else(|| value.as_f64().map(|real| ScalarValue::Float64(Some(real))))
            .ok_or_else(|| refusal(number, "a number beyond 64 bits")),
        Value::Array(_) => Err(refusal(number, "an array")),
        Value::Object(_) => Err(refusal(number, "an object")),
    }
}

fn refusal(number: usize, what: &str) -> Error {
    Error::Parameter {
        detail: format!("parameter ${number} is {what}: use null, true, false, a number or a text"),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::scalar::ScalarValue;
    use serde_json::json;

    use super::parameters;

    #[test]
    fn every_plain_json_value_has_its_scalar() {
        let values = [json!(null), json!(true), json!(-1), json!(1.5), json!("a")];
        let expected = vec![
            ScalarValue::Null,
            ScalarValue::Boolean(Some(true)),
            ScalarValue::Int64(Some(-1)),
            ScalarValue::Float64(Some(1.5)),
            ScalarValue::Utf8(Some("a".into())),
        ];
        assert_eq!(parameters(&values).unwrap(), expected);
        let large = parameters(&[json!(u64::MAX)]).unwrap();
        assert_eq!(large, [ScalarValue::UInt64(Some(u64::MAX))]);
    }

    #[test]
    fn an_array_is_refused_by_its_number() {
        let error = parameters(&[json!(1), json!([1])]).unwrap_err();
        assert!(error.to_string().starts_with("parameter $2 is an array"));
    }
}
