//! Power cuts: ext4 is shut down under load without its journal's last words, then mounted again.

use std::time::Duration;

use crate::check::check;
use crate::ledger::Ledger;
use crate::mount::Ext4;
use crate::process::{Worker, live, sleep};
use crate::random::Random;
use crate::store;
use crate::suites::Outcome;

/// Cuts so often, with a new file system every now and then.
pub(crate) fn run(random: &mut Random, cuts: u64) -> Result<Outcome, String> {
    let (mut done, mut acks) = (0, 0);
    while done < cuts {
        let lives = (1 + random.below(LIVES_MAX)).min(cuts - done);
        acks += history(random, lives)?;
        done += lives;
    }
    Ok(Outcome {
        count: done,
        acks,
        skipped: None,
    })
}

fn history(random: &mut Random, lives: u64) -> Result<u64, String> {
    let disk = Ext4::make(MEGABYTES, 16)?.with_journal()?;
    on(&disk, random, lives).map_err(|violation| disk.keep(violation))
}

fn on(disk: &Ext4, random: &mut Random, lives: u64) -> Result<u64, String> {
    let dir = disk.path().join("data");
    let mut ledger = Ledger::default();
    let mut acks = 0;
    store::prepare(&dir);
    // The directory itself must survive: it is made by whoever installs, not by the store.
    crate::mount::run("sync", &["-f", &crate::mount::text(disk.path())])?;
    for life in 0..lives {
        let mut worker = Worker::start(&[], &dir, &ledger, random.next(), 0)?;
        live(&mut worker, random)?;
        disk.cut()?;
        // The worker meets the dead disk for a while before the machine is gone.
        sleep(Duration::from_micros(random.below(4_000)));
        let ended = worker.kill(&mut ledger)?;
        acks += ended.words.acks;
        if ended.is_crash() {
            return Err(format!("life {life}: {ended:?}"));
        }
        disk.unmount()?;
        disk.mount()?;
        check(&dir, &ledger).map_err(|violation| format!("life {life}: {violation}"))?;
    }
    Ok(acks)
}

const LIVES_MAX: u64 = 20;
const MEGABYTES: u64 = 48;
