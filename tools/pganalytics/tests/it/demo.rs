//! `pganalytics demo`: live answers within a minute, and nothing left behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Api, eventually, now, program};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_answers_the_tour_and_ends_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut demo = Command::new(program());
    demo.args(["demo", "--seconds", "45", "--http", "127.0.0.1:0", "--data"])
        .arg(&data);
    let demo = demo
        .stdout(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let pid = demo.id();
    eventually("the demo's server is up", async || {
        data.join("server.json").exists() && data.join("admin.token").exists()
    })
    .await;
    let local: serde_json::Value =
        serde_json::from_slice(&std::fs::read(data.join("server.json")).unwrap()).unwrap();
    let token = std::fs::read_to_string(data.join("admin.token"))
        .unwrap()
        .trim()
        .to_owned();
    let api = Api::new(local["http"][0].as_str().unwrap().to_owned(), token);
    let tour = tour();
    assert!(tour.len() >= 3, "the README has a tour");
    for sql in &tour {
        eventually(sql, async || {
            api.send(
                api.request(reqwest::Method::POST, "/api/v1/sql")
                    .json(&serde_json::json!({ "query": sql })),
            )
            .await
            .is_ok_and(|reply| {
                reply.status == 200 && reply.json().as_array().is_some_and(|rows| !rows.is_empty())
            })
        })
        .await;
    }
    let started = now();
    let output = tokio::task::spawn_blocking(move || demo.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "it ends by itself"
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("ready http=") && printed.contains("wait_event")
            || printed.contains("sessions"),
        "{printed}"
    );
    assert_nothing_left(pid);
}

/// Returns the queries of the README's tour: the SQL blocks.
fn tour() -> Vec<String> {
    let readme = Path::new("../../README.md");
    let text = std::fs::read_to_string(readme).expect("the README is there");
    let blocks = text
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    blocks
        .map(|sql| sql.trim().trim_end_matches(';').to_owned())
        .collect()
}

/// No process names the demo as its parent, and no throwaway cluster of it is left.
fn assert_nothing_left(pid: u32) {
    let children = Command::new("ps")
        .args(["-o", "args=", "--ppid", &pid.to_string()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&children.stdout).trim(), "");
}
