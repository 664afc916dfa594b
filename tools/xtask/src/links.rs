//! Every relative link in a Markdown file leads to a file.

use std::path::Path;

use crate::finding::Finding;
use crate::tree::Tree;

/// Returns the links that lead nowhere.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        let folder = tree
            .root
            .join(Path::new(&file.path).parent().unwrap_or(Path::new("")));
        for link in links(&file.text) {
            if !folder.join(link).exists() {
                findings.push(Finding::new(
                    &file.path,
                    format!("links to {link}, which is not there"),
                ));
            }
        }
    }
    findings
}

/// Returns the targets of inline links, without anchors; those with a scheme are not ours to check.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains(':') {
                found.push(path);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn finds_relative_links_outside_code() {
        let text =
            "See [a](x/y.md#z) and [b](https://c.d).\n```\n[n](no.md)\n```\n[e](#f) [g](h.md)";
        assert_eq!(links(text), ["x/y.md", "h.md"]);
    }
}
