//! The sealed catalogue: tables, tokens, collectors, the authority, the server's settings.
//!
//! It changes through log records, so that a change is durable, in order and part of every restore;
//! its state at `flushed_lsn` lies in the manifest. Two copies live in memory: the *admitted* one, to
//! which batches and edits are checked in log order, and the *applied* one, which readers see.
//!
//! It is not where rows live, and it knows nothing of parts.

mod authority;
mod collector;
mod edit;
mod growth;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use schema::TableDefinition;
use serde::{Deserialize, Serialize};

pub use authority::AuthorityRecord;
pub use collector::CollectorRecord;
pub use edit::{CatalogueEdit, TableChange};
pub use token::{Role, TokenRecord};

use crate::Error;

/// Everything that is not rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    tables: BTreeMap<String, Arc<TableDefinition>>,
    tokens: BTreeMap<String, TokenRecord>,
    collectors: BTreeMap<String, CollectorRecord>,
    authority: Option<AuthorityRecord>,
    settings: BTreeMap<String, String>,
}

impl Catalogue {
    /// Returns the tables by name.
    pub fn tables(&self) -> impl ExactSizeIterator<Item = &Arc<TableDefinition>> {
        self.tables.values()
    }

    /// Returns a table.
    pub fn table(&self, name: &str) -> Option<&Arc<TableDefinition>> {
        self.tables.get(name)
    }

    /// Returns the tokens by id, revoked ones included.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = &TokenRecord> {
        self.tokens.values()
    }

    /// Returns a token.
    pub fn token(&self, id: &str) -> Option<&TokenRecord> {
        self.tokens.get(id)
    }

    /// Returns the collectors by name, revoked ones included.
    pub fn collectors(&self) -> impl ExactSizeIterator<Item = &CollectorRecord> {
        self.collectors.values()
    }

    /// Returns a collector.
    pub fn collector(&self, name: &str) -> Option<&CollectorRecord> {
        self.collectors.get(name)
    }

    /// Returns the certificate authority, once there is one.
    pub fn authority(&self) -> Option<&AuthorityRecord> {
        self.authority.as_ref()
    }

    /// Returns the server's settings by name.
    pub fn settings(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the catalogue after an edit.
    ///
    /// # Errors
    /// [`Error::Absent`] for something that is not there, [`Error::Refused`] for a token that is
    /// revoked or used up by another key.
    pub fn edited(&self, edit: &CatalogueEdit) -> Result<Self, Error> {
        let mut next = self.clone();
        match edit.clone() {
            CatalogueEdit::PutToken(token) => {
                next.tokens.insert(token.id.clone(), token);
            }
            CatalogueEdit::RevokeToken { id } => next.token_mut(&id)?.revoked = true,
            CatalogueEdit::UseToken { id, key_sha256 } => {
                use_token(next.token_mut(&id)?, key_sha256)?
            }
            CatalogueEdit::PutCollector(collector) => {
                next.collectors
                    .insert(collector.name.as_str().into(), collector);
            }
            CatalogueEdit::RevokeCollector { name } => {
                let absent = || absent("collector", name.as_str());
                next.collectors
                    .get_mut(name.as_str())
                    .ok_or_else(absent)?
                    .revoked = true;
            }
            CatalogueEdit::PutAuthority(authority) => next.authority = Some(authority),
            CatalogueEdit::PutSetting {
                name,
                value: Some(value),
            } => {
                next.settings.insert(name, value);
            }
            CatalogueEdit::PutSetting { name, value: None } => {
                next.settings.remove(&name);
            }
            CatalogueEdit::SetTable { name, change } => {
                let table = next
                    .tables
                    .get_mut(&name)
                    .ok_or_else(|| absent("table", &name))?;
                let table = Arc::make_mut(table);
                table.retention = change.retention.unwrap_or(table.retention);
                table.append_only = change.append_only.unwrap_or(table.append_only);
            }
        }
        Ok(next)
    }

    fn token_mut(&mut self, id: &str) -> Result<&mut TokenRecord, Error> {
        self.tokens.get_mut(id).ok_or_else(|| absent("token", id))
    }
}

fn use_token(token: &mut TokenRecord, key_sha256: [u8; 32]) -> Result<(), Error> {
    let refused = |reason| Error::Refused {
        what: format!("token {}", token.id),
        reason,
    };
    if token.enrols.is_none() {
        return Err(refused("it enrols no collector"));
    }
    if token.revoked {
        return Err(refused("it is revoked"));
    }
    // The same key may come again: its first answer may have been lost on the way.
    if token
        .used_by_key
        .is_some_and(|used_by| used_by != key_sha256)
    {
        return Err(refused("it was used already"));
    }
    token.used_by_key = Some(key_sha256);
    Ok(())
}

fn absent(what: &'static str, name: &str) -> Error {
    Error::Absent {
        what,
        name: name.into(),
    }
}

#[cfg(test)]
mod tests;
