//! Completion of table and column names at the prompt.

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};
use serde::Deserialize;

use crate::client::Client;
use crate::failure::Outcome;

/// The names that can be completed, sorted.
#[derive(Debug, Default, Helper, Highlighter, Hinter, Validator)]
pub(super) struct Names {
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    table_name: String,
    column_name: String,
}

impl Names {
    /// Reads every name from the server.
    pub(super) async fn load(client: &Client) -> Outcome<Self> {
        let query = "SELECT table_name, column_name FROM information_schema.columns";
        let rows: Vec<Row> = client.sql(query, "json").await?.json().await?;
        let mut names: Vec<String> = rows
            .into_iter()
            .flat_map(|row| [row.table_name, row.column_name])
            .collect();
        names.sort();
        names.dedup();
        Ok(Self { names })
    }

    fn beginning_with(&self, prefix: &str) -> Vec<Pair> {
        let found = self.names.iter().filter(|name| name.starts_with(prefix));
        found
            .map(|name| Pair {
                display: name.clone(),
                replacement: name.clone(),
            })
            .collect()
    }
}

impl Completer for Names {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<Pair>), ReadlineError> {
        let before = line.get(..position).unwrap_or_default();
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let start = before.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
        let word = before.get(start..).unwrap_or_default();
        let candidates = if word.is_empty() {
            Vec::new()
        } else {
            self.beginning_with(word)
        };
        Ok((start, candidates))
    }
}

#[cfg(test)]
mod tests {
    use rustyline::Context;
    use rustyline::completion::Completer;
    use rustyline::history::DefaultHistory;

    use super::Names;

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let names = Names {
            names: vec!["stat_activity".into(), "stat_io".into(), "time".into()],
        };
        let history = DefaultHistory::new();
        let complete = |line: &str| {
            names
                .complete(line, line.len(), &Context::new(&history))
                .map(|(start, found)| (start, found.len()))
        };
        assert_eq!(complete("SELECT * FROM stat_").unwrap(), (14, 2));
        assert_eq!(complete("SELECT ti").unwrap(), (7, 1));
        assert_eq!(complete("SELECT ").unwrap(), (7, 0));
    }
}
