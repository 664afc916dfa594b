//! The HTTP door as tests use it.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// The HTTP door of a server, with a token.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    url: String,
    token: String,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: reqwest::header::HeaderMap,
    /// Its body.
    pub(crate) body: String,
}

impl Reply {
    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the body as JSON, if the status is this one.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}

impl Api {
    /// Returns the door at this URL.
    pub(crate) fn new(url: String, token: String) -> Self {
        Self {
            client: Client::new(),
            url,
            token,
        }
    }

    /// Returns the same door for the holder of another token.
    pub(crate) fn with_token(&self, token: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            ..self.clone()
        }
    }

    /// Returns a request to a path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Reply {
            status,
            headers,
            body: response.text().await?,
        })
    }

    /// Calls with `GET`.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path))
            .await
            .expect("the server answers")
    }

    /// Calls with `POST` and a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body))
            .await
            .expect("the server answers")
    }

    /// Asks in SQL and returns whatever comes.
    pub(crate) async fn ask(&self, query: &str) -> Reply {
        self.post("/api/v1/sql", &json!({ "query": query })).await
    }

    /// Asks in SQL and returns the rows.
    pub(crate) async fn rows(&self, query: &str) -> Vec<Value> {
        let rows = self.ask(query).await.expect(200);
        rows.as_array()
            .expect("json answers are arrays of objects")
            .clone()
    }

    /// Asks in SQL for one number.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let rows = self.rows(query).await;
        let first = rows
            .first()
            .and_then(Value::as_object)
            .and_then(|row| row.values().next());
        first
            .and_then(Value::as_i64)
            .unwrap_or_else(|| panic!("{query}: {rows:?}"))
    }

    /// Writes line protocol; errors of the connection are the caller's business.
    pub(crate) async fn write(&self, lines: String) -> Result<Reply, reqwest::Error> {
        self.send(self.request(Method::POST, "/api/v1/write").body(lines))
            .await
    }
}
