//! The known name nearest to an unknown one.

/// Adds "did you mean" to serde's message about an unknown field, if one is near.
pub(super) fn with_suggestion(message: &str) -> String {
    match suggestion(message) {
        Some(known) => format!("{message}; did you mean `{known}`?"),
        None => message.to_owned(),
    }
}

/// Reads ``unknown field `x`, expected one of `a`, `b` ``.
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.contains("unknown field").then(|| quoted.next())??;
    let near = quoted
        .map(|known| (distance(unknown, known), known))
        .min()?;
    // Beyond half of the name a guess would rather confuse.
    (near.0 * 2 <= unknown.len()).then(|| near.1.to_owned())
}

/// Returns how many letters must be put in, left out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, diagonal), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or(0);
            let changed = diagonal + usize::from(from != *to);
            next.push(changed.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, with_suggestion};

    #[test]
    fn a_slip_is_corrected_and_something_else_is_not() {
        let message =
            |name| format!("unknown field `{name}`, expected one of `name`, `state`, `token`");
        assert!(with_suggestion(&message("tokne")).ends_with("did you mean `token`?"));
        assert!(with_suggestion(&message("nam")).ends_with("did you mean `name`?"));
        assert!(!with_suggestion(&message("colour")).contains("did you mean"));
        assert_eq!(
            with_suggestion("missing field `name`"),
            "missing field `name`"
        );
    }

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
