//! Opens the file of a part: header, trailer, footer, and whether they fit each other.

use std::path::Path;

use platform::File;
use seal::{FileKey, FileKind, PAGE_OVERHEAD_BYTES, open_page};

use super::footer::Footer;
use super::group::footer_place;
use super::header::{HEADER_BYTES, Header, TRAILER_BYTES, Trailer};
use super::{Directory, PartEnvironment, PartFile, PartMeta};
use crate::Error;
use crate::encoding::Damage;

/// What a part's file says of itself.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) key: FileKey,
    pub(crate) footer: Footer,
    bytes: u64,
}

impl Opened {
    /// Returns the series and their rows.
    pub(crate) fn directory(&self) -> &Directory {
        &self.footer.directory
    }

    /// Returns about how many bytes of memory this takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.footer.memory_bytes()
    }

    /// Returns what a manifest should know of this part.
    pub(crate) fn meta(&self) -> PartMeta {
        PartMeta {
            bytes: self.bytes,
            ..self.footer.description.meta.clone()
        }
    }
}

impl PartFile {
    /// Reads the footer, and whether the file is the part that the manifest tells of.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Seal`], [`Error::Corrupt`] naming the file.
    pub(crate) fn read_footer(&self) -> Result<Opened, Error> {
        let opened = open(&self.environment, &self.path, &*self.open()?)?;
        if opened.meta() != self.meta {
            return Err(Error::corrupt(
                &self.path,
                "it is not the part that the manifest tells of",
            ));
        }
        Ok(opened)
    }
}

/// Reads and checks everything but the pages.
pub(crate) fn open(
    environment: &PartEnvironment,
    path: &Path,
    file: &dyn File,
) -> Result<Opened, Error> {
    let io = |source| Error::io(path, source);
    let corrupt = |offset| move |damage: Damage| Error::corrupt_at(path, offset, damage);
    let sealed = |offset| move |source| Error::seal(path, offset, source);
    let bytes = file.len().map_err(io)?;
    if bytes < (HEADER_BYTES + PAGE_OVERHEAD_BYTES + TRAILER_BYTES) as u64 {
        return Err(corrupt(0)(Damage("it is too short for a part")));
    }
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0).map_err(io)?;
    let header = Header::read(&header).map_err(corrupt(0))?;
    let key = environment
        .keyring
        .file_key(header.data_key, FileKind::Part, &header.salt);
    let key = key.map_err(sealed(0))?;
    key.check_commitment(&header.commitment, &path.display(), header.data_key)
        .map_err(sealed(0))?;

    let mut trailer = [0; TRAILER_BYTES];
    let trailer_offset = bytes - TRAILER_BYTES as u64;
    file.read_exact_at(&mut trailer, trailer_offset)
        .map_err(io)?;
    let trailer = Trailer::read(&trailer, bytes).map_err(corrupt(trailer_offset))?;
    let footer_offset = trailer.footer_offset;
    let mut footer = vec![0; trailer.footer_bytes as usize];
    file.read_exact_at(&mut footer, footer_offset).map_err(io)?;
    let footer = open_page(&key, &footer_place(header.salt), footer);
    let footer = footer.map_err(sealed(footer_offset))?;
    let footer = Footer::decode(&footer, HEADER_BYTES as u64).map_err(corrupt(footer_offset))?;
    if footer.description.meta.id != header.id {
        return Err(corrupt(0)(Damage(
            "its header and its footer name different parts",
        )));
    }
    if footer.pages_end(HEADER_BYTES as u64) != footer_offset {
        return Err(corrupt(trailer_offset)(Damage(
            "its pages do not end where its footer begins",
        )));
    }
    Ok(Opened {
        header,
        key,
        footer,
        bytes,
    })
}
