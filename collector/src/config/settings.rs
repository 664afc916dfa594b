//! The checked configuration.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use platform::{RealDisk, durable};
use schema::{CollectorName, Span, validate_name};
use serde::Deserialize;
use wire::{Token, TokenKind};

use super::file;
use super::nearest::with_suggestion;
use super::{ByteSize, DatabaseFilter, Intervals};
use crate::Error;
use crate::postgres::{PasswordSource, Target};

/// What a collector runs by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name under which the collector was registered.
    pub name: CollectorName,
    /// The enrolment token; needed until the first connection succeeded, and used once more when it
    /// is another one than that which enrolled.
    pub token: Option<Token>,
    /// `host:port` of the server's QUIC port; empty takes the token's addresses.
    pub server: Vec<String>,
    /// The directory of client key, certificate and spool.
    pub state: PathBuf,
    /// The most bytes of the spool; beyond it the oldest batches go. Default 1 GiB.
    pub spool_bytes_max: ByteSize,
    /// How long the spool keeps a batch.
    pub spool_until: SpoolUntil,
    /// The instances to watch.
    pub instances: Vec<Instance>,
    /// How often.
    pub intervals: Intervals,
    /// How long and how much at most.
    pub limits: Limits,
}

/// How long the spool keeps a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpoolUntil {
    /// Until the server has it on its disk.
    Durable,
    /// Until the server has it in its object store; where the server has none, as `durable`.
    #[default]
    Archived,
}

/// One PostgreSQL server to watch.
#[derive(Debug, Clone)]
pub struct Instance {
    /// The tag `instance` of its rows.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// Whether this machine is its machine, so that `host_…` is sampled for it.
    pub is_local: bool,
    pub(crate) databases: DatabaseFilter,
    /// Whether the file names server logs, which are not read yet: said at start and by `test`.
    pub(crate) names_log_files: bool,
}

/// `[limits]`: what one statement may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest that a statement may run; at least 1 ms, default 30 s.
    pub statement_timeout: Span,
    /// The longest that the activity statement may run; at least 1 ms, default 5 s.
    pub activity_timeout: Span,
    /// The longest that reading query texts may run; at least 1 ms, default 120 s.
    pub text_timeout: Span,
    /// The longest that a statement may wait for a lock; at least 1 ms, default 250 ms.
    pub lock_timeout: Span,
    /// The most bytes kept of a query's text, 64 to 65 536; default 8 192.
    pub text_bytes_max: u32,
    /// The most backends of one activity sample; default 3 500.
    pub activity_rows_max: u32,
    /// The most entries of `pg_stat_statements` that are compared; default 100 000. An instance with
    /// more gets no `stat_statements`, since a part of them would give wrong increases.
    pub statements_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            statement_timeout: Span::from_secs(30),
            activity_timeout: Span::from_secs(5),
            text_timeout: Span::from_secs(120),
            lock_timeout: Span::from_nanos(250_000_000),
            text_bytes_max: 8_192,
            activity_rows_max: 3_500,
            statements_max: 100_000,
        }
    }
}

impl Settings {
    /// Returns settings with defaults for one collector that watches one instance; what the
    /// demonstration needs.
    ///
    /// # Errors
    /// [`Error::Config`] when a name is not allowed.
    pub fn new(name: &str, token: Token, state: PathBuf) -> Result<Self, Error> {
        Ok(Self {
            name: CollectorName::new(name).map_err(|e| wrong("collector.name", e.to_string()))?,
            token: Some(token),
            server: Vec::new(),
            state,
            spool_bytes_max: SPOOL_BYTES_MAX,
            spool_until: SpoolUntil::default(),
            instances: Vec::new(),
            intervals: Intervals::default(),
            limits: Limits::default(),
        })
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`Error::Disk`] when it cannot be read, [`Error::Config`] for the first thing wrong in it.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = durable::read_file(&RealDisk, path).map_err(|source| Error::Disk {
            path: path.to_owned(),
            source,
        })?;
        let text = String::from_utf8(bytes)
            .map_err(|_| wrong(&path.display().to_string(), "it is not UTF-8".into()))?;
        Self::parse(&text)
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// [`Error::Config`] for the first thing wrong in it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: file::File = toml::from_str(text).map_err(|error| {
            // Only the message: the line itself may hold a token.
            let line = error.span().map_or(0, |span| {
                1 + text
                    .get(..span.start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
            });
            wrong(&format!("line {line}"), with_suggestion(error.message()))
        })?;
        check_intervals(&file.intervals)?;
        check_limits(&file.limits)?;
        let spool = file.spool.bytes_max.or(file.collector.spool_bytes_max);
        let settings = Self {
            token: token(&file.collector)?,
            name: CollectorName::new(file.collector.name)
                .map_err(|error| wrong("collector.name", error.to_string()))?,
            server: file.collector.server,
            state: file.collector.state,
            spool_bytes_max: spool.unwrap_or(SPOOL_BYTES_MAX),
            spool_until: file.spool.until,
            instances: file
                .instance
                .into_iter()
                .map(Instance::check)
                .collect::<Result<_, _>>()?,
            intervals: file.intervals,
            limits: file.limits,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Error> {
        if self.spool_bytes_max < SPOOL_BYTES_MIN {
            return Err(wrong(
                "spool_bytes_max",
                format!("at least {SPOOL_BYTES_MIN} are needed"),
            ));
        }
        if self.instances.is_empty() {
            return Err(wrong(
                "instance",
                "there is none: add an [[instance]]".into(),
            ));
        }
        let mut seen = HashSet::new();
        match self
            .instances
            .iter()
            .find(|instance| !seen.insert(&instance.name))
        {
            None => Ok(()),
            Some(twice) => Err(wrong(
                "instance.name",
                format!("{:?} is given twice", twice.name),
            )),
        }
    }
}

