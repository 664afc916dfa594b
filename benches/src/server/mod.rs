//! The real server, as a process of its own: started, asked, watched, killed.

mod files;
mod http;
mod process;
mod program;
mod usage;

pub(crate) use files::{Files, directory_bytes};
pub(crate) use http::{Answered, Http};
pub(crate) use process::{Server, ServerId};
pub(crate) use program::{Program, build_folder};
pub(crate) use usage::Usage;
