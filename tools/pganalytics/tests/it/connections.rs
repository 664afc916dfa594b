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

/// Returns how many connections were closed for a reason.
async fn closed(server: &ServerProcess, reason: &str) -> u64 {
    let metrics = ask(server, "/metrics").await;
    let name = format!("pga_server_http_connections_closed_total{{reason=\"{reason}\"}} ");
    let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
    count.map_or(0, |count| count.trim().parse().unwrap())
}

/// Begins a query whose answer is larger than what the system takes for a client that does not read.
async fn ask_for_much(server: &ServerProcess) -> Wire {
    let mut wire = Wire::open(server).await;
    let rows = vec!["(1)"; 40].join(",");
    let query = format!("SELECT repeat('x', 1000000) AS x FROM (VALUES {rows})");
    let body = serde_json::json!({ "query": query }).to_string();
    wire.say(&format!(
        "POST /api/v1/sql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        server.admin_token(),
        body.len()
    ))
    .await;
    assert!(wire.hear("\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    wire
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_loses_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServerOptions::default()
        .with("HTTP__CONNECTIONS_MAX", "1")
        .with("HTTP__WRITE_TIMEOUT_MS", "300");
    let server = ServerProcess::start(dir.path(), &options);
    let _unread = ask_for_much(&server).await;
    eventually("its place is given away", async || {
        let answer = ask(&server, "/api/v1/version").await;
        answer.starts_with("HTTP/1.1 200")
    })
    .await;
    assert_eq!(closed(&server, "unread").await, 1);
}

#[tokio::test]
async fn a_client_that_takes_its_answer_slowly_gets_all_of_it_though_others_want_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServerOptions::default().with("HTTP__CONNECTIONS_MAX", "1");
    let server = ServerProcess::start(dir.path(), &options);
    let mut slow = ask_for_much(&server).await;
    let (mut taken, mut chunk, mut end) = (0, vec![0; 4 << 20], Vec::new());
    loop {
        let refused = ask(&server, "/api/v1/version").await;
        let count = slow.0.read(&mut chunk).await.unwrap();
        if count == 0 {
            break;
        }
        taken += count;
        end = [end.as_slice(), &chunk[..count]].concat();
        end.drain(..end.len().saturating_sub(5));
        // Until the client has all, its connection is busy, and newcomers are answered beside it.
        let is_refused = refused.starts_with("HTTP/1.1 503");
        assert!(is_refused || taken >= 28_000_000, "{refused}");
    }
    assert_eq!(end, b"0\r\n\r\n", "after {taken} bytes");
    assert!(taken >= 39_000_000, "{taken} bytes of the answer");
}

#[tokio::test]
async fn a_client_of_http2_that_grants_nothing_loses_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServerOptions::default().with("HTTP__WRITE_TIMEOUT_MS", "300");
    let server = ServerProcess::start(dir.path(), &options);
    let mut wire = Wire::open(&server).await;
    wire.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    // SETTINGS with an INITIAL_WINDOW_SIZE of 0, then HEADERS that end stream 1: GET / of host x.
    let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let headers = [0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, b'x'];
    wire.0.write_all(&settings).await.unwrap();
    wire.0.write_all(&headers).await.unwrap();
    // The head of an answer comes and no more, and the server closes.
    wire.hear("\u{0}\u{0}never").await;
    assert_eq!(closed(&server, "unread").await, 1);
}

#[tokio::test]
async fn silent_connections_keep_no_probe_away_for_long() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServerOptions::default()
        .with("HTTP__CONNECTIONS_MAX", "1")
        .with("HTTP__HEADER_TIMEOUT_MS", "3600000");
    let server = ServerProcess::start(dir.path(), &options);
    let mut busy = Wire::open(&server).await;
    busy.begin_write(&server).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(Wire::open(&server).await);
    }
    let probe = ask(&server, "/health/live").await;
    assert!(probe.starts_with("HTTP/1.1 200"), "{probe}");
}

#[tokio::test]
async fn http1_and_http2_are_spoken_with_and_without_tls() {
    // Whoever was first in this process has chosen the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    for (tls, scheme) in [("off", "http"), ("own", "https")] {
        let dir = tempfile::tempdir().unwrap();
        let server =
            ServerProcess::start(dir.path(), &ServerOptions::default().with("HTTP__TLS", tls));
        for version in [reqwest::Version::HTTP_11, reqwest::Version::HTTP_2] {
            let client = reqwest::Client::builder().danger_accept_invalid_certs(true);
            let client = match version {
                reqwest::Version::HTTP_2 => client.http2_prior_knowledge(),
                _ => client.http1_only(),
            };
            let client = client.build().unwrap();
            let url = format!("{scheme}://{}/api/v1/version", server.http());
            // Over one connection, one after the other and at once.
            for _ in 0..3 {
                let reply = client.get(&url).send().await.unwrap();
                assert_eq!((reply.status().as_u16(), reply.version()), (200, version));
                assert!(reply.text().await.unwrap().contains("version"));
            }
            let many = (0..16).map(|_| client.get(&url).send());
            for reply in futures::future::join_all(many).await {
                assert_eq!(reply.unwrap().status().as_u16(), 200, "{tls}");
            }
        }
    }
}
