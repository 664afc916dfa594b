//! The process that cleans up after us, however we end.
//!
//! It reads from a pipe that only we hold open. When the pipe ends (because the cluster is dropped,
//! or because we were killed) it stops the server and removes the directory.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The guard of one cluster.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
}

impl Guard {
    /// Starts a guard that will stop the server in `data` and remove `dir`.
    pub(crate) fn start(pg_ctl: &Path, data: &Path, dir: &Path, prefix: &str) -> io::Result<Self> {
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg("testbed-guard")
            .args([pg_ctl, data, dir])
            .env("PREFIX_WORDS", prefix)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: a test runner that kills our group must not kill the guard.
            .process_group(0)
            .spawn()?;
        Ok(Self { child })
    }
}

impl Drop for Guard {
    /// Ends the pipe and waits until the guard has done its work.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

const SCRIPT: &str = r#"
read -r line
$PREFIX_WORDS "$1" -D "$2" -m immediate -w -t 20 stop
rm -rf "$3"
"#;
