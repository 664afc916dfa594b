//! The real server, as a process of its own: started, asked, watched, killed.

mod files;
mod http;
mod process;
mod program;
mod usage;

pub(crate) use files::Files;
pub(crate) use http::{Answered, Http};
pub(crate) use process::Server;
pub(crate) use program::{Program, build_folder};
pub(crate) use usage::Usage;
