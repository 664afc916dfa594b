//! `test`: one line for each aspect, with what to do about it.

use std::fmt;
use std::sync::Arc;

use platform::{Disk, OsEntropy, RealDisk};
use seal::Keyring;

use crate::Error;
use crate::config::{Instance, Settings, interval_of};
use crate::postgres::{self, Permits, Session};
use crate::run::lock;
use crate::sample::version::Version;
use crate::sample::view::MARKER;
use crate::send::{Connection, Identity, Route, Shelf};
use crate::spool::open_keyring;
use crate::view::STATEMENTS;

/// How an aspect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Fine.
    Ok,
    /// It works, with something missing.
    Warn,
    /// It does not work.
    Fail,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub grade: Grade,
    /// Which aspect.
    pub aspect: String,
    /// What was found, and what to do.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Ok => "OK",
            Grade::Warn => "WARN",
            Grade::Fail => "FAIL",
        };
        write!(f, "{grade:<4}  {}: {}", self.aspect, self.detail)
    }
}

/// Checks every aspect of a configuration: state directory, server, and each instance. Uses no
/// enrolment token up, and writes nothing but the keys of the state directory.
pub async fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![in_force(settings)];
    findings.extend(state_and_server(settings).await);
    for instance in &settings.instances {
        findings.extend(of_instance(settings, instance).await);
    }
    findings
}

fn in_force(settings: &Settings) -> Finding {
    let intervals = settings
        .intervals
        .all()
        .map(|(name, interval)| match interval_of(interval) {
            Some(_) => format!("{name} {interval}"),
            None => format!("{name} off"),
        });
    let detail = format!(
        "collector {:?}, spool up to {} in {}; {}",
        settings.name.as_str(),
        settings.spool_bytes_max,
        settings.state.display(),
        intervals.join(", ")
    );
    Finding {
        grade: Grade::Ok,
        aspect: "configuration".into(),
        detail,
    }
}

async fn state_and_server(settings: &Settings) -> Vec<Finding> {
    let owned = settings.clone();
    let opened = tokio::task::spawn_blocking(move || open_identity(&owned)).await;
    match opened {
        Ok(Ok(identity)) => {
            let free = RealDisk.free_bytes(&settings.state).unwrap_or(u64::MAX);
            let room = if free < settings.spool_bytes_max.0 {
                warn(
                    "state",
                    "the disk has less room than spool_bytes_max: lower it".into(),
                )
            } else {
                ok("state", "key and keyring open".into())
            };
            vec![room, server(settings, &identity).await]
        }
        Ok(Err(Error::InUse { .. })) => {
            vec![ok(
                "state",
                "in use by a running collector; the server is not asked".into(),
            )]
        }
        Ok(Err(error)) => vec![fail("state", with_source(&error))],
        Err(_) => vec![fail("state", "the check was interrupted".into())],
    }
}

fn open_identity(settings: &Settings) -> Result<Identity, Error> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let _lock = lock(&*disk, &settings.state)?;
    let keyring: Arc<Keyring> = Arc::new(open_keyring(&*disk, &OsEntropy, &settings.state)?);
    let (entropy, state) = (Arc::new(OsEntropy), settings.state.clone());
    Identity::open(&Shelf {
        disk,
        entropy,
        keyring,
        state,
    })
}

async fn server(settings: &Settings, identity: &Identity) -> Finding {
    let aspect = "server";
    let Some(enrolment) = identity.enrolment() else {
        return match &settings.token {
            Some(_) => ok(
                aspect,
                "not enrolled yet: the token will be used by the first run".into(),
            ),
            None => fail(
                aspect,
                "not enrolled and no token: run `pganalytics collector register`".into(),
            ),
        };
    };
    if settings.token.as_ref().is_some_and(|t| identity.is_new(t)) {
        let detail = "enrolled by another token: the next run enrols again by the configured one";
        return warn(aspect, detail.into());
    }
    let learned = enrolment.route.addresses.clone();
    let addresses = if settings.server.is_empty() {
        learned
    } else {
        settings.server.clone()
    };
    let route = Route {
        addresses,
        authority_sha256: enrolment.route.authority_sha256,
    };
    let name = settings.name.as_str();
    match Connection::connect(&route, &identity.credentials(), name, schema::Epoch(0)).await {
        Ok(connection) => {
            let version = connection.welcome().version.clone();
            connection.close().await;
            ok(aspect, format!("connected, version {version}"))
        }
        Err(error) => fail(aspect, error.to_string()),
    }
}

