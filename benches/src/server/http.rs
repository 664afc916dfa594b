//! The server's HTTP door: questions in SQL, and maintenance.

use std::time::Duration;

use platform::{Clock, RealClock};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};

/// A client that keeps its connection.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    url: String,
    token: String,
}

/// An answer: its rows, and how long it took from the request to the last byte of the reply.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// One JSON object a row.
    pub(crate) rows: Vec<Value>,
    /// Reading the JSON is not part of it.
    pub(crate) took: Duration,
}

impl Http {
    /// Returns a client of a server.
    pub(super) fn new(url: String, token: String) -> Outcome<Self> {
        let client = Client::builder().no_proxy().tcp_nodelay(true).build();
        let defect = |error| Failure::new(error, "this is a defect: please report it");
        Ok(Self {
            client: client.map_err(defect)?,
            url,
            token,
        })
    }

    /// Asks in SQL.
    ///
    /// # Errors
    /// When the server refuses or breaks off; its own words are in the message.
    pub(crate) async fn sql(&self, query: &str) -> Outcome<Answered> {
        let body = json!({ "query": query, "format": "json", "timeout_ms": 600_000 });
        let request = self
            .client
            .post(format!("{}/api/v1/sql", self.url))
            .json(&body);
        let started = RealClock.monotonic();
        let bytes = self.send(request).await?;
        let took = RealClock.monotonic().since(started);
        let rows = serde_json::from_slice(bytes.as_ref())
            .map_err(|error| Failure::wrong_answer(format!("no array of rows: {error}")))?;
        Ok(Answered { rows, took })
    }

    /// Asks in SQL for one row and returns it.
    ///
    /// # Errors
    /// As [`Self::sql`], and when the answer is not one row.
    pub(crate) async fn sql_row(&self, query: &str) -> Outcome<Value> {
        let mut rows = self.sql(query).await?.rows;
        let count = rows.len();
        match rows.pop() {
            Some(row) if count == 1 => Ok(row),
            _ => Err(Failure::wrong_answer(format!(
                "{count} rows instead of one: {query}"
            ))),
        }
    }

    /// Returns the page of metrics.
    ///
    /// # Errors
    /// As [`Self::sql`].
    pub(crate) async fn metrics(&self) -> Outcome<String> {
        let url = format!("{}/metrics", self.url);
        let bytes = self.send(self.client.get(url)).await?;
        Ok(String::from_utf8_lossy(bytes.as_ref()).into_owned())
    }

    /// Has the memtables written to parts and waits until it is done.
    ///
    /// # Errors
    /// As [`Self::sql`].
    pub(crate) async fn flush(&self) -> Outcome {
        self.maintain("flush").await
    }

    /// Has the parts merged and waits until it is done.
    ///
    /// # Errors
    /// As [`Self::sql`].
    pub(crate) async fn compact(&self) -> Outcome {
        self.maintain("compact").await
    }

    async fn maintain(&self, work: &str) -> Outcome {
        let url = format!("{}/api/v1/maintenance/{work}?wait=true", self.url);
        self.send(self.client.post(url)).await.map(drop)
    }

    async fn send(&self, request: RequestBuilder) -> Outcome<impl AsRef<[u8]> + use<>> {
        let broken = |error: reqwest::Error| {
            let advice = "is the server still running? see the .log beside its data directory";
            Failure::new(innermost(&error), advice)
        };
        let response = request
            .bearer_auth(&self.token)
            .send()
            .await
            .map_err(broken)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(broken)?;
        if status.is_success() {
            return Ok(bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        let what = format!("the server answered {status}: {text}");
        Err(Failure::new(what, "see the .log beside its data directory"))
    }
}

/// Returns the cause at the bottom of an error, which says most.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
