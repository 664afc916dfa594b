//! E-4: what an operator meets when files are damaged, and what goes on all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{ServerOptions, ServerProcess, run, run_expecting};

const HOUR: i64 = 3_600_000_000_000;
/// 2025-11-30T10:00:00Z.
const START: i64 = 1_764_496_800_000_000_000;

/// Fills a data directory with rows in four windows, all in parts, and stops.
async fn filled(data: &Path) {
    let server = ServerProcess::start(data, &ServerOptions::default());
    let mut lines = String::new();
    for row in 0..8_000 {
        let (time, value) = (START + row * HOUR / 1_000, row * row % 101);
        writeln!(lines, "cpu,host=a usage={value}i,other={row}i {time}").unwrap();
    }
    server.api().write(lines).await.unwrap().expect(204);
    let words = ["maintenance", "flush", "--wait", "--data"];
    run(&[&words[..], &[data.to_str().unwrap()]].concat());
    assert_eq!(server.terminate(), Some(0));
}

fn files(data: &Path, folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn flip(file: &Path, offset: u64) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[usize::try_from(offset).unwrap()] ^= 4;
    std::fs::write(file, bytes).unwrap();
}

/// Runs a command and returns what it said, wherever.
fn said(words: &[&str], code: i32) -> String {
    let output = run_expecting(words, code);
    let all = [output.stdout, output.stderr].concat();
    String::from_utf8(all).unwrap()
}

/// Returns a part with rows, and where the first page of its column `usage` lies.
fn part_with_a_page(data: &Path) -> (PathBuf, u64) {
    let of_usage = |file: &PathBuf| {
        let json = run(&["inspect", "part", file.to_str().unwrap(), "--json"]);
        let part: Value = serde_json::from_str(&json).unwrap();
        let pages = part["pages"].as_array().unwrap().clone();
        let page = pages.iter().find(|page| page["column"] == "usage").cloned();
        page.and_then(|page| page["offset"].as_u64())
            .filter(|_| part["rows"].as_u64() >= Some(1_000))
    };
    let mut all = files(data, "parts").into_iter();
    all.find_map(|file| of_usage(&file).map(|offset| (file, offset)))
        .unwrap()
}

#[tokio::test]
async fn a_damaged_page_is_named_everywhere_and_everything_else_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let data = dir.path().to_str().unwrap();
    let (part, offset) = part_with_a_page(dir.path());
    flip(&part, offset + 20);
    let id = part.file_stem().unwrap().to_str().unwrap();
    let place = format!("page 0 of column \"usage\" at byte {offset}");
    let verified = said(&["verify", "--data", data], 78);
    assert!(
        verified.contains(id) && verified.contains(&place),
        "{verified}"
    );

    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    let refused = api.ask("SELECT sum(usage) FROM cpu").await;
    assert_eq!(refused.status.as_u16(), 500);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(id) && detail.contains(&place), "{detail}");
    assert_eq!(api.number("SELECT count(*) FROM cpu").await, 8_000);
    let sum = api.number("SELECT sum(other) FROM cpu").await;
    assert_eq!(sum, 8_000 * 7_999 / 2, "another column");
    let listed = "SELECT id FROM system.parts WHERE damaged_pages = 1";
    assert_eq!(api.rows(listed).await[0]["id"], id);
    let metrics = api.get("/metrics").await.body;
    assert!(metrics.contains("pga_engine_quarantined_pages 1"));
    api.write("cpu,host=a usage=1i".to_owned())
        .await
        .unwrap()
        .expect(204);
    assert!(api.get("/health/ready").await.status.is_success());
}

#[tokio::test]
async fn what_a_start_needs_and_is_damaged_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    filled(&whole).await;
    let (part, _) = part_with_a_page(&whole);
    let log = files(&whole, "wal")
        .into_iter()
        .find(|f| f.extension().unwrap() == "log")
        .unwrap();
    let manifest = files(&whole, "manifest").pop().unwrap();
    let footer = std::fs::metadata(&part).unwrap().len() - 60;
    for (file, at) in [
        (&part, footer),
        (&log, 4_100),
        (&manifest, 200),
        (&whole.join("keyring"), 100),
    ] {
        let copy = dir.path().join("copy");
        copy_dir(&whole, &copy);
        let damaged = copy.join(file.strip_prefix(&whole).unwrap());
        flip(&damaged, at);
        let data = copy.to_str().unwrap();
        for words in [
            vec!["verify", "--data", data],
            vec![
                "server",
                "--data",
                data,
                "--http",
                "127.0.0.1:0",
                "--quic",
                "127.0.0.1:0",
                "--pgwire",
                "127.0.0.1:0",
            ],
        ] {
            let told = said(&words, 78);
            assert!(told.contains(damaged.to_str().unwrap()), "{told}");
            assert!(told.contains("restore from a backup"), "{told}");
        }
        std::fs::remove_dir_all(&copy).unwrap();
    }
}

#[tokio::test]
async fn a_segment_is_shown_up_to_where_it_does_not_read_and_a_spare_is_called_so() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let of = |suffix: &str| {
        let mut segments = files(dir.path(), "wal").into_iter();
        segments
            .find(|file| file.extension().unwrap() == suffix)
            .unwrap()
    };
    let (log, spare) = (of("log"), of("spare"));
    run(&["inspect", "wal", log.to_str().unwrap()]);
    flip(&log, 5_000);
    let told = said(&["inspect", "wal", log.to_str().unwrap()], 1);
    assert!(
        told.contains("at offset ") && told.contains("checksum"),
        "{told}"
    );
    let told = said(&["inspect", "wal", spare.to_str().unwrap()], 2);
    assert!(told.contains("is a spare"), "{told}");
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|e| (e.path(), e.file_name())).unwrap();
        match path.is_dir() {
            true => copy_dir(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}
