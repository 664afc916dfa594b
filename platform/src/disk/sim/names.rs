//! Paths of the simulated disk: absolute, of UTF-8 names, without links and `..`.

use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

/// Returns the names along a path, from the root down. A relative path starts at the root.
pub(super) fn names(path: &Path) -> Result<Vec<&str>, Errno> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_str().ok_or(Errno::INVAL)?),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(Errno::INVAL),
        }
    }
    Ok(names)
}

/// Returns the one way to write a path.
pub(super) fn absolute(path: &Path) -> PathBuf {
    Path::new("/").join(
        names(path)
            .unwrap_or_default()
            .into_iter()
            .collect::<PathBuf>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_and_absolute_paths_are_the_same() {
        assert_eq!(names(Path::new("/a/./b/")), Ok(vec!["a", "b"]));
        assert_eq!(names(Path::new("a/b")), Ok(vec!["a", "b"]));
        assert_eq!(absolute(Path::new("./a/b/")), Path::new("/a/b"));
        assert_eq!(absolute(Path::new("/")), Path::new("/"));
    }

    #[test]
    fn paths_that_go_up_are_refused() {
        assert_eq!(names(Path::new("/a/../b")), Err(Errno::INVAL));
    }
}
