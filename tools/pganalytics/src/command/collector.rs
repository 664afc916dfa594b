//! `pganalytics collector register | list | revoke`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Collector;
use crate::client::Client;
use crate::failure::Outcome;
use crate::output;

#[derive(Deserialize)]
struct Registered {
    token: String,
}

/// Runs the command.
pub(crate) async fn run(call: Collector) -> Outcome {
    match call {
        Collector::Register {
            name,
            instances,
            address,
            remote,
        } => {
            let mut body = json!({ "name": name, "instances": instances });
            if let (Some(address), Some(fields)) = (address, body.as_object_mut()) {
                fields.insert("address".into(), address.into());
            }
            let made: Registered = Client::open(&remote)?
                .post("/api/v1/collectors", &body)
                .await?;
            eprintln!("This token enrols {name} once, within 24 hours; it is not shown again:");
            println!("{}", made.token);
            Ok(())
        }
        Collector::List { remote, json } => {
            let list: Vec<Value> = Client::open(&remote)?.get("/api/v1/collectors").await?;
            output::listing(&list, json, &COLUMNS)
        }
        Collector::Revoke { name, remote } => {
            let path = format!("/api/v1/collectors/{}", output::path_segment(&name));
            Client::open(&remote)?.delete(&path).await?;
            eprintln!("Collector {name} is revoked and disconnected.");
            Ok(())
        }
    }
}

const COLUMNS: [&str; 8] = [
    "name",
    "state",
    "instances",
    "last_seen",
    "version",
    "lag_s",
    "buffered_bytes",
    "dropped_batches",
];
