//! One query, from text to encoded rows, on the query threads.

use std::sync::Arc;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::{Message, Request, Shared};
use crate::admission::Place;
use crate::catalog::Catalogue;
use crate::error::Limit;
use crate::formats::Encoder;
use crate::registry::{Phase, Running};
use crate::statement::{diagnose, parameters, parse, plan};
use crate::{Error, system};

pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) running: Arc<Running>,
    pub(super) request: Request,
    pub(super) sender: mpsc::Sender<Result<Message, Error>>,
}

/// The reader is gone: there is nobody to tell.
struct HungUp;

/// Why a task ends early.
enum End {
    Failed(Error),
    HungUp,
}

impl Task {
    pub(super) async fn run(self, place: Place) {
        self.running.enter(Phase::Planning);
        let last = match self.answer(place).await {
            Ok(()) => Ok(Message::Done),
            Err(End::Failed(error)) => Err(error),
            Err(End::HungUp) => return,
        };
        // A reader that left in the meantime has stopped the query already.
        self.sender.send(last).await.ok();
    }

    async fn answer(&self, place: Place) -> Result<(), End> {
        let statement = parse(&self.request.sql, self.shared.settings.sql_bytes_max)?;
        let values = parameters(&self.request.params)?;
        let tables = self.shared.store.pin();
        let mut system = system::own(&tables, &self.shared.registry);
        system.extend(self.shared.store.system());
        system.extend(self.shared.system.iter().cloned());
        let catalogue = Catalogue::new(Arc::clone(&tables), system);
        let names = catalogue.table_names();
        let limit_max = self.shared.settings.query_memory_bytes_max as u64;
        let wrong =
            |error: &DataFusionError| named(diagnose(error, &self.request.sql, &names), limit_max);
        let session = self
            .shared
            .base
            .open(Arc::new(catalogue), tables, Box::new(place))
            .map_err(|error| wrong(&error))?;
        let plan = plan(&session.state, statement, values)
            .await
            .map_err(|error| wrong(&error))?;
        let rows = execute_stream(plan, session.context).map_err(|error| wrong(&error))?;
        self.running.enter(Phase::Running);
        self.send_rows(rows, wrong).await
    }

    async fn send_rows(
        &self,
        mut rows: SendableRecordBatchStream,
        wrong: impl Fn(&DataFusionError) -> Error,
    ) -> Result<(), End> {
        let schema = rows.schema();
        let mut encoder = self.request.format.encoder(&schema).map_err(unprintable)?;
        self.send(Message::Schema(schema)).await?;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| wrong(&error))?;
            let count = self.running.add_rows(batch.num_rows());
            within(Limit::Rows, count, self.shared.settings.rows_max)?;
            encoder.write(&batch).map_err(unprintable)?;
            self.send_bytes(encoder.as_mut()).await?;
        }
        encoder.finish().map_err(unprintable)?;
        self.send_bytes(encoder.as_mut()).await
    }

    async fn send_bytes(&self, encoder: &mut dyn Encoder) -> Result<(), End> {
        let bytes = encoder.take();
        if bytes.is_empty() {
            return Ok(());
        }
        let count = self.running.add_bytes(bytes.len());
        within(
            Limit::ResultBytes,
            count,
            self.shared.settings.result_bytes_max,
        )?;
        Ok(self.send(Message::Bytes(bytes)).await?)
    }

    // Waits while the reader is behind: that is the back-pressure.
    async fn send(&self, message: Message) -> Result<(), HungUp> {
        self.sender.send(Ok(message)).await.map_err(|_| HungUp)
    }
}

fn within(limit: Limit, count: u64, limit_max: u64) -> Result<(), Error> {
    if count <= limit_max {
        return Ok(());
    }
    Err(Error::Limit {
        limit,
        limit_max,
        detail: String::new(),
    })
}

/// Names the limit that made an operator want to spill, which is off: it says only that it cannot.
fn named(error: Error, query_memory_bytes_max: u64) -> Error {
    match error {
        Error::Limit {
            limit: Limit::QueryMemory,
            limit_max: 0,
            detail,
        } => Error::Limit {
            limit: Limit::QueryMemory,
            limit_max: query_memory_bytes_max,
            detail,
        },
        error => error,
    }
}

fn unprintable(error: ArrowError) -> Error {
    Error::Execution {
        detail: format!("the result cannot be written in this format: {error}"),
    }
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<HungUp> for End {
    fn from(_: HungUp) -> Self {
        Self::HungUp
    }
}
