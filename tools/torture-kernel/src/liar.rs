//! A sync that fails, and a second one that says all is well, as the kernel really does it: ext4 on a
//! file in a tmpfs that is full, so that pages cannot be written back.
//!
//! The kernel marks such pages clean and goes on showing them. W-3: nothing is acknowledged any more
//! in that life, and what is acknowledged later is on the disk, not only in the pages.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::check::check;
use crate::ledger::Ledger;
use crate::mount::{Ext4, run as run_program, text};
use crate::process::Worker;
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

/// Lies so often.
pub(crate) fn run(random: &mut Random, count: u64) -> Result<Outcome, String> {
    let mut acks = 0;
    for _ in 0..count {
        acks += history(random)?;
    }
    Ok(Outcome {
        count,
        acks,
        skipped: None,
    })
}

fn history(random: &mut Random) -> Result<u64, String> {
    let disk = Ext4::make(MEGABYTES, 4)?.without_journal()?;
    on(&disk, random).map_err(|violation| disk.keep(violation))
}

fn on(disk: &Ext4, random: &mut Random) -> Result<u64, String> {
    let dir = disk.path().join("data");
    let mut ledger = Ledger::default();
    store::prepare(&dir);
    let mut worker = Worker::start(&[], &dir, &ledger, random.next(), 0)?;
    worker.listen(20 + random.below(200))?;
    worker.stop()?;
    fill(disk)?;
    show_the_lie(disk)?;
    worker.signal("CONT")?;
    let ended = worker.wait(&mut ledger)?;
    if ended.is_crash() || ended.words.is_done || !ended.words.has_failed {
        return Err(format!(
            "W-3: the store went on after its sync failed: {ended:?}"
        ));
    }
    let mut acks = ended.words.acks;
    // A start on the same machine sees pages that no disk holds; it may fail, and must not lie.
    let second = Worker::start(&[], &dir, &ledger, random.next(), FEW)?.wait(&mut ledger)?;
    if second.is_crash() {
        return Err(format!("{second:?}"));
    }
    acks += second.words.acks;
    std::fs::remove_file(disk.filler()).map_err(|error| error.to_string())?;
    let seen = check(&dir, &ledger)?;
    disk.unmount()?;
    disk.mount()?;
    let kept = check(&dir, &ledger)?;
    if seen != kept {
        return Err("W-3: rows that were recovered from memory were not on the disk".into());
    }
    Ok(acks)
}

/// Makes the next page that has not been written yet the last straw: zeros of the image become holes
/// and what they took goes to a filler.
fn fill(disk: &Ext4) -> Result<(), String> {
    run_program("sync", &["-f", &text(disk.path())])?;
    run_program("fallocate", &["--dig-holes", &text(disk.image())])?;
    let mut filler = File::create(disk.filler()).map_err(|error| error.to_string())?;
    for bytes in [1 << 20, 64 << 10, 4 << 10] {
        let chunk = vec![1; bytes];
        while filler.write_all(&chunk).is_ok() {}
    }
    Ok(())
}

/// Shows that this kernel does lie here: otherwise the test would show nothing.
fn show_the_lie(disk: &Ext4) -> Result<(), String> {
    let file = File::create(Path::new(disk.path()).join("probe"));
    let mut file = file.map_err(|error| format!("probe: {error}"))?;
    let written = file.write_all(&[1; 64 << 10]);
    written.map_err(|error| format!("probe: {error}"))?;
    match (file.sync_all(), file.sync_all()) {
        (Err(_), Ok(())) => Ok(()),
        outcome => Err(format!(
            "the probe's syncs gave {outcome:?}: the disk is not full"
        )),
    }
}

const MEGABYTES: u64 = 16;
/// Batches of each writer in the life that begins on pages that lie.
const FEW: u64 = 4;
