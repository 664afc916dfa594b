//! A collector process that watches one instance.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde_json::json;

use super::{ServerProcess, collector_program};

/// A running collector; killed when dropped.
#[derive(Debug)]
pub(crate) struct CollectorProcess {
    child: Child,
    config: PathBuf,
}

impl CollectorProcess {
    /// Registers a collector at the server and starts it with fast intervals.
    pub(crate) async fn start(
        server: &ServerProcess,
        dir: &Path,
        name: &str,
        postgres_url: &str,
    ) -> Self {
        let body = json!({ "name": name, "instances": [name] });
        let made = server
            .api()
            .post("/api/v1/collectors", &body)
            .await
            .expect(201);
        let token = made["token"].as_str().expect("the answer holds the token");
        let state = dir.join(format!("{name}-state"));
        let text = format!(
            "[collector]\nname = \"{name}\"\ntoken = \"{token}\"\nstate = \"{}\"\n\n\
             [[instance]]\nname = \"{name}\"\nurl = \"{postgres_url}\"\n\n\
             [intervals]\nactivity = \"200ms\"\nstatements = \"1s\"\ndatabase = \"1s\"\nwal = \"1s\"\nbgwriter = \"1s\"\n\
             checkpointer = \"1s\"\nhost = \"1s\"\ncollector = \"1s\"\n",
            state.display()
        );
        let config = dir.join(format!("{name}.toml"));
        std::fs::write(&config, text).expect("the directory is writable");
        Self {
            child: spawn(&config),
            config,
        }
    }

    /// Kills the process and starts it again on the same spool.
    pub(crate) fn crash_and_restart(&mut self) {
        self.child.kill().expect("the collector is running");
        self.child.wait().expect("the collector ended");
        self.child = spawn(&self.config);
    }

    /// Sends SIGTERM, waits for the end and returns the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(asked.expect("kill(1) is there").success());
        self.child.wait().expect("the collector ended").code()
    }
}

fn spawn(config: &Path) -> Child {
    let mut command = Command::new(collector_program());
    command.arg("run").arg("--config").arg(config);
    command.spawn().expect("the collector starts")
}

impl Drop for CollectorProcess {
    /// Leaves no process behind, whatever the test did.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
