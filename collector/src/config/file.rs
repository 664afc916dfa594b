//! The file as it is written, before anything is checked.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ByteSize, Intervals, Limits, SpoolUntil};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) collector: Collector,
    #[serde(default)]
    pub(super) instance: Vec<Instance>,
    #[serde(default)]
    pub(super) intervals: Intervals,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) spool: Spool,
}

/// `[collector]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Collector {
    pub(super) name: String,
    pub(super) token: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) server: Vec<String>,
    #[serde(default = "default_state")]
    pub(super) state: PathBuf,
    pub(super) spool_bytes_max: Option<ByteSize>,
}

/// `[[instance]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instance {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) password_file: Option<PathBuf>,
    pub(super) password_command: Option<String>,
    #[serde(default)]
    pub(super) databases: Vec<String>,
    #[serde(default)]
    pub(super) log_files: Vec<String>,
    pub(super) host: Option<bool>,
}

/// `[spool]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Spool {
    pub(super) bytes_max: Option<ByteSize>,
    pub(super) until: SpoolUntil,
}

fn default_state() -> PathBuf {
    "./pganalytics-collector-data".into()
}
