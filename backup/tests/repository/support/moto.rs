//! A real S3 server over HTTP on this machine: `moto_server`, in an environment made by
//! `scripts/test-env.sh`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running server; it ends with the value.
#[derive(Debug)]
pub(crate) struct Moto {
    server: Child,
    address: String,
}

impl Moto {
    /// Starts a server on a free port.
    pub(crate) fn start() -> Self {
        let program = environment().join("bin/moto_server");
        assert!(
            program.exists(),
            "{} is missing: run `export PGANALYTICS_TEST_VENV=\"$(scripts/test-env.sh)\"`",
            program.display(),
        );
        let mut server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "moto_server ended");
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        // A server whose pipe nobody reads stops at its thousandth line.
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        Self { server, address }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn create_bucket(&self, bucket: &str) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let address = &self.address;
        write!(
            connection,
            "PUT /{bucket} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by the environment what it may use"
)]
fn environment() -> PathBuf {
    let variable = |name| std::env::var(name).ok().map(PathBuf::from);
    let cache = || {
        let home = || variable("HOME").map(|home| home.join(".cache"));
        variable("XDG_CACHE_HOME").or_else(home).unwrap_or_default()
    };
    variable("PGANALYTICS_TEST_VENV").unwrap_or_else(|| cache().join("pganalytics/venv"))
}
