//! Reads `tag = value AND tag = 'a value' …`: which series are meant.

use std::collections::BTreeMap;

/// Why a text is no predicate.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; write where as: tag = 'value' AND tag = 'value'")]
pub(crate) struct BadPredicate {
    what: String,
}

/// Returns the values of tags that a text demands; none for a text that is empty.
///
/// Names and values are bare words, or quoted: names like `"a name"`, values like `'it''s'`.
///
/// # Errors
/// Where it is anything else, or demands two values of one tag.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, String>, BadPredicate> {
    let mut rest = text.trim();
    let mut tags = BTreeMap::new();
    while !rest.is_empty() {
        if !tags.is_empty() {
            rest = and(rest)?;
        }
        let (name, behind) = term(rest, '"')?;
        let behind = behind.trim_start();
        let equal = behind.strip_prefix('=');
        let behind =
            equal.ok_or_else(|| bad(format!("a tag is followed by {behind:?}, not by =")))?;
        let (value, behind) = term(behind.trim_start(), '\'')?;
        if tags.get(&name).is_some_and(|other| *other != value) {
            return Err(bad(format!("{name} cannot have two values at once")));
        }
        tags.insert(name, value);
        rest = behind.trim_start();
    }
    Ok(tags)
}

/// Takes the word that goes between two terms.
fn and(text: &str) -> Result<&str, BadPredicate> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if word.eq_ignore_ascii_case("and") && !rest.trim().is_empty() {
        return Ok(rest.trim_start());
    }
    Err(bad(format!(
        "after a value there is {text:?}, not AND and another tag"
    )))
}

/// Takes a bare word, or a quoted text in which the quote is doubled.
fn term(text: &str, quote: char) -> Result<(String, &str), BadPredicate> {
    let Some(mut rest) = text.strip_prefix(quote) else {
        return bare(text);
    };
    let mut taken = String::new();
    loop {
        let (piece, behind) = rest
            .split_once(quote)
            .ok_or_else(|| bad(format!("a quote is not closed in {text:?}")))?;
        taken.push_str(piece);
        match behind.strip_prefix(quote) {
            Some(behind) => {
                taken.push(quote);
                rest = behind;
            }
            None => return Ok((taken, behind)),
        }
    }
}

fn bare(text: &str) -> Result<(String, &str), BadPredicate> {
    let ends = |c: char| c.is_whitespace() || "='\"<>!(),;".contains(c);
    let end = text.find(ends).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        return Err(bad(format!("a tag or a value is missing before {text:?}")));
    }
    Ok((word.to_owned(), rest))
}

const fn bad(what: String) -> BadPredicate {
    BadPredicate { what }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::parse;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(tag, value)| ((*tag).into(), (*value).into()));
        owned.collect()
    }

    #[test]
    fn tags_and_values_are_read_bare_and_quoted() {
        let cases = [
            ("", tags(&[])),
            (" host = a ", tags(&[("host", "a")])),
            ("host='a b'", tags(&[("host", "a b")])),
            (
                "host = 'it''s' and core=0",
                tags(&[("host", "it's"), ("core", "0")]),
            ),
            (
                "\"a name\" = '' AND x = y",
                tags(&[("a name", ""), ("x", "y")]),
            ),
            ("x = 1 AND x = 1", tags(&[("x", "1")])),
            (
                "queryid = -42 AND datname = orders.v2",
                tags(&[("queryid", "-42"), ("datname", "orders.v2")]),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_way_to_write_it() {
        let wrong = [
            "host",
            "host =",
            "= a",
            "host = a core = 0",
            "host = a AND",
            "host = a OR core = 0",
            "host != a",
            "host > a",
            "host = 'a",
            "(host = a)",
            "host = a; drop",
            "AND host = a",
            "host = a AND host = b",
            "host IN (a)",
        ];
        for text in wrong {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains("tag = 'value'"), "{text}: {error}");
        }
    }
}
