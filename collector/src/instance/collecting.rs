//! Reading views over a session.

use std::time::Duration;

use platform::Clock;

use super::lane::Context;
use crate::Error;
use crate::postgres::{ResultSet, Session};
use crate::sample::reading::Reading;
use crate::sample::sampler::Moment;
use crate::sample::view::View;

/// A session and where its measurements go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) session: &'a Session,
    pub(super) context: &'a Context,
}

impl<'a> Asker<'a> {
    /// Returns who asks over this session.
    pub(super) fn new(session: &'a Session, context: &'a Context) -> Self {
        Self { session, context }
    }

    /// Runs statements, measured.
    pub(super) async fn ask(&self, statements: &str) -> Result<Vec<ResultSet>, Error> {
        let clock = &*self.context.clock;
        let begun = clock.monotonic();
        let answer = self.session.query(statements).await;
        self.context
            .counters
            .queried(clock.monotonic().since(begun));
        answer
    }

    /// Reads a view that one statement reads.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the server's version lacks the view, else those of the session.
    pub(super) async fn read(&self, view: &View) -> Result<(Reading, Moment), Error> {
        let version = self.session.version;
        let statement = view.statement(version).ok_or_else(|| Error::Unsupported {
            table: view.table.name,
            reason: format!("PostgreSQL {version} does not have it"),
        })?;
        let moment = self.moment();
        let sets = self.ask(&statement).await?;
        Ok((reading(view, sets.first()), moment))
    }

    /// Returns the present moment, for the rows of the next statement.
    pub(super) fn moment(&self) -> Moment {
        let clock: &dyn Clock = &*self.context.clock;
        Moment {
            time: clock.now(),
            monotonic: clock.monotonic(),
            server_started: self.session.server_started,
        }
    }
}

/// Returns the rows of a result of [`View::statement`].
pub(super) fn reading(view: &View, rows: Option<&ResultSet>) -> Reading {
    let mut reading = Reading::default();
    for row in rows.into_iter().flatten() {
        // A cell that is not UTF-8 (databases in SQL_ASCII have them) is null.
        reading.add(
            view,
            (0..row.len()).map(|at| row.try_get(at).ok().flatten()),
        );
    }
    reading
}

/// Returns milliseconds of a duration for a setting of PostgreSQL.
pub(super) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}
