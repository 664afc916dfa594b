//! Every promise of ARCHITECTURE.md has a test that names it.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::tree::{SourceFile, Tree};

/// Returns the promises without a test.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(architecture) = tree
        .files
        .iter()
        .find(|file| file.path == "ARCHITECTURE.md")
    else {
        return vec![Finding::new("ARCHITECTURE.md", "is missing")];
    };
    let tested: BTreeSet<&str> = tree
        .ending(".rs")
        .filter(|f| holds_tests(f))
        .flat_map(|f| ids(&f.text))
        .collect();
    promised(&architecture.text)
        .into_iter()
        .filter(|id| !tested.contains(id))
        .map(|id| {
            Finding::new(
                "ARCHITECTURE.md",
                format!("promises {id}, which no test names"),
            )
        })
        .collect()
}

fn holds_tests(file: &SourceFile) -> bool {
    file.text.contains("#[test]")
        || file.text.contains("#[tokio::test")
        || file.text.contains("proptest!")
}

/// Returns the ids in the first cells of the table of promises.
fn promised(text: &str) -> Vec<&str> {
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    cells.filter(|cell| is_id(cell)).collect()
}

fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| is_id(word))
}

fn is_id(word: &str) -> bool {
    match word.split_once('-') {
        Some((letter, number)) => {
            matches!(letter, "W" | "S" | "E" | "B" | "Q") && number.parse::<u8>().is_ok()
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ids, promised};

    #[test]
    fn finds_promises_and_their_tests() {
        assert_eq!(
            promised("| id | what |\n| W-1 | an ack |\n| E-12 | a part |"),
            ["W-1", "E-12"]
        );
        let found: Vec<_> = ids("// W-1: holds (E-2), not X-3 or W-x").collect();
        assert_eq!(found, ["W-1", "E-2"]);
    }
}
