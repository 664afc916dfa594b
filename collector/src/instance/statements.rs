//! Reading `pg_stat_statements`, by the version of the extension.

use super::collecting::{Asker, reading};
use crate::Error;
use crate::sample::reading::Reading;
use crate::sample::sampler::Moment;
use crate::sample::version::Version;
use crate::sample::view::MARKER;
use crate::view::{STATEMENTS, in_schema, origin_statement};

/// Where the extension is.
#[derive(Debug)]
pub(super) struct Extension {
    pub(super) version: Version,
    pub(super) schema: String,
}

/// Finds the extension; asked each time, since it may be updated or moved at any time.
///
/// # Errors
/// [`Error::Unsupported`] when it is not there, else those of the session.
pub(super) async fn find(asker: Asker<'_>) -> Result<Extension, Error> {
    let sets = asker.ask(&format!("{MARKER} {FIND}")).await?;
    let row = sets.first().and_then(|set| set.first());
    let cell = |at| row.and_then(|row| row.try_get(at).ok().flatten());
    let missing =
        || unsupported("run CREATE EXTENSION pg_stat_statements in the database of the url");
    let version = cell(0)
        .and_then(Version::of_extension)
        .ok_or_else(missing)?;
    Ok(Extension {
        version,
        schema: cell(1).unwrap_or("public").to_owned(),
    })
}

/// Reads all entries, without texts.
///
/// # Errors
/// [`Error::Unsupported`] when there are more than allowed or the extension is too old, else those of
/// the session.
pub(super) async fn read(
    asker: Asker<'_>,
    extension: &Extension,
) -> Result<(Reading, Moment), Error> {
    let rows_max = asker.context.limits.statements_max as usize;
    let statement = STATEMENTS.statement(extension.version).ok_or_else(|| {
        unsupported("the extension is too old: run ALTER EXTENSION pg_stat_statements UPDATE")
    })?;
    // One more than allowed, to tell a full answer from a part of one.
    let rows = in_schema(
        &format!("{statement} LIMIT {}", rows_max + 1),
        &extension.schema,
    );
    let origin =
        origin_statement(extension.version).map(|text| in_schema(&text, &extension.schema));
    for _ in 0..ATTEMPTS_MAX {
        let moment = asker.moment();
        let (before, rows, after) = match &origin {
            None => (None, asker.ask(&rows).await?.into_iter().next(), None),
            Some(origin) => {
                let mut sets = asker
                    .ask(&format!("{origin}; {rows}; {origin}"))
                    .await?
                    .into_iter();
                (micros(sets.next()), sets.next(), micros(sets.next()))
            }
        };
        if rows.as_ref().is_some_and(|rows| rows.len() > rows_max) {
            return Err(unsupported(
                "it has more entries than limits.statements_max",
            ));
        }
        // A reset between the two would give rows of before under the origin of after.
        if before == after {
            let mut reading = reading(&STATEMENTS, rows.as_ref());
            reading.extension = Some(extension.version);
            if origin.is_some() {
                reading
                    .rows
                    .values_mut()
                    .for_each(|row| row.origin = before);
            }
            return Ok((reading, moment));
        }
    }
    Err(Error::Unsupported {
        table: STATEMENTS.table.name,
        reason: "it was reset again and again while being read".into(),
    })
}

fn micros(set: Option<crate::postgres::ResultSet>) -> Option<i64> {
    set?.first()?.try_get(0).ok().flatten()?.parse().ok()
}

fn unsupported(reason: &str) -> Error {
    Error::Unsupported {
        table: STATEMENTS.table.name,
        reason: reason.to_owned(),
    }
}

const FIND: &str = "SELECT e.extversion, n.nspname FROM pg_catalog.pg_extension e \
    JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";
const ATTEMPTS_MAX: u32 = 3;
