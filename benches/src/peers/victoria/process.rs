//! The process: from its start on a free port to SIGTERM, after which everything is on disk.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::failure::{Failure, Outcome};
use crate::generate::DataSet;
use crate::server::{Usage, directory_bytes};

/// VictoriaMetrics at work.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    data: PathBuf,
    client: Http,
}

/// A client of it.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client,
    url: String,
}

impl Process {
    /// Starts it over an empty directory and waits until it answers.
    pub(super) async fn start(program: &Path, dir: &Path) -> Outcome<Self> {
        let data = dir.join("data");
        let address = free_address()?;
        let log = dir.with_extension("log");
        let log_file =
            std::fs::File::create(&log).map_err(|source| Failure::io(log.display(), &source))?;
        let child = Command::new(program)
            .arg(format!("-storageDataPath={}", data.display()))
            .arg(format!("-httpListenAddr={address}"))
            .arg("-retentionPeriod=100y")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Failure::io(program.display(), &source))?;
        let client = Client::builder().no_proxy().tcp_nodelay(true).build();
        let client = Http {
            client: client.map_err(|error| Failure::new(error, "please report this defect"))?,
            url: format!("http://{address}"),
        };
        for _ in 0..START_TRIES {
            if client.get("/health").await.is_ok() {
                return Ok(Self {
                    child,
                    data,
                    client,
                });
            }
            tokio::time::sleep(POLL).await;
        }
        let advice = format!("see {}", log.display());
        Err(Failure::new("VictoriaMetrics did not start", advice))
    }

    /// Returns a client.
    pub(super) fn client(&self) -> Http {
        self.client.clone()
    }

    /// Returns the processor time that it has used.
    pub(super) fn cpu(&self) -> Outcome<Duration> {
        let ended = || Failure::new("VictoriaMetrics ended by itself", "see its log");
        Ok(Usage::of(self.child.id().ok_or_else(ended)?)?.cpu)
    }

    /// Has it write and merge everything, and waits until it does nothing more.
    pub(super) async fn settle(&self) -> Outcome {
        self.client.get("/internal/force_flush").await?;
        self.client.get("/internal/force_merge").await?;
        let mut idle = 0;
        while idle < IDLE_LOOKS {
            let before = self.cpu()?;
            tokio::time::sleep(LOOK).await;
            let is_idle =
                !self.is_merging().await? && self.cpu()?.saturating_sub(before) < IDLE_CPU;
            idle = if is_idle { idle + 1 } else { 0 };
        }
        Ok(())
    }

    async fn is_merging(&self) -> Outcome<bool> {
        let page = self.client.get("/metrics").await?;
        let is_merge = |line: &str| line.starts_with("vm_active_merges{") && !line.ends_with(" 0");
        Ok(page.lines().any(is_merge))
    }

    /// Counts the rows of a data set by the samples of a field that every row has.
    pub(super) async fn count(&self, data_set: DataSet) -> Outcome<u64> {
        let field = data_set.summed_fields().into_iter().next().unwrap_or("");
        let query = format!("sum(count_over_time({}_{field}[30d]))", data_set.table());
        let at = crate::generate::START_NANOS / 1_000_000_000 + 29 * 86_400;
        let path = format!("/api/v1/query?query={query}&time={at}");
        let answer: Value = serde_json::from_str(&self.client.get(&path).await?)
            .map_err(|error| Failure::new(error, "VictoriaMetrics answers in another shape"))?;
        let count = answer.pointer("/data/result/0/value/1");
        let count = count
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok());
        count.ok_or_else(|| Failure::new(format!("no count in {answer}"), "see its log"))
    }

    /// Returns its version.
    pub(super) async fn version(&self) -> Outcome<String> {
        let page = self.client.get("/metrics").await?;
        let tagged = page.split("short_version=\"").nth(1);
        let version = tagged.and_then(|rest| rest.split('"').next());
        let version = version.filter(|version| !version.is_empty());
        Ok(version.map_or_else(
            || "of a version that it does not tell".to_owned(),
            |version| version.trim_start_matches('v').to_owned(),
        ))
    }

    /// Ends it in good order and returns the bytes of its data and index.
    pub(super) async fn end(mut self) -> Outcome<u64> {
        let advice = "end VictoriaMetrics by hand";
        let gone = || Failure::new("VictoriaMetrics ended before it was told to", "see its log");
        // Without a number of its own, `kill` would strike whoever is in this process's group.
        let id = self.child.id().ok_or_else(gone)?.to_string();
        let told = Command::new("kill").arg(id).status().await;
        if !told.map_err(|error| Failure::new(error, advice))?.success() {
            return Err(gone());
        }
        let ended = self.child.wait().await;
        ended.map_err(|error| Failure::new(error, advice))?;
        let bytes =
            ["data", "indexdb", "metadata"].map(|part| directory_bytes(&self.data.join(part)));
        bytes.into_iter().sum()
    }
}

impl Http {
    /// Sends lines.
    pub(super) async fn write(&self, body: Vec<u8>) -> Outcome {
        let request = self.client.post(format!("{}/write", self.url)).body(body);
        Self::text(request).await.map(drop)
    }

    async fn get(&self, path: &str) -> Outcome<String> {
        Self::text(self.client.get(format!("{}{path}", self.url))).await
    }

    async fn text(request: reqwest::RequestBuilder) -> Outcome<String> {
        let failed = |error: reqwest::Error| Failure::new(error, "see the log of VictoriaMetrics");
        let response = request.send().await.map_err(failed)?;
        let response = response.error_for_status().map_err(failed)?;
        response.text().await.map_err(failed)
    }
}

/// Returns an address that was free a moment ago: the program cannot be told to choose one.
fn free_address() -> Outcome<String> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = bound.map_err(|error| Failure::new(error, "is there a loopback interface?"))?;
    Ok(address.to_string())
}

const START_TRIES: u32 = 300;
const POLL: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_secs(1);
/// In how many looks in a row it must have been idle.
const IDLE_LOOKS: u32 = 3;
/// Less processor time than this between two looks is idle: it looks after itself now and then.
const IDLE_CPU: Duration = Duration::from_millis(50);
