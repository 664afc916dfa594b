//! The settings themselves, as data; every key has a default that is right for one machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use toml::{Table, Value};

use super::ConfigError;
use super::memory::{self, Split};
use crate::http::{BODY_COPIES, PROBES_MAX, SMALL_ROOM_BYTES, bytes_each};

/// Everything that can be set.
///
/// Limits that hold bytes follow from `server.memory_bytes_max` where they are not set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where data lies.
    #[serde(default)]
    pub server: ServerSettings,
    /// The HTTP door.
    #[serde(default)]
    pub http: HttpSettings,
    /// The collectors' door.
    #[serde(default)]
    pub quic: QuicSettings,
    /// How much the collectors' door takes.
    #[serde(default)]
    pub ingest: ingest::Settings,
    /// The PostgreSQL door.
    #[serde(default)]
    pub pgwire: PgwireSettings,
    /// Encryption at rest.
    #[serde(default)]
    pub seal: SealSettings,
    /// The store's limits.
    #[serde(default)]
    pub store: engine::Settings,
    /// The queries' limits.
    #[serde(default)]
    pub query: query::Settings,
    /// The object store.
    #[serde(default)]
    pub backup: BackupSettings,
    /// What is written to standard error.
    #[serde(default)]
    pub log: LogSettings,
}

impl Settings {
    /// Returns the defaults for a memory budget.
    pub fn with_memory(memory_bytes_max: u64) -> Self {
        let server = ServerSettings {
            memory_bytes_max,
            ..ServerSettings::default()
        };
        let mut table = Table::new();
        Split::of(memory_bytes_max).complete(&mut table);
        let sections = Value::Table(table).try_into::<Self>();
        let sections = sections.expect("shares of a budget are numbers that the limits can take");
        Self { server, ..sections }.shared_out()
    }

    /// Returns the settings with the shares that have no setting of their own.
    pub(super) fn shared_out(mut self) -> Self {
        let split = Split::of(self.server.memory_bytes_max);
        self.store.shares = split.shares();
        self.http.room_bytes_max = usize::try_from(split.room()).unwrap_or(usize::MAX);
        self
    }

    /// Checks what can be checked before anything is touched.
    ///
    /// # Errors
    /// [`ConfigError::Value`] naming the section.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |origin: &str, reason: String| ConfigError::Value {
            origin: origin.into(),
            reason,
        };
        memory::check(self)?;
        self.http
            .check()
            .map_err(|reason| wrong("[http]", reason))?;
        self.store
            .validate()
            .map_err(|error| wrong("[store]", error.to_string()))?;
        self.ingest
            .check()
            .map_err(|error| wrong("[ingest]", error.to_string()))
    }
}

/// Where data lies, and how much memory the server takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The data directory; default `./pganalytics-data`.
    pub data: PathBuf,
    /// The memory that the server may take, in bytes, at least 256 MiB; every limit that holds bytes and
    /// is not set follows from it. Default: half of what the machine or the container has, at most
    /// 2 GiB.
    pub memory_bytes_max: u64,
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
    /// The largest body of a write, in bytes, before and after decompression. Default: a sixty-fourth of
    /// the memory budget, at most 32 MiB.
    pub body_bytes_max: usize,
    /// Most connections; where all are taken, the one that is idle longest goes. Default: from a share of
    /// the memory budget, 160 for 2 GiB; each costs 256 KiB at most.
    pub connections_max: usize,
    /// The largest head of a request, and of what is written or read at a time, in bytes; 8 192 to
    /// 1 048 576. Default 32 768.
    pub header_bytes_max: usize,
    /// How long a connection may take to its first request, TLS included. Default 10 s.
    pub header_timeout_ms: u32,
    /// How long a connection may wait for another request. Default 75 s.
    pub idle_timeout_ms: u32,
    /// How long a client may take nothing of an answer: nothing that the system tells of, which holds
    /// megabytes of it on long lines. Default 60 s.
    pub write_timeout_ms: u32,
    /// How fast the body of a write must come at least, after a grace of 10 s. Default 16 384 bytes a
    /// second.
    pub body_bytes_per_second_min: u32,
    /// Names or addresses under which clients reach this server, for tokens and certificates.
    pub advertise: Vec<String>,
    /// Bytes that the bodies of writes and what becomes of them may take together: a share of the memory
    /// budget.
    #[serde(skip)]
    pub(crate) room_bytes_max: usize,
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

impl HttpSettings {
    /// Returns what one connection takes at most.
    pub(super) fn bytes_each(&self) -> u64 {
        bytes_each(self.header_bytes_max as u64)
    }

    /// Returns what connections, and bodies of requests that write nothing, take at most (E-3).
    pub(super) fn connection_bytes_max(&self) -> u64 {
        let connections = self.connections_max.saturating_add(PROBES_MAX) as u64;
        connections
            .saturating_mul(self.bytes_each())
            .saturating_add(SMALL_ROOM_BYTES as u64)
    }

    /// Checks that the values can be used.
    fn check(&self) -> Result<(), String> {
        if self.connections_max == 0 {
            return Err("http.connections_max must be at least 1".to_owned());
        }
        if !(8 << 10..=1 << 20).contains(&self.header_bytes_max) {
            return Err("http.header_bytes_max must be 8192 to 1048576".to_owned());
        }
        let timeouts = [
            ("header", self.header_timeout_ms),
            ("idle", self.idle_timeout_ms),
            ("write", self.write_timeout_ms),
        ];
        if let Some((name, _)) = timeouts.iter().find(|(_, timeout_ms)| *timeout_ms == 0) {
            return Err(format!("http.{name}_timeout_ms must be at least 1"));
        }
        if self.body_bytes_per_second_min == 0 {
            return Err("http.body_bytes_per_second_min must be at least 1".to_owned());
        }
        Ok(())
    }

    /// Returns the bytes that writes may take together: at least what one of the largest does.
    pub(crate) fn room_bytes(&self) -> usize {
        let copies = usize::try_from(BODY_COPIES).unwrap_or(usize::MAX);
        self.room_bytes_max
            .max(self.body_bytes_max.saturating_mul(copies))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::with_memory(memory::default_bytes())
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            data: "./pganalytics-data".into(),
            memory_bytes_max: memory::default_bytes(),
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
            connections_max: 128,
            header_bytes_max: 32 << 10,
            header_timeout_ms: 10_000,
            idle_timeout_ms: 75_000,
            write_timeout_ms: 60_000,
            body_bytes_per_second_min: 16 << 10,
            advertise: Vec::new(),
            room_bytes_max: 128 << 20,
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
