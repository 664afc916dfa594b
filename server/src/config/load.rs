//! From file, environment and flags to [`Settings`].

use std::path::Path;

use toml::{Table, Value};

use super::memory::{self, Split};
use super::{ConfigError, Settings, keys};

/// What overrides the file: variables of the environment, then flags.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `(name, value)` of the environment; only names that begin with `PGANALYTICS_` and hold `__`
    /// are read.
    pub environment: Vec<(String, String)>,
    /// `(key with dots, value)`, such as `("http.listen", "127.0.0.1:0")`.
    pub flags: Vec<(String, String)>,
}

impl Overrides {
    /// Returns the variables of this process and the given flags.
    pub fn from_process(flags: Vec<(String, String)>) -> Self {
        Self {
            environment: std::env::vars().collect(),
            flags,
        }
    }
}

/// Reads the configuration.
///
/// # Errors
/// [`ConfigError`] naming the file, variable or flag and what is wrong with it.
pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Settings, ConfigError> {
    let Some(path) = file else {
        return load_text("the defaults", "", overrides);
    };
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })?;
    load_text(&path.display().to_string(), &text, overrides)
}

/// Reads the configuration from the text of a file.
///
/// # Errors
/// As [`load`].
pub fn load_text(origin: &str, text: &str, overrides: &Overrides) -> Result<Settings, ConfigError> {
    let known = defaults();
    let mut merged: Table = text
        .parse()
        .map_err(|error: toml::de::Error| ConfigError::Syntax {
            origin: origin.into(),
            reason: error.to_string(),
        })?;
    keys::check(origin, &merged, &known)?;
    for (origin, key, value) in overriding(overrides) {
        let single = nest(&key, typed(&value, lookup(&known, &key)));
        keys::check(&origin, &single, &known)?;
        merge(&mut merged, single);
    }
    Split::of(memory_bytes_max(&merged)).complete(&mut merged);
    let settings = Value::Table(merged).try_into::<Settings>();
    let settings = settings.map_err(|error| ConfigError::Value {
        origin: origin.into(),
        reason: error.to_string(),
    })?;
    Ok(settings.shared_out())
}

/// Returns the memory budget that is set, or the default; one that is no number is refused later on.
fn memory_bytes_max(merged: &Table) -> u64 {
    let set = lookup(merged, "server.memory_bytes_max").and_then(Value::as_integer);
    set.and_then(|bytes| u64::try_from(bytes).ok())
        .unwrap_or_else(memory::default_bytes)
}

/// Returns settings as the text of a configuration file.
///
/// # Errors
/// [`ConfigError::Value`] when a setting has no TOML form.
pub fn to_toml(settings: &Settings) -> Result<String, ConfigError> {
    toml::to_string_pretty(settings).map_err(|error| ConfigError::Value {
        origin: "the settings".into(),
        reason: error.to_string(),
    })
}

fn defaults() -> Table {
    Table::try_from(Settings::default()).expect("plain data with string keys is a TOML table")
}

/// Returns `(where it comes from, key with dots, value)` in rising precedence.
fn overriding(overrides: &Overrides) -> Vec<(String, String, String)> {
    let variables = overrides.environment.iter().filter_map(|(name, value)| {
        let key = name
            .strip_prefix("PGANALYTICS_")
            .filter(|rest| rest.contains("__"))?;
        Some((
            name.clone(),
            key.to_lowercase().replace("__", "."),
            value.clone(),
        ))
    });
    let flags = overrides
        .flags
        .iter()
        .map(|(key, value)| (format!("the flag for {key}"), key.clone(), value.clone()));
    variables.chain(flags).collect()
}

fn lookup<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((section, rest)) => lookup(table.get(section)?.as_table()?, rest),
    }
}

/// Returns the text as the type that the default has; what does not fit stays text and is refused
/// with the key's name when the settings are read.
fn typed(text: &str, default: Option<&Value>) -> Value {
    let whole = || Value::String(text.to_owned());
    match default {
        Some(Value::Integer(_)) => text.parse().map_or_else(|_| whole(), Value::Integer),
        Some(Value::Float(_)) => text.parse().map_or_else(|_| whole(), Value::Float),
        Some(Value::Boolean(_)) => text.parse().map_or_else(|_| whole(), Value::Boolean),
        Some(Value::Array(_)) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        _ => whole(),
    }
}

fn nest(key: &str, value: Value) -> Table {
    match key.split_once('.') {
        None => Table::from_iter([(key.to_owned(), value)]),
        Some((section, rest)) => {
            Table::from_iter([(section.to_owned(), Value::Table(nest(rest, value)))])
        }
    }
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> Overrides {
        Overrides {
            environment: vec![(name.into(), value.into())],
            flags: Vec::new(),
        }
    }

    #[test]
    fn flags_override_variables_override_the_file() {
        let text = "[http]\nlisten = \"127.0.0.1:1\"\n[log]\nlevel = \"debug\"";
        let mut overrides = variable("PGANALYTICS_HTTP__LISTEN", "127.0.0.1:2");
        let settings = load_text("f", text, &overrides).unwrap();
        assert_eq!(
            (settings.http.listen.as_str(), settings.log.level.as_str()),
            ("127.0.0.1:2", "debug")
        );
        overrides
            .flags
            .push(("http.listen".into(), "127.0.0.1:3".into()));
        assert_eq!(
            load_text("f", text, &overrides).unwrap().http.listen,
            "127.0.0.1:3"
        );
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        for (text, nearest) in [
            ("[http]\nlisten_adress = \"x\"", "http.listen"),
            ("[htpp]\nlisten = \"x\"", "http"),
            ("[backup]\nurll = \"x\"", "backup.url"),
        ] {
            let error = load_text("f.toml", text, &Overrides::default())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(&format!("did you mean {nearest:?}")),
                "{error}"
            );
        }
        let error = load_text("", "", &variable("PGANALYTICS_HTTP__LISTN", "x")).unwrap_err();
        assert!(
            error.to_string().contains("PGANALYTICS_HTTP__LISTN"),
            "{error}"
        );
    }

    #[test]
    fn values_of_the_wrong_type_are_refused_by_key() {
        let error = load_text(
            "f.toml",
            "[http]\nbody_bytes_max = \"much\"",
            &Overrides::default(),
        );
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("body_bytes_max") || error.contains("invalid type"),
            "{error}"
        );
        assert!(load_text("f", "[http", &Overrides::default()).is_err());
    }

    #[test]
    fn variables_take_the_type_of_the_default() {
        let settings = load_text(
            "",
            "",
            &variable("PGANALYTICS_HTTP__BODY_BYTES_MAX", "4096"),
        );
        assert_eq!(settings.unwrap().http.body_bytes_max, 4096);
        let settings = load_text("", "", &variable("PGANALYTICS_HTTP__ADVERTISE", "a, b"));
        assert_eq!(settings.unwrap().http.advertise, ["a", "b"]);
    }
}
