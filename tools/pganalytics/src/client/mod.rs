//! Talking to a server over HTTP: address and token from the call, the environment, or a data
//! directory on the same machine.

mod answer;

use std::time::Duration;

use platform::{RealDisk, durable};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use server::LocalServer;
use wire::Token;

use crate::cli::Remote;
use crate::failure::{Failure, Outcome};

pub(crate) use answer::Answer;

/// A server, reached over HTTP.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    /// Finds out how to reach the server.
    pub(crate) fn open(remote: &Remote) -> Outcome<Self> {
        let text = token_text(remote.token.as_deref(), &remote.data)?;
        let token = Token::from_text(&text)
            .map_err(|error| Failure::call(error, "copy the token whole, or leave --token away"))?;
        let url = match &remote.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => local_url(remote, &token)?,
        };
        let tls = collector::send::pinned_tls(token.authority)
            .map_err(|error| Failure::new(error, "this is a defect: please report it"))?;
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .no_proxy()
            .build()
            .map_err(|error| Failure::new(error, "this is a defect: please report it"))?;
        Ok(Self {
            http,
            url,
            token: text,
        })
    }

    /// Asks in SQL and returns the answer, to be read as it comes.
    pub(crate) async fn sql(&self, query: &str, format: &str) -> Outcome<Answer> {
        let body = serde_json::json!({ "query": query, "format": format });
        self.send(self.request(Method::POST, "/api/v1/sql").json(&body))
            .await
    }

    /// Calls with `GET` and returns the JSON answer.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Outcome<T> {
        self.send(self.request(Method::GET, path))
            .await?
            .json()
            .await
    }

    /// Calls with `POST` and returns the JSON answer.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Outcome<T> {
        self.send(self.request(Method::POST, path).json(body))
            .await?
            .json()
            .await
    }

    /// Calls with `PATCH` and returns the JSON answer.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Outcome<T> {
        self.send(self.request(Method::PATCH, path).json(body))
            .await?
            .json()
            .await
    }

    /// Calls with `DELETE`.
    pub(crate) async fn delete(&self, path: &str) -> Outcome {
        self.send(self.request(Method::DELETE, path))
            .await
            .map(drop)
    }

    /// Calls with `DELETE` and these parameters, and returns the JSON answer.
    pub(crate) async fn delete_where<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Outcome<T> {
        let request = self.request(Method::DELETE, path).query(parameters);
        self.send(request).await?.json().await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Outcome<Answer> {
        let response = request.send().await.map_err(|error| {
            let what = format!("{} does not answer: {}", self.url, innermost(&error));
            Failure::new(
                what,
                "is the server running? start it with: pganalytics server",
            )
        })?;
        Answer::check(response).await
    }
}

/// Returns a token: the given one, else the administrator's of the data directory.
pub(crate) fn token_text(given: Option<&str>, data: &std::path::Path) -> Outcome<String> {
    if let Some(text) = given {
        return Ok(text.to_owned());
    }
    let path = server::admin_token_path(data);
    let bytes = durable::read_file(&RealDisk, &path).map_err(|error| {
        let advice = "give --token, or --data with the data directory of a server on this machine";
        Failure::call(format!("no token: {error}"), advice)
    })?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

fn local_url(remote: &Remote, token: &Token) -> Outcome<String> {
    if remote.token.is_some()
        && let Some(url) = token.http.first()
    {
        return Ok(url.clone());
    }
    let local = LocalServer::read(&RealDisk, &remote.data).map_err(|error| {
        Failure::call(
            error,
            "give --url, or --data with the data directory of a running server",
        )
    })?;
    let advice = "start the server again: it writes server.json";
    local
        .http
        .first()
        .cloned()
        .ok_or_else(|| Failure::new("server.json names no address", advice))
}

/// Returns the cause at the bottom of an error, which says most.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
