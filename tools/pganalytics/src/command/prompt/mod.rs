//! The interactive prompt: history, completion of names, `\d`, `\dt`, `\timing`.

mod completion;

use std::time::Instant;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Config, Editor};

use self::completion::Names;
use super::sql;
use crate::cli::Format;
use crate::client::Client;
use crate::failure::{Failure, Outcome};

/// What the prompt was told to do.
#[derive(Debug, PartialEq, Eq)]
enum Input {
    /// Ask this.
    Query(String),
    /// Switch the timing on or off.
    Timing,
    /// Print the commands.
    Help,
    /// Leave.
    Quit,
}

/// Reads queries and prints answers until the end of input.
pub(crate) async fn run(client: Client, format: Format) -> Outcome {
    let names = Names::load(&client).await?;
    let broken =
        |error: ReadlineError| Failure::new(error, "give the query as an argument instead");
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Names, DefaultHistory> = Editor::with_config(config).map_err(broken)?;
    editor.set_helper(Some(names));
    let history = std::env::home_dir().map(|home| home.join(".pganalytics_history"));
    if let Some(path) = &history
        && path.exists()
    {
        editor.load_history(path).map_err(broken)?;
    }
    eprintln!("Queries end with ;  \\? for help, \\q to leave.");
    let mut timing = false;
    while let Some(text) = read(&mut editor)? {
        match parse(&text) {
            Ok(Input::Quit) => break,
            Ok(Input::Help) => eprintln!("{HELP}"),
            Ok(Input::Timing) => {
                timing = !timing;
                eprintln!("Timing is {}.", if timing { "on" } else { "off" });
            }
            Ok(Input::Query(query)) => ask(&client, &query, format, timing).await,
            Err(reason) => eprintln!("{reason}"),
        }
    }
    if let Some(path) = &history {
        editor.save_history(path).map_err(broken)?;
    }
    Ok(())
}

/// Asks and prints; a query that fails does not end the prompt.
async fn ask(client: &Client, query: &str, format: Format, timing: bool) {
    #[expect(
        clippy::disallowed_methods,
        reason = "times what the person at the prompt waits for"
    )]
    let started = Instant::now();
    if let Err(failure) = sql::answer(client, query, format, None).await {
        failure.report();
    }
    if timing {
        eprintln!("Time: {:.3} ms", started.elapsed().as_secs_f64() * 1_000.0);
    }
}

/// Reads lines until a command or a query is whole; `None` at the end of input.
fn read(editor: &mut Editor<Names, DefaultHistory>) -> Outcome<Option<String>> {
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() {
            "pganalytics=> "
        } else {
            "pganalytics-> "
        };
        match editor.readline(prompt) {
            Ok(line) => {
                text.push_str(&line);
                let whole = text.trim();
                if whole.starts_with('\\') || whole.ends_with(';') {
                    return Ok(Some(whole.to_owned()));
                }
                if !whole.is_empty() {
                    text.push('\n');
                }
            }
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(ReadlineError::Eof) => return Ok(None),
            Err(error) => return Err(Failure::new(error, "give the query as an argument instead")),
        }
    }
}

fn parse(text: &str) -> Result<Input, String> {
    let Some(command) = text.strip_prefix('\\') else {
        return Ok(Input::Query(text.trim_end_matches(';').to_owned()));
    };
    let mut words = command.trim_end_matches(';').split_whitespace();
    match (words.next(), words.next()) {
        (Some("q"), None) => Ok(Input::Quit),
        (Some("?" | "h"), None) => Ok(Input::Help),
        (Some("timing"), None) => Ok(Input::Timing),
        (Some("d" | "dt"), None) => Ok(Input::Query(TABLES.to_owned())),
        (Some("d"), Some(table)) => Ok(Input::Query(columns_of(table))),
        _ => Err(format!("there is no command {text}; \\? lists them")),
    }
}

fn columns_of(table: &str) -> String {
    let table = table.trim_matches('"').replace('\'', "''");
    format!(
        "SELECT column_name, role, type, kind, unit FROM system.columns WHERE table_name = '{table}'"
    )
}

const TABLES: &str = "SELECT * FROM system.tables";
const HELP: &str = "\\d         tables\n\\d TABLE   columns of a table\n\\timing    print how long an answer took\n\\q         leave";

#[cfg(test)]
mod tests {
    use super::{Input, parse};

    #[test]
    fn commands_and_queries_are_told_apart() {
        assert_eq!(parse("\\q"), Ok(Input::Quit));
        assert_eq!(parse("\\timing"), Ok(Input::Timing));
        assert_eq!(parse("SELECT 1;"), Ok(Input::Query("SELECT 1".into())));
        let columns = parse("\\d o'x").unwrap();
        assert!(matches!(columns, Input::Query(sql) if sql.ends_with("'o''x'")));
        assert!(parse("\\copy").is_err());
    }
}
