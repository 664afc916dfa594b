//! From SQL text to one statement that only reads.
//!
//! Q-1 has two guards here and one behind: the parser's tree must be of an allowed kind (this module),
//! the logical plan must hold no DDL, DML or statement node ([`plan`]), and the session has no
//! file formats, no table factories and no object stores to reach anything with (`session`).

mod diagnosis;
mod parameter;
mod plan;
mod position;

use std::collections::VecDeque;

use datafusion::sql::parser::{DFParserBuilder, ParserInput, Statement};
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as SqlStatement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::{Error, error::Limit};

pub(crate) use diagnosis::diagnose;
pub(crate) use parameter::parameters;
pub(crate) use plan::plan;
pub use position::Position;

/// Returns the one reading statement of the text.
///
/// # Errors
/// [`Error::Limit`] for a text that is too long, [`Error::Sql`] with line and column for one that
/// does not parse or holds none or several statements, [`Error::ReadOnly`] for what is no query.
pub(crate) fn parse(sql: &str, sql_bytes_max: usize) -> Result<Statement, Error> {
    if sql.len() > sql_bytes_max {
        return Err(Error::Limit {
            limit: Limit::SqlBytes,
            limit_max: sql_bytes_max as u64,
            detail: String::new(),
        });
    }
    let mut statements = split(sql)?;
    let Some(statement) = statements.pop_front() else {
        return Err(Error::Sql {
            title: "no statement",
            detail: "the text holds no statement".into(),
            position: Some(Position::end_of(sql)),
        });
    };
    check(&statement)?;
    if let Some(second) = statements.front() {
        check(second)?;
        return Err(Error::Sql {
            title: "several statements",
            detail: "one statement at a time, please: the text holds several".into(),
            position: None,
        });
    }
    Ok(statement)
}

fn split(sql: &str) -> Result<VecDeque<Statement>, Error> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| diagnose(&ParserError::from(error).into(), sql, &[]))?;
    check_depth(&tokens)?;
    DFParserBuilder::new(ParserInput::Tokens(tokens))
        .with_dialect(&PostgreSqlDialect {})
        .with_recursion_limit(RECURSION_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| diagnose(&error, sql, &[]))
}

// `1 + 1 + …` and `a UNION ALL b UNION ALL …` become trees as deep as they are long, and trees are
// dropped, hashed and compared by recursion: what would overflow the stack is refused here.
fn check_depth(tokens: &[TokenWithSpan]) -> Result<(), Error> {
    let mut deepening = tokens.iter().filter(|token| deepens(&token.token));
    match deepening.nth(WORDS_MAX) {
        None => Ok(()),
        Some(token) => Err(Error::Sql {
            title: "query too deep",
            detail: format!(
                "the text has more than {WORDS_MAX} words and operators: \
                 use IN (…) or VALUES instead of long chains"
            ),
            position: Some(Position {
                line: token.span.start.line,
                column: token.span.start.column,
            }),
        }),
    }
}

fn deepens(token: &Token) -> bool {
    !matches!(
        token,
        Token::Whitespace(_)
            | Token::Comma
            | Token::LParen
            | Token::RParen
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_)
            | Token::SemiColon
            | Token::EOF
    )
}

fn check(statement: &Statement) -> Result<(), Error> {
    match statement {
        Statement::Statement(inner) => check_sql(inner),
        Statement::Explain(explain) => check(&explain.statement),
        Statement::CopyTo(_) | Statement::CreateExternalTable(_) | Statement::Reset(_) => {
            Err(refusal(statement))
        }
    }
}

fn check_sql(statement: &SqlStatement) -> Result<(), Error> {
    match statement {
        SqlStatement::Query(query) => check_query(query),
        SqlStatement::Explain { statement, .. } => check_sql(statement),
        SqlStatement::ExplainTable { .. }
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. } => Ok(()),
        other => Err(refusal(other)),
    }
}

// PostgreSQL lets a WITH hold an INSERT, and a SELECT make a table or lock rows.
fn check_query(query: &Query) -> Result<(), Error> {
    for table in query.with.iter().flat_map(|with| &with.cte_tables) {
        check_query(&table.query)?;
    }
    if let Some(lock) = query.locks.first() {
        return Err(refusal(lock));
    }
    check_body(&query.body)
}

fn check_body(body: &SetExpr) -> Result<(), Error> {
    match body {
        SetExpr::Select(select) => match &select.into {
            Some(into) => Err(refusal(into)),
            None => Ok(()),
        },
        SetExpr::Query(query) => check_query(query),
        SetExpr::SetOperation { left, right, .. } => check_body(left).and(check_body(right)),
        SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
        SetExpr::Insert(statement)
        | SetExpr::Update(statement)
        | SetExpr::Delete(statement)
        | SetExpr::Merge(statement) => Err(refusal(statement)),
    }
}

fn refusal(statement: &impl std::fmt::Display) -> Error {
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    Error::ReadOnly {
        statement: words.join(" "),
    }
}

/// How deep parentheses and subqueries may nest.
const RECURSION_MAX: usize = 50;
/// How many words and operators a text may have: the depth that the query threads' stacks carry.
const WORDS_MAX: usize = 4_096;

#[cfg(test)]
mod tests;
