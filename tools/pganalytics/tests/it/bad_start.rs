//! A server that cannot start in order says why, and with which exit code.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::harness::{ServerOptions, ServerProcess, program, run_expecting};

/// Starts a server that must end by itself; returns its exit code and its words.
fn failing_start(data: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(program());
    command.arg("server").arg("--data").arg(data).args([
        "--http",
        "127.0.0.1:0",
        "--quic",
        "127.0.0.1:0",
    ]);
    let output = command.args(words).output().expect("the server starts");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Fills a data directory with rows in parts and rows in the log only, and stops the server hard.
async fn filled(dir: &Path) {
    let server = ServerProcess::start(dir, &ServerOptions::default());
    let api = server.api();
    let lines: Vec<String> = (0..2_000)
        .map(|n| format!("parts,host=h{} v={n}i {n}", n % 7))
        .collect();
    assert_eq!(api.write(lines.join("\n")).await.unwrap().status, 204);
    assert_eq!(
        api.post("/api/v1/maintenance/flush?wait=true", &json!({}))
            .await
            .status,
        200
    );
    for n in 0..20 {
        assert_eq!(
            api.write(format!("logged,host=h v={n}i {n}"))
                .await
                .unwrap()
                .status,
            204
        );
    }
    server.kill();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    files
}

fn flip(path: &Path, offset: usize) {
    let mut permissions = std::fs::metadata(path).unwrap().permissions();
    permissions.set_mode(0o600);
    std::fs::set_permissions(path, permissions).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[offset] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_flipped_bit_in_the_log_refuses_to_start_and_names_the_place() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let segment = files(&dir.path().join("wal"))
        .into_iter()
        .find(|path| first_record(path).is_some());
    let segment = segment.expect("a segment holds records");
    flip(&segment, first_record(&segment).expect("as found") + 100);
    let (code, words) = failing_start(dir.path(), &[]);
    assert_eq!(code, Some(78), "{words}");
    let name = segment.file_name().unwrap().to_str().unwrap();
    assert!(
        words.contains(name) && words.contains("offset"),
        "W-4 names file and offset: {words}"
    );
    let verify = run_expecting(&["verify", "--data", dir.path().to_str().unwrap()], 78);
    assert!(String::from_utf8_lossy(&verify.stdout).contains(name));
}

/// Returns where the first record after the segment's header begins, if there is one.
fn first_record(segment: &Path) -> Option<usize> {
    let bytes = std::fs::read(segment).ok()?;
    let rest = bytes.get(SEGMENT_HEADER_BYTES..)?;
    rest.iter()
        .any(|byte| *byte != 0)
        .then_some(SEGMENT_HEADER_BYTES)
}

#[tokio::test]
async fn a_flipped_bit_in_a_part_fails_its_queries_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    // The newest row of each series lies beside it, in a smaller file.
    let part = files(&dir.path().join("parts"))
        .into_iter()
        .max_by_key(|part| std::fs::metadata(part).unwrap().len())
        .expect("the flush made a part");
    flip(&part, PART_HEADER_BYTES + 40);
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let api = server.api();
    let reply = api
        .ask("SELECT sum(v), min(time) FROM parts WHERE v >= 0")
        .await;
    assert_eq!(reply.status, 500, "{}", reply.body);
    let name = part.file_stem().unwrap().to_str().unwrap();
    assert!(
        reply.body.contains(name),
        "E-4 names the part: {}",
        reply.body
    );
    assert_eq!(api.number("SELECT count(*) FROM logged").await, 20);
    server.kill();
    let verify = run_expecting(&["verify", "--data", dir.path().to_str().unwrap()], 78);
    assert!(String::from_utf8_lossy(&verify.stdout).contains(name));
}

#[tokio::test]
async fn a_missing_or_wrong_master_key_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let key = dir.path().join("master.key");
    let kept = dir.path().join("kept.key");
    std::fs::rename(&key, &kept).unwrap();
    let (code, words) = failing_start(dir.path(), &[]);
    assert!(code == Some(1) || code == Some(2), "{code:?} {words}");
    assert!(words.contains("master.key"), "{words}");
    assert!(
        !key.exists(),
        "no new key is made for data that another key protects"
    );

    std::fs::write(&key, "ab".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o400)).unwrap();
    let (code, words) = failing_start(dir.path(), &[]);
    assert!(code == Some(1) || code == Some(2), "{code:?} {words}");
    assert!(words.contains("master key"), "{words}");

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, words) = failing_start(dir.path(), &[]);
    assert!(
        words.contains("master.key"),
        "a key that others can read is refused: {words}"
    );

    std::fs::remove_file(&key).unwrap();
    std::fs::rename(&kept, &key).unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    assert_eq!(server.api().number("SELECT count(*) FROM logged").await, 20);
}

#[tokio::test]
async fn a_master_key_from_the_environment_or_a_command_serves_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let key = "cd".repeat(32);
    let options = ServerOptions::default().with("SEAL__KEY", "env:TEST_MASTER_KEY");
    let mut with_env = options.clone();
    with_env
        .environment
        .push(("TEST_MASTER_KEY".into(), key.clone()));
    let server = ServerProcess::start(dir.path(), &with_env);
    assert_eq!(
        server.api().write("t v=1i 1".into()).await.unwrap().status,
        204
    );
    server.kill();
    assert!(!dir.path().join("master.key").exists());
    let command = ServerOptions::default().with("SEAL__KEY", format!("command:echo {key}"));
    let server = ServerProcess::start(dir.path(), &command);
    assert_eq!(server.api().number("SELECT v FROM t").await, 1);
}

#[test]
fn an_unknown_key_in_the_configuration_names_the_nearest() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("pganalytics.toml");
    std::fs::write(&config, "[http]\nlisten_adress = \"127.0.0.1:0\"\n").unwrap();
    let file = config.to_str().unwrap();
    let (code, words) = failing_start(&dir.path().join("data"), &["--config", file]);
    assert_eq!(code, Some(2), "{words}");
    assert!(
        words.contains("http.listen_adress") && words.contains("\"http.listen\""),
        "{words}"
    );
    let checked = run_expecting(&["config", "check", file], 2);
    assert!(String::from_utf8_lossy(&checked.stderr).contains("did you mean"));
    assert!(
        !dir.path().join("data").exists(),
        "a mistake in the call touches nothing"
    );
}

#[tokio::test]
async fn two_servers_do_not_share_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let (code, words) = failing_start(dir.path(), &[]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("in use"), "{words}");
    assert_eq!(server.api().number("SELECT 1").await, 1);
}

#[test]
fn plain_http_on_an_open_address_is_refused_unless_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(program());
    command
        .arg("server")
        .arg("--data")
        .arg(dir.path())
        .args(["--http", "0.0.0.0:0"]);
    command
        .args(["--quic", "127.0.0.1:0"])
        .env("PGANALYTICS_HTTP__TLS", "off");
    let output = command.output().expect("the server starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("plain_on_any_address"), "{words}");
}

/// See docs/internals/log.md and docs/internals/part.md.
const SEGMENT_HEADER_BYTES: usize = 4096;
const PART_HEADER_BYTES: usize = 128;