async fn of_instance(settings: &Settings, instance: &Instance) -> Vec<Finding> {
    let aspect = |what: &str| format!("instance {:?}, {what}", instance.name);
    let limits = postgres::Limits {
        statement_timeout_ms: 10_000,
        lock_timeout_ms: 250,
    };
    let session = match Session::open(&instance.target, &Permits::new(), limits).await {
        Ok(session) => session,
        Err(error) => {
            let detail = format!("{}: {}", instance.target.place(), with_source(&error));
            return vec![fail(&aspect("connection"), detail)];
        }
    };
    let detail = format!(
        "{}, PostgreSQL {}",
        instance.target.place(),
        session.version
    );
    let mut findings = vec![ok(&aspect("connection"), detail)];
    findings.push(privileges(&session, &aspect("privileges")).await);
    findings.push(statements(&session, &aspect("stat_statements")).await);
    findings.push(query_ids(&session, &aspect("query ids")).await);
    if interval_of(settings.intervals.host).is_some() && !instance.is_local {
        let detail = "not on this machine: host tables are left out (host = true changes that)";
        findings.push(ok(&aspect("host"), detail.into()));
    }
    if instance.names_log_files {
        findings.push(warn(
            &aspect("log_files"),
            "this version does not read server logs".into(),
        ));
    }
    findings
}

async fn privileges(session: &Session, aspect: &str) -> Finding {
    let statement = "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')";
    match first_cell(session, statement).await {
        Ok(Some(granted)) if granted == "t" => ok(aspect, "statistics of all users".into()),
        Ok(_) => warn(
            aspect,
            "only own statistics: GRANT pg_monitor TO this role".into(),
        ),
        Err(error) => fail(aspect, error.to_string()),
    }
}

async fn statements(session: &Session, aspect: &str) -> Finding {
    let statement = "SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'";
    match first_cell(session, statement).await {
        Ok(Some(text)) => match Version::of_extension(&text) {
            Some(version) if STATEMENTS.statement(version).is_some() => {
                loaded(session, aspect, &text).await
            }
            _ => fail(
                aspect,
                format!("{text} is too old: ALTER EXTENSION pg_stat_statements UPDATE"),
            ),
        },
        Ok(None) => warn(
            aspect,
            "missing: CREATE EXTENSION pg_stat_statements in this database".into(),
        ),
        Err(error) => fail(aspect, error.to_string()),
    }
}

async fn loaded(session: &Session, aspect: &str, version: &str) -> Finding {
    match first_cell(
        session,
        "SELECT current_setting('pg_stat_statements.max', true)",
    )
    .await
    {
        Ok(Some(max)) if !max.is_empty() => {
            ok(aspect, format!("version {version}, up to {max} entries"))
        }
        _ => fail(
            aspect,
            "not loaded: add it to shared_preload_libraries and restart".into(),
        ),
    }
}

async fn query_ids(session: &Session, aspect: &str) -> Finding {
    match first_cell(session, "SELECT current_setting('compute_query_id', true)").await {
        Ok(Some(value)) if value == "off" => warn(
            aspect,
            "compute_query_id is off: samples of activity name no statement".into(),
        ),
        Ok(Some(value)) if !value.is_empty() => ok(aspect, format!("compute_query_id = {value}")),
        Ok(_) => ok(
            aspect,
            "not before PostgreSQL 14: samples of activity name no statement".into(),
        ),
        Err(error) => fail(aspect, error.to_string()),
    }
}

async fn first_cell(session: &Session, statement: &str) -> Result<Option<String>, Error> {
    let sets = session.query(&format!("{MARKER} {statement}")).await?;
    let row = sets.first().and_then(|set| set.first());
    Ok(row
        .and_then(|row| row.try_get(0).ok().flatten())
        .map(str::to_owned))
}

fn with_source(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn ok(aspect: &str, detail: String) -> Finding {
    Finding {
        grade: Grade::Ok,
        aspect: aspect.to_owned(),
        detail,
    }
}

fn warn(aspect: &str, detail: String) -> Finding {
    Finding {
        grade: Grade::Warn,
        aspect: aspect.to_owned(),
        detail,
    }
}

fn fail(aspect: &str, detail: String) -> Finding {
    Finding {
        grade: Grade::Fail,
        aspect: aspect.to_owned(),
        detail,
    }
}
