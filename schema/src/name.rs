//! Which names tables, columns and collectors may have.

use crate::Error;

/// The longest name, in bytes; twice PostgreSQL's, since metrics of other sources are wordy.
pub const NAME_BYTES_MAX: usize = 128;

/// The name of the time column, which every table has and nobody may send as a tag or field.
pub const TIME_COLUMN: &str = "time";

/// Checks a table's, column's or collector's name.
///
/// Letters, digits, `_`, `-`, `.`, `:` and other printable characters are allowed, so that the names
/// of Telegraf and Prometheus pass unchanged; SQL quotes what is not a plain identifier.
///
/// # Errors
/// [`Error::Name`] when the name is empty, longer than [`NAME_BYTES_MAX`], holds a control
/// character, a quotation mark, a slash or a backslash, or begins or ends with a space.
pub fn validate_name(name: &str) -> Result<(), Error> {
    match broken_rule(name) {
        None => Ok(()),
        Some(reason) => Err(Error::Name {
            name: name.chars().take(NAME_BYTES_MAX).collect(),
            reason,
        }),
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > NAME_BYTES_MAX {
        return Some("it is longer than 128 bytes");
    }
    if name.chars().any(|c| c.is_control()) {
        return Some("it holds a control character");
    }
    if name.contains(['"', '/', '\\', '\u{2028}', '\u{2029}']) {
        return Some("it holds a quotation mark, a slash or a backslash");
    }
    if name.starts_with(' ') || name.ends_with(' ') {
        return Some("it begins or ends with a space");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{NAME_BYTES_MAX, validate_name};

    #[test]
    fn names_of_postgres_telegraf_and_prometheus_pass() {
        for name in [
            "stat_statements",
            "cpu.usage",
            "node:load1:avg",
            "usage user",
            "größe",
        ] {
            assert_eq!(validate_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_could_hurt_are_refused() {
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for name in [
            "",
            " a",
            "a ",
            "a\0b",
            "a\nb",
            "../etc",
            "a\"b",
            "a\\b",
            long.as_str(),
        ] {
            assert!(validate_name(name).is_err(), "{name:?}");
        }
    }
}
