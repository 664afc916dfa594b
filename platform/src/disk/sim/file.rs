//! A file open on a simulated disk.

use std::io::{self, ErrorKind, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::content::Content;
use super::dir::NodeId;
use super::machine::Machine;
use super::operation::{Fault, Operation};
use crate::disk::{DiskError, File};

/// A node of a machine, kept alive while this is.
#[derive(Debug)]
pub(super) struct SimFile {
    machine: Arc<Mutex<Machine>>,
    node: NodeId,
    path: PathBuf,
    is_writable: bool,
}

impl SimFile {
    /// Opens a node; the caller holds the lock of the machine as `locked`.
    pub(super) fn new(
        machine: &Arc<Mutex<Machine>>,
        locked: &mut Machine,
        (node, path): (NodeId, &Path),
        is_writable: bool,
    ) -> Self {
        locked.opened(node);
        Self {
            machine: Arc::clone(machine),
            node,
            path: path.to_path_buf(),
            is_writable,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, operation: &'static str, cause: io::Error) -> io::Error {
        DiskError::wrap(operation, &self.path, cause)
    }

    fn place(&self) -> (NodeId, &Path) {
        (self.node, &self.path)
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.is_writable {
            Ok(())
        } else {
            Err(Errno::BADF.into())
        }
    }

    fn read(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        let mut machine = self.lock();
        let end = offset.saturating_add(out.len() as u64);
        let fault = machine.start_at(Operation::Read, self.place(), Some(offset..end))?;
        let file = content(&mut machine, self.node)?;
        if end > file.visible().len() || matches!(fault, Some(Fault::Short(n)) if n < out.len()) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        file.visible().read(out, offset);
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.check_writable()?;
        let mut machine = self.lock();
        let len = bytes.len() as u64;
        let end = offset
            .checked_add(len)
            .filter(|end| *end <= LEN_MAX)
            .ok_or(Errno::FBIG)?;
        let fault = machine.start_at(Operation::Write, self.place(), Some(offset..end))?;
        let mut fits = usize::try_from(machine.fitting(self.node, offset, len))
            .map_or(bytes.len(), |fits| fits.min(bytes.len()));
        if let Some(Fault::Short(count)) = fault {
            fits = fits.min(count);
        }
        let written = bytes.split_at(fits).0;
        content(&mut machine, self.node)?.write(written, offset);
        if fits < bytes.len() {
            Err(Errno::NOSPC.into())
        } else {
            Ok(())
        }
    }

    fn sync(&self, with_mode: fn(&mut Content)) -> io::Result<()> {
        let mut machine = self.lock();
        let fault = machine.start_at(Operation::Sync, self.place(), None)?;
        let mut random = machine.random.split();
        let file = content(&mut machine, self.node)?;
        match fault {
            None => {
                file.sync_data();
                with_mode(file);
                Ok(())
            }
            Some(Fault::SyncIgnored) => Ok(()),
            Some(Fault::SyncLost) => {
                file.write_back(|| false);
                Err(Errno::IO.into())
            }
            Some(fault) => {
                file.write_back(|| random.one_in(2));
                Err(if fault == Fault::NoSpace {
                    Errno::NOSPC
                } else {
                    Errno::IO
                }
                .into())
            }
        }
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        self.check_writable()?;
        let mut machine = self.lock();
        machine.start_at(Operation::SetLen, self.place(), None)?;
        if bytes > LEN_MAX {
            return Err(Errno::FBIG.into());
        }
        content(&mut machine, self.node)?.set_len(bytes);
        Ok(())
    }

    fn measure(&self) -> io::Result<u64> {
        let mut machine = self.lock();
        machine.start_at(Operation::Metadata, self.place(), None)?;
        Ok(content(&mut machine, self.node)?.visible().len())
    }
}

impl File for SimFile {
    fn read_exact_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        self.read(out, offset).map_err(|e| self.error("read", e))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write(bytes, offset)
            .map_err(|e| self.error("write", e))
    }

    fn write_all_vectored_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let bytes: Vec<u8> = slices
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect();
        self.write_all_at(&bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync(|_| {}).map_err(|e| self.error("sync", e))
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync(Content::sync_mode)
            .map_err(|e| self.error("sync", e))
    }

    fn len(&self) -> io::Result<u64> {
        self.measure().map_err(|e| self.error("measure", e))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.resize(bytes)
            .map_err(|e| self.error("set length of", e))
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.lock().closed(self.node);
    }
}

fn content(machine: &mut Machine, node: NodeId) -> io::Result<&mut Content> {
    Ok(machine.tree.files.get_mut(&node).ok_or(Errno::BADF)?)
}

/// The longest file, as on a file system of our day.
const LEN_MAX: u64 = 1 << 44;
