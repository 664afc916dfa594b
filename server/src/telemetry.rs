//! Logs on standard error: for people as lines, for machines as JSON.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{ConfigError, LogFormat, LogSettings};

/// Starts logging; a second call in one process (a test, the demo) changes nothing.
///
/// # Errors
/// [`ConfigError::Value`] when the level is not one.
pub fn start(settings: &LogSettings) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&settings.level).map_err(|error| ConfigError::Value {
        origin: "log.level".into(),
        reason: error.to_string(),
    })?;
    let builder = fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .with_target(true);
    let started = match settings.format {
        LogFormat::Text => builder.with_ansi(false).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}
