//! Bad input over HTTP gets a clear answer, and costs nobody else anything.

use serde_json::{Value, json};

use crate::harness::{Reply, ServerOptions, ServerProcess};

/// Checks the shape that every error has, and returns what it says.
fn problem(reply: &Reply, status: u16) -> Value {
    let problem = reply.expect(status);
    let kind = reply
        .headers
        .get("content-type")
        .expect("errors have a content type");
    assert_eq!(kind, "application/problem+json");
    for field in ["type", "title", "detail", "request_id"] {
        assert!(
            problem[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {problem}"
        );
    }
    assert_eq!(problem["status"], status);
    problem
}

fn detail(reply: &Reply, status: u16) -> String {
    problem(reply, status)["detail"]
        .as_str()
        .expect("checked above")
        .to_owned()
}

#[tokio::test]
async fn a_wrong_or_revoked_token_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    for token in ["", "nonsense", "pga_nonsense"] {
        detail(&api.with_token(token).ask("SELECT 1").await, 401);
    }
    let made = api
        .post("/api/v1/tokens", &json!({ "role": "reader" }))
        .await
        .expect(201);
    let reader = api.with_token(made["token"].as_str().unwrap());
    assert_eq!(reader.number("SELECT 1").await, 1);

    let forged = forge(made["token"].as_str().unwrap());
    assert_eq!(
        detail(&api.with_token(forged).ask("SELECT 1").await, 401),
        "the token is not known here"
    );

    let refusal = detail(&reader.write("t v=1".into()).await.unwrap(), 403);
    assert!(refusal.contains("writer"), "{refusal}");
    detail(
        &reader
            .post("/api/v1/tokens", &json!({ "role": "admin" }))
            .await,
        403,
    );
    detail(
        &reader.post("/api/v1/maintenance/flush", &json!({})).await,
        403,
    );

    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    let revoked = api
        .send(api.request(reqwest::Method::DELETE, &path))
        .await
        .unwrap();
    assert_eq!(revoked.status, 204);
    assert_eq!(
        detail(&reader.ask("SELECT 1").await, 401),
        "the token was revoked"
    );
}

/// Returns the token with another secret of the right length.
fn forge(token: &str) -> String {
    let mut token = wire::Token::from_text(token).unwrap();
    token.secret = wire::Secret::new([7; 32]);
    token.to_text()
}

#[tokio::test]
async fn bad_sql_names_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    for (sql, line, column) in [
        ("SELECT 1 +\n  FROM WHERE", 2, None),
        ("SELECT time\nFROM nowhere", 2, Some(6)),
        ("SELECT 1,\n       nonsense", 2, Some(8)),
    ] {
        let problem = problem(&api.ask(sql).await, 400);
        assert_eq!(problem["line"], line, "{problem}");
        assert!(
            problem["column"]
                .as_u64()
                .is_some_and(|c| column.is_none_or(|e| e == c)),
            "{problem}"
        );
    }
    let unknown = detail(&api.ask("SELECT * FROM nowhere").await, 400);
    assert!(unknown.contains("nowhere"), "{unknown}");
    for sql in [
        "",
        "SELECT 1; SELECT 2",
        "CREATE TABLE t (a INT)",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SET x = 1",
    ] {
        problem(&api.ask(sql).await, 400);
    }
    detail(
        &api.post("/api/v1/sql", &json!({ "sql": "SELECT 1" })).await,
        400,
    );
    detail(&api.get("/api/v1/sql").await, 400);
    detail(&api.get("/api/v1/sql?q=SELECT%201&format=xml").await, 400);
    detail(&api.get("/api/v1/nothing").await, 404);
    detail(&api.get("/api/v1/maintenance/flush").await, 405);
}

#[tokio::test]
async fn a_query_past_its_time_is_ended_and_answered() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    let endless = "SELECT count(*) FROM generate_series(1, 60000) a, generate_series(1, 60000) b \
                   WHERE a.value * b.value % 7 = 3";
    let body = json!({ "query": endless, "timeout_ms": 200 });
    let refusal = detail(&api.post("/api/v1/sql", &body).await, 408);
    assert!(refusal.contains("200"), "{refusal}");
    assert_eq!(api.number("SELECT 1").await, 1);
}

#[tokio::test]
async fn a_batch_whose_column_changes_type_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    assert_eq!(
        api.write("cpu,host=a usage=1.5 1".into())
            .await
            .unwrap()
            .status,
        204
    );
    let refusal = detail(
        &api.write("cpu,host=a usage=2i 2".into()).await.unwrap(),
        400,
    );
    assert!(
        refusal.contains("usage") && refusal.contains("DOUBLE"),
        "{refusal}"
    );
    let refusal = detail(&api.write("cpu host=\"a\" 3".into()).await.unwrap(), 400);
    assert!(
        refusal.contains("host") && refusal.contains("tag"),
        "{refusal}"
    );
    assert_eq!(api.number("SELECT count(*) FROM cpu").await, 1);
}

#[tokio::test]
async fn line_protocol_that_is_wrong_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    let refusal = detail(
        &api.write("cpu usage=1\ncpu,host= usage=1".into())
            .await
            .unwrap(),
        400,
    );
    assert!(refusal.contains("line 2"), "{refusal}");
    let far = "cpu usage=1 9000000000000000000";
    let refusal = detail(&api.write(far.into()).await.unwrap(), 400);
    assert!(refusal.contains("ahead"), "{refusal}");
    let request = api
        .request(reqwest::Method::POST, "/api/v1/write?precision=fortnight")
        .body("cpu v=1");
    detail(&api.send(request).await.unwrap(), 400);
    let request = api.request(reqwest::Method::POST, "/api/v1/write");
    let request = request.header("content-encoding", "gzip").body("not gzip");
    detail(&api.send(request).await.unwrap(), 400);
    let tables = api
        .rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        .await;
    assert!(
        tables.is_empty(),
        "a refused write leaves nothing: {tables:?}"
    );
}

#[tokio::test]
async fn the_same_idempotency_key_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    let write = |key: &'static str, lines: &'static str| {
        let request = api
            .request(reqwest::Method::POST, "/api/v1/write")
            .header("idempotency-key", key);
        api.send(request.body(lines))
    };
    let first = write("k1", "t n=1i 1").await.unwrap();
    let again = write("k1", "t n=2i 1").await.unwrap();
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (204, 204));
    assert_eq!(first.headers["x-lsn"], again.headers["x-lsn"]);
    assert_eq!(
        first.headers["x-commit-time"],
        again.headers["x-commit-time"]
    );
    assert_eq!(api.number("SELECT n FROM t").await, 1);
    assert_eq!(write("k2", "t n=3i 1").await.unwrap().status, 204);
    assert_eq!(api.number("SELECT n FROM t").await, 3);
}
