//! The command line: help with an example everywhere, exit codes, listings as JSON.

use std::process::Command;

use serde_json::Value;

use crate::harness::{ServerOptions, ServerProcess, program, run, run_expecting};

#[test]
fn every_command_has_help_with_an_example_and_a_version() {
    for command in [
        "demo",
        "server",
        "sql",
        "import",
        "collector",
        "token",
        "backup",
        "restore",
        "table",
        "maintenance",
        "verify",
        "inspect",
        "config",
    ] {
        let help = run(&[command, "--help"]);
        assert!(
            help.contains("Example:") && help.contains("pganalytics"),
            "{command}: {help}"
        );
        assert!(run(&[command, "--version"]).contains(env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_mistake_in_the_call_exits_with_2() {
    for words in [
        &["serve"][..],
        &["sql", "--format", "xml", "SELECT 1"],
        &["restore"],
    ] {
        run_expecting(words, 2);
    }
    let output = Command::new(program()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_server_that_is_not_there_is_told_in_two_lines() {
    let dir = tempfile::tempdir().unwrap();
    let output = run_expecting(
        &["sql", "SELECT 1", "--data", dir.path().to_str().unwrap()],
        2,
    );
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        words.starts_with("error: ") && words.lines().count() == 2,
        "{words}"
    );
}

#[tokio::test]
async fn commands_find_a_server_by_its_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let server = ServerProcess::start(dir.path(), &ServerOptions::default());
    let data = dir.path().to_str().unwrap();
    assert_eq!(
        server
            .api()
            .write("cpu,host=a v=1i\ncpu,host=b v=2i".into())
            .await
            .unwrap()
            .status,
        204
    );

    let table = run(&[
        "sql",
        "SELECT host, v FROM cpu ORDER BY host",
        "--data",
        data,
    ]);
    assert!(
        table.contains("host") && table.contains("(2 rows)"),
        "{table}"
    );
    let csv = run(&[
        "sql",
        "SELECT host, v FROM cpu ORDER BY host",
        "--data",
        data,
        "--format",
        "csv",
    ]);
    assert_eq!(csv, "host,v\na,1\nb,2\n");
    let file = dir.path().join("out.parquet");
    run(&[
        "sql",
        "SELECT * FROM cpu",
        "--data",
        data,
        "--format",
        "parquet",
        "--output",
        file.to_str().unwrap(),
    ]);
    assert!(std::fs::read(&file).unwrap().starts_with(b"PAR1"));

    let tables: Value =
        serde_json::from_str(&run(&["table", "list", "--data", data, "--json"])).unwrap();
    assert_eq!(tables[0]["name"], "cpu");
    run(&[
        "table",
        "set",
        "cpu",
        "retention=30d",
        "append_only=true",
        "--data",
        data,
    ]);
    let tables: Value =
        serde_json::from_str(&run(&["table", "list", "--data", data, "--json"])).unwrap();
    assert_eq!(
        (tables[0]["retention"].as_str(), &tables[0]["append_only"]),
        (Some("30d"), &Value::Bool(true))
    );
    let columns: Value =
        serde_json::from_str(&run(&["table", "show", "cpu", "--data", data, "--json"])).unwrap();
    assert_eq!(columns.as_array().map(Vec::len), Some(3));

    run(&["maintenance", "flush", "--wait", "--data", data]);
    run(&["maintenance", "compact", "--wait", "--data", data]);
    let token = run(&[
        "token",
        "create",
        "--role",
        "reader",
        "--name",
        "t",
        "--expires",
        "1d",
        "--data",
        data,
    ]);
    assert!(token.starts_with("pga_"), "{token}");
    let tokens: Value =
        serde_json::from_str(&run(&["token", "list", "--data", data, "--json"])).unwrap();
    assert_eq!(tokens.as_array().map(Vec::len), Some(2));
    let enrolment = run(&[
        "collector",
        "register",
        "c1",
        "--instances",
        "a,b-*",
        "--data",
        data,
    ]);
    assert!(enrolment.starts_with("pga_"), "{enrolment}");
    let listed: Value =
        serde_json::from_str(&run(&["collector", "list", "--data", data, "--json"])).unwrap();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["state"]),
        (&"c1".into(), &"registered".into())
    );
    run(&["collector", "revoke", "c1", "--data", data]);

    assert_eq!(server.terminate(), Some(0));
    let report = run(&["verify", "--data", data]);
    assert!(report.contains("in order"), "{report}");
    inspect_everything(dir.path());
}

/// Looks into every file of each kind: what is a part to one user is the newest rows to another.
fn inspect_everything(data: &std::path::Path) {
    for (what, folder) in [("wal", "wal"), ("part", "parts"), ("manifest", "manifest")] {
        let folder = data.join(folder);
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        // A spare segment is zeros until the log takes it.
        files.retain(|path| path.is_file() && path.extension().is_none_or(|e| e != "spare"));
        assert!(!files.is_empty(), "no file in {}", folder.display());
        for file in files {
            let json = run(&["inspect", what, file.to_str().unwrap(), "--json"]);
            assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
            assert!(!run(&["inspect", what, file.to_str().unwrap()]).is_empty());
        }
    }
}

#[test]
fn the_configuration_can_be_shown_and_checked() {
    let shown = run(&["config", "show"]);
    for section in [
        "[server]", "[http]", "[quic]", "[store]", "[query]", "[backup]", "[log]",
    ] {
        assert!(shown.contains(section), "{section} in {shown}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.toml");
    std::fs::write(&file, &shown).unwrap();
    assert!(run(&["config", "check", file.to_str().unwrap()]).contains("in order"));
}
