//! `system.settings`: every setting in force, and whether it is the default.

use async_trait::async_trait;
use query::{Cell, CellType, SystemSource};
use toml::{Table, Value};

use crate::config::{ConfigError, Settings, to_toml};

/// The settings that the server was started with; they do not change while it runs.
#[derive(Debug)]
pub(crate) struct SettingsInForce {
    /// Name, value and default, by name.
    settings: Vec<(String, String, String)>,
}

impl SettingsInForce {
    /// Returns the settings by their names in a configuration file.
    ///
    /// # Errors
    /// [`ConfigError::Value`] when a setting has no TOML form.
    pub(crate) fn new(settings: &Settings) -> Result<Self, ConfigError> {
        let (values, defaults) = (named(settings)?, named(&Settings::default())?);
        // Both are made of one type, so that the same names come in the same order.
        let settings = values.into_iter().zip(defaults);
        let settings = settings.map(|((name, value), (_, default))| (name, value, default));
        Ok(Self {
            settings: settings.collect(),
        })
    }
}

#[async_trait]
impl SystemSource for SettingsInForce {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn columns(&self) -> &'static [(&'static str, CellType)] {
        &[
            ("name", CellType::Text),
            ("value", CellType::Text),
            ("default", CellType::Text),
        ]
    }

    async fn rows(&self) -> Result<Vec<Vec<Cell>>, String> {
        let row = |(name, value, default): &(String, String, String)| {
            [name, value, default]
                .map(|text| Cell::Text(Some(text.clone())))
                .to_vec()
        };
        Ok(self.settings.iter().map(row).collect())
    }
}

/// Returns every setting as `section.key` and its value, in the order of the names.
fn named(settings: &Settings) -> Result<Vec<(String, String)>, ConfigError> {
    let table: Table = toml::from_str(&to_toml(settings)?).map_err(|error| ConfigError::Value {
        origin: "the settings".into(),
        reason: error.to_string(),
    })?;
    let mut found = Vec::new();
    collect("", &table, &mut found);
    found.sort();
    Ok(found)
}

fn collect(prefix: &str, table: &Table, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => collect(&format!("{name}."), inner, found),
            Value::String(text) => {
                let text = shown(&name, text);
                found.push((name, text));
            }
            other => found.push((name, other.to_string())),
        }
    }
}

/// Returns a text as it may be read by whoever may ask: the line that fetches the master key may hold
/// a secret of its own.
fn shown(name: &str, text: &str) -> String {
    match text.split_once(':') {
        Some(("command", _)) if name == MASTER_KEY => "command:…".to_owned(),
        _ => text.to_owned(),
    }
}

const MASTER_KEY: &str = "seal.key";

#[cfg(test)]
mod tests {
    use crate::config::Settings;

    use super::SettingsInForce;

    fn value(settings: &Settings, name: &str) -> (String, String) {
        let table = SettingsInForce::new(settings).unwrap();
        let found = table.settings.into_iter().find(|(n, ..)| n == name);
        let (_, value, default) = found.unwrap();
        (value, default)
    }

    #[test]
    fn a_setting_stands_beside_its_default() {
        let mut settings = Settings::default();
        settings.query.timeout_ms = 5;
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(value(&settings, "query.timeout_ms"), pair("5", "60000"));
        assert_eq!(
            value(&settings, "quic.listen"),
            pair("0.0.0.0:7443", "0.0.0.0:7443")
        );
        assert_eq!(value(&settings, "http.advertise"), pair("[]", "[]"));
    }

    #[test]
    fn the_command_that_fetches_the_key_is_not_shown() {
        let mut settings = Settings::default();
        settings.seal.key = "command:vault read -token=hvs.secret".into();
        assert_eq!(value(&settings, "seal.key").0, "command:…");
        settings.seal.key = "file:/etc/key".into();
        assert_eq!(value(&settings, "seal.key").0, "file:/etc/key");
    }
}
