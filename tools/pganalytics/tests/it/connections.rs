//! E-3: more connections over HTTP than there are places: who goes, who waits, what is still answered.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{ServerOptions, ServerProcess, eventually};

/// A connection spoken by hand.
struct Wire(TcpStream);

impl Wire {
    async fn open(server: &ServerProcess) -> Self {
        Self(TcpStream::connect(server.http()).await.unwrap())
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until `end` was said; empty text means that the server closed.
    async fn hear(&mut self, end: &str) -> String {
        let (mut heard, mut chunk) = (Vec::new(), [0; 4_096]);
        loop {
            let count = self.0.read(&mut chunk).await.unwrap_or(0);
            heard.extend_from_slice(&chunk[..count]);
            let text = String::from_utf8_lossy(&heard).into_owned();
            if count == 0 || text.contains(end) {
                return text;
            }
        }
    }

    async fn is_live(&mut self) -> bool {
        self.say("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
            .await;
        self.hear("\"live\"}").await.starts_with("HTTP/1.1 200")
    }

    /// Begins to write a row and stops in the middle of it.
    async fn begin_write(&mut self, server: &ServerProcess) {
        let head = format!(
            "POST /api/v1/write HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-length: 5\r\nexpect: 100-continue\r\n\r\n",
            server.admin_token()
        );
        self.say(&head).await;
        // From here on the request is under way.
        assert!(self.hear("\r\n\r\n").await.contains("100 Continue"));
        self.say("t v").await;
    }
}

/// Asks over a connection of its own.
async fn ask(server: &ServerProcess, path: &str) -> String {
    let mut wire = Wire::open(server).await;
    wire.say(&format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    ))
    .await;
    wire.hear("\u{0}").await
}

fn with_two_places() -> ServerOptions {
    ServerOptions::default().with("HTTP__CONNECTIONS_MAX", "2")
}

#[tokio::test]
async fn where_all_connections_are_busy_an_operator_still_sees_how_the_server_is() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &with_two_places());
    let (mut one, mut two) = (Wire::open(&server).await, Wire::open(&server).await);
    one.begin_write(&server).await;
    two.begin_write(&server).await;

    assert!(
        ask(&server, "/health/live")
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        ask(&server, "/health/ready")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let metrics = ask(&server, "/metrics").await;
    assert!(
        metrics.contains("pga_server_http_connections 2"),
        "{metrics}"
    );
    let refused = ask(&server, "/api/v1/version").await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 1"), "{refused}");
    assert!(refused.contains("http.connections_max"), "{refused}");

    one.say("=1").await;
    assert!(one.hear("\r\n\r\n").await.starts_with("HTTP/1.1 204"));
    eventually(
        "the place of a connection that is idle now is given away",
        async || {
            ask(&server, "/api/v1/version")
                .await
                .starts_with("HTTP/1.1 200")
        },
    )
    .await;
    two.say("=2").await;
    assert!(two.hear("\r\n\r\n").await.starts_with("HTTP/1.1 204"));
}

#[tokio::test]
async fn the_connection_that_is_idle_longest_makes_place() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &with_two_places());
    let (mut old, mut young) = (Wire::open(&server).await, Wire::open(&server).await);
    assert!(young.is_live().await);
    assert!(old.is_live().await);
    assert!(young.is_live().await);
    let mut newcomer = Wire::open(&server).await;
    assert!(newcomer.is_live().await);
    assert_eq!(old.hear("\r\n").await, "", "it was closed");
    assert!(young.is_live().await, "it was left alone");
}

#[tokio::test]
async fn silence_and_slow_heads_are_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServerOptions::default()
        .with("HTTP__HEADER_TIMEOUT_MS", "500")
        .with("HTTP__IDLE_TIMEOUT_MS", "1000");
    let server = ServerProcess::start(dir.path(), &options);
    let (mut silent, mut slow) = (Wire::open(&server).await, Wire::open(&server).await);
    slow.say("GET /health/live HTTP/1.1\r\nx-slow: ").await;
    assert_eq!(silent.hear("\r\n").await, "");
    assert_eq!(slow.hear("\r\n").await, "");
    let mut kept = Wire::open(&server).await;
    assert!(kept.is_live().await);
    assert_eq!(kept.hear("\r\n").await, "", "it was idle for too long");
    let metrics = ask(&server, "/metrics").await;
    let counted = "http_connections_closed_total{reason=\"slow\"} 3";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_crowd_of_half_sent_heads_stays_within_the_memory_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let budget = 256 << 20;
    let options = ServerOptions::default().with("SERVER__MEMORY_BYTES_MAX", budget.to_string());
    let server = ServerProcess::start(dir.path(), &options);
    let mut crowd = Vec::new();
    for _ in 0..300 {
        let mut wire = Wire::open(&server).await;
        let head = format!("GET / HTTP/1.1\r\nx-long: {}", "x".repeat(30_000));
        // Those that had to make place are closed already.
        let _sent = wire.0.write_all(head.as_bytes()).await;
        crowd.push(wire);
    }
    assert!(
        ask(&server, "/health/live")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let resident = server.resident_bytes();
    assert!(resident <= budget, "{resident} bytes are resident");
    let metrics = ask(&server, "/metrics").await;
    let open = metrics
        .lines()
        .find_map(|line| line.strip_prefix("pga_server_http_connections "))
        .unwrap();
    let api = server.api();
    let most = api
        .number(
            "SELECT CAST(value AS BIGINT) FROM system.settings WHERE name = 'http.connections_max'",
        )
        .await;
    assert!(open.trim().parse::<i64>().unwrap() <= most);
}
