//! Manifests: how (1), then the file, or what stands in its envelope.

use std::path::Path;

use platform::SimEntropy;
use schema::{Lsn, Timestamp};
use seal::{FileKind, envelope};

use super::Seed;
use super::place::keyring;
use crate::manifest::{Manifest, decode, encode};

/// Reads a manifest: the file where the first byte is even, else what is sealed in it.
pub fn manifest(data: &[u8]) -> bool {
    let Some((how, bytes)) = data.split_first() else {
        return false;
    };
    let (keyring, entropy) = (keyring(), SimEntropy::new(1));
    let path = Path::new("/manifest");
    let sealed = match how % 2 {
        0 => bytes.to_vec(),
        _ => envelope::seal(&keyring, FileKind::Manifest, &entropy, bytes),
    };
    let Ok(manifest) = decode(path, &sealed, &keyring) else {
        return false;
    };
    let again = decode(path, &encode(&manifest, &keyring, &entropy), &keyring);
    assert_eq!(again.expect("what was read can be written"), manifest);
    true
}

pub(super) fn seeds() -> Vec<Seed> {
    let (keyring, entropy) = (keyring(), SimEntropy::new(1));
    let full = Manifest {
        flushed_lsn: Lsn::new(9),
        last_lsn: Lsn::new(5),
        flushed_time: Timestamp::from_nanos(1),
        ..Manifest::new()
    };
    let mut seeds = Vec::new();
    for (name, manifest) in [("new", Manifest::new()), ("full", full)] {
        let sealed = encode(&manifest, &keyring, &entropy);
        let plain = envelope::open(&keyring, FileKind::Manifest, &sealed).expect("just sealed");
        seeds.push((
            "manifest",
            format!("{name}-file"),
            [&[0], sealed.as_slice()].concat(),
        ));
        seeds.push((
            "manifest",
            format!("{name}-clear"),
            [&[1], plain.as_slice()].concat(),
        ));
    }
    seeds
}
