//! What a fuzzer calls: every decoder of this crate, on any bytes.
//!
//! Each function takes bytes, panics when a law is broken, and says whether they were accepted.
//! The programs around them are in `fuzz/`; the corpus that they keep is replayed by a unit test.
//!
//! ```text
//!   page_*        the plaintext of a page of one type             any bytes
//!   page_given    the plaintexts of two pages, one by the other     any bytes
//!   page_values   values to a page and back                       any values
//!   part_footer   the plaintext of a footer                       any bytes
//!   part_pages    footer and pages, sealed by the key's holder    any bytes in each
//!   part_file     the file of a part                              any bytes
//!   manifest      a manifest in its envelope, or what is in it    any bytes
//!   record        a log record, read and applied to a store       any bytes
//! ```

mod given;
mod manifest;
mod page;
mod part;
mod place;
mod record;
mod values;

pub use given::page_given;
pub use manifest::manifest;
pub use page::{page_booleans, page_doubles, page_integers, page_texts, page_times};
pub use part::{part_file, part_footer, part_pages};
pub use record::record;
pub use values::page_values;

/// A valid input to begin with: the target's name, the input's own, its bytes.
pub type Seed = (&'static str, String, Vec<u8>);

/// Returns a valid input of each shape.
///
/// # Panics
/// When what this crate writes cannot be read.
pub fn seeds() -> Vec<Seed> {
    [
        page::seeds(),
        given::seeds(),
        values::seeds(),
        part::seeds(),
        manifest::seeds(),
        record::seeds(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Target = fn(&[u8]) -> bool;

    const TARGETS: [(&str, Target); 12] = [
        ("page_booleans", super::page_booleans),
        ("page_doubles", super::page_doubles),
        ("page_given", super::page_given),
        ("page_integers", super::page_integers),
        ("page_texts", super::page_texts),
        ("page_times", super::page_times),
        ("page_values", super::page_values),
        ("part_footer", super::part_footer),
        ("part_pages", super::part_pages),
        ("part_file", super::part_file),
        ("manifest", super::manifest),
        ("record", super::record),
    ];

    #[test]
    fn every_seed_is_accepted() {
        for (name, seed, bytes) in super::seeds() {
            let target = TARGETS.iter().find(|(known, _)| *known == name).unwrap().1;
            assert!(target(&bytes), "{name}/{seed}");
        }
    }

    #[test]
    fn what_fuzzing_found_is_decoded_without_a_panic() {
        for (name, target) in TARGETS {
            let corpus = Path::new("../fuzz/corpus");
            let entries = std::fs::read_dir(corpus.join(name)).unwrap();
            let inputs: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            assert!(!inputs.is_empty(), "the corpus of {name} is kept");
            for input in inputs {
                target(&std::fs::read(input).unwrap());
            }
        }
    }
}
