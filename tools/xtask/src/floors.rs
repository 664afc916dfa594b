//! Imports point down, along the edges of ARCHITECTURE.md and no other; each heavy dependency has
//! one owner.

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::finding::Finding;

/// Which crates of ours each crate may import.
const EDGES: &[(&str, &[&str])] = &[
    ("schema", &[]),
    ("platform", &[]),
    ("wire", &["schema"]),
    ("seal", &["platform"]),
    ("wal", &["schema", "platform", "seal"]),
    ("engine", &["schema", "wire", "platform", "seal", "wal"]),
    ("ingest", &["schema", "wire"]),
    ("collector", &["schema", "wire", "platform", "seal", "wal"]),
    ("query", &["schema", "engine"]),
    ("backup", &["schema", "platform", "seal", "wal", "engine"]),
    (
        "server",
        &[
            "schema", "platform", "wire", "seal", "wal", "engine", "ingest", "query", "backup",
        ],
    ),
];

/// Who alone may name a heavy dependency.
const OWNERS: &[(&str, &[&str])] = &[
    ("rustix", &["platform"]),
    ("memmap2", &["platform"]),
    ("rkyv", &["wire"]),
    ("aes-gcm", &["seal"]),
    ("crc32fast", &["wal"]),
    ("zstd", &["engine"]),
    ("arrow-array", &["engine"]),
    ("quinn", &["ingest", "collector", "server"]),
    ("tokio-postgres", &["collector"]),
    ("datafusion", &["query"]),
    ("object_store", &["backup"]),
    ("axum", &["server"]),
];

/// Returns every edge that is not allowed; those for tests may go anywhere below.
pub fn check() -> Result<Vec<Finding>, cargo_metadata::Error> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let packages: Vec<&Package> = metadata.workspace_packages();
    let ours: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    Ok(packages
        .iter()
        .flat_map(|package| check_package(package, &ours))
        .collect())
}

fn check_package(package: &Package, ours: &[&str]) -> Vec<Finding> {
    let name = package.name.as_str();
    let allowed = EDGES
        .iter()
        .find(|(from, _)| *from == name)
        .map(|(_, to)| *to);
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        if dependency.kind == DependencyKind::Development {
            continue;
        }
        let to = dependency.name.as_str();
        if let Some(allowed) = allowed
            && ours.contains(&to)
            && !allowed.contains(&to)
        {
            findings.push(Finding::new(
                name,
                format!("imports {to}, which no edge allows"),
            ));
        }
        if allowed.is_some()
            && let Some((_, owners)) = OWNERS.iter().find(|(heavy, _)| *heavy == to)
            && !owners.contains(&name)
        {
            findings.push(Finding::new(
                name,
                format!("names {to}, which {owners:?} owns"),
            ));
        }
    }
    findings
}
