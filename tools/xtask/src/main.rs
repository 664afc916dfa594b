//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//!
//! Each rule is a file that returns findings; a finding fails the run. The longest files and
//! functions are printed without failing, so that they are seen before they hurt.

mod finding;
mod floors;
mod links;
mod modules;
mod promises;
mod sizes;
mod tree;

use std::process::ExitCode;

use finding::Finding;
use tree::Tree;

fn main() -> ExitCode {
    let call = std::env::args().nth(1);
    if call.as_deref() != Some("tidy") {
        println!(
            "usage: cargo xtask tidy\n\nChecks floors, module docs, names, links, promises and sizes."
        );
        return ExitCode::from(2);
    }
    match tidy() {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            findings.iter().for_each(|finding| println!("{finding}"));
            println!("tidy: {} findings", findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("tidy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tidy() -> Result<Vec<Finding>, Box<dyn std::error::Error>> {
    let tree = Tree::read()?;
    let mut findings = floors::check()?;
    findings.extend(modules::check(&tree));
    findings.extend(links::check(&tree));
    findings.extend(promises::check(&tree));
    findings.extend(sizes::check(&tree));
    sizes::print_longest(&tree);
    Ok(findings)
}
