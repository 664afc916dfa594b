//! Which program is measured.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// The server's program, known to be there, and what it is told beside its flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    path: PathBuf,
    /// Variables of its environment: settings of the server.
    variables: Vec<(String, String)>,
}

impl Program {
    /// Returns the given program, or the one that was built beside this one.
    ///
    /// # Errors
    /// When it is not there; the advice says how to build it.
    pub(crate) fn find(given: Option<&Path>) -> Outcome<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => beside_this()?,
        };
        if path.is_file() {
            return Ok(Self {
                path,
                variables: Vec::new(),
            });
        }
        let what = format!("there is no program {}", path.display());
        Err(Failure::new(what, BUILD))
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the program with one more variable in its environment.
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Returns the variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.variables.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Returns the folder in which this program was built.
pub(crate) fn build_folder() -> Outcome<PathBuf> {
    let this = std::env::current_exe();
    let this = this.map_err(|source| Failure::io("the path of this program", &source))?;
    Ok(this.parent().map(Path::to_owned).unwrap_or_default())
}

fn beside_this() -> Outcome<PathBuf> {
    let name = format!("pganalytics{}", std::env::consts::EXE_SUFFIX);
    Ok(build_folder()?.join(name))
}

const BUILD: &str = "build it: cargo build --release --locked -p pganalytics, \
                     or name another one with --server";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_says_how_to_build_it() {
        let failure = Program::find(Some(Path::new("/nowhere/pganalytics"))).unwrap_err();
        assert!(failure.to_string().contains("cargo build --release"));
    }

    #[test]
    fn a_given_program_is_taken() {
        let this = std::env::current_exe().unwrap();
        let program = Program::find(Some(&this)).unwrap();
        assert_eq!(program.path(), this);
        let program = program.with("A", 1).with("B", "c");
        let variables: Vec<_> = program.variables().collect();
        assert_eq!(variables, [("A", "1"), ("B", "c")]);
    }
}
