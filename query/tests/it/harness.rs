//! An engine on a simulated machine, with a query engine over it.

use std::path::Path;
use std::sync::Arc;

use engine::{Engine, Recovery};
use futures::StreamExt;
use platform::{Disk, Entropy, SimClock, SimDisk, SimEntropy, UnixNanos};
use query::{Environment, Error, Format, Now, QueryEngine, Request, Settings, ThreadStart};
use schema::{ColumnDefinition, FieldType, Kind, Timestamp};
use seal::{ClusterId, Keyring, MasterKey};
use serde_json::Value;
use wire::{BatchFrame, Limits, TableBuilder, v1};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600_000_000_000;
pub(crate) const SECOND: i64 = 1_000_000_000;

pub(crate) struct Server {
    pub(crate) engine: Engine,
    pub(crate) query: QueryEngine,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(Settings {
            threads: 2,
            batch_rows: 64,
            ..Settings::default()
        })
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let engine = open_engine();
        let environment = Environment {
            engine: engine.clone(),
            now: Now::new(|| Timestamp::from_nanos(START)),
            thread_start: ThreadStart::none(),
            system: Vec::new(),
        };
        let query = QueryEngine::new(environment, settings).unwrap();
        Self { engine, query }
    }

    /// Writes rows and waits until they are durable and visible.
    pub(crate) async fn write(&self, table: TableBuilder) {
        let batch = v1::Batch {
            tables: vec![table.finish()],
            ..v1::Batch::default()
        };
        let frame = BatchFrame::encode(&batch, &Limits::default()).unwrap();
        self.engine.commit(frame).unwrap().await.unwrap();
    }

    pub(crate) async fn try_rows(&self, sql: &str) -> Result<Value, Error> {
        let request = Request {
            sql: sql.into(),
            format: Format::Json,
            ..Request::default()
        };
        let mut answer = self.query.run(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.body.next().await {
            body.extend_from_slice(&chunk?);
        }
        Ok(serde_json::from_slice(&body).unwrap())
    }

    pub(crate) async fn rows(&self, sql: &str) -> Value {
        self.try_rows(sql).await.expect(sql)
    }

    /// Returns the rows as texts, sorted, for answers whose order is free.
    pub(crate) async fn sorted(&self, sql: &str) -> Vec<String> {
        let rows = self.rows(sql).await;
        let mut lines: Vec<String> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        lines.sort();
        lines
    }

    /// Returns the physical plan.
    pub(crate) async fn plan(&self, sql: &str) -> String {
        let rows = self.rows(&format!("explain {sql}")).await;
        rows[1]["plan"].as_str().unwrap().to_owned()
    }
}

fn open_engine() -> Engine {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let entropy = SimEntropy::new(1);
    let master = MasterKey::from_bytes(&[7; 32]);
    disk.create_dir_all(Path::new("/data")).unwrap();
    let cluster = ClusterId::generate(&entropy);
    let keyring = Path::new("/data/keyring");
    let keyring = Keyring::create(disk.as_ref(), keyring, &master, cluster, &entropy).unwrap();
    let environment = engine::Environment {
        disk,
        clock: Arc::new(SimClock::new(UnixNanos(START))),
        entropy: Arc::new(entropy) as Arc<dyn Entropy>,
        keyring: Arc::new(keyring),
        dir: "/data".into(),
    };
    let mut settings = engine::Settings::default();
    settings.log.segment_bytes = 1 << 20;
    settings.log.spare_segments = 1;
    settings.compaction.automatic = false;
    Engine::open(environment, settings, Recovery::default()).unwrap()
}

/// Rows of the table `cpu`: four hosts (one unnamed) with three cores each, one row a second and
/// series, in the given seconds before the present.
pub(crate) fn cpu(seconds: std::ops::Range<i64>) -> TableBuilder {
    let mut table = TableBuilder::new("cpu");
    let usage = ColumnDefinition::field("usage", FieldType::F64);
    let calls = ColumnDefinition::field("calls", FieldType::I64).measured(Kind::Increase, "calls");
    let note = ColumnDefinition::field("note", FieldType::Text);
    for second in seconds {
        for series in 0..12_i64 {
            table.begin_row(START - second * SECOND);
            let (host, core) = (series % 4, series / 4);
            if host != 0 {
                let host = format!("host-{host}");
                assert!(
                    table
                        .column(&ColumnDefinition::tag("host"))
                        .push_text(&host)
                );
            }
            let core = core.to_string();
            assert!(
                table
                    .column(&ColumnDefinition::tag("core"))
                    .push_text(&core)
            );
            let value = f64::from(i32::try_from(second * 7 % 100 + series).unwrap());
            assert!(table.column(&usage).push_f64(value));
            if second % 3 != 0 {
                assert!(table.column(&calls).push_i64(second + series));
            }
            if second % 10 == 0 {
                assert!(table.column(&note).push_text(&format!("note {second}")));
            }
        }
    }
    table
}
