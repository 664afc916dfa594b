//! Which keys exist, and which one an unknown key was meant to be.

use toml::{Table, Value};

use super::ConfigError;

/// Checks every key of a configuration against the defaults, which hold every key there is.
///
/// # Errors
/// [`ConfigError::UnknownKey`] with the nearest known key.
pub(super) fn check(origin: &str, given: &Table, known: &Table) -> Result<(), ConfigError> {
    check_section(origin, given, known, "", &all_keys(known, ""))
}

fn check_section(
    origin: &str,
    given: &Table,
    known: &Table,
    prefix: &str,
    all: &[String],
) -> Result<(), ConfigError> {
    for (name, value) in given {
        let key = join(prefix, name);
        let Some(expected) = known.get(name) else {
            let nearest = nearest(&key, all);
            return Err(ConfigError::UnknownKey {
                origin: origin.into(),
                key,
                nearest,
            });
        };
        if let (Value::Table(given), Value::Table(known)) = (value, expected) {
            check_section(origin, given, known, &key, all)?;
        }
    }
    Ok(())
}

/// Returns every key with its sections, sections included.
fn all_keys(table: &Table, prefix: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, value) in table {
        let key = join(prefix, name);
        if let Value::Table(inner) = value {
            keys.extend(all_keys(inner, &key));
        }
        keys.push(key);
    }
    keys
}

fn nearest(key: &str, all: &[String]) -> Option<String> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |known: &&String| {
        strsim::jaro_winkler(key, known).max(strsim::jaro_winkler(&last(key), &last(known)))
    };
    let best = all
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) > LIKENESS_MIN).then(|| best.clone())
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// Below this a suggestion would puzzle more than help.
const LIKENESS_MIN: f64 = 0.7;
