//! Where in a SQL text an error lies.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// A place in a SQL text; both numbers start at 1, the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column within the line.
    pub column: u64,
}

impl Position {
    /// Returns the position that a message of the parser ends with (` at Line: 1, Column: 8`).
    pub(crate) fn of_message(message: &str) -> Option<Self> {
        let tail = message.rsplit_once("Line: ")?.1;
        let (line, tail) = tail.split_once(", Column: ")?;
        let digits = tail.trim_end();
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        Some(Self {
            line: line.parse().ok()?,
            column: digits.get(..end)?.parse().ok()?,
        })
    }

    /// Returns the position of the first identifier of that name, texts and comments left aside.
    pub(crate) fn of_identifier(sql: &str, name: &str) -> Option<Self> {
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql)
            .tokenize_with_location()
            .ok()?;
        tokens
            .iter()
            .find(|token| is_identifier(token, name))
            .map(|token| Self {
                line: token.span.start.line,
                column: token.span.start.column,
            })
    }

    /// Returns the position just behind the last character, where an unfinished text breaks off.
    pub(crate) fn end_of(sql: &str) -> Self {
        let text = sql.trim_end();
        let line = text.split('\n').count().max(1);
        let last = text.rsplit('\n').next().unwrap_or_default();
        Self {
            line: line as u64,
            column: last.chars().count() as u64 + 1,
        }
    }
}

fn is_identifier(token: &TokenWithSpan, name: &str) -> bool {
    matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn the_parser_s_message_ends_with_the_position() {
        let message = "Expected: an expression, found: FROM at Line: 2, Column: 18";
        let expected = Position {
            line: 2,
            column: 18,
        };
        assert_eq!(Position::of_message(message), Some(expected));
        assert_eq!(Position::of_message("recursion limit exceeded"), None);
    }

    #[test]
    fn an_identifier_is_found_outside_of_texts_and_comments() {
        let sql = "select 'cpu' -- cpu\n  from CPU";
        let expected = Position { line: 2, column: 8 };
        assert_eq!(Position::of_identifier(sql, "cpu"), Some(expected));
        assert_eq!(Position::of_identifier(sql, "memory"), None);
    }

    #[test]
    fn an_unfinished_text_breaks_off_behind_its_last_character() {
        let expected = Position { line: 2, column: 5 };
        assert_eq!(Position::end_of("select 1\nfrom  \n"), expected);
    }
}
