//! The programs under test, and running them to their end.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Returns `pganalytics`.
pub(crate) fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_pganalytics").into()
}

/// Returns `pganalytics-collector`, which lies beside it.
///
/// # Panics
/// When it was not built.
pub(crate) fn collector_program() -> PathBuf {
    let path = program().with_file_name("pganalytics-collector");
    assert!(
        path.is_file(),
        "build it first: cargo build -p pganalytics-collector"
    );
    path
}

/// Runs `pganalytics` with these words and returns what it printed on standard output.
///
/// # Panics
/// When it does not exit with 0.
pub(crate) fn run(words: &[&str]) -> String {
    let output = run_expecting(words, 0);
    String::from_utf8(output.stdout).expect("commands print UTF-8")
}

/// Runs `pganalytics` with these words and returns its output.
///
/// # Panics
/// When it exits with another code.
pub(crate) fn run_expecting(words: &[&str], code: i32) -> Output {
    let mut command = Command::new(program());
    let output = command
        .args(words)
        .env_remove("PGANALYTICS_TOKEN")
        .output()
        .expect("it starts");
    assert_eq!(
        output.status.code(),
        Some(code),
        "pganalytics {words:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
