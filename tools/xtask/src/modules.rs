//! Every Rust file says what it is, and none is called a drawer.

use crate::finding::Finding;
use crate::tree::Tree;

/// Names under which anything could be put, and soon would.
const DRAWERS: [&str; 8] = [
    "utils", "util", "common", "helpers", "helper", "misc", "types", "prelude",
];

/// Returns files without module documentation and modules with forbidden names.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs") {
        if !file.text.lines().any(|line| line.starts_with("//!")) {
            findings.push(Finding::new(&file.path, "has no //! that says what it is"));
        }
        let drawer = file
            .path
            .trim_end_matches(".rs")
            .split('/')
            .find(|part| DRAWERS.contains(part));
        if let Some(drawer) = drawer {
            findings.push(Finding::new(
                &file.path,
                format!("{drawer:?} names a drawer, not an idea"),
            ));
        }
    }
    findings
}
