//! From DataFusion's errors to ours: what is wrong, where in the text, and what was probably meant.

use datafusion::common::utils::datafusion_strsim::normalized_levenshtein;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;

use super::Position;
use crate::{Error, error::Limit};

/// Returns our error for what DataFusion says about this text; `tables` are the names that exist.
pub(crate) fn diagnose(error: &DataFusionError, sql: &str, tables: &[String]) -> Error {
    let diagnosed = error
        .diagnostic()
        .and_then(|diagnostic| diagnostic.span)
        .map(|span| Position {
            line: span.start.line,
            column: span.start.column,
        });
    let subject = Subject {
        sql,
        tables,
        span: diagnosed,
    };
    subject.diagnose(first(error))
}

struct Subject<'a> {
    sql: &'a str,
    tables: &'a [String],
    span: Option<Position>,
}

impl Subject<'_> {
    fn diagnose(&self, error: &DataFusionError) -> Error {
        match error {
            DataFusionError::SQL(error, _) => self.syntax(error),
            DataFusionError::SchemaError(error, _) => self.schema(error),
            DataFusionError::Plan(message) => self.planning(message),
            DataFusionError::NotImplemented(message) => {
                self.sql_error("not supported", message.clone(), self.named(message))
            }
            DataFusionError::Configuration(message) => {
                self.sql_error("unknown setting", message.clone(), None)
            }
            DataFusionError::ResourcesExhausted(message) => exhausted(message),
            DataFusionError::External(source) => external(source.as_ref()),
            DataFusionError::Internal(message) => Error::internal(first_line(message)),
            DataFusionError::ExecutionJoin(error) if error.is_panic() => {
                Error::internal("a part of the query panicked")
            }
            DataFusionError::ExecutionJoin(_) => Error::Cancelled,
            DataFusionError::ArrowError(error, _) => Error::Execution {
                detail: error.to_string(),
            },
            other => Error::Execution {
                detail: first_line(&other.strip_backtrace()),
            },
        }
    }

    fn syntax(&self, error: &ParserError) -> Error {
        let message = match error {
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
                message.as_str()
            }
            ParserError::RecursionLimitExceeded => "the text nests too deeply",
        };
        let position = Position::of_message(message)
            .or(self.span.filter(|position| position.line > 0))
            .unwrap_or_else(|| Position::end_of(self.sql));
        let detail = match message.rfind(" at Line: ") {
            Some(end) => message.get(..end).unwrap_or(message),
            None => message,
        };
        self.sql_error("syntax error", detail.into(), Some(position))
    }

    fn schema(&self, error: &SchemaError) -> Error {
        let detail = first_line(&error.to_string());
        let (title, name) = match error {
            SchemaError::FieldNotFound { field, .. } => ("unknown column", Some(&field.name)),
            SchemaError::AmbiguousReference { field } => ("ambiguous column", Some(&field.name)),
            SchemaError::DuplicateQualifiedField { name, .. }
            | SchemaError::DuplicateUnqualifiedField { name } => ("duplicate column", Some(name)),
        };
        let position = name.and_then(|name| Position::of_identifier(self.sql, name));
        self.sql_error(title, detail, position)
    }

    fn planning(&self, message: &str) -> Error {
        if let Some(name) = between(message, "table '", "' not found") {
            return self.unknown_table(name);
        }
        if message.contains("Invalid function") {
            let detail = message.replace('\n', " ");
            return self.sql_error("unknown function", detail, self.named(message));
        }
        if message.contains("placeholder with") || message.contains("placeholder id") {
            return Error::Parameter {
                detail: message.to_owned(),
            };
        }
        if message.contains("not supported: ") {
            return Error::ReadOnly {
                statement: message.rsplit(": ").next().unwrap_or_default().to_owned(),
            };
        }
        self.sql_error("wrong query", first_line(message), self.named(message))
    }

    fn unknown_table(&self, name: &str) -> Error {
        let bare = name.rsplit('.').next().unwrap_or(name);
        let path = name.strip_prefix("pganalytics.").unwrap_or(name);
        let shown = path.strip_prefix("public.").unwrap_or(path);
        let hint = match nearest(shown, self.tables) {
            Some(table) => format!("did you mean {table:?}?"),
            None => "SHOW TABLES lists those that exist".into(),
        };
        let position = Position::of_identifier(self.sql, bare);
        let detail = format!("table {shown:?} does not exist: {hint}");
        self.sql_error("unknown table", detail, position)
    }

    fn sql_error(&self, title: &'static str, detail: String, found: Option<Position>) -> Error {
        Error::Sql {
            title,
            detail,
            position: self.span.filter(|at| at.line > 0).or(found),
        }
    }

    // The first name in single quotes, where the message has one.
    fn named(&self, message: &str) -> Option<Position> {
        let name = between(message, "'", "'")?;
        let bare = name.split('(').next().unwrap_or(name);
        Position::of_identifier(self.sql, bare)
    }
}

// The innermost error that says something; of several, the first.
fn first(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => first(inner),
        DataFusionError::Shared(inner) => first(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, first),
        DataFusionError::External(source) => source
            .downcast_ref::<DataFusionError>()
            .map_or(error, first),
        DataFusionError::ArrowError(source, _) => match source.as_ref() {
            datafusion::arrow::error::ArrowError::ExternalError(inner) => {
                inner.downcast_ref::<DataFusionError>().map_or(error, first)
            }
            _ => error,
        },
        _ => error,
    }
}

fn exhausted(message: &str) -> Error {
    let whole = message.contains(crate::session::SHARED_POOL);
    let limit_max = between(message, "limit of ", " bytes").and_then(|bytes| bytes.parse().ok());
    Error::Limit {
        limit: if whole {
            Limit::Memory
        } else {
            Limit::QueryMemory
        },
        // 0 where the message does not say.
        limit_max: limit_max.unwrap_or_default(),
        detail: message.to_owned(),
    }
}

fn external(source: &(dyn std::error::Error + Send + Sync + 'static)) -> Error {
    if let Some(error) = source.downcast_ref::<engine::Error>() {
        return Error::Store {
            detail: error.to_string(),
            kind: error.kind(),
        };
    }
    Error::Execution {
        detail: source.to_string(),
    }
}

fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    let scored = names
        .iter()
        .map(|candidate| (normalized_levenshtein(name, candidate), candidate));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= NEAR_ENOUGH).then_some(best.1.as_str())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, tail) = text.split_once(before)?;
    Some(tail.split_once(after)?.0)
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}

const NEAR_ENOUGH: f64 = 0.5;
