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

use schema::{CollectorName, TableDefinition};
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
    /// revoked or used up by another key, and for rows that cannot be meant.
    pub fn edited(&self, edit: &CatalogueEdit) -> Result<Self, Error> {
        let mut next = self.clone();
        match edit.clone() {
            CatalogueEdit::PutToken(token) => {
                next.tokens.insert(token.id.clone(), token);
            }
            CatalogueEdit::RevokeToken { id } => next.token_mut(&id)?.revoked = true,
            CatalogueEdit::Enrol {
                token,
                key_sha256,
                certificate_sha256,
            } => next.enrol(&token, key_sha256, certificate_sha256)?,
            CatalogueEdit::PutCollector(collector) => {
                next.collectors
                    .insert(collector.name.as_str().into(), collector);
            }
            CatalogueEdit::RevokeCollector { name } => next.revoke_collector(&name)?,
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
            CatalogueEdit::DeleteRows { table, rows } => {
                let table = next.table(&table).ok_or_else(|| absent("table", &table))?;
                rows.check(table)?;
            }
        }
        Ok(next)
    }

    /// Gives a collector its certificate, all of it at once: what was revoked meanwhile stays so.
    fn enrol(
        &mut self,
        token_id: &str,
        key_sha256: [u8; 32],
        certificate_sha256: [u8; 32],
    ) -> Result<(), Error> {
        let name = use_token(self.token_mut(token_id)?, key_sha256)?;
        let collector = self.collectors.get_mut(name.as_str());
        let Some(collector) = collector.filter(|collector| !collector.revoked) else {
            return Err(Error::Refused {
                what: format!("collector {name}"),
                reason: "it is not registered any more",
            });
        };
        collector.certificate_sha256 = Some(certificate_sha256);
        collector.public_key_sha256 = Some(key_sha256);
        Ok(())
    }

    /// Revokes a collector with the tokens that would enrol it again under the same name.
    fn revoke_collector(&mut self, name: &CollectorName) -> Result<(), Error> {
        let absent = || absent("collector", name.as_str());
        let collector = self.collectors.get_mut(name.as_str()).ok_or_else(absent)?;
        collector.revoked = true;
        let tokens = self.tokens.values_mut();
        for token in tokens.filter(|token| token.enrols.as_ref() == Some(name)) {
            token.revoked = true;
        }
        Ok(())
    }

    fn token_mut(&mut self, id: &str) -> Result<&mut TokenRecord, Error> {
        self.tokens.get_mut(id).ok_or_else(|| absent("token", id))
    }
}

/// Uses a token up and returns the name of the collector that it enrols.
fn use_token(token: &mut TokenRecord, key_sha256: [u8; 32]) -> Result<CollectorName, Error> {
    let refused = |reason| Error::Refused {
        what: format!("token {}", token.id),
        reason,
    };
    let Some(name) = token.enrols.clone() else {
        return Err(refused("it enrols no collector"));
    };
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
    Ok(name)
}

fn absent(what: &'static str, name: &str) -> Error {
    Error::Absent {
        what,
        name: name.into(),
    }
}

#[cfg(test)]
mod tests;
