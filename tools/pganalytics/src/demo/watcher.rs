//! The demo's collector: enrolled like any other, running in this process.

use std::path::Path;

use collector::{Instance, Intervals, Settings};
use schema::Span;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use wire::Token;

use crate::cli::Remote;
use crate::client::Client;
use crate::failure::{Failure, Outcome};

/// A collector that is running.
#[derive(Debug)]
pub(crate) struct Watcher {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), collector::Error>>,
}

#[derive(Deserialize)]
struct Registered {
    token: String,
}

impl Watcher {
    /// Registers a collector through the HTTP door and starts it with the token it gets.
    pub(crate) async fn start(data: &Path, url: String) -> Outcome<Self> {
        let remote = Remote {
            url: None,
            token: None,
            data: data.to_owned(),
        };
        let name = format!("demo-{}", std::process::id());
        let body = json!({ "name": name, "instances": [INSTANCE] });
        let made: Registered = Client::open(&remote)?
            .post("/api/v1/collectors", &body)
            .await?;
        let settings = settings(&name, &made.token, data, &url).map_err(|error| {
            Failure::call(
                error,
                "give a URL such as postgres://user@host:5432/postgres",
            )
        })?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(collector::run(settings, until_true(stopped)));
        Ok(Self { stop, task })
    }

    /// Stops the collector after it has sent what it holds.
    pub(crate) async fn stop(self) -> Outcome {
        self.stop.send_replace(true);
        let ended = self
            .task
            .await
            .map_err(|error| Failure::new(error, "see the log above"))?;
        ended.map_err(|error| Failure::new(error, "see the log above"))
    }
}

/// Returns what the demo's collector runs by: often enough that a minute shows everything.
fn settings(name: &str, token: &str, data: &Path, url: &str) -> Result<Settings, collector::Error> {
    let token = Token::from_text(token)?;
    let state = data.with_file_name(format!("{name}-collector"));
    let mut settings = Settings::new(name, token, state)?;
    settings.instances.push(Instance::new(INSTANCE, url)?);
    let (activity, often) = (Span::from_secs(1), Span::from_secs(5));
    settings.intervals = Intervals {
        activity,
        statements: often,
        database: often,
        wal: often,
        bgwriter: often,
        checkpointer: often,
        host: often,
        collector: often,
    };
    Ok(settings)
}

async fn until_true(mut stopped: watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        tracing::debug!("the demo is gone, so the collector stops");
    }
}

/// The tag `instance` of what the demo's collector sends.
const INSTANCE: &str = "demo";
