//! The settings themselves, as data; every key has a default that is right for one machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where data lies.
    pub server: ServerSettings,
    /// The HTTP door.
    pub http: HttpSettings,
    /// The collectors' door.
    pub quic: QuicSettings,
    /// How much the collectors' door takes.
    pub ingest: ingest::Settings,
    /// The PostgreSQL door.
    pub pgwire: PgwireSettings,
    /// Encryption at rest.
    pub seal: SealSettings,
    /// The store's limits.
    pub store: engine::Settings,
    /// The queries' limits.
    pub query: query::Settings,
    /// The object store.
    pub backup: BackupSettings,
    /// What is written to standard error.
    pub log: LogSettings,
}

impl Settings {
    /// Checks what can be checked before anything is touched.
    ///
    /// # Errors
    /// [`ConfigError::Value`] naming the section.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |origin: &str, reason: String| ConfigError::Value {
            origin: origin.into(),
            reason,
        };
        self.store
            .validate()
            .map_err(|error| wrong("[store]", error.to_string()))?;
        self.ingest
            .check()
            .map_err(|error| wrong("[ingest]", error.to_string()))
    }
}

/// Where data lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The data directory; default `./pganalytics-data`.
    pub data: PathBuf,
}

/// The HTTP door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Address and port; port 0 takes a free one. Default `127.0.0.1:8080`.
    pub listen: String,
    /// `auto`: plain on loopback, the server's own certificate elsewhere. Default `auto`.
    pub tls: TlsMode,
    /// PEM file of a given certificate chain, for `tls = "files"`.
    pub certificate: PathBuf,
    /// PEM file of its key, for `tls = "files"`.
    pub key: PathBuf,
    /// Allows plain HTTP on an address that is not loopback. Default false.
    pub plain_on_any_address: bool,
    /// The largest body of a request, in bytes, before and after decompression. Default 32 MiB;
    /// each request may hold that much memory.
    pub body_bytes_max: usize,
    /// Names or addresses under which clients reach this server, for tokens and certificates.
    pub advertise: Vec<String>,
}

/// How HTTP is protected on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Plain on a loopback address, [`Self::Own`] elsewhere.
    #[default]
    Auto,
    /// Plain; refused outside loopback unless `plain_on_any_address`.
    Off,
    /// A certificate of the server's own authority.
    Own,
    /// `certificate` and `key`.
    Files,
}

/// The collectors' door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuicSettings {
    /// UDP address and port; port 0 takes a free one. Default `0.0.0.0:7443`.
    pub listen: String,
    /// `host:port` under which collectors reach this server, for tokens; default the listen address,
    /// or loopback where that is unspecified.
    pub advertise: Vec<String>,
}

/// The PostgreSQL door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PgwireSettings {
    /// Address and port. Default `127.0.0.1:5439`.
    pub listen: String,
}

/// Encryption at rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SealSettings {
    /// Where the master key comes from: `file:PATH`, `env:NAME` or `command:LINE`; empty means
    /// `file:` and `master.key` in the data directory, which is made on first start.
    pub key: String,
}

/// The object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupSettings {
    /// `s3://bucket/prefix`, `gs://…`, `az://…` or `file:///dir`; empty means no archiving.
    pub url: String,
    /// An S3-compatible endpoint; empty means the provider's own.
    pub endpoint: String,
    /// How long the open segment may wait for its next upload, in milliseconds. Default 5 000.
    pub archive_interval_ms: u64,
}

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,wal=debug`.
    pub level: String,
    /// Lines for people, or JSON for machines. Default `text`.
    pub format: LogFormat,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            data: "./pganalytics-data".into(),
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            tls: TlsMode::Auto,
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            plain_on_any_address: false,
            body_bytes_max: 32 << 20,
            advertise: Vec::new(),
        }
    }
}

impl Default for QuicSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:7443".into(),
            advertise: Vec::new(),
        }
    }
}

impl Default for PgwireSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5439".into(),
        }
    }
}

impl BackupSettings {
    /// Returns what the crate `backup` is told.
    pub(crate) fn to_backup(&self) -> backup::Settings {
        backup::Settings {
            archive_interval_ms: self.archive_interval_ms,
            ..backup::Settings::default()
        }
    }
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            endpoint: String::new(),
            archive_interval_ms: 5_000,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: LogFormat::Text,
        }
    }
}
