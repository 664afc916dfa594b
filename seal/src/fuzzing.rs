//! What a fuzzer calls: every decoder of this crate, on any bytes.
//!
//! Each function takes bytes, panics when a law is broken, and says whether they were accepted.
//! The programs around them are in `fuzz/`; the corpus that they keep is replayed by a unit test.
//! After a first byte that is odd the checksum is made to fit, so that what lies behind it is met.

use std::path::Path;

use platform::{SimDisk, SimEntropy};

use crate::{ClusterId, FileKind, Keyring, MasterKey, envelope};

/// A valid input to begin with: the target's name, the input's own, its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// Reads a keyring.
pub fn keyring(data: &[u8]) -> bool {
    let Some(bytes) = repaired(data) else {
        return false;
    };
    Keyring::from_wrapped(&bytes, &master()).is_ok_and(|keyring| {
        assert_eq!(keyring.to_wrapped(), bytes);
        assert!(keyring.data_keys().contains(&keyring.active()));
        true
    })
}

/// Opens a small file that is sealed whole.
pub fn envelope(data: &[u8]) -> bool {
    let Some(bytes) = repaired(data) else {
        return false;
    };
    let opened = envelope::open(&fixed_keyring(), FileKind::Manifest, &bytes);
    if opened.is_ok() {
        assert!(envelope::verify(&bytes).is_ok(), "what opens is whole");
    }
    opened.is_ok()
}

/// Returns a valid input of each shape.
///
/// # Panics
/// When what this crate seals does not open.
pub fn seeds() -> Vec<Seed> {
    let entropy = SimEntropy::new(1);
    let keyring = fixed_keyring();
    let mut seeds = vec![(
        "keyring",
        "one-key".to_owned(),
        with_mode(0, &keyring.to_wrapped()),
    )];
    let (disk, path) = (SimDisk::new(0), Path::new("/keyring"));
    keyring
        .add_data_key(&disk, path, &master(), &entropy)
        .expect("a simulated disk writes");
    seeds.push((
        "keyring",
        "two-keys".to_owned(),
        with_mode(1, &keyring.to_wrapped()),
    ));
    for (mode, plain) in [(0, &b""[..]), (1, b"a manifest")] {
        let sealed = envelope::seal(&fixed_keyring(), FileKind::Manifest, &entropy, plain);
        seeds.push(("envelope", format!("mode-{mode}"), with_mode(mode, &sealed)));
    }
    seeds
}

/// Returns the bytes behind the mode, their checksum made to fit where the mode says so.
fn repaired(data: &[u8]) -> Option<Vec<u8>> {
    let (mode, bytes) = data.split_first()?;
    let mut bytes = bytes.to_vec();
    if mode % 2 == 1
        && let Some((head, rest)) = bytes.split_at_mut_checked(CHECKSUM_OFFSET)
        && let Some((stored, rest)) = rest.split_first_chunk_mut()
    {
        *stored = envelope::checksum(head, rest);
    }
    Some(bytes)
}

fn with_mode(mode: u8, bytes: &[u8]) -> Vec<u8> {
    [&[mode], bytes].concat()
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[7; 32])
}

/// The same keyring every time.
fn fixed_keyring() -> Keyring {
    let (disk, cluster) = (SimDisk::new(0), ClusterId::from_bytes([7; 16]));
    let path = Path::new("/keyring");
    Keyring::create(&disk, path, &master(), cluster, &SimEntropy::new(7))
        .expect("a simulated disk writes")
}

/// Where the checksum stands in keyrings and envelopes alike.
const CHECKSUM_OFFSET: usize = 24;

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn target(name: &str) -> fn(&[u8]) -> bool {
        match name {
            "keyring" => super::keyring,
            "envelope" => super::envelope,
            other => panic!("{other} is no target of this crate"),
        }
    }

    #[test]
    fn every_seed_is_accepted() {
        for (name, seed, bytes) in super::seeds() {
            assert!(target(name)(&bytes), "{name}/{seed}");
        }
    }

    #[test]
    fn what_fuzzing_found_is_decoded_without_a_panic() {
        for name in ["keyring", "envelope"] {
            let corpus = Path::new("../fuzz/corpus");
            let entries = std::fs::read_dir(corpus.join(name)).unwrap();
            let inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            assert!(!inputs.is_empty(), "the corpus of {name} is kept");
            for input in inputs {
                target(name)(&std::fs::read(input).unwrap());
            }
        }
    }
}
