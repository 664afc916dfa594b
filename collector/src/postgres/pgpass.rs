//! libpq's password file: `host:port:database:user:password`, the first line that fits.
//!
//! **Source:** PostgreSQL documentation, 34.16 "The Password File".

/// What a line must fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// Returns the password of the first line that fits.
pub(super) fn look_up(text: &str, question: Question<'_>) -> Option<String> {
    let port = question.port.to_string();
    let wanted = [question.host, &port, question.database, question.user];
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for value in wanted {
                let (field, after) = field(rest)?;
                rest = after;
                if field != "*" && unescape(field) != value {
                    return None;
                }
            }
            Some(unescape(rest))
        })
}

/// Cuts a field off at the next colon that no backslash escapes.
fn field(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            ':' if !is_escaped => return Some((text.get(..at)?, text.get(at + 1..)?)),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

fn unescape(field: &str) -> String {
    let mut chars = field.chars();
    let mut out = String::with_capacity(field.len());
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Question, look_up};

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        let file =
            "# comment\nother:*:*:*:no\ndb1:5432:app:monitor:a\\:b\\\\c\n*:*:*:monitor:any\n";
        let ask = |host, user| {
            look_up(
                file,
                Question {
                    host,
                    port: 5432,
                    database: "app",
                    user,
                },
            )
        };
        assert_eq!(ask("db1", "monitor").as_deref(), Some("a:b\\c"));
        assert_eq!(ask("db2", "monitor").as_deref(), Some("any"));
        assert_eq!(ask("db2", "somebody"), None);
    }

    #[test]
    fn broken_lines_fit_nothing() {
        let question = Question {
            host: "h",
            port: 1,
            database: "d",
            user: "u",
        };
        for file in ["", "h", "h:1:d:u", "::::", "\\"] {
            assert_eq!(look_up(file, question), None, "{file}");
        }
    }
}
