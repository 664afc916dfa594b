//! The connections that are open, by the name of their peer.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use quinn::{Connection, VarInt};

use crate::exchange::Code;

/// Names and connections; locked for a moment at a time, never across a wait.
#[derive(Debug, Default)]
pub(super) struct Registry {
    by_name: Mutex<HashMap<String, Vec<Connection>>>,
}

/// A place in the registry; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Lease {
    registry: Arc<Registry>,
    name: String,
    stable_id: usize,
}

impl Registry {
    /// Enters a connection, or returns `None` when there are `limit` of that name.
    pub(super) fn admit(
        self: &Arc<Self>,
        name: &str,
        limit: usize,
        connection: &Connection,
    ) -> Option<Lease> {
        let mut by_name = self.by_name.lock();
        let connections = by_name.entry(name.to_owned()).or_default();
        if connections.len() >= limit {
            return None;
        }
        connections.push(connection.clone());
        Some(Lease {
            registry: Arc::clone(self),
            name: name.to_owned(),
            stable_id: connection.stable_id(),
        })
    }

    /// Closes every connection of that name and returns how many there were.
    pub(super) fn disconnect(&self, name: &str) -> usize {
        let connections = self.by_name.lock().get(name).cloned().unwrap_or_default();
        for connection in &connections {
            connection.close(VarInt::from_u32(Code::Revoked as u32), b"revoked");
        }
        connections.len()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut by_name = self.registry.by_name.lock();
        if let Some(connections) = by_name.get_mut(&self.name) {
            connections.retain(|connection| connection.stable_id() != self.stable_id);
            if connections.is_empty() {
                by_name.remove(&self.name);
            }
        }
    }
}
