//! `pganalytics maintenance flush | compact`.

use serde_json::{Value, json};

use crate::cli::{Maintenance, Remote};
use crate::client::Client;
use crate::failure::Outcome;

/// Runs the command.
pub(crate) async fn run(call: Maintenance) -> Outcome {
    match call {
        Maintenance::Flush { wait, remote } => start("flush", wait, &remote).await,
        Maintenance::Compact { wait, remote } => start("compact", wait, &remote).await,
    }
}

async fn start(what: &str, wait: bool, remote: &Remote) -> Outcome {
    let path = format!("/api/v1/maintenance/{what}?wait={wait}");
    let answer: Value = Client::open(remote)?.post(&path, &json!({})).await?;
    let state = answer
        .get("state")
        .and_then(Value::as_str)
        .unwrap_or("done");
    println!("{what}: {state}");
    Ok(())
}
