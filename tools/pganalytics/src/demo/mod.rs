//! `pganalytics demo`: a PostgreSQL with a load, the server and a collector, and what they tell.
//!
//! ```text
//!   throwaway PostgreSQL ◀── load (accounts, slow and blocking statements)
//!          ▲ collector (in this process) ──QUIC──▶ server (in this process) ◀──HTTP── report
//! ```
//! Everything goes through the real doors: the collector enrols with a token over QUIC, the report
//! asks over HTTP. All of it ends with the process, or after `--seconds`.

mod load;
mod postgres;
mod report;
mod watcher;

use std::path::PathBuf;
use std::time::Duration;

use server::Server;
use server::config::{self, Overrides};

use crate::cli;
use crate::failure::{Failure, Outcome};
use load::Load;
use postgres::Watched;
use watcher::Watcher;

/// Runs the command.
pub(crate) async fn run(call: cli::Demo) -> Outcome {
    let watched = Watched::find_or_start(call.postgres.as_deref()).await?;
    let data = Home::new(call.data.clone())?;
    let server = start_server(&call, &data).await?;
    println!("{}", server.ready_line());
    let watcher = Watcher::start(&data.path, watched.url()).await?;
    let load = match &watched {
        Watched::Throwaway(_) => Some(Load::start(watched.url()).await?),
        Watched::Given(_) => None,
    };
    report::introduce(&server, &data.path, &watched);
    let outcome = tokio::select! {
        outcome = report::repeat(&data.path) => outcome,
        () = time_is_up(call.seconds) => Ok(()),
        signal = server::signalled() => signal.map_err(Failure::from),
    };
    if let Some(load) = load {
        load.stop().await;
    }
    watcher.stop().await?;
    server.stop().await?;
    tokio::task::spawn_blocking(move || drop(watched))
        .await
        .map_err(|error| Failure::new(error, "PostgreSQL may still run: look for it with ps"))?;
    outcome
}

/// Where the demo's data lies: in a directory of its own that goes with it, unless one was given.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    fn new(given: Option<PathBuf>) -> Outcome<Self> {
        if let Some(path) = given {
            return Ok(Self {
                path,
                _temporary: None,
            });
        }
        let made = tempfile::Builder::new()
            .prefix("pganalytics-demo-")
            .tempdir();
        let dir = made.map_err(|error| Failure::new(error, "give a directory with --data"))?;
        Ok(Self {
            path: dir.path().join("data"),
            _temporary: Some(dir),
        })
    }
}

/// Starts the server on the usual ports, or on free ones where those are taken.
async fn start_server(call: &cli::Demo, data: &Home) -> Outcome<Server> {
    let is_free = std::net::TcpListener::bind(&call.http).is_ok();
    let http = if is_free {
        call.http.as_str()
    } else {
        "127.0.0.1:0"
    };
    let flags = [
        ("server.data", data.path.display().to_string()),
        ("http.listen", http.to_owned()),
        ("quic.listen", "127.0.0.1:0".to_owned()),
        ("log.level", "warn".to_owned()),
    ];
    let flags = flags
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let settings = config::load(None, &Overrides::from_process(flags))?;
    server::telemetry::start(&settings.log)?;
    Ok(Server::start(settings).await?)
}

async fn time_is_up(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}
