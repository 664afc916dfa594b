//! What the server tells of itself in SQL: its tables of the schema `system`.

mod backups;
mod collectors;
mod settings;

use std::sync::Arc;

use query::SystemSource;

pub(crate) use backups::Backups;
pub(crate) use collectors::Collectors;
pub(crate) use settings::SettingsInForce;

/// Returns the tables as the query engine takes them.
pub(crate) fn tables(
    collectors: Collectors,
    backups: Backups,
    settings: SettingsInForce,
) -> Vec<Arc<dyn SystemSource>> {
    vec![Arc::new(collectors), Arc::new(backups), Arc::new(settings)]
}
