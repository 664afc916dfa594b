//! Looks at a log's directory: which files there are, and whose segments they are.

use std::path::PathBuf;

use crate::segment::{FileName, OpenSegment};
use crate::{Environment, Error};

/// What stands in the directory.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Segments with whole headers that are ours, by number.
    pub(crate) segments: Vec<OpenSegment>,
    /// Spares, by number.
    pub(crate) spares: Vec<(u64, PathBuf)>,
    /// Leftovers of a crash.
    pub(crate) temporaries: Vec<PathBuf>,
    /// Names that mean nothing here.
    pub(crate) foreign: Vec<String>,
}

impl Survey {
    /// Lists the directory and reads every segment's header.
    pub(crate) fn of(environment: &Environment) -> Result<Self, Error> {
        let dir = &environment.dir;
        let failed = |source| Error::Io {
            path: dir.clone(),
            source,
        };
        let mut survey = Self::default();
        for entry in environment.disk.list(dir).map_err(failed)? {
            let path = dir.join(&entry.name);
            match FileName::parse(&entry.name) {
                _ if entry.is_dir => survey.foreign.push(entry.name),
                FileName::Segment(number) => {
                    survey
                        .segments
                        .push(OpenSegment::open(environment, &path, number)?);
                }
                FileName::Spare(number) => survey.spares.push((number, path)),
                FileName::Temporary => survey.temporaries.push(path),
                FileName::MalformedSegment => {
                    let reason = "its name is not 20 digits and .log";
                    return Err(Error::Misplaced { path, reason });
                }
                FileName::Foreign => survey.foreign.push(entry.name),
            }
        }
        survey.segments.sort_by_key(|segment| segment.header.number);
        Ok(survey)
    }
}
