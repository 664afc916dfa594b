//! What a fuzzer calls: every decoder of this crate, on any bytes.
//!
//! Each function takes bytes, panics when a law is broken, and says whether they were accepted.
//! The programs around them are in `fuzz/`; the corpus that they keep is replayed by a unit test.
//!
//! ```text
//!   log_record    header, trailer, list of a group            any bytes, checksums made to fit
//!   log_segment   a file as `scan`, `groups`, `verify` see it  any bytes, checksums made to fit
//!   log_history   the same, sealed by the key's holder         any groups in it
//! ```

mod history;
mod machine;
mod repair;

use crate::format::group::Group;
use crate::format::trailer::split_trailer;
use crate::format::{RECORD_HEADER_BYTES, RecordHeader};
use crate::inspect;
pub use history::log_history;
use machine::Machine;
use repair::{repair_record, repair_segment};

/// A valid input to begin with: the target's name, the input's own, its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// Reads a record. After a first byte that is odd, its checksums are made to fit.
pub fn log_record(data: &[u8]) -> bool {
    let Some((mode, bytes)) = data.split_first() else {
        return false;
    };
    let mut bytes = bytes.to_vec();
    if mode % 2 == 1 {
        repair_record(&mut bytes);
    }
    let Some((head, rest)) = bytes.split_first_chunk::<RECORD_HEADER_BYTES>() else {
        return false;
    };
    // A list of a group stands here in clear where in a log it is sealed.
    if let Some(group) = Group::decode(rest) {
        assert_eq!(group.encode(), rest, "a list has one encoding");
    }
    let Some(header) = RecordHeader::decode(head) else {
        return false;
    };
    assert_eq!(header.encode(), *head, "a header has one encoding");
    let cipher_bytes = header.cipher_bytes as usize;
    split_trailer(rest.to_vec(), cipher_bytes).is_some_and(|sealed| {
        assert_eq!(sealed.text.len(), cipher_bytes);
        true
    })
}

/// Reads a segment. The bits of the first byte say which checksums are made to fit: 1 that of the
/// segment's header, 2 those of its records.
pub fn log_segment(data: &[u8]) -> bool {
    let Some((mode, bytes)) = data.split_first() else {
        return false;
    };
    let mut bytes = bytes.to_vec();
    repair_segment(&mut bytes, mode & 1 != 0, mode & 2 != 0);
    read(&Machine::with_segment(&bytes))
}

/// Reads the one segment of a machine in every way there is.
fn read(machine: &Machine) -> bool {
    let scan = inspect::scan(&*machine.environment.disk, &machine.path);
    let groups = inspect::groups(&machine.environment, &machine.path);
    let report = crate::verify(&machine.environment);
    if let (Ok(scan), Ok(groups)) = (&scan, &groups) {
        let payloads = groups.iter().map(|group| 1 + group.payloads.len());
        assert!(
            payloads.sum::<usize>() <= scan.records.len(),
            "what opens has checksums that fit"
        );
    }
    if let (Ok(report), Ok(groups)) = (&report, &groups) {
        assert_eq!(report.groups, groups.len() as u64);
    }
    report.is_ok_and(|report| report.torn.is_none() && report.groups > 0)
}

/// Returns a valid input of each shape.
///
/// # Panics
/// When what this crate writes cannot be read.
pub fn seeds() -> Vec<Seed> {
    let mut seeds = history::seeds();
    for (_, name, bytes) in seeds.clone() {
        let machine = history::machine(&bytes);
        let segment = machine.segment();
        let records = segment.get(crate::format::SEGMENT_HEADER_BYTES..);
        let records = records.unwrap_or_default();
        if let Some(record) = repair::first_record(records) {
            seeds.push(("log_record", name.clone(), [&[1], record].concat()));
        }
        seeds.push(("log_segment", name, [&[3], segment.as_slice()].concat()));
    }
    seeds
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    fn target(name: &str) -> fn(&[u8]) -> bool {
        match name {
            "log_record" => super::log_record,
            "log_segment" => super::log_segment,
            "log_history" => super::log_history,
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
        for name in ["log_record", "log_segment", "log_history"] {
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
