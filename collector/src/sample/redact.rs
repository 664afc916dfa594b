//! Query texts without the literals that `pg_stat_statements` leaves in them.
//!
//! It replaces constants by `$1`, `$2` … in statements that the planner sees, but keeps utility
//! statements as they came (passwords of `ALTER ROLE` among them), and keeps a planned statement too
//! when its entry was evicted while it ran. So quoted literals go everywhere, numbers in utility
//! statements. Comments, identifiers and parameters stay.

/// Returns the text with literals replaced by `?`.
pub(crate) fn redact(text: &str) -> String {
    let hides_numbers = is_utility(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let token = token(rest, first);
        let (taken, after) = rest.split_at(token.bytes.max(first.len_utf8()).min(rest.len()));
        match token.kind {
            TokenKind::Quoted => out.push('?'),
            TokenKind::Number if hides_numbers => out.push('?'),
            TokenKind::Number | TokenKind::Other => out.push_str(taken),
        }
        rest = after;
    }
    out
}

/// Tells whether a statement is one that is not planned, by its first word.
fn is_utility(text: &str) -> bool {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    while let Some(comment) = comment_bytes(rest) {
        rest = rest.get(comment..).unwrap_or_default().trim_start();
    }
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    !PLANNED
        .iter()
        .any(|planned| word.eq_ignore_ascii_case(planned))
}

struct Token {
    kind: TokenKind,
    bytes: usize,
}

#[derive(Clone, Copy)]
enum TokenKind {
    Quoted,
    Number,
    Other,
}

fn token(rest: &str, first: char) -> Token {
    let quoted = |bytes| Token {
        kind: TokenKind::Quoted,
        bytes,
    };
    let other = |bytes| Token {
        kind: TokenKind::Other,
        bytes,
    };
    match first {
        '\'' => quoted(quoted_bytes(rest, '\'', false)),
        'e' | 'E' if rest.get(1..2) == Some("'") => {
            quoted(1 + quoted_bytes(rest.get(1..).unwrap_or_default(), '\'', true))
        }
        'b' | 'B' | 'x' | 'X' | 'n' | 'N' if rest.get(1..2) == Some("'") => {
            quoted(1 + quoted_bytes(rest.get(1..).unwrap_or_default(), '\'', false))
        }
        '"' => other(quoted_bytes(rest, '"', false)),
        '$' => match dollar_bytes(rest) {
            Some(bytes) => quoted(bytes),
            None => other(1 + span(rest, 1, |c| c.is_ascii_digit())),
        },
        '-' | '/' => other(comment_bytes(rest).unwrap_or(1)),
        c if c.is_alphabetic() || c == '_' => other(span(rest, 0, |c| {
            c.is_alphanumeric() || c == '_' || c == '$'
        })),
        c if c.is_ascii_digit() => Token {
            kind: TokenKind::Number,
            bytes: span(rest, 0, |c| {
                c.is_ascii_alphanumeric() || c == '.' || c == '_'
            }),
        },
        c => other(c.len_utf8()),
    }
}

/// Returns the bytes from `from` on whose characters all satisfy the test.
fn span(text: &str, from: usize, test: impl Fn(char) -> bool) -> usize {
    let text = text.get(from..).unwrap_or_default();
    text.find(|c| !test(c)).unwrap_or(text.len())
}

/// Returns the length of a quoted text with its quotes; one that never ends reaches to the end.
fn quoted_bytes(text: &str, quote: char, has_escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && has_escapes {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// Returns the length of a dollar-quoted text, if one begins here.
fn dollar_bytes(text: &str) -> Option<usize> {
    let tag_bytes = 2 + text.get(1..)?.find('$')?;
    let tag = text.get(..tag_bytes)?;
    let name = tag.trim_matches('$');
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !is_name || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let body = text.get(tag_bytes..)?;
    Some(
        body.find(tag)
            .map_or(text.len(), |end| tag_bytes + end + tag_bytes),
    )
}

fn comment_bytes(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').map_or(text.len(), |end| end + 1));
    }
    text.starts_with("/*")
        .then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

const PLANNED: [&str; 8] = [
    "select", "insert", "update", "delete", "merge", "with", "values", "table",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::redact;

    #[test]
    fn passwords_of_utility_statements_go() {
        for (text, expected) in [
            ("ALTER ROLE x PASSWORD 'secret'", "ALTER ROLE x PASSWORD ?"),
            (
                "create user u password E'it\\'s' valid until 'x'",
                "create user u password ? valid until ?",
            ),
            ("SET work_mem = 4096", "SET work_mem = ?"),
            ("DO $body$ BEGIN PERFORM 'x'; END $body$", "DO ?"),
            (
                "/* app */ COPY t2 FROM PROGRAM 'curl u:p'",
                "/* app */ COPY t2 FROM PROGRAM ?",
            ),
            (
                "CALL p(1.5e3, 'it''s', \"Col 1\")",
                "CALL p(?, ?, \"Col 1\")",
            ),
        ] {
            assert_eq!(redact(text), expected);
        }
    }

    #[test]
    fn planned_statements_keep_their_shape() {
        let text = "SELECT $1, a1 FROM t -- 'no'\nWHERE b = $2 ORDER BY 1 LIMIT $3";
        assert_eq!(redact(text), text);
        assert_eq!(
            redact("(SELECT 1 WHERE x = 'leaked')"),
            "(SELECT 1 WHERE x = ?)"
        );
    }

    #[test]
    fn a_text_cut_inside_a_literal_loses_it_too() {
        assert_eq!(
            redact("ALTER ROLE x PASSWORD 'sec"),
            "ALTER ROLE x PASSWORD ?"
        );
        assert_eq!(redact("DO $a$ secr"), "DO ?");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_nothing_between_quotes_survives(
            before in "[a-zA-Z0-9 (,$]{0,20}", secret in "[g-z]{6,12}", after in ".{0,20}",
        ) {
            let redacted = redact(&format!("{before} 'Q{secret}Q' {after}"));
            let quoted = format!("Q{secret}Q");
            prop_assert!(!redacted.contains(&quoted) || before.contains('$'));
        }
    }
}