impl Instance {
    /// Returns an instance with defaults.
    ///
    /// # Errors
    /// [`Error::Config`] when name or URL cannot be used.
    pub fn new(name: &str, url: &str) -> Result<Self, Error> {
        validate_name(name).map_err(|error| wrong("instance.name", error.to_string()))?;
        let target = Target::parse(url)?;
        Ok(Self {
            name: name.to_owned(),
            is_local: target.is_local(),
            target,
            databases: DatabaseFilter::new(Vec::new()),
            names_log_files: false,
        })
    }

    fn check(file: file::Instance) -> Result<Self, Error> {
        let instance = Self::new(&file.name, &file.url)?;
        let place = |key| format!("instance {:?}, {key}", file.name);
        let password = match (file.password_file, file.password_command) {
            (None, None) => None,
            (Some(path), None) => Some(PasswordSource::File(path)),
            (None, Some(line)) => Some(PasswordSource::Command(line)),
            (Some(_), Some(_)) => {
                let reason = "give either password_file or password_command".into();
                return Err(wrong(&place("password_command"), reason));
            }
        };
        Ok(Self {
            target: instance.target.with_password(password),
            is_local: file.host.unwrap_or(instance.is_local),
            databases: DatabaseFilter::new(file.databases),
            names_log_files: !file.log_files.is_empty(),
            ..instance
        })
    }
}

fn token(file: &file::Collector) -> Result<Option<Token>, Error> {
    let text = match (&file.token, &file.token_file) {
        (None, None) => return Ok(None),
        (Some(text), None) => text.clone(),
        (None, Some(path)) => {
            let bytes = match durable::read_file(&RealDisk, path) {
                // The token is needed once; whoever removes its file afterwards does well.
                Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                other => other.map_err(|source| Error::Disk {
                    path: path.clone(),
                    source,
                })?,
            };
            String::from_utf8_lossy(&bytes).into_owned()
        }
        (Some(_), Some(_)) => {
            return Err(wrong(
                "collector.token_file",
                "give either token or token_file".into(),
            ));
        }
    };
    let token = Token::from_text(&text).map_err(|e| wrong("collector.token", e.to_string()))?;
    if token.kind != TokenKind::Enrolment {
        let reason = "this is an API token: use the one of `pganalytics collector register`";
        return Err(wrong("collector.token", reason.into()));
    }
    Ok(Some(token))
}

fn check_intervals(intervals: &Intervals) -> Result<(), Error> {
    for (name, interval) in intervals.all() {
        if interval.nanos() > 0 && interval < INTERVAL_MIN {
            let reason = format!("{interval} is too short: at least {INTERVAL_MIN}, or 0s for off");
            return Err(wrong(&format!("intervals.{name}"), reason));
        }
    }
    Ok(())
}

fn check_limits(limits: &Limits) -> Result<(), Error> {
    if !(64..=65_536).contains(&limits.text_bytes_max) {
        return Err(wrong("limits.text_bytes_max", "use 64 to 65536".into()));
    }
    let timeouts = [
        ("statement_timeout", limits.statement_timeout),
        ("activity_timeout", limits.activity_timeout),
        ("text_timeout", limits.text_timeout),
        ("lock_timeout", limits.lock_timeout),
    ];
    for (name, timeout) in timeouts {
        // To PostgreSQL 0 means without end.
        if timeout < TIMEOUT_MIN {
            let reason = format!("{timeout} is too short: at least {TIMEOUT_MIN}");
            return Err(wrong(&format!("limits.{name}"), reason));
        }
    }
    if limits.activity_rows_max == 0 || limits.statements_max == 0 {
        return Err(wrong(
            "limits",
            "a limit of 0 rows leaves nothing to collect".into(),
        ));
    }
    Ok(())
}

fn wrong(place: &str, reason: String) -> Error {
    Error::Config {
        place: place.to_owned(),
        reason,
    }
}

const SPOOL_BYTES_MAX: ByteSize = ByteSize(1 << 30);
/// Two segments of the spool's log.
const SPOOL_BYTES_MIN: ByteSize = ByteSize(16 << 20);
/// What PostgreSQL counts timeouts in.
const TIMEOUT_MIN: Span = Span::from_nanos(1_000_000);
const INTERVAL_MIN: Span = Span::from_nanos(100_000_000);
