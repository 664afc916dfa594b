//! Writes the seeds of every target into its corpus: valid inputs, made by the encoders of today.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds`, after a format has changed.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let seeds = [
        wire::fuzzing::seeds(),
        seal::fuzzing::seeds(),
        wal::fuzzing::seeds(),
        engine::fuzzing::seeds(),
    ];
    for (target, name, bytes) in seeds.concat() {
        let dir = corpus.join(target);
        std::fs::create_dir_all(&dir)?;
        std::fs::write(dir.join(format!("seed-{name}")), bytes)?;
    }
    Ok(())
}
