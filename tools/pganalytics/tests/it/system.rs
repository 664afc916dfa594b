//! The server's own tables: what it knows of its collectors, its backups and its settings.

use serde_json::json;

use crate::harness::{ServerOptions, ServerProcess};

#[tokio::test]
async fn collectors_backups_and_settings_are_tables() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().join("repository").display());
    let options = ServerOptions::default()
        .with("BACKUP__URL", &url)
        .with("QUERY__TIMEOUT_MS", "12345");
    let server = ServerProcess::start(&dir.path().join("data"), &options);
    let api = server.api();
    let body = json!({ "name": "anna", "instances": ["pg1", "pg2*"] });
    assert_eq!(
        api.post("/api/v1/collectors", &body).await.status.as_u16(),
        201
    );
    let collectors = "SELECT name, instances, state, last_seen, lag_s FROM system.collectors";
    let expected = json!([{
        "name": "anna", "instances": "pg1, pg2*", "state": "registered",
        "last_seen": null, "lag_s": null,
    }]);
    assert_eq!(json!(api.rows(collectors).await), expected);

    assert_eq!(api.number("SELECT count(*) FROM system.backups").await, 0);
    let taken = api.post("/api/v1/backups", &json!({})).await;
    assert_eq!(taken.status.as_u16(), 201, "{}", taken.body);
    let backups = "SELECT count(*) FROM system.backups \
                   WHERE kind = 'incremental' AND end_time <= now() AND timeline = 1";
    assert_eq!(api.number(backups).await, 1);

    let settings = "SELECT value, \"default\" FROM system.settings WHERE name = 'query.timeout_ms'";
    let expected = json!([{ "value": "12345", "default": "60000" }]);
    assert_eq!(json!(api.rows(settings).await), expected);
}

#[tokio::test]
async fn a_server_without_a_repository_has_no_backups() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let count = "SELECT count(*) FROM system.backups";
    assert_eq!(server.api().number(count).await, 0);
}
