//! The files that git tracks or would track, with the text of those that matter.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the checkout.
#[derive(Debug)]
pub struct SourceFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its text, empty where it is not UTF-8.
    pub text: String,
}

/// The checkout.
#[derive(Debug)]
pub struct Tree {
    /// Where it lies.
    pub root: PathBuf,
    /// Its files, sorted by path.
    pub files: Vec<SourceFile>,
}

impl Tree {
    /// Reads the checkout around the current directory.
    pub fn read() -> io::Result<Self> {
        let root = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?.trim());
        let listed = git(&[
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--full-name",
            ":/",
        ])?;
        let mut files = Vec::new();
        for path in listed.lines() {
            if let Some(file) = read_file(&root, path)? {
                files.push(file);
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root, files })
    }

    /// Returns the files whose name ends like this.
    pub fn ending(&self, suffix: &str) -> impl Iterator<Item = &SourceFile> {
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(suffix))
    }
}

fn read_file(root: &Path, path: &str) -> io::Result<Option<SourceFile>> {
    let full = root.join(path);
    if !full.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(&full)?;
    let length = bytes.len() as u64;
    let text = String::from_utf8(bytes).unwrap_or_default();
    Ok(Some(SourceFile {
        path: path.to_owned(),
        bytes: length,
        text,
    }))
}

fn git(arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("git").args(arguments).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "git {} failed",
            arguments.join(" ")
        )));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}
