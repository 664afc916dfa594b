//! One file: what programs see, what the disk holds, and what lies between.
//!
//! ```text
//! write ──▶ visible ──sync──▶ durable
//!              └ pending: the sectors and lengths that differ, with the versions
//!                that the kernel may have written back on its own in between
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use super::image::{Image, PAGE_BYTES, SECTOR_BYTES, Sector};
use super::span::pieces;
use super::survival::{Survival, Tear};
use crate::disk::FILE_MODE;
use crate::random::Random;

/// The content of a file and its permission bits.
#[derive(Debug, Clone)]
pub(super) struct Content {
    visible: Image,
    durable: Image,
    /// Sectors written since the last sync, each with the versions that were written over.
    pending: BTreeMap<u64, Vec<Sector>>,
    /// Lengths that the file had since the last sync, before the visible one.
    pending_lens: Vec<u64>,
    mode: u32,
    durable_mode: u32,
}

impl Content {
    pub(super) fn new() -> Self {
        Self {
            visible: Image::default(),
            durable: Image::default(),
            pending: BTreeMap::new(),
            pending_lens: Vec::new(),
            mode: FILE_MODE,
            durable_mode: FILE_MODE,
        }
    }

    pub(super) const fn visible(&self) -> &Image {
        &self.visible
    }

    pub(super) const fn mode(&self) -> u32 {
        self.mode
    }

    pub(super) const fn set_mode(&mut self, mode: u32) {
        self.mode = mode;
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        if bytes.is_empty() {
            return;
        }
        for piece in pieces(offset, bytes.len(), SECTOR_BYTES) {
            self.touch(piece.index);
        }
        let before = self.visible.len();
        self.visible.write(bytes, offset);
        self.note_len(before);
    }

    pub(super) fn set_len(&mut self, len: u64) {
        let before = self.visible.len();
        if len < before {
            self.touch_from(len);
        }
        self.visible.set_len(len);
        self.note_len(before);
    }

    /// Makes everything durable that is pending.
    ///
    /// Where nothing is pending nothing happens: bytes lost by an earlier, failed sync stay lost,
    /// though the caller is told that all is well.
    pub(super) fn sync_data(&mut self) {
        self.write_back(|| true);
    }

    /// Makes the permission bits durable.
    pub(super) const fn sync_mode(&mut self) {
        self.durable_mode = self.mode;
    }

    /// Ends a sync that fails: each pending sector reaches the disk where `reaches` says so, and is
    /// forgotten in any case. Programs go on seeing it until the machine goes down.
    pub(super) fn write_back(&mut self, mut reaches: impl FnMut() -> bool) {
        if self.pending.is_empty() && self.pending_lens.is_empty() {
            return;
        }
        let before = self.durable.len();
        for index in std::mem::take(&mut self.pending).into_keys() {
            if reaches() {
                self.durable.set_sector(index, &self.visible.sector(index));
            }
        }
        self.pending_lens.clear();
        let len = if reaches() {
            self.visible.len()
        } else {
            before
        };
        self.durable.set_len(len);
    }

    /// Returns the file as it is after a power cut.
    pub(super) fn crash(&self, random: &mut Random) -> Self {
        let survival = Survival::draw(random, self.pending.keys().copied());
        let mut tear = Tear::new(survival, random);
        let mut image = self.durable.clone();
        for (index, versions) in &self.pending {
            if let Some(sector) = self.survivor(*index, versions, &mut tear, random) {
                image.set_sector(*index, &sector);
            }
        }
        image.set_len(self.surviving_len(survival, random));
        let mode = if random.one_in(2) {
            self.mode
        } else {
            self.durable_mode
        };
        Self {
            visible: image.clone(),
            durable: image,
            mode,
            durable_mode: mode,
            ..Self::new()
        }
    }

    /// Adds the file to a fingerprint: what programs see of it, and what a power cut may do to it.
    pub(super) fn fingerprint(&self, hasher: &mut impl Hasher) {
        for image in [&self.visible, &self.durable] {
            image.fingerprint(hasher);
        }
        self.pending.hash(hasher);
        self.pending_lens.hash(hasher);
        (self.mode, self.durable_mode).hash(hasher);
    }

    /// Changes bytes on the disk and in memory behind everybody's back.
    pub(super) fn damage(&mut self, bytes: &[u8], offset: u64) {
        for image in [&mut self.visible, &mut self.durable] {
            let len = image.len();
            image.write(bytes, offset);
            image.set_len(len);
        }
    }

    /// Chooses what is on the disk in place of a pending sector, nothing when the old bytes are.
    fn survivor(
        &self,
        index: u64,
        versions: &[Sector],
        tear: &mut Tear,
        random: &mut Random,
    ) -> Option<Sector> {
        if !tear.is_written(index, random) {
            return None;
        }
        let older = tear.older_version(versions.len(), random);
        let older = older.and_then(|version| versions.get(version).copied());
        Some(older.unwrap_or_else(|| self.visible.sector(index)))
    }

    fn surviving_len(&self, survival: Survival, random: &mut Random) -> u64 {
        let (old, new) = (self.durable.len(), self.visible.len());
        if self.pending_lens.is_empty() {
            // Nothing changed the length, or a failed sync lost the change.
            return old;
        }
        match survival {
            Survival::Nothing => old,
            Survival::Everything => new,
            Survival::Before(_) | Survival::Any => {
                let choice = random.below(self.pending_lens.len() as u64 + 2);
                let between = usize::try_from(choice)
                    .ok()
                    .and_then(|i| self.pending_lens.get(i));
                between
                    .copied()
                    .unwrap_or(if random.one_in(2) { old } else { new })
            }
        }
    }

    /// Notes that a sector is about to change.
    fn touch(&mut self, index: u64) {
        if let Some(versions) = self.pending.get_mut(&index) {
            if versions.len() >= VERSIONS_MAX {
                versions.remove(0);
            }
            versions.push(self.visible.sector(index));
            return;
        }
        self.pending.insert(index, Vec::new());
    }

    /// Notes that all bytes from `offset` on are about to change; holes stay what they are.
    fn touch_from(&mut self, offset: u64) {
        let held = self
            .visible
            .pages_from(offset)
            .chain(self.durable.pages_from(offset));
        let pages: BTreeSet<u64> = held.collect();
        for page in pages {
            let first = page * SECTORS_PER_PAGE;
            let changed = first.max(offset / SECTOR_BYTES)..first + SECTORS_PER_PAGE;
            changed.for_each(|index| self.touch(index));
        }
    }

    fn note_len(&mut self, before: u64) {
        if before != self.visible.len() {
            self.pending_lens.push(before);
        }
    }
}

/// Versions of a pending sector that are remembered, the visible one apart.
const VERSIONS_MAX: usize = 3;

const SECTORS_PER_PAGE: u64 = PAGE_BYTES / SECTOR_BYTES;
