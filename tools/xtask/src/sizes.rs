//! No large files in the repository; the longest sources and functions are shown.

use crate::finding::Finding;
use crate::tree::{SourceFile, Tree};

/// The largest file that may be committed.
const FILE_BYTES_MAX: u64 = 500_000;
/// How many of the longest are printed.
const SHOWN: usize = 10;

/// Returns the files that are too large.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let large = tree.files.iter().filter(|file| file.bytes > FILE_BYTES_MAX);
    large
        .map(|file| {
            Finding::new(
                &file.path,
                format!("has {} bytes, above 500 KB", file.bytes),
            )
        })
        .collect()
}

/// Prints the longest files and functions.
pub fn print_longest(tree: &Tree) {
    let mut files: Vec<_> = tree
        .ending(".rs")
        .map(|f| (f.text.lines().count(), f.path.clone()))
        .collect();
    let mut functions: Vec<_> = tree.ending(".rs").flat_map(functions).collect();
    for (title, list) in [("files", &mut files), ("functions", &mut functions)] {
        list.sort_by(|a, b| b.cmp(a));
        println!("longest {title}:");
        list.iter()
            .take(SHOWN)
            .for_each(|(lines, name)| println!("  {lines:>5}  {name}"));
    }
}

/// Returns the functions of a file with their lengths, told by the indentation that rustfmt gives.
fn functions(file: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (number, line) in file.text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if let Some((start, depth, name)) = &open {
            if indent == *depth && line.trim_start().starts_with('}') {
                found.push((number - start + 1, format!("{} {name}", file.path)));
                open = None;
            }
            continue;
        }
        if let Some(name) = function_name(line.trim_start()) {
            open = Some((number, indent, name.to_owned()));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let head = line.split("fn ").next()?;
    let is_head = head.split_whitespace().all(|word| {
        matches!(word, "pub" | "async" | "const" | "unsafe") || word.starts_with("pub(")
    });
    let name = line.split("fn ").nth(1)?.split(['(', '<']).next()?;
    (is_head && !line.ends_with(';') && !line.ends_with('}')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, functions};

    #[test]
    fn measures_functions() {
        let text = "pub fn a(\n    b: u8,\n) {\n    c();\n}\n\nimpl D {\n    fn e() {\n        f()\n    }\n}\n";
        let file = SourceFile {
            path: "x.rs".into(),
            bytes: 0,
            text: text.into(),
        };
        assert_eq!(
            functions(&file),
            [(5, "x.rs a".into()), (3, "x.rs e".into())]
        );
    }
}
